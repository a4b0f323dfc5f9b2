-- coupons.sql: a coupon of the demo in each state, its dates relative to today.
-- Rows that exist stay as they are, so loading again changes nothing.

WITH new AS (
    INSERT INTO coupon (id, store_id, coupon_code, coupon_name, discount_price,
                        min_price, limit_count, start_date, end_date,
                        is_deleted)
    SELECT id, store_id, code, name, discount, minimum, limit_count,
           current_date + first, current_date + last, deleted
      FROM (VALUES
          (1, 1, '9b1de7a0', '봄맞이',      3000, 30000, 100,   0, 365, false),
          (2, 1, 'c3460f58', '선착순 두 명', 9000, 10000,   2,   0, 365, false),
          (3, 1, '07fa52cb', '다음 주부터',  2000, 20000,  50,   7,  37, false),
          (4, 1, '6d92b8e4', '지난달',      1000, 10000,  50, -30,  -1, false),
          (5, 1, 'e58c013d', '취소된 행사',  5000, 40000,  50,   0, 365, true),
          (6, 2, '41b7d96f', '바다의 날',    4000, 35000, 500,   0, 365, false)
      ) AS v (id, store_id, code, name, discount, minimum, limit_count,
              first, last, deleted)
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT setval(pg_get_serial_sequence('coupon', 'id'), max(id))
  FROM new HAVING count(*) > 0;

-- coupon 2 is sold out
INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
VALUES (2, 2801234567, '봄이', '01012345678'),
       (2, 2801234568, '여름', '01023456789')
ON CONFLICT DO NOTHING;
