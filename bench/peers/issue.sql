-- issue.sql: stores the row of one claim.
-- Parameters: coupon, user, nickname, phone number, claim
INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number, claim)
VALUES ($1::bigint, $2::bigint, $3::text, $4::text, $5::bigint)
ON CONFLICT DO NOTHING
