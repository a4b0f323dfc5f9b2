-- audit_live.sql: the next coupons that can still be drawn, by id.
-- Parameters by position: id after which to begin, today, how many at most
SELECT id
FROM coupon
WHERE id > $1::bigint AND NOT is_deleted AND end_date >= $2::date
ORDER BY id
LIMIT $3::integer
