-- audit_recount.sql: sets a coupon's issued_count right.
-- Locks rows.
-- Parameters by position: coupon id.  Returns by how much it was too high.
SELECT recount_issued($1::bigint)
