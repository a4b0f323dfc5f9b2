-- payment.sql: C8, the caller's coupons of a store for an order of that amount.
-- Parameters: storeId, user, today, totalAmount
SELECT NULL AS failure,
       '{"data":['
       || coalesce(string_agg(row_to_json(x)::text, ','
                              ORDER BY x."couponId"), '')
       || ']}' AS data
FROM (
    SELECT c.id AS "couponId", c.coupon_name AS "couponName",
           s.store_name AS "storeName", c.discount_price AS "discountPrice",
           c.end_date AS "endDate", c.min_price AS "minPrice",
           c.min_price <= $4::bigint AS "isAvailable"
    FROM issued_coupon i
    JOIN coupon c ON c.id = i.coupon_id
    JOIN store s ON s.id = c.store_id
    WHERE i.user_id = $2::bigint AND NOT i.is_used
      AND c.store_id = $1::bigint AND NOT c.is_deleted AND NOT s.is_deleted
      AND c.start_date <= $3::date AND c.end_date >= $3::date
) x
