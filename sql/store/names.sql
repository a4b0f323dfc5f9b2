-- names.sql: SI4, the names of stores by id.
-- Parameters: storeIds
SELECT NULL AS failure,
       '{' || coalesce(string_agg('"' || id || '":' || to_json(store_name),
                                  ',' ORDER BY id), '') || '}' AS data
FROM store
WHERE id = ANY ($1::bigint[])
