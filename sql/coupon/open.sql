-- open.sql: C6, the coupons of a store that can be drawn today, by id.
-- Parameters: storeId, today
SELECT NULL AS failure,
       coalesce(string_agg(c.id::text, ',' ORDER BY c.id), '') AS data
FROM coupon c
JOIN store s ON s.id = c.store_id
WHERE c.store_id = $1::bigint AND NOT c.is_deleted AND NOT s.is_deleted
  AND c.start_date <= $2::date AND c.end_date >= $2::date
