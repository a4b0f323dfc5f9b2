-- get.sql: SI5, one store.
-- Parameters: storeId
SELECT CASE WHEN s.id IS NULL THEN 'store_not_found' END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT s.id AS "storeId", s.store_code AS "storeCode",
                   s.store_name AS "storeName", s.detail_info AS "detailInfo",
                   s.store_thumbnail_image AS "storeThumbnailInfo",
                   s.average_rating AS "averageRating",
                   s.phone_number AS "phoneNumber",
                   s.account_number AS "accountNumber", s.bank
        ) x) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint
