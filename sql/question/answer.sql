-- answer.sql: Q3, answers a question.
-- Locks rows.
-- Parameters: questionId, user, owner, content
-- notice: the outbox row that waits for the phone number of the user asker, or
-- NULL if there is nothing to tell.
SELECT failure, NULL AS data, notice, asker
FROM answer_question($1::bigint, $4::text,
                     CASE WHEN $3::boolean THEN $2::bigint END)
