-- region.sql: S8, the stores of a sido or of a gugun, as nobody sees them.
-- Parameters: sido, gugun
-- An empty gugun is the range of all there are: the index serves both forms
-- in one plan.  Column "ids" and isLiked: see list.sql.
SELECT CASE
           WHEN NOT EXISTS (SELECT FROM sido WHERE code = $1)
           THEN 'sido_not_found'
           WHEN $2 = '' THEN NULL
           WHEN NOT EXISTS (SELECT FROM gugun WHERE code = $2)
           THEN 'gugun_not_found'
           WHEN NOT EXISTS (SELECT FROM gugun
                            WHERE code = $2 AND sido_code = $1)
           THEN 'region_mismatch'
       END AS failure,
       '{"stores":[' || coalesce(string_agg(row_to_json(x)::text, ','), '')
       || '],"storeIds":['
       || coalesce(string_agg(x."storeId"::text, ','), '') || ']}' AS data,
       coalesce(string_agg(x."storeId"::text, ','), '') AS ids
FROM (
    SELECT s.id AS "storeId", s.store_name AS "storeName",
           NULL::boolean AS "isLiked", s.detail_info AS "detailInfo",
           s.store_thumbnail_image AS "thumbnailImage",
           s.average_rating AS "averageRating",
           (SELECT p FROM (SELECT a.lat, a.lon) p) AS position,
           a.address, a.detail_address AS "detailAddress"
    FROM store_address a
    JOIN store s ON s.id = a.store_id AND NOT s.is_deleted
    WHERE a.sido_code = $1 AND a.gugun_code >= $2
      AND a.gugun_code <= coalesce(nullif($2, ''),
                                   (SELECT max(l.gugun_code)
                                    FROM store_address l
                                    WHERE l.sido_code = $1))
    ORDER BY s.average_rating DESC, s.id
) x
