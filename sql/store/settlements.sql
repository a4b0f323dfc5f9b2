-- settlements.sql: SI9, where a store's money goes, one for each id asked for.
-- Parameters: storeIds
SELECT NULL AS failure,
       '[' || coalesce(string_agg(row_to_json(x)::text, ',' ORDER BY w.n), '')
       || ']' AS data
FROM unnest($1::bigint[]) WITH ORDINALITY AS w (id, n)
JOIN store s ON s.id = w.id
LEFT JOIN store_address a ON a.store_id = s.id
LEFT JOIN sido d ON d.code = a.sido_code
LEFT JOIN gugun g ON g.code = a.gugun_code
CROSS JOIN LATERAL (
    SELECT s.id AS "storeId", s.store_name AS "storeName",
           s.bank AS "bankName", s.account_number AS "accountNumber",
           g.name AS gugun, d.name AS sido
) x
