-- gugun.sql: S12, the gugun of a sido, as a select box wants them.
-- Parameters: sido
SELECT NULL AS failure,
       '[' || coalesce(string_agg(row_to_json(x)::text, ',' ORDER BY x.value),
                       '') || ']' AS data
FROM (
    SELECT code AS value, name AS label FROM gugun WHERE sido_code = $1
) x
