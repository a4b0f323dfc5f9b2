-- id.sql: SI1, the store of a manager, or null.
-- Parameters: user
SELECT NULL AS failure,
       (SELECT id FROM store WHERE store_manager_id = $1::bigint) AS data
