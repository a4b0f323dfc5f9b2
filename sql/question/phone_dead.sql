-- phone_dead.sql: moves a message whose phone number did not come to the dead
-- letters.
-- Locks rows.
-- Parameters by position: outbox id, the last attempt, reason
-- One row if it was moved, none if somebody has completed it meanwhile.
WITH dead AS (
    DELETE FROM outbox
    WHERE id = $1::bigint AND phone_of IS NOT NULL AND attempts = $2::integer
    RETURNING channel, payload
)
INSERT INTO dead_letter (source, payload, reason)
SELECT channel, payload, $3::text FROM dead
RETURNING id
