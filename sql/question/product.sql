-- product.sql: Q5, the questions on a product page, page by page.
-- Parameters: productId, user, is-replied, limit, offset
-- Of somebody else's secret question neither the texts nor the reply are shown.
SELECT NULL AS failure,
       (SELECT '{"data":['
               || coalesce(string_agg(row_to_json(x)::text, ','), '')
               || '],"totalCnt":'
        FROM (
            SELECT q.id AS key, a.id IS NOT NULL AS "isReplied",
                   CASE WHEN m.masked THEN '비밀글입니다' ELSE q.title END
                       AS title,
                   CASE WHEN m.masked THEN '' ELSE q.content END AS content,
                   q.nickname, q.created_at::date AS "createdAt",
                   q.is_secret AS "isSecret", m.mine AS "isMine",
                   CASE WHEN NOT m.masked THEN a.content END AS reply,
                   a.created_at::date AS "repliedAt"
            FROM question q
            LEFT JOIN answer a ON a.id = q.id
            CROSS JOIN LATERAL (
                SELECT coalesce(q.user_id = $2::bigint, false) AS mine,
                       q.is_secret
                       AND coalesce(q.user_id <> $2::bigint, true) AS masked
            ) m
            WHERE q.product_id = $1::text AND NOT q.is_deleted
              AND ($3::boolean IS NULL OR (a.id IS NOT NULL) = $3::boolean)
            ORDER BY q.created_at DESC, q.id DESC
            LIMIT $4::bigint OFFSET $5::bigint
        ) x)
       || CASE
              WHEN $3::boolean IS NULL
              THEN (SELECT count(*) FROM question q
                    WHERE q.product_id = $1::text AND NOT q.is_deleted)
              ELSE (SELECT count(*) FROM question q
                    LEFT JOIN answer a ON a.id = q.id
                    WHERE q.product_id = $1::text AND NOT q.is_deleted
                      AND (a.id IS NOT NULL) = $3::boolean)
          END
       || '}' AS data
