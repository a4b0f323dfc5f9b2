-- policy.sql: S9, what a store's delivery costs.
-- Parameters: storeId
SELECT CASE WHEN p.id IS NULL THEN 'policy_not_found' END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT p.delivery_price AS "deliveryPrice",
                   p.free_delivery_min_price AS "freeDeliveryMinPrice"
        ) x) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint AND NOT s.is_deleted
LEFT JOIN delivery_policy p ON p.store_id = s.id
