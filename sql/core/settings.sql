-- settings.sql: the settings on which it depends that a commit is durable, and
-- whether each is wrong.  As they are for this role and this session.
SELECT name, setting, setting = 'off' AS wrong
FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')
ORDER BY name
