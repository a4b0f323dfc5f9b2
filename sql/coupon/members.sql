-- members.sql: C10, who drew a coupon, page by page.
-- Parameters: couponId, user, limit, offset
SELECT CASE
           WHEN NOT EXISTS (SELECT FROM coupon c WHERE c.id = $1::bigint)
           THEN 'coupon_not_found'
           WHEN NOT EXISTS (SELECT FROM coupon c
                            JOIN store s ON s.id = c.store_id
                            WHERE c.id = $1::bigint AND NOT s.is_deleted
                              AND s.store_manager_id = $2::bigint)
           THEN 'coupon_forbidden'
       END AS failure,
       (SELECT '{"data":['
               || coalesce(string_agg(row_to_json(x)::text, ','), '')
               || '],"totalCnt":'
        FROM (
            SELECT p.nickname, p.phone_number AS "phoneNumber",
                   to_char(p.created_at, 'YYYY-MM-DD"T"HH24:MI:SS')
                       AS "createdAt",
                   p.is_used AS "isUsed"
            FROM issued_coupon p
            WHERE p.coupon_id = $1::bigint
            ORDER BY p.created_at, p.user_id
            LIMIT $3::bigint OFFSET $4::bigint
        ) x)
       || (SELECT count(*) FROM issued_coupon WHERE coupon_id = $1::bigint)
       || '}' AS data
