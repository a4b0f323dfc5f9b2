-- create.sql: Q1, a new question to a store, and the message that tells it.
-- Locks rows.
-- Parameters: user, storeId, productId, productName, title, content, nickname,
--   isSecret
WITH made AS (
    INSERT INTO question (store_id, user_id, nickname, product_id,
                          product_name, title, content, is_secret)
    SELECT s.id, $1::bigint, $7, $3, $4, $5, $6, coalesce($8::boolean, false)
    FROM store s
    WHERE s.id = $2::bigint AND NOT s.is_deleted
    RETURNING store_id AS "storeId"
), told AS (
    INSERT INTO outbox (channel, payload)
    SELECT 'question-register-notification-queue',
           notification(row_to_json(made), 'QUESTION', '/manage')
    FROM made
)
SELECT CASE WHEN NOT EXISTS (SELECT FROM made)
            THEN 'store_not_found' END AS failure,
       NULL AS data
