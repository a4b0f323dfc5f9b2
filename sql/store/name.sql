-- name.sql: SI3, a store's name, a bare string.
-- Parameters: storeId
SELECT CASE WHEN s.id IS NULL THEN 'store_not_found' END AS failure,
       to_json(s.store_name) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint
