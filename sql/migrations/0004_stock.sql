-- 0004_stock.sql: changes of flower stock.
--
-- Each function decides and writes after it has locked its rows, in the order
-- of the primary key: two calls cannot deadlock, and every statement after the
-- locks has a snapshot of its own, so that what it reads is exact until the
-- commit.
--
-- No wait for a lock is longer than two seconds, which has to be less than the
-- statement_timeout of the callers, so that there is time left to answer.  What
-- ends a change before it is done is caught in the function: it is then certain
-- that nothing was applied, which is the failure stock_failed and no error.


-- The payload of a message to the notification service, members in the order
-- of the contract.  Its eventId stays the same when it is sent again.

CREATE FUNCTION notification(whom json, kind text, url text) RETURNS json
    LANGUAGE sql VOLATILE
AS $$
    SELECT row_to_json(n)
    FROM (SELECT whom AS "whoToNotify", row_to_json(p) AS "publishInformation"
          FROM (SELECT kind AS "notificationKind", url AS "notificationUrl",
                       NULL AS content, NULL AS role,
                       gen_random_uuid() AS "eventId") p) n
$$;


-- What was answered to a request with an Idempotency-Key: the failure's name,
-- or NULL after a success.  That is all there is to the answer.

ALTER TABLE idempotency
    DROP COLUMN status,
    DROP COLUMN body,
    ADD COLUMN failure varchar(255);

CREATE INDEX idempotency_age_idx ON idempotency (created_at);


-- Adds (sign 1) or subtracts (sign -1) stock, all or nothing.
--   changes: [{"storeId":1,"stockDtos":[{"flowerId":1,"stock":3}]}], no nulls
-- Returns the failure, if any.  Only the sum of a row's amounts counts.

CREATE FUNCTION move_stock(changes json, sign integer) RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    stores   bigint[];
    flowers  bigint[];
    amounts  numeric[];
    locked   bigint;
BEGIN
    SELECT array_agg(w.store), array_agg(w.flower), array_agg(w.amount)
    INTO stores, flowers, amounts
    FROM (
        SELECT c."storeId" AS store, d."flowerId" AS flower,
               sign * sum(d.stock) AS amount
        FROM json_to_recordset(changes)
                 AS c ("storeId" bigint, "stockDtos" json),
             json_to_recordset(c."stockDtos")
                 AS d ("flowerId" bigint, stock bigint)
        GROUP BY 1, 2
    ) w;

    PERFORM
    FROM unnest(stores, flowers) AS w (store, flower)
    JOIN flower_cargo c ON c.store_id = w.store AND c.flower_id = w.flower
    ORDER BY c.store_id, c.flower_id
    FOR NO KEY UPDATE OF c;

    GET DIAGNOSTICS locked = ROW_COUNT;

    IF locked < cardinality(stores) THEN
        RETURN 'cargo_not_found';
    END IF;

    IF EXISTS (
        SELECT
        FROM unnest(stores, flowers, amounts) AS w (store, flower, amount)
        JOIN flower_cargo c ON c.store_id = w.store AND c.flower_id = w.flower
        WHERE c.stock + w.amount < 0)
    THEN
        RETURN 'stock_negative';
    END IF;

    WITH changed AS (
        UPDATE flower_cargo c SET stock = c.stock + w.amount
        FROM unnest(stores, flowers, amounts) AS w (store, flower, amount)
        WHERE c.store_id = w.store AND c.flower_id = w.flower
        RETURNING c.store_id, c.stock
    )
    INSERT INTO outbox (channel, payload)
    SELECT 'out-of-stock-notification-queue',
           notification(row_to_json(low), 'OUT_OF_STOCK', '')
    FROM (SELECT DISTINCT store_id AS "storeId"
          FROM changed WHERE stock < 50 ORDER BY 1) low;

    RETURN NULL;
END
$$;


-- GI1 and GI2: moves stock, and writes the notice of a failed subtraction, to
-- the user of the first change.
--
-- With request_key, a request that was answered before is answered the same and
-- changes nothing; a second one at the same time waits for the first one, or
-- fails with an error, as the outcome is not known then.  key_reused: the key
-- belongs to another request, nothing was done.  A key is kept for a day at
-- least; each new one removes up to two that are older.

CREATE FUNCTION change_stock(changes json, sign integer, request_key text,
    OUT failure text, OUT key_reused boolean)
    LANGUAGE plpgsql
    SET lock_timeout = '2s'
AS $$
DECLARE
    hash  bytea := sha256(convert_to(sign || changes::text, 'UTF8'));
BEGIN
    key_reused := false;

    WHILE request_key IS NOT NULL LOOP
        INSERT INTO idempotency (key, request_hash) VALUES (request_key, hash)
        ON CONFLICT DO NOTHING;

        EXIT WHEN FOUND;

        SELECT i.failure, i.request_hash <> hash INTO failure, key_reused
        FROM idempotency i WHERE i.key = request_key;

        -- not found: it was removed meanwhile, being older than a day
        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;

    BEGIN
        failure := move_stock(changes, sign);
    EXCEPTION
        WHEN lock_not_available OR query_canceled OR deadlock_detected
            OR serialization_failure OR numeric_value_out_of_range
        THEN
            failure := 'stock_failed';
    END;

    IF failure IS NOT NULL AND sign < 0 THEN
        INSERT INTO outbox (channel, payload)
        VALUES ('new-order-status-queue', notification(
            (SELECT row_to_json(whom)
             FROM (SELECT changes->0->'userId' AS "userId",
                          changes->0->'phoneNumber' AS "phoneNumber") whom),
            'OUT_OF_STOCK', ''));
    END IF;

    IF request_key IS NOT NULL THEN
        IF failure IS NOT NULL THEN
            UPDATE idempotency i SET failure = change_stock.failure
            WHERE i.key = request_key;
        END IF;

        DELETE FROM idempotency WHERE key IN (
            SELECT i.key FROM idempotency i
            WHERE i.created_at < now() - interval '1 day'
            ORDER BY i.created_at LIMIT 2
            FOR UPDATE SKIP LOCKED);
    END IF;
END
$$;


-- G1: sets stock levels of a store, all or nothing.
--   levels: [{"flowerId":1,"stock":100}], no nulls; of a flower's the last one
-- Returns the failure, if any.

CREATE FUNCTION set_stock(store bigint, levels json) RETURNS text
    LANGUAGE plpgsql
    SET lock_timeout = '2s'
AS $$
DECLARE
    flowers  bigint[];
    stocks   bigint[];
    locked   bigint;
BEGIN
    IF EXISTS (SELECT FROM json_to_recordset(levels) AS l (stock bigint)
               WHERE l.stock < 0)
    THEN
        RETURN 'stock_negative';
    END IF;

    SELECT array_agg(w.flower), array_agg(w.stock) INTO flowers, stocks
    FROM (
        SELECT DISTINCT ON (l.flower) l.flower, l.stock
        FROM ROWS FROM (json_to_recordset(levels)
                        AS ("flowerId" bigint, stock bigint))
            WITH ORDINALITY AS l (flower, stock, i)
        ORDER BY l.flower, l.i DESC
    ) w;

    PERFORM
    FROM flower_cargo c
    JOIN store s ON s.id = c.store_id AND NOT s.is_deleted
    WHERE c.store_id = store AND c.flower_id = ANY (flowers)
    ORDER BY c.flower_id
    FOR NO KEY UPDATE OF c;

    GET DIAGNOSTICS locked = ROW_COUNT;

    IF locked < cardinality(flowers) THEN
        RETURN 'cargo_not_found';
    END IF;

    UPDATE flower_cargo c SET stock = w.stock
    FROM unnest(flowers, stocks) AS w (flower, stock)
    WHERE c.store_id = store AND c.flower_id = w.flower;

    RETURN NULL;
EXCEPTION
    WHEN lock_not_available OR query_canceled OR deadlock_detected
        OR serialization_failure
    THEN
        RETURN 'stock_failed';
END
$$;
