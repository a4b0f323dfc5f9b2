-- 0003_issue.sql: issuing coupons.
--
-- A coupon's version rises with every change that the issue script must know
-- of; its issued_count is the number of its rows in issued_coupon, whoever
-- writes them.

CREATE FUNCTION raise_coupon_version() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF (NEW.limit_count, NEW.start_date, NEW.end_date, NEW.is_deleted)
       IS DISTINCT FROM
       (OLD.limit_count, OLD.start_date, OLD.end_date, OLD.is_deleted)
    THEN
        NEW.version := OLD.version + 1;
    END IF;

    RETURN NEW;
END
$$;

CREATE TRIGGER raise_version
    BEFORE UPDATE OF limit_count, start_date, end_date, is_deleted ON coupon
    FOR EACH ROW EXECUTE FUNCTION raise_coupon_version();


CREATE FUNCTION count_issued_coupons() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE coupon c SET issued_count = c.issued_count + w.n
        FROM (SELECT coupon_id, count(*) AS n FROM fresh GROUP BY 1) w
        WHERE c.id = w.coupon_id;

    ELSIF TG_OP = 'DELETE' THEN
        UPDATE coupon c SET issued_count = c.issued_count - w.n
        FROM (SELECT coupon_id, count(*) AS n FROM gone GROUP BY 1) w
        WHERE c.id = w.coupon_id;

    ELSE
        UPDATE coupon SET issued_count = 0 WHERE issued_count <> 0;
    END IF;

    RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON issued_coupon
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION count_issued_coupons();

CREATE TRIGGER count_deleted AFTER DELETE ON issued_coupon
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_issued_coupons();

CREATE TRIGGER count_truncated AFTER TRUNCATE ON issued_coupon
    FOR EACH STATEMENT EXECUTE FUNCTION count_issued_coupons();

UPDATE coupon c SET issued_count = w.n
FROM (SELECT coupon_id, count(*) AS n FROM issued_coupon GROUP BY 1) w
WHERE w.coupon_id = c.id AND c.issued_count <> w.n;


-- Stores a batch of claims, given as five arrays of one length; element i of
-- each is claim i.  A claim is the 64-bit number that its worker gave it; its
-- milliseconds since the epoch, shifted left by 20 bits, are in it.
--
-- Returns '' when every claim has been stored now, else one letter a claim:
--   I  its row is there (stored now, or by an earlier try of the same claim)
--   A  the user has the coupon by another claim
--   S  the coupon's limit is reached
--   U  there is no such coupon
--
-- Coupon rows are locked in the order of their ids, before anything is read:
-- batches of several coupons cannot deadlock, and what is read afterwards, by
-- statements with snapshots of their own, is exact until the commit.

CREATE FUNCTION issue_batch(coupons bigint[], users bigint[],
    nicknames text[], phones text[], claims bigint[]) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    n        bigint := cardinality(coupons);
    known    bigint;
    fits     boolean;
    stored   bigint;
    verdicts text;
BEGIN
    PERFORM FROM coupon WHERE id = ANY (coupons) ORDER BY id
        FOR NO KEY UPDATE;

    SELECT sum(w.n), bool_and(c.issued_count + w.n <= c.limit_count)
    INTO known, fits
    FROM (SELECT id, count(*) AS n FROM unnest(coupons) AS id GROUP BY 1) w
    JOIN coupon c USING (id);

    IF known = n AND fits THEN
        INSERT INTO issued_coupon
            (coupon_id, user_id, nickname, phone_number, claim, created_at)
        SELECT c.coupon_id, c.user_id, c.nickname, c.phone, c.claim,
               to_timestamp((c.claim >> 20) / 1000.0)
        FROM unnest(coupons, users, nicknames, phones, claims)
            AS c (coupon_id, user_id, nickname, phone, claim)
        ON CONFLICT DO NOTHING;

        GET DIAGNOSTICS stored = ROW_COUNT;

        IF stored = n THEN
            RETURN '';
        END IF;

    ELSE
        -- as many of each coupon's new users as fit, first come first served
        INSERT INTO issued_coupon
            (coupon_id, user_id, nickname, phone_number, claim, created_at)
        SELECT f.coupon_id, f.user_id, f.nickname, f.phone, f.claim,
               to_timestamp((f.claim >> 20) / 1000.0)
        FROM (
            SELECT b.*, k.limit_count - k.issued_count AS free,
                   row_number() OVER (PARTITION BY b.coupon_id
                                      ORDER BY b.i) AS place
            FROM (
                SELECT DISTINCT ON (u.coupon_id, u.user_id) u.*
                FROM unnest(coupons, users, nicknames, phones, claims)
                    WITH ORDINALITY
                    AS u (coupon_id, user_id, nickname, phone, claim, i)
                ORDER BY u.coupon_id, u.user_id, u.i
            ) b
            JOIN coupon k ON k.id = b.coupon_id
            WHERE NOT EXISTS (SELECT FROM issued_coupon h
                              WHERE h.coupon_id = b.coupon_id
                                AND h.user_id = b.user_id)
        ) f
        WHERE f.place <= f.free
        ON CONFLICT DO NOTHING;
    END IF;

    SELECT string_agg(CASE WHEN h.claim = u.claim THEN 'I'
                           WHEN h.coupon_id IS NOT NULL THEN 'A'
                           WHEN k.id IS NOT NULL THEN 'S'
                           ELSE 'U' END, '' ORDER BY u.i)
    INTO verdicts
    FROM unnest(coupons, users, claims)
        WITH ORDINALITY AS u (coupon_id, user_id, claim, i)
    LEFT JOIN coupon k ON k.id = u.coupon_id
    LEFT JOIN issued_coupon h
        ON h.coupon_id = u.coupon_id AND h.user_id = u.user_id;

    RETURN verdicts;
END
$$;
