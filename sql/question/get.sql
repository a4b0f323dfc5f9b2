-- get.sql: Q2, one question; it counts as read when the store's manager reads.
-- Locks rows.
-- Parameters: questionId, user
WITH found AS (
    SELECT q.*, s.store_manager_id = $2::bigint AND NOT s.is_deleted AS managed
    FROM question q
    JOIN store s ON s.id = q.store_id
    WHERE q.id = $1::bigint AND NOT q.is_deleted
), shown AS (
    SELECT * FROM found f
    WHERE NOT f.is_secret OR f.managed OR f.user_id = $2::bigint
), seen AS (
    UPDATE question q SET is_read = true
    FROM shown f
    WHERE q.id = f.id AND f.managed AND NOT f.is_read
)
SELECT CASE WHEN NOT EXISTS (SELECT FROM shown)
            THEN 'question_not_found' END AS failure,
       (SELECT row_to_json(x)
        FROM (
            SELECT f.title, f.nickname,
                   to_char(f.created_at, 'YYYY-MM-DD"T"HH24:MI:SS')
                       AS "createdAt",
                   f.product_name AS "productName", f.content,
                   a.id IS NOT NULL AS "isReplied",
                   (SELECT row_to_json(y)
                    FROM (SELECT a.content, a.updated_at::date AS "repliedAt"
                          WHERE a.id IS NOT NULL) y) AS answer
            FROM shown f
            LEFT JOIN answer a ON a.id = f.id
        ) x) AS data
