-- answer.sql: Q3, answers a question.
-- Locks rows.
-- Parameters: questionId, user, owner, content
SELECT failure, NULL AS data
FROM answer_question($1::bigint, $4::text,
                     CASE WHEN $3::boolean THEN $2::bigint END)
