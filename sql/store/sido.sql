-- sido.sql: S11, all sido.
SELECT NULL AS failure,
       '[' || coalesce(string_agg(row_to_json(x)::text, ',' ORDER BY x.code),
                       '') || ']' AS data
FROM (SELECT code, name FROM sido) x
