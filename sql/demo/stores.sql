-- stores.sql: three stores of the demo, of the managers 1, 2 and 3.
-- Rows that exist stay as they are, so loading again changes nothing.

WITH new AS (
    INSERT INTO store (id, store_manager_id, store_code, store_name,
                       detail_info, store_thumbnail_image, phone_number,
                       account_number, bank, average_rating)
    VALUES
        (1, 1, '5f1c9a3e', '봄꽃집', '매일 아침 들어오는 꽃으로 만듭니다.',
         'https://example.com/stores/1.jpg', '0212345678',
         '110-123-456789', '신한은행', 4.8),
        (2, 2, 'b07d42f6', '해운대 플라워', '바닷가 옆 작은 꽃집입니다.',
         'https://example.com/stores/2.jpg', '0511234567',
         '352-1234-5678-93', '농협은행', 4.33333),
        (3, 3, '2e8a6cd1', '제주 꽃다방', '꽃과 차가 있는 곳입니다.',
         'https://example.com/stores/3.jpg', '0641234567',
         '3333-01-2345678', '카카오뱅크', 0)
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT setval(pg_get_serial_sequence('store', 'id'), max(id))
  FROM new HAVING count(*) > 0;

INSERT INTO delivery_policy (store_id, delivery_price, free_delivery_min_price)
VALUES (1, 3000, 50000), (2, 4000, 60000), (3, 0, 0)
ON CONFLICT DO NOTHING;

INSERT INTO store_address (store_id, sido_code, gugun_code, address,
                           detail_address, zip_code, lat, lon)
VALUES
    (1, '11', '11680', '서울 강남구 테헤란로 212', '1층', '06220',
     37.5012743, 127.039585),
    (2, '26', '26350', '부산 해운대구 해운대해변로 264', '', '48099',
     35.1591243, 129.1603078),
    (3, '50', '50110', '제주특별자치도 제주시 첨단로 242', '101호', '63309',
     33.4506101, 126.5706659)
ON CONFLICT DO NOTHING;

-- the flowers of the demo's product service
INSERT INTO flower_cargo (store_id, flower_id, flower_name, stock)
SELECT s.id, f.id, f.name, 40 * s.id + 10 * f.id
  FROM (VALUES (1), (2), (3)) AS s (id),
       (VALUES (1, '장미'), (2, '튤립'), (3, '수국'), (4, '카네이션'),
               (5, '안개꽃')) AS f (id, name)
ON CONFLICT DO NOTHING;
