-- page.sql: S5, a store's page, as nobody sees it.
-- Parameters: storeId
-- The last three members are other services' to tell; data always ends in
-- "isLiked":false,"isSubscribed":false,"subscriptionProductId":null}
SELECT CASE
           WHEN s.id IS NULL THEN 'store_not_found'
           WHEN a.id IS NULL THEN 'address_not_found'
       END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT s.store_name AS "storeName",
                   s.store_thumbnail_image AS "storeThumbnailImage",
                   a.address, a.detail_address AS "detailAddress",
                   s.average_rating AS "averageRating",
                   s.detail_info AS "detailInfo",
                   s.phone_number AS "phoneNumber", false AS "isLiked",
                   false AS "isSubscribed",
                   NULL::text AS "subscriptionProductId"
        ) x) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint AND NOT s.is_deleted
LEFT JOIN store_address a ON a.store_id = s.id
