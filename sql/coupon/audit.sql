-- audit.sql: a coupon's row, for an audit.  No row: there is no such coupon.
-- Parameters by position: coupon id
SELECT limit_count, start_date, end_date, is_deleted::integer, version,
       extract(epoch FROM (end_date + 1)::timestamptz)::bigint AS expire,
       issued_count
FROM coupon
WHERE id = $1::bigint
