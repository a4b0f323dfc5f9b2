-- audit_count.sql: issued_count and the rows it counts, of one instant.
-- Parameters by position: coupon id
SELECT issued_count,
       (SELECT count(*) FROM issued_coupon i WHERE i.coupon_id = c.id) AS rows
FROM coupon c
WHERE id = $1::bigint
