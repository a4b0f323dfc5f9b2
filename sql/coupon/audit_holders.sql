-- audit_holders.sql: which of these users hold a coupon, or which do not.
-- Parameters by position: coupon id, user ids, whether they are to hold it
SELECT u.id
FROM unnest($2::bigint[]) AS u (id)
WHERE EXISTS (SELECT FROM issued_coupon i
              WHERE i.coupon_id = $1::bigint AND i.user_id = u.id)
      = $3::boolean
