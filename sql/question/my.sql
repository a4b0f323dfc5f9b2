-- my.sql: Q7, the caller's questions, page by page.
-- Parameters: user, is-replied, limit, offset
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
            WHERE q.user_id = $1::bigint AND NOT q.is_deleted
              AND ($2::boolean IS NULL OR (a.id IS NOT NULL) = $2::boolean)
            ORDER BY q.created_at DESC, q.id DESC
            LIMIT $3::bigint OFFSET $4::bigint
        ) x)
       || CASE
              WHEN $2::boolean IS NULL
              THEN (SELECT count(*) FROM question q
                    WHERE q.user_id = $1::bigint AND NOT q.is_deleted)
              ELSE (SELECT count(*) FROM question q
                    LEFT JOIN answer a ON a.id = q.id
                    WHERE q.user_id = $1::bigint AND NOT q.is_deleted
                      AND (a.id IS NOT NULL) = $2::boolean)
          END
       || '}' AS data
