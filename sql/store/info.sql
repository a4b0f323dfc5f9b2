-- info.sql: SI2, a store's name and whole address.
-- Parameters: storeId
SELECT CASE WHEN a.id IS NULL THEN 'store_not_found' END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT s.store_name AS "storeName",
                   a.address || ' ' || a.detail_address AS "storeAddress"
        ) x) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint
LEFT JOIN store_address a ON a.store_id = s.id
