-- simple.sql: SI8, stores in brief.
-- Parameters: storeIds
SELECT NULL AS failure,
       '[' || coalesce(string_agg(row_to_json(x)::text, ','
                                  ORDER BY x."storeId"), '') || ']' AS data
FROM (
    SELECT id AS "storeId", store_name AS "storeName",
           store_thumbnail_image AS "storeThumbnail",
           detail_info AS "detailInfo",
           average_rating::real AS "averageRating"
    FROM store
    WHERE id = ANY ($1::bigint[])
) x
