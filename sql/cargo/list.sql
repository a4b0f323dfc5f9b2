-- list.sql: G2, the stock levels of a store.
-- Parameters: storeId, user, owner
SELECT CASE WHEN $3::boolean
                 AND NOT EXISTS (SELECT FROM store s
                                 WHERE s.id = $1::bigint AND NOT s.is_deleted
                                   AND s.store_manager_id = $2::bigint)
            THEN 'not_owner' END AS failure,
       (SELECT '{"stockInfoDtos":['
               || coalesce(string_agg(row_to_json(x)::text, ','
                                      ORDER BY x."flowerId"), '')
               || ']}'
        FROM (
            SELECT c.flower_id AS "flowerId", c.flower_name AS name,
                   ARRAY[c.stock] AS data
            FROM flower_cargo c
            JOIN store s ON s.id = c.store_id
            WHERE c.store_id = $1::bigint AND NOT s.is_deleted
        ) x) AS data
