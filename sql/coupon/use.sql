-- use.sql: CI1, uses an issued coupon, once.
-- Locks rows.
-- Parameters: couponId, userId, today
-- One conditional update decides.  Not updated although the snapshot shows an
-- unused, unexpired row: another call used it meanwhile.
WITH used AS (
    UPDATE issued_coupon i
    SET is_used = true, used_at = now()
    FROM coupon c
    WHERE i.coupon_id = $1::bigint AND i.user_id = $2::bigint
      AND c.id = i.coupon_id AND NOT i.is_used AND c.end_date >= $3::date
    RETURNING 1
)
SELECT CASE
           WHEN EXISTS (SELECT FROM used) THEN NULL
           WHEN h.user_id IS NULL THEN 'coupon_not_issued'
           WHEN h.is_used OR c.end_date >= $3::date THEN 'coupon_used'
           ELSE 'coupon_expired'
       END AS failure,
       NULL AS data
FROM (SELECT) one
LEFT JOIN issued_coupon h ON h.coupon_id = $1::bigint AND h.user_id = $2::bigint
LEFT JOIN coupon c ON c.id = h.coupon_id
