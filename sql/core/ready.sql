-- ready.sql: whether the database answers, and the version of its schema.
SELECT max(version) FROM schema_migration
