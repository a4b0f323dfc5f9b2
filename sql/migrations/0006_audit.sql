-- 0006_audit.sql: repair of a coupon's issued_count.
--
-- Sets it to the number of rows and returns by how much it was too high.  The
-- count has a snapshot of its own, taken after the coupon's row is locked, and
-- whoever issues locks that row first: so nothing is counted while it changes.

CREATE FUNCTION recount_issued(coupon_id bigint) RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    had   bigint;
    rows  bigint;
BEGIN
    SELECT c.issued_count INTO had
    FROM coupon c WHERE c.id = recount_issued.coupon_id
    FOR NO KEY UPDATE;

    SELECT count(*) INTO rows
    FROM issued_coupon i WHERE i.coupon_id = recount_issued.coupon_id;

    IF had <> rows THEN
        UPDATE coupon c SET issued_count = rows
        WHERE c.id = recount_issued.coupon_id;
    END IF;

    RETURN had - rows;
END
$$;
