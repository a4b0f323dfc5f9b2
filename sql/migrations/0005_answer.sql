-- 0005_answer.sql: answers to questions, and the message of an answer.
--
-- That message needs the asker's phone number, which another service knows.
-- Its row is written with the answer, so that it cannot get lost, and is not
-- to be sent before the number has been put in:
--
-- phone_of   user whose phone number the payload still lacks; NULL: complete
--
-- Until then attempts and next_try_at are those of asking for the number.

ALTER TABLE outbox ADD COLUMN phone_of bigint;

DROP INDEX outbox_due_idx;

CREATE INDEX outbox_due_idx ON outbox (next_try_at, id)
    WHERE sent_at IS NULL AND phone_of IS NULL;
CREATE INDEX outbox_phone_idx ON outbox (next_try_at, id)
    WHERE sent_at IS NULL AND phone_of IS NOT NULL;


-- Q3: stores the answer to a question, once.
--   manager: who must be the manager of the question's store; NULL: anybody
-- After a success, notice is the id of the message's row, whose asker's phone
-- number is to be found; NULL if the same answer was there before.
--
-- A second answer at the same time waits in the INSERT for the first one; the
-- statement after it has a snapshot of its own and sees what was stored.

CREATE FUNCTION answer_question(question_id bigint, answer_content text,
    manager bigint, OUT failure text, OUT notice bigint, OUT asker bigint)
    LANGUAGE plpgsql
AS $$
BEGIN
    SELECT q.user_id,
           CASE WHEN manager <> s.store_manager_id
                     OR (manager IS NOT NULL AND s.is_deleted)
                THEN 'not_owner' END
    INTO asker, failure
    FROM question q
    JOIN store s ON s.id = q.store_id
    WHERE q.id = question_id AND NOT q.is_deleted;

    IF NOT FOUND THEN
        failure := 'question_not_found';
    END IF;

    IF failure IS NOT NULL THEN
        RETURN;
    END IF;

    INSERT INTO answer (id, content) VALUES (question_id, answer_content)
    ON CONFLICT DO NOTHING;

    IF NOT FOUND THEN
        SELECT 'question_answered' INTO failure
        FROM answer a WHERE a.id = question_id AND a.content <> answer_content;

        RETURN;
    END IF;

    -- the first to ask for the number is who called; later it is a retry
    INSERT INTO outbox (channel, payload, phone_of, next_try_at)
    SELECT 'inquery-response-notification-queue',
           notification(row_to_json(whom), 'INQUERY', '/mypage'),
           whom."userId", now() + interval '10 seconds'
    FROM (SELECT asker AS "userId", NULL AS "phoneNumber") whom
    RETURNING id INTO notice;
END
$$;
