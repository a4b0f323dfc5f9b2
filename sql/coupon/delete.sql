-- delete.sql: C3, flags a coupon as deleted; once more changes nothing.
-- Locks rows.
-- Parameters: storeId, couponId, user, owner
WITH target AS (
    SELECT * FROM coupon WHERE id = $2::bigint FOR NO KEY UPDATE
), verdict AS (
    SELECT CASE
        WHEN c.id IS NULL THEN 'coupon_not_found'
        WHEN c.store_id <> $1::bigint THEN 'coupon_forbidden'
        WHEN $4::boolean
             AND NOT EXISTS (SELECT FROM store s
                             WHERE s.id = c.store_id AND NOT s.is_deleted
                               AND s.store_manager_id = $3::bigint)
        THEN 'not_owner'
    END AS failure
    FROM (SELECT) one
    LEFT JOIN target c ON true
), changed AS (
    UPDATE coupon c
    SET is_deleted = true
    FROM verdict v
    WHERE c.id = $2::bigint AND v.failure IS NULL
    RETURNING c.*
)
SELECT v.failure, NULL AS data, m.id, m.limit_count, m.start_date, m.end_date,
       m.is_deleted::integer, m.version,
       extract(epoch FROM (m.end_date + 1)::timestamptz)::bigint AS expire
FROM verdict v
LEFT JOIN changed m ON true
