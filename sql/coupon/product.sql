-- product.sql: C7, the coupons on a product page.
-- Parameters: storeId, user, today
SELECT NULL AS failure,
       '{"data":['
       || coalesce(string_agg(row_to_json(x)::text, ','
                              ORDER BY x."couponId"), '')
       || ']}' AS data
FROM (
    SELECT c.id AS "couponId", c.coupon_name AS "couponName",
           s.store_name AS "storeName", c.discount_price AS "discountPrice",
           c.end_date AS "endDate", c.min_price AS "minPrice",
           EXISTS (SELECT FROM issued_coupon i
                   WHERE i.coupon_id = c.id AND i.user_id = $2::bigint)
               AS "isIssued"
    FROM coupon c
    JOIN store s ON s.id = c.store_id
    WHERE c.store_id = $1::bigint AND NOT c.is_deleted AND NOT s.is_deleted
      AND c.start_date <= $3::date AND c.end_date >= $3::date
) x
