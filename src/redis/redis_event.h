/* A hiredis asynchronous context on nginx's event loop. */

#ifndef _BB_REDIS_EVENT_H_INCLUDED_
#define _BB_REDIS_EVENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>
#include <hiredis/async.h>


/*
 * Puts a new context, whose connect is under way, on the event loop; it leaves
 * the loop by itself when hiredis frees it.  Returns NGX_ERROR, with nothing
 * done, if nginx has no connection left for it.
 */
ngx_int_t bb_redis_event_attach(redisAsyncContext *ac, ngx_log_t *log);

/*
 * Writes what was added to a connected context since the last call.  If the
 * socket is full the rest follows by itself.  The context may be gone after.
 */
void bb_redis_event_write(redisAsyncContext *ac);


#endif /* _BB_REDIS_EVENT_H_INCLUDED_ */
