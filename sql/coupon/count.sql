-- count.sql: CI2, how many rows C9 has.
-- Parameters: user, today
SELECT NULL AS failure, count(*) AS data
FROM issued_coupon i
JOIN coupon c ON c.id = i.coupon_id
JOIN store s ON s.id = c.store_id
WHERE i.user_id = $1::bigint AND NOT i.is_used
  AND NOT c.is_deleted AND NOT s.is_deleted
  AND c.start_date <= $2::date AND c.end_date >= $2::date
