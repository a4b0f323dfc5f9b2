-- update.sql: C2, replaces the six fields of a coupon.
-- Locks rows.
-- Parameters: storeId, couponId, user, owner, today, couponName, discountPrice,
--   minPrice, limitCount, startDate, endDate
-- A start date in the past may stay as it is, but then the end must not be.
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
        WHEN c.is_deleted THEN 'coupon_deleted'
        WHEN $10::date < $5::date AND $10::date <> c.start_date
        THEN 'coupon_start_invalid'
        WHEN $11::date < $10::date OR $11::date < $5::date
        THEN 'coupon_end_invalid'
    END AS failure
    FROM (SELECT) one
    LEFT JOIN target c ON true
), changed AS (
    UPDATE coupon c
    SET coupon_name = $6, discount_price = $7::bigint, min_price = $8::bigint,
        limit_count = $9::integer, start_date = $10::date, end_date = $11::date
    FROM verdict v
    WHERE c.id = $2::bigint AND v.failure IS NULL
    RETURNING c.*
)
SELECT v.failure, NULL AS data, m.id, m.limit_count, m.start_date, m.end_date,
       m.is_deleted::integer, m.version,
       extract(epoch FROM (m.end_date + 1)::timestamptz)::bigint AS expire
FROM verdict v
LEFT JOIN changed m ON true
