-- 0008_locked_coupon.sql: a coupon whose row is locked holds up no other one.
--
-- A batch of several coupons waits for no row.  What it cannot lock it leaves
-- untouched, and says so; the worker sends these claims as batches of one
-- coupon, which wait as before.  As no batch waits for a second row, batches
-- cannot deadlock, in whatever order they lock.


-- Stores those claims of a batch that are of none of these coupons.  Verdicts as
-- of issue_batch(), L for the others.  Within issue_batch() only: the rows of the
-- coupons that are left are locked.

CREATE FUNCTION issue_batch_without(others bigint[], coupons bigint[],
    users bigint[], nicknames text[], phones text[], claims bigint[])
    RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    rest     integer[];
    verdicts text;
BEGIN
    rest := ARRAY(SELECT i FROM generate_subscripts(coupons, 1) AS i
                  WHERE coupons[i] <> ALL (others) ORDER BY i);

    IF rest <> '{}' THEN
        verdicts := issue_batch(
            ARRAY(SELECT coupons[i] FROM unnest(rest) AS i),
            ARRAY(SELECT users[i] FROM unnest(rest) AS i),
            ARRAY(SELECT nicknames[i] FROM unnest(rest) AS i),
            ARRAY(SELECT phones[i] FROM unnest(rest) AS i),
            ARRAY(SELECT claims[i] FROM unnest(rest) AS i));
    END IF;

    -- all of the rest are stored
    IF verdicts = '' THEN
        verdicts := repeat('I', cardinality(rest));
    END IF;

    RETURN (SELECT string_agg(coalesce(substr(verdicts, r.place::integer, 1),
                                       'L'), '' ORDER BY i)
            FROM generate_subscripts(coupons, 1) AS i
            LEFT JOIN unnest(rest) WITH ORDINALITY AS r (i, place) USING (i));
END
$$;


-- Stores a batch of claims, given as five arrays of one length; element i of
-- each is claim i.  A claim is the 64-bit number that its worker gave it; its
-- milliseconds since the epoch, shifted left by 20 bits, are in it.
--
-- Returns '' when every claim has been stored now, else one letter a claim:
--   I  its row is there (stored now, or by an earlier try of the same claim)
--   A  the user has the coupon by another claim
--   S  the coupon's limit is reached
--   U  there is no such coupon
--   L  nothing was done: somebody has the coupon's row, and the batch has claims
--      of other coupons as well
--
-- Most batches hold claims of one coupon, all new and within its limit.  Then
-- one UPDATE locks, judges and counts, and a plain INSERT stores.  When a user
-- is there already the INSERT fails and both are undone.
--
-- Everything else goes the long way.  Coupon rows are locked before anything is
-- read: what is read afterwards, by statements with snapshots of their own, is
-- exact until the commit.

CREATE OR REPLACE FUNCTION issue_batch(coupons bigint[], users bigint[],
    nicknames text[], phones text[], claims bigint[]) RETURNS text
    LANGUAGE plpgsql
    SET bb_store.counted = 'on'
AS $$
DECLARE
    n        integer := cardinality(coupons);
    one      bigint := coupons[1];
    alone    boolean := one = ALL (coupons);
    locked   bigint[];
    others   bigint[];
    wanted   bigint;
    counted  bigint;
    verdicts text;
BEGIN
    IF NOT alone THEN
        locked := ARRAY(SELECT id FROM coupon WHERE id = ANY (coupons)
                        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
    END IF;

    BEGIN
        IF alone THEN
            UPDATE coupon SET issued_count = issued_count + n
            WHERE id = one AND issued_count + n <= limit_count;

            GET DIAGNOSTICS counted = ROW_COUNT;
            wanted := 1;

        ELSE
            WITH w AS (
                SELECT id, count(*) AS n FROM unnest(coupons) AS id GROUP BY 1
            ), c AS (
                UPDATE coupon c SET issued_count = c.issued_count + w.n
                FROM w
                WHERE c.id = w.id AND c.id = ANY (locked)
                    AND c.issued_count + w.n <= c.limit_count
                RETURNING c.id
            )
            SELECT count(w.id), count(c.id) INTO wanted, counted
            FROM w LEFT JOIN c USING (id);
        END IF;

        IF counted < wanted THEN
            RAISE EXCEPTION USING ERRCODE = 'unique_violation';
        END IF;

        -- a float and no numeric: a tenth of the time, and exact to the
        -- microsecond until the year 2255
        INSERT INTO issued_coupon
            (coupon_id, user_id, nickname, phone_number, claim, created_at)
        SELECT c.coupon_id, c.user_id, c.nickname, c.phone, c.claim,
               to_timestamp((c.claim >> 20)::float8 / 1000)
        FROM unnest(coupons, users, nicknames, phones, claims)
            AS c (coupon_id, user_id, nickname, phone, claim);

        RETURN '';

    EXCEPTION WHEN unique_violation THEN
        -- the count is undone, and the locks of this block are gone
    END;

    IF alone THEN
        PERFORM FROM coupon WHERE id = one FOR NO KEY UPDATE;

    ELSE
        others := ARRAY(SELECT id FROM coupon
                        WHERE id = ANY (coupons) AND id <> ALL (locked));

        IF others <> '{}' THEN
            RETURN issue_batch_without(others, coupons, users, nicknames,
                                       phones, claims);
        END IF;
    END IF;

    -- as many of each coupon's new users as fit, first come first served
    WITH stored AS (
        INSERT INTO issued_coupon
            (coupon_id, user_id, nickname, phone_number, claim, created_at)
        SELECT f.coupon_id, f.user_id, f.nickname, f.phone, f.claim,
               to_timestamp((f.claim >> 20)::float8 / 1000)
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
        ON CONFLICT DO NOTHING
        RETURNING coupon_id
    )
    UPDATE coupon c SET issued_count = c.issued_count + s.n
    FROM (SELECT coupon_id, count(*) AS n FROM stored GROUP BY 1) s
    WHERE c.id = s.coupon_id;

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
