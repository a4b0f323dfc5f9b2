-- modify.sql: G1, sets stock levels of a store.
-- Locks rows.
-- Parameters: storeId, user, owner, stockModifyDtos
SELECT CASE
           WHEN $3::boolean
                AND NOT EXISTS (SELECT FROM store s
                                WHERE s.id = $1::bigint AND NOT s.is_deleted
                                  AND s.store_manager_id = $2::bigint)
           THEN 'not_owner'
           ELSE set_stock($1::bigint, $4::json)
       END AS failure,
       NULL AS data
