-- all.sql: SI6, every store, as SI5 shows one.
SELECT NULL AS failure,
       '[' || coalesce(string_agg(row_to_json(x)::text, ','
                                  ORDER BY x."storeId"), '') || ']' AS data
FROM (
    SELECT id AS "storeId", store_code AS "storeCode",
           store_name AS "storeName", detail_info AS "detailInfo",
           store_thumbnail_image AS "storeThumbnailInfo",
           average_rating AS "averageRating", phone_number AS "phoneNumber",
           account_number AS "accountNumber", bank
    FROM store
) x
