-- notify.sql: puts the asker's phone number into the message of an answer,
-- which may be sent from then on; a repetition changes nothing.
-- Locks rows.
-- Parameters by position: outbox id, phone number or NULL
UPDATE outbox o
SET payload = (
        SELECT row_to_json(m)
        FROM (SELECT row_to_json(whom) AS "whoToNotify",
                     o.payload->'publishInformation' AS "publishInformation"
              FROM (SELECT o.phone_of AS "userId",
                           $2::text AS "phoneNumber") whom) m),
    phone_of = NULL, attempts = 0, next_try_at = now()
WHERE o.id = $1::bigint AND o.phone_of IS NOT NULL
