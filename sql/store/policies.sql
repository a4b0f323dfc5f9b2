-- policies.sql: SI10, the delivery policies of stores by id, all or none.
-- Parameters: storeIds
SELECT CASE WHEN count(*) <> count(p.id) THEN 'policy_not_found'
       END AS failure,
       '{' || coalesce(string_agg('"' || w.id || '":' || row_to_json(x), ','
                                  ORDER BY w.id), '') || '}' AS data
FROM (SELECT DISTINCT unnest($1::bigint[]) AS id) w
LEFT JOIN store s ON s.id = w.id
LEFT JOIN delivery_policy p ON p.store_id = s.id
CROSS JOIN LATERAL (
    SELECT s.store_name AS "storeName", p.delivery_price AS "deliveryCost",
           p.free_delivery_min_price AS "freeDeliveryMinCost"
) x
