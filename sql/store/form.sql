-- form.sql: S3, all that S2 can change.
-- Parameters: storeId, user, owner
SELECT CASE
           WHEN s.id IS NULL THEN 'store_not_found'
           WHEN $3::boolean AND s.store_manager_id <> $2::bigint
           THEN 'not_owner'
           WHEN p.id IS NULL THEN 'policy_not_found'
           WHEN a.id IS NULL THEN 'address_not_found'
       END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT s.store_name AS "storeName", s.detail_info AS "detailInfo",
                   s.store_thumbnail_image AS "storeThumbnailImage",
                   s.phone_number AS "phoneNumber",
                   s.account_number AS "accountNumber", s.bank,
                   p.delivery_price AS "deliveryPrice",
                   p.free_delivery_min_price AS "freeDeliveryMinPrice",
                   d.name AS sido, g.name AS gugun, a.address,
                   a.detail_address AS "detailAddress",
                   a.zip_code AS "zipCode", a.lat, a.lon
        ) x) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint AND NOT s.is_deleted
LEFT JOIN delivery_policy p ON p.store_id = s.id
LEFT JOIN store_address a ON a.store_id = s.id
LEFT JOIN sido d ON d.code = a.sido_code
LEFT JOIN gugun g ON g.code = a.gugun_code
