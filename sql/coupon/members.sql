-- members.sql: C10, who drew a coupon, page by page.
-- Parameters: couponId, user, limit, offset
-- The page is chosen in the index alone: only its own rows are fetched.
SELECT CASE
           WHEN c.id IS NULL THEN 'coupon_not_found'
           WHEN s.id IS NULL THEN 'coupon_forbidden'
       END AS failure,
       CASE WHEN s.id IS NOT NULL THEN
           (SELECT '{"data":['
                   || coalesce(string_agg(row_to_json(x)::text, ','), '')
                   || '],"totalCnt":'
            FROM (
                SELECT p.nickname, p.phone_number AS "phoneNumber",
                       to_char(p.created_at, 'YYYY-MM-DD"T"HH24:MI:SS')
                           AS "createdAt",
                       p.is_used AS "isUsed"
                FROM (
                    SELECT created_at, user_id
                    FROM issued_coupon
                    WHERE coupon_id = $1::bigint
                    ORDER BY created_at, user_id
                    LIMIT $3::bigint OFFSET $4::bigint
                ) k
                JOIN issued_coupon p
                    ON p.coupon_id = $1::bigint AND p.user_id = k.user_id
                ORDER BY k.created_at, k.user_id
            ) x)
           || c.issued_count || '}'
       END AS data
FROM (SELECT) one
LEFT JOIN coupon c ON c.id = $1::bigint
LEFT JOIN store s ON s.id = c.store_id AND NOT s.is_deleted
                     AND s.store_manager_id = $2::bigint
