-- audit_holders.sql: which of these users hold a coupon, or which do not.
-- Parameters by position: coupon id, user ids, whether they are to hold it
-- One look-up for each user: an EXISTS that is compared may be planned as a hash
-- of all the coupon's rows, for each chunk of users.
SELECT u.id
FROM unnest($2::bigint[]) AS u (id)
WHERE coalesce((SELECT true FROM issued_coupon i
                WHERE i.coupon_id = $1::bigint AND i.user_id = u.id), false)
      = $3::boolean
