-- 0008_locked_coupon.sql: a coupon whose row is locked holds up no other one.
--
-- issue_batch_some() is issue_batch() for a batch of several coupons that has
-- waited in vain: it waits for no row.  What it cannot lock it leaves untouched
-- and says so, by the letter L; the worker sends these claims as batches of
-- their coupon alone.
--
-- Not for every batch: two workers with the same coupons would find each other's
-- rows locked all the time, and make many small batches where a short wait makes
-- one.

CREATE FUNCTION issue_batch_some(coupons bigint[], users bigint[],
    nicknames text[], phones text[], claims bigint[]) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    locked   bigint[];
    others   bigint[];
    rest     integer[];
    verdicts text;
BEGIN
    locked := ARRAY(SELECT id FROM coupon WHERE id = ANY (coupons)
                    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);

    others := ARRAY(SELECT id FROM coupon
                    WHERE id = ANY (coupons) AND id <> ALL (locked));

    IF others = '{}' THEN
        RETURN issue_batch(coupons, users, nicknames, phones, claims);
    END IF;

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
