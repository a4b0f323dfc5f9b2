-- 0010_stock_wait.sql: how long a change of stock waits for a lock.
--
-- Two seconds were too long where a statement may take less: it then ended by
-- its own time, and there was none left to answer.  They were too short where
-- it may take more.  Now it is the session's lock_timeout, which the workers
-- set, with a longer time for the whole.

ALTER FUNCTION change_stock(json, integer, text) RESET lock_timeout;
ALTER FUNCTION set_stock(bigint, json) RESET lock_timeout;
