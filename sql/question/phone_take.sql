-- phone_take.sql: messages of answers whose asker's phone number is to be asked
-- for now, the longest due first.
-- Locks rows.
-- Parameters by position: how many at most, milliseconds a call may take
-- Each counts as an attempt, and is due again after a pause that grows from 20
-- seconds to ten minutes, unless the number is put in; so no two ask at the same
-- time, and nothing is lost if who asked ends.
WITH due AS MATERIALIZED (
    SELECT id
    FROM outbox
    WHERE phone_of IS NOT NULL AND sent_at IS NULL AND next_try_at <= now()
    ORDER BY next_try_at, id
    LIMIT $1::bigint
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox o
SET attempts = o.attempts + 1,
    next_try_at = now() + greatest(
        $2::bigint * interval '1 millisecond' + interval '5 seconds',
        least(interval '10 minutes',
              interval '20 seconds' * 2 ^ least(o.attempts, 5)))
FROM due
WHERE o.id = due.id
RETURNING o.id, o.phone_of, o.attempts
