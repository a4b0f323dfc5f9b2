-- list.sql: S4, stores by rating, page by page, as nobody sees them.
-- Parameters: limit, offset
-- Column "ids": the stores of the page, as "12,13", in their order.  For a
-- caller, what follows the k-th "isLiked": in data is the k-th store's; these
-- 10 characters stand nowhere else, as a quote within a text is escaped.
SELECT NULL AS failure,
       '{"stores":[' || coalesce(string_agg(row_to_json(x)::text, ','), '')
       || '],"totalCnt":'
       || (SELECT count(*) FROM store WHERE NOT is_deleted) || '}' AS data,
       coalesce(string_agg(x."storeId"::text, ','), '') AS ids
FROM (
    SELECT s.id AS "storeId",
           s.store_thumbnail_image AS "storeThumbnailImage",
           s.store_name AS "storeName", s.detail_info AS "detailInfo",
           s.average_rating AS "averageRating", false AS "isLiked",
           a.address, a.detail_address AS "detailAddress"
    FROM (
        SELECT * FROM store
        WHERE NOT is_deleted
        ORDER BY average_rating DESC, id
        LIMIT $1::bigint OFFSET $2::bigint
    ) s
    LEFT JOIN store_address a ON a.store_id = s.id
    ORDER BY s.average_rating DESC, s.id
) x
