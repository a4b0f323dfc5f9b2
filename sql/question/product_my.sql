-- product_my.sql: Q6, the caller's questions about a product, page by page.
-- Parameters: productId, user, is-replied, limit, offset
SELECT NULL AS failure,
       (SELECT '{"data":['
               || coalesce(string_agg(row_to_json(x)::text, ','), '')
               || '],"totalCnt":'
        FROM (
            SELECT q.id AS key, a.id IS NOT NULL AS "isReplied", q.title,
                   q.content, q.nickname, q.created_at::date AS "createdAt",
                   a.content AS reply, a.created_at::date AS "repliedAt",
                   q.product_name AS "productName"
            FROM question q
            LEFT JOIN answer a ON a.id = q.id
            WHERE q.product_id = $1::text AND q.user_id = $2::bigint
              AND NOT q.is_deleted
              AND ($3::boolean IS NULL OR (a.id IS NOT NULL) = $3::boolean)
            ORDER BY q.created_at DESC, q.id DESC
            LIMIT $4::bigint OFFSET $5::bigint
        ) x)
       || CASE
              WHEN $3::boolean IS NULL
              THEN (SELECT count(*) FROM question q
                    WHERE q.product_id = $1::text AND q.user_id = $2::bigint
                      AND NOT q.is_deleted)
              ELSE (SELECT count(*) FROM question q
                    LEFT JOIN answer a ON a.id = q.id
                    WHERE q.product_id = $1::text AND q.user_id = $2::bigint
                      AND NOT q.is_deleted
                      AND (a.id IS NOT NULL) = $3::boolean)
          END
       || '}' AS data
