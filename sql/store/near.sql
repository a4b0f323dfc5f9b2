-- near.sql: S7, the stores in a square around a point, as nobody sees them.
-- Parameters: lat, lon, level
-- Half a side of the square is that of the level, in metres on a sphere of
-- 6371 km.  Column "ids" and isLiked: see list.sql.
SELECT NULL AS failure,
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
    FROM (
        SELECT m.lat, m.lon, degrees(m.half / 6371000) AS dlat,
               degrees(m.half / (6371000 * cos(radians(m.lat)))) AS dlon
        FROM (
            SELECT $1::double precision AS lat, $2::double precision AS lon,
                   ('{150,250,500,1000,2000}'::double precision[])
                   [$3::integer] AS half
        ) m
    ) q
    JOIN store_address a
        ON a.lat BETWEEN q.lat - q.dlat AND q.lat + q.dlat
       AND a.lon BETWEEN q.lon - q.dlon AND q.lon + q.dlon
    JOIN store s ON s.id = a.store_id AND NOT s.is_deleted
    ORDER BY s.average_rating DESC, s.id
) x
