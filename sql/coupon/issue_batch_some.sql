-- issue_batch_some.sql: the same as issue_batch.sql, but it waits for no row.
-- Parameters by position: coupon ids, user ids, nicknames, phone numbers,
-- claims: arrays of one length.  Returns one text, see the function.
SELECT issue_batch_some($1::bigint[], $2::bigint[], $3::text[], $4::text[],
                        $5::bigint[])
