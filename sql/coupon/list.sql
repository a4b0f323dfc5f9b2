-- list.sql: C4, the seller's table of coupons that have not ended.
-- Parameters: storeId, user, owner, today
SELECT CASE WHEN $3::boolean
                 AND NOT EXISTS (SELECT FROM store s
                                 WHERE s.id = $1::bigint AND NOT s.is_deleted
                                   AND s.store_manager_id = $2::bigint)
            THEN 'not_owner' END AS failure,
       (SELECT '{"data":['
               || coalesce(string_agg(row_to_json(x)::text, ','
                                      ORDER BY x.key), '')
               || ']}'
        FROM (
            SELECT c.id AS key, c.coupon_code AS "couponCode",
                   c.coupon_name AS "couponName", c.min_price AS "minPrice",
                   c.discount_price AS "discountPrice",
                   c.limit_count AS "limitCount",
                   greatest(c.limit_count - c.issued_count, 0)
                       AS "unusedCount",
                   c.start_date AS "startDate", c.end_date AS "endDate"
            FROM coupon c
            WHERE c.store_id = $1::bigint AND NOT c.is_deleted
              AND c.end_date >= $4::date
        ) x) AS data
