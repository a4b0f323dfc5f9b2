-- 0009_answer_due.sql: the message of an answer is due at once.
--
-- Nobody asks for the phone number but the worker that looks for what is due, so
-- that the first time needs no pause.
--
-- notice and asker are not read any more.  They stay for workers of an older
-- build, which run until nginx is reloaded, and which ask by themselves; a number
-- that is put in twice is put in once.

CREATE OR REPLACE FUNCTION answer_question(question_id bigint,
    answer_content text, manager bigint, OUT failure text, OUT notice bigint,
    OUT asker bigint)
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

    INSERT INTO outbox (channel, payload, phone_of)
    SELECT 'inquery-response-notification-queue',
           notification(row_to_json(whom), 'INQUERY', '/mypage'), whom."userId"
    FROM (SELECT asker AS "userId", NULL AS "phoneNumber") whom
    RETURNING id INTO notice;
END
$$;
