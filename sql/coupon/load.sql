-- load.sql: what Redis must know of a coupon.  No row: there is no such coupon.
-- Parameters by position: coupon id
SELECT limit_count, start_date, end_date, is_deleted::integer, version,
       extract(epoch FROM (end_date + 1)::timestamptz)::bigint AS expire
FROM coupon
WHERE id = $1::bigint
