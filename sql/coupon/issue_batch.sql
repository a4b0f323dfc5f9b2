-- issue_batch.sql: stores the rows of a batch of claims.
-- Parameters by position: coupon ids, user ids, nicknames, phone numbers,
-- claims: arrays of one length.  Returns one text, see the function.
SELECT issue_batch($1::bigint[], $2::bigint[], $3::text[], $4::text[],
                   $5::bigint[])
