-- update.sql: S2, replaces the 15 fields of a store.
-- Locks rows.
-- Parameters: storeId, user, owner, storeName, detailInfo,
--   storeThumbnailImage, phoneNumber, accountNumber, bank, deliveryPrice,
--   freeDeliveryMinPrice, sido, gugun, address, detailAddress, zipCode, lat,
--   lon
-- The store's row is locked before any of the three is written: requests for
-- one store follow each other, and its rows are always those of one of them.
WITH target AS (
    SELECT * FROM store WHERE id = $1::bigint AND NOT is_deleted
    FOR NO KEY UPDATE
), region AS (
    SELECT p.sido_code,
           (SELECT min(g.code) FROM gugun g
            WHERE g.sido_code = p.sido_code AND ($13 = '' OR g.name = $13)
            HAVING $13 <> '' OR count(*) = 1) AS gugun_code
    FROM (
        SELECT coalesce((SELECT code FROM sido WHERE name = $12),
                        (SELECT a.sido_code FROM sido_alias a
                         WHERE a.name = $12)) AS sido_code
    ) p
), verdict AS (
    SELECT s.id, r.sido_code, r.gugun_code, CASE
        WHEN s.id IS NULL THEN 'address_not_found'
        WHEN $3::boolean AND s.store_manager_id <> $2::bigint THEN 'not_owner'
        WHEN NOT EXISTS (SELECT FROM store_address a WHERE a.store_id = s.id)
        THEN 'address_not_found'
        WHEN NOT EXISTS (SELECT FROM delivery_policy p WHERE p.store_id = s.id)
        THEN 'policy_not_found'
        WHEN r.sido_code IS NULL THEN 'sido_not_found'
        WHEN r.gugun_code IS NULL THEN 'gugun_not_found'
    END AS failure
    FROM region r
    LEFT JOIN target s ON true
), changed AS (
    UPDATE store s
    SET store_name = $4, detail_info = $5, store_thumbnail_image = $6,
        phone_number = $7, account_number = $8, bank = $9
    FROM verdict v
    WHERE s.id = v.id AND v.failure IS NULL
), policy AS (
    UPDATE delivery_policy p
    SET delivery_price = $10::bigint, free_delivery_min_price = $11::bigint
    FROM verdict v
    WHERE p.store_id = v.id AND v.failure IS NULL
), place AS (
    UPDATE store_address a
    SET sido_code = v.sido_code, gugun_code = v.gugun_code, address = $14,
        detail_address = $15, zip_code = $16, lat = $17::double precision,
        lon = $18::double precision
    FROM verdict v
    WHERE a.store_id = v.id AND v.failure IS NULL
)
SELECT failure, NULL AS data FROM verdict
