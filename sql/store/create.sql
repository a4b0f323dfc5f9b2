-- create.sql: S1, a store with its delivery policy, address and stock rows.
-- Locks rows.
-- Parameters by position: the caller, the 15 fields of the body in their
-- order, flowers: JSON [{"flowerId":1,"flowerName":"..."},...]
-- Of two at once for one seller the loser waits for the other's row, inserts
-- nothing and gets store_exists.  The code is drawn until it is a new one; a
-- clash with one not yet committed is SQLSTATE 23505 of store_store_code_key,
-- and then the same call again succeeds.
WITH region AS (
    SELECT p.sido_code,
           (SELECT min(g.code) FROM gugun g
            WHERE g.sido_code = p.sido_code AND ($11 = '' OR g.name = $11)
            HAVING $11 <> '' OR count(*) = 1) AS gugun_code
    FROM (
        SELECT coalesce((SELECT code FROM sido WHERE name = $10),
                        (SELECT a.sido_code FROM sido_alias a
                         WHERE a.name = $10)) AS sido_code
    ) p
), verdict AS (
    SELECT CASE
        WHEN r.sido_code IS NULL THEN 'sido_not_found'
        WHEN r.gugun_code IS NULL THEN 'gugun_not_found'
    END AS failure
    FROM region r
), made AS (
    INSERT INTO store (store_manager_id, store_code, store_name, detail_info,
                       store_thumbnail_image, phone_number, account_number,
                       bank)
    SELECT $1::bigint, c.code, $2, $3, $4, $5, $6, $7
    FROM verdict v
    CROSS JOIN (
        SELECT d.code
        FROM (SELECT left(gen_random_uuid()::text, 8) AS code
              FROM generate_series(1, 16)) d
        WHERE NOT EXISTS (SELECT FROM store o WHERE o.store_code = d.code)
        LIMIT 1
    ) c
    WHERE v.failure IS NULL
    ON CONFLICT (store_manager_id) DO NOTHING
    RETURNING id
), policy AS (
    INSERT INTO delivery_policy (store_id, delivery_price,
                                 free_delivery_min_price)
    SELECT m.id, $8::bigint, $9::bigint
    FROM made m
), place AS (
    INSERT INTO store_address (store_id, sido_code, gugun_code, address,
                               detail_address, zip_code, lat, lon)
    SELECT m.id, r.sido_code, r.gugun_code, $12, $13, $14,
           $15::double precision, $16::double precision
    FROM made m
    CROSS JOIN region r
), cargo AS (
    INSERT INTO flower_cargo (store_id, flower_id, flower_name)
    SELECT m.id, f."flowerId", f."flowerName"
    FROM made m
    CROSS JOIN json_to_recordset($17::json)
        AS f ("flowerId" bigint, "flowerName" text)
    ON CONFLICT DO NOTHING
)
SELECT CASE WHEN m.id IS NULL THEN coalesce(v.failure, 'store_exists')
       END AS failure,
       m.id AS data
FROM verdict v
LEFT JOIN made m ON true
