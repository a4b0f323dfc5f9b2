-- create.sql: C1, a new coupon of a store.
-- Locks rows.
-- Parameters: storeId, user, owner, today, couponName, discountPrice, minPrice,
--   limitCount, startDate, endDate
WITH verdict AS (
    SELECT CASE
        WHEN s.id IS NULL THEN 'address_not_found'
        WHEN $3::boolean AND s.store_manager_id <> $2::bigint THEN 'not_owner'
        WHEN $9::date < $4::date THEN 'coupon_start_invalid'
        WHEN $10::date < $9::date THEN 'coupon_end_invalid'
    END AS failure
    FROM (SELECT) one
    LEFT JOIN store s ON s.id = $1::bigint AND NOT s.is_deleted
), made AS (
    INSERT INTO coupon (store_id, coupon_code, coupon_name, discount_price,
                        min_price, limit_count, start_date, end_date)
    SELECT $1::bigint, left(gen_random_uuid()::text, 8), $5, $6::bigint,
           $7::bigint, $8::integer, $9::date, $10::date
    FROM verdict
    WHERE failure IS NULL
    RETURNING *
)
SELECT v.failure, NULL AS data, m.id, m.limit_count, m.start_date, m.end_date,
       m.is_deleted::integer, m.version,
       extract(epoch FROM (m.end_date + 1)::timestamptz)::bigint AS expire
FROM verdict v
LEFT JOIN made m ON true
