-- manager.sql: S6, a store's summary for its manager.
-- Parameters: storeId, user, owner
SELECT CASE
           WHEN s.id IS NULL THEN 'store_not_found'
           WHEN $3::boolean AND s.store_manager_id <> $2::bigint
           THEN 'not_owner'
           WHEN a.id IS NULL THEN 'address_not_found'
       END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT s.store_name AS "storeName",
                   s.store_thumbnail_image AS "storeThumbnailImage",
                   s.phone_number AS "phoneNumber",
                   s.account_number AS "accountNumber", s.bank,
                   s.detail_info AS "detailInfo", a.address,
                   a.detail_address AS "addressDetail"
        ) x) AS data
FROM (SELECT) one
LEFT JOIN store s ON s.id = $1::bigint AND NOT s.is_deleted
LEFT JOIN store_address a ON a.store_id = s.id
