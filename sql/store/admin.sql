-- admin.sql: S10, the stores of a sido or of a gugun, page by page.
-- Parameters: sido, gugun, sort, limit, offset
-- No sort is DATE.  Of the sort keys all but one are null in every row.  No
-- gugun is the range of all, as in region.sql.
WITH region AS MATERIALIZED (
    SELECT s.id, s.store_code, s.store_name, s.phone_number, s.bank,
           s.account_number, s.average_rating, s.monthly_sales_revenue,
           s.created_at
    FROM store_address a
    JOIN store s ON s.id = a.store_id AND NOT s.is_deleted
    WHERE a.sido_code = $1 AND a.gugun_code >= coalesce($2, '')
      AND a.gugun_code <= coalesce($2, (SELECT max(l.gugun_code)
                                        FROM store_address l
                                        WHERE l.sido_code = $1))
)
SELECT CASE
           WHEN NOT EXISTS (SELECT FROM sido WHERE code = $1)
           THEN 'sido_not_found'
           WHEN $2 IS NULL THEN NULL
           WHEN NOT EXISTS (SELECT FROM gugun WHERE code = $2)
           THEN 'gugun_not_found'
           WHEN NOT EXISTS (SELECT FROM gugun
                            WHERE code = $2 AND sido_code = $1)
           THEN 'region_mismatch'
       END AS failure,
       '{"data":[' || coalesce(string_agg(row_to_json(x)::text, ','), '')
       || '],"totalCnt":' || (SELECT count(*) FROM region) || '}' AS data
FROM (
    SELECT r.id AS key, r.store_code AS "storeCode",
           r.store_name AS "storeName", r.phone_number AS "phoneNumber",
           r.bank, r.account_number AS "accountNumber",
           r.average_rating AS "averageRating",
           r.monthly_sales_revenue AS "totalAmount",
           r.created_at::date AS "regDate"
    FROM region r
    ORDER BY CASE $3 WHEN 'RATE' THEN r.average_rating END DESC,
             CASE $3 WHEN 'AMOUNT' THEN r.monthly_sales_revenue END DESC,
             CASE coalesce($3, 'DATE') WHEN 'DATE' THEN r.created_at END DESC,
             r.id DESC
    LIMIT $4::bigint OFFSET $5::bigint
) x
