-- subtract.sql: GI2, subtracts stock.
-- Locks rows.
-- Parameters: changes, Idempotency-Key
SELECT failure, NULL AS data, key_reused
FROM change_stock($1::json, -1, $2::text)
