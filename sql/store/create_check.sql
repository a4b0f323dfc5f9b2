-- create_check.sql: S1, what can be refused before flowers are asked for.
-- Parameters: user, sido, gugun
-- Only advice: create.sql decides again, in the transaction.
SELECT CASE
           WHEN r.sido_code IS NULL THEN 'sido_not_found'
           WHEN r.gugun_code IS NULL THEN 'gugun_not_found'
           WHEN EXISTS (SELECT FROM store s
                        WHERE s.store_manager_id = $1::bigint)
           THEN 'store_exists'
       END AS failure,
       NULL AS data
FROM (
    SELECT p.sido_code,
           (SELECT min(g.code) FROM gugun g
            WHERE g.sido_code = p.sido_code AND ($3 = '' OR g.name = $3)
            HAVING $3 <> '' OR count(*) = 1) AS gugun_code
    FROM (
        SELECT coalesce((SELECT code FROM sido WHERE name = $2),
                        (SELECT a.sido_code FROM sido_alias a
                         WHERE a.name = $2)) AS sido_code
    ) p
) r
