-- phone_back.sql: gives back a message that was taken but not asked for: it is
-- due as before, and that was no attempt.
-- Locks rows.
-- Parameters by position: outbox id, the attempt
UPDATE outbox
SET attempts = attempts - 1, next_try_at = now()
WHERE id = $1::bigint AND phone_of IS NOT NULL AND attempts = $2::integer
