/*
 * The inside of the Redis client, shared by its two halves: redis_conn.c has
 * the connection, redis_client.c the calls.
 */

#ifndef _BB_REDIS_CONN_H_INCLUDED_
#define _BB_REDIS_CONN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <hiredis/hiredis.h>
#include <hiredis/async.h>

#include "redis/redis_client.h"


struct bb_redis_s {
    redisAsyncContext   *ac;            /* NULL: DOWN */
    bb_redis_conf_t     *conf;
    bb_redis_stat_t     *stat;
    ngx_int_t            ident;         /* -1: what debug logs show as fd */
    ngx_log_t           *log;

    /* the connection */

    bb_redis_state_e     state;
    ngx_event_t          connect;       /* DOWN: next attempt; CONNECTING: its
                                           deadline */
    ngx_event_t          closed;        /* posted: a connection has ended */
    ngx_msec_t           attempted;     /* when the last attempt began */
    ngx_msec_t           upped;         /* when it came up */
    ngx_uint_t           retries;       /* since a connection that lasted */
    time_t               warned;
    unsigned             lost:1;        /* what ended had been UP */
    unsigned             draining:1;    /* UP, but sends no more: see
                                           bb_redis_conn_drain() */
    u_char               run_id[BB_REDIS_RUN_ID_LEN];
    char                 reason[256];
    u_char               host[NGX_SOCKADDR_STRLEN + 1];

    /* the calls */

    ngx_queue_t          calls;         /* all, oldest deadline first */
    ngx_queue_t          waiting;       /* those not sent, in order */
    ngx_uint_t           in_flight;     /* number in calls */
    ngx_uint_t           sent;          /* number whose reply is awaited */
    ngx_event_t          deadline;      /* of the oldest call */
    ngx_event_t          flush;         /* posted: send what waits */
};


/* the connection, for the calls */

void bb_redis_conn_init(bb_redis_t *redis);
void bb_redis_conn_free(bb_redis_t *redis);

/* A call waits and the state is DOWN: connect now or soon. */
void bb_redis_conn_wanted(bb_redis_t *redis);

/* Ends the connection or attempt; bb_redis_calls_closed() follows. */
void bb_redis_conn_drop(bb_redis_t *redis, const char *reason);

/*
 * The server cannot serve us any more, as it changed its role: sends nothing
 * more, and ends the connection once the replies to what was sent are in.
 */
void bb_redis_conn_drain(bb_redis_t *redis, const char *reason);

/* To be called after each reply: ends a connection that is drained. */
void bb_redis_conn_replied(bb_redis_t *redis);


/* the calls, for the connection */

/*
 * A connection has ended, and runs from its posted event: ends the calls that
 * were sent on it or, if it had never come up, all that waited for it.
 */
void bb_redis_calls_closed(bb_redis_t *redis);


#endif /* _BB_REDIS_CONN_H_INCLUDED_ */
