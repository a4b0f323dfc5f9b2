-- load_users.sql: the next holders of a coupon, by user id.
-- Parameters by position: coupon id, first user id, how many at most
SELECT user_id
FROM issued_coupon
WHERE coupon_id = $1::bigint AND user_id >= $2::bigint
ORDER BY user_id
LIMIT $3::integer
