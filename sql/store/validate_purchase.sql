-- validate_purchase.sql: SI7, whether an order's prices are the right ones.
-- Parameters: validatePriceDtos, orderType, today
-- The first failure counts; all coupons come before all policies.
-- Column "invalid": a member that must not be null in this kind of order.
WITH item AS MATERIALIZED (
    SELECT *
    FROM ROWS FROM (
        json_to_recordset($1::json) AS ("couponId" bigint,
            "couponAmount" bigint, "storeId" bigint, "deliveryCost" bigint,
            "actualAmount" bigint)
    ) WITH ORDINALITY AS i (coupon, discount, store, delivery, amount, n)
), faulty AS (
    SELECT i.n, CASE
        WHEN i.coupon IS NOT NULL AND i.discount IS NULL THEN 'couponAmount'
        WHEN $2 = 'PICKUP' THEN NULL
        WHEN i.store IS NULL THEN 'storeId'
        WHEN i.delivery IS NULL THEN 'deliveryCost'
    END AS member
    FROM item i
), verdict AS (
    SELECT 1 AS stage, i.n, CASE
        WHEN c.id IS NULL THEN 'coupon_not_found'
        WHEN c.is_deleted THEN 'coupon_deleted'
        WHEN c.end_date < $3::date THEN 'coupon_expired'
        WHEN c.store_id IS DISTINCT FROM i.store OR c.min_price > i.amount
             OR c.discount_price <> i.discount
        THEN 'coupon_mismatch'
    END AS failure
    FROM item i
    LEFT JOIN coupon c ON c.id = i.coupon
    WHERE i.coupon IS NOT NULL
  UNION ALL
    SELECT 2, i.n, CASE
        WHEN p.id IS NULL THEN 'policy_not_found'
        WHEN i.delivery <> CASE
                 WHEN p.free_delivery_min_price <= i.amount THEN 0
                 ELSE p.delivery_price
             END
        THEN 'policy_violated'
    END
    FROM item i
    LEFT JOIN delivery_policy p ON p.store_id = i.store
    WHERE $2 <> 'PICKUP'
)
SELECT (SELECT failure FROM verdict WHERE failure IS NOT NULL
        ORDER BY stage, n LIMIT 1) AS failure,
       NULL AS data,
       (SELECT member FROM faulty WHERE member IS NOT NULL
        ORDER BY n LIMIT 1) AS invalid
