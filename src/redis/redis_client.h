/*
 * The Redis client of one worker: one multiplexed connection, on which the
 * commands of all requests are pipelined.
 *
 * Commands issued in one event-loop turn leave in one write.  A command that
 * finds no connection waits for one in a bounded queue.  Every command ends
 * exactly once: with a reply, an error reply, or one of the failures below.
 */

#ifndef _BB_REDIS_CLIENT_H_INCLUDED_
#define _BB_REDIS_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>

#include "redis/redis_conf.h"
#include "redis/redis_script.h"


/* how a command ended */

typedef enum {
    BB_REDIS_OK = 0,
    BB_REDIS_ERROR,        /* the server answered with an error reply */
    BB_REDIS_UNAVAILABLE,  /* never sent: no connection */
    BB_REDIS_TIMEOUT,      /* sent, no answer in time: outcome unknown */
    BB_REDIS_LOST          /* sent, connection lost: outcome unknown */
} bb_redis_rc_e;


typedef enum {
    BB_REDIS_DOWN = 0,     /* no connection, next attempt later */
    BB_REDIS_CONNECTING,   /* connect, AUTH, SELECT, INFO under way */
    BB_REDIS_UP
} bb_redis_state_e;


/* kept in the worker's slot of the shared zone; written by this worker only */

typedef struct {
    ngx_atomic_uint_t    state;         /* bb_redis_state_e */
    ngx_atomic_uint_t    connects;      /* connections that came up */
    ngx_atomic_uint_t    failures;      /* failed attempts, lost connections */
    ngx_atomic_uint_t    calls;         /* commands accepted */
    ngx_atomic_uint_t    writes;        /* write events that sent commands */
    ngx_atomic_uint_t    errors;        /* error replies */
    ngx_atomic_uint_t    timeouts;
    ngx_atomic_uint_t    rejected;      /* refused because the queue was full */
    ngx_atomic_uint_t    in_flight;     /* waiting and sent */
} bb_redis_stat_t;


typedef struct bb_redis_s       bb_redis_t;
typedef struct bb_redis_call_s  bb_redis_call_t;

/*
 * Runs once when a command ends, never before the function that queued it has
 * returned.  reply: valid during the handler only; NULL unless rc is
 * BB_REDIS_OK or BB_REDIS_ERROR.
 */
typedef void (*bb_redis_handler_pt)(void *data, bb_redis_rc_e rc,
    redisReply *reply);


/*
 * An argument with this value is replaced, when the command is really sent, by
 * the run id of the server process that receives it.
 */
#define BB_REDIS_RUN_ID_LEN  40
#define bb_redis_set_run_id(arg)                                              \
    (arg)->len = BB_REDIS_RUN_ID_LEN; (arg)->data = NULL


/*
 * Makes the client and starts to connect.  conf and stat must outlive it.
 * Returns NULL when out of memory.
 */
bb_redis_t *bb_redis_create(ngx_cycle_t *cycle, bb_redis_conf_t *conf,
    bb_redis_stat_t *stat);

/* Closes the connection and frees everything; pending handlers do not run. */
void bb_redis_destroy(bb_redis_t *redis);

/*
 * Queues one command; its arguments are copied.  Returns NULL, with nothing
 * queued and the handler never run, when the queue is full or memory is out.
 * handler may be NULL (nobody wants to know).  Not for commands that block or
 * subscribe: all requests share the connection.
 */
bb_redis_call_t *bb_redis_call(bb_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc, bb_redis_handler_pt handler, void *data);

/*
 * The same for a script: argv holds nkeys keys, then the arguments.  Sent as
 * EVALSHA, and once more as EVAL if the server does not know the script.
 */
bb_redis_call_t *bb_redis_eval(bb_redis_t *redis, bb_redis_script_t *script,
    ngx_uint_t nkeys, ngx_str_t *argv, ngx_uint_t argc,
    bb_redis_handler_pt handler, void *data);

/* The owner of data goes away: the handler of call will not run. */
void bb_redis_forget(bb_redis_call_t *call);

bb_redis_state_e bb_redis_state(bb_redis_t *redis);

/*
 * Why the connection is not up, or "" if it is: the last error in words,
 * for people.  Valid until the next event.
 */
const char *bb_redis_reason(bb_redis_t *redis);

/*
 * The value of a line "name:value" in the reply to INFO; null if there is none.
 * It stays in the reply.
 */
void bb_redis_info_field(redisReply *reply, const char *name,
    ngx_str_t *value);


#endif /* _BB_REDIS_CLIENT_H_INCLUDED_ */
