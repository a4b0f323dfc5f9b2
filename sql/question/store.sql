-- store.sql: Q4, the questions to a store, for its manager, page by page.
-- Parameters: storeId, user, owner, is-replied, limit, offset
SELECT CASE WHEN $3::boolean
                 AND NOT EXISTS (SELECT FROM store s
                                 WHERE s.id = $1::bigint AND NOT s.is_deleted
                                   AND s.store_manager_id = $2::bigint)
            THEN 'not_owner' END AS failure,
       (SELECT '{"data":['
               || coalesce(string_agg(row_to_json(x)::text, ','), '')
               || '],"totalCnt":'
        FROM (
            SELECT q.id AS key, q.product_name AS "productName", q.nickname,
                   q.title, q.created_at::date AS "createdAt",
                   a.id IS NOT NULL AS "isReplied", q.is_read AS "isRead"
            FROM question q
            LEFT JOIN answer a ON a.id = q.id
            WHERE q.store_id = $1::bigint AND NOT q.is_deleted
              AND ($4::boolean IS NULL OR (a.id IS NOT NULL) = $4::boolean)
            ORDER BY q.created_at DESC, q.id DESC
            LIMIT $5::bigint OFFSET $6::bigint
        ) x)
       || CASE
              WHEN $4::boolean IS NULL
              THEN (SELECT count(*) FROM question q
                    WHERE q.store_id = $1::bigint AND NOT q.is_deleted)
              ELSE (SELECT count(*) FROM question q
                    LEFT JOIN answer a ON a.id = q.id
                    WHERE q.store_id = $1::bigint AND NOT q.is_deleted
                      AND (a.id IS NOT NULL) = $4::boolean)
          END
       || '}' AS data
