/*
 * The life of the Redis connection.
 *
 *   DOWN        no context; a timer, or a posted event, starts an attempt
 *   CONNECTING  connect, then AUTH, SELECT and INFO in one write; their
 *               replies are awaited
 *   UP          calls are sent
 *
 * Every end of a context goes through bb_redis_conn_down(), which may run deep
 * inside hiredis.  So it only notes what happened; the posted event closed
 * then ends calls and decides on the next attempt, when the context and its
 * descriptor are really gone.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "redis/redis_conn.h"
#include "redis/redis_event.h"


/* milliseconds */

#define BB_REDIS_BACKOFF_MIN   10
#define BB_REDIS_BACKOFF_MAX   1000

/* a waiting call waits no longer for an attempt */
#define BB_REDIS_BACKOFF_CALL  50

/* a connection that lives so long was no accident */
#define BB_REDIS_LASTED        1000


static void bb_redis_conn_connect_handler(ngx_event_t *ev);
static void bb_redis_conn_attempt(bb_redis_t *redis);
static ngx_int_t bb_redis_conn_setup(bb_redis_t *redis);
static ngx_int_t bb_redis_conn_command(bb_redis_t *redis,
    redisCallbackFn *handler, ngx_str_t *argv, ngx_uint_t argc);
static void bb_redis_conn_on_connect(const redisAsyncContext *ac, int status);
static void bb_redis_conn_on_disconnect(const redisAsyncContext *ac,
    int status);
static void bb_redis_conn_setup_handler(redisAsyncContext *ac, void *data,
    void *name);
static void bb_redis_conn_info_handler(redisAsyncContext *ac, void *data,
    void *name);
static ngx_int_t bb_redis_conn_setup_failed(redisAsyncContext *ac,
    redisReply *reply, const char *name);
static void bb_redis_conn_up(bb_redis_t *redis, ngx_str_t *run_id);
static void bb_redis_conn_down(bb_redis_t *redis, const char *reason);
static void bb_redis_conn_state(bb_redis_t *redis, bb_redis_state_e state);
static void bb_redis_conn_closed_handler(ngx_event_t *ev);
static ngx_msec_t bb_redis_conn_backoff(bb_redis_t *redis);


void
bb_redis_conn_init(bb_redis_t *redis)
{
    struct sockaddr  *sa;

    sa = redis->conf->addr.sockaddr;

    if (sa->sa_family != AF_UNIX) {
        (void) ngx_sock_ntop(sa, redis->conf->addr.socklen, redis->host,
                             NGX_SOCKADDR_STRLEN, 0);
    }

    redis->connect.data = redis;
    redis->connect.handler = bb_redis_conn_connect_handler;
    redis->connect.log = redis->log;
    redis->connect.cancelable = 1;

    redis->closed.data = redis;
    redis->closed.handler = bb_redis_conn_closed_handler;
    redis->closed.log = redis->log;

    ngx_cpystrn((u_char *) redis->reason, (u_char *) "not connected yet",
                sizeof(redis->reason));

    bb_redis_conn_state(redis, BB_REDIS_DOWN);

    /* an event posted outside of the event loop could wait there for long */

    redis->attempted = ngx_current_msec;
    ngx_add_timer(&redis->connect, 1);
}


void
bb_redis_conn_free(bb_redis_t *redis)
{
    redisAsyncContext  *ac;

    ac = redis->ac;
    redis->ac = NULL;

    if (ac) {
        redisAsyncFree(ac);
    }

    if (redis->connect.timer_set) {
        ngx_del_timer(&redis->connect);
    }

    if (redis->connect.posted) {
        ngx_delete_posted_event(&redis->connect);
    }

    if (redis->closed.posted) {
        ngx_delete_posted_event(&redis->closed);
    }

    bb_redis_conn_state(redis, BB_REDIS_DOWN);
}


void
bb_redis_conn_wanted(bb_redis_t *redis)
{
    ngx_msec_int_t  wait;

    if (redis->closed.posted || redis->connect.posted) {
        return;
    }

    wait = (ngx_msec_int_t) (redis->attempted + BB_REDIS_BACKOFF_CALL
                             - ngx_current_msec);

    if (wait <= 0) {
        ngx_post_event(&redis->connect, &ngx_posted_events);
        return;
    }

    if (redis->connect.timer_set) {

        if ((ngx_msec_int_t) (redis->connect.timer.key - ngx_current_msec)
            <= wait)
        {
            return;
        }

        /* ngx_add_timer() would leave a timer that is near enough */

        ngx_del_timer(&redis->connect);
    }

    ngx_add_timer(&redis->connect, (ngx_msec_t) wait);
}


void
bb_redis_conn_drop(bb_redis_t *redis, const char *reason)
{
    redisAsyncContext  *ac;

    ac = redis->ac;

    bb_redis_conn_down(redis, reason);

    /* inside a reply's handler hiredis puts this off until that returns */

    redisAsyncFree(ac);
}


void
bb_redis_conn_drain(bb_redis_t *redis, const char *reason)
{
    if (redis->draining) {
        return;
    }

    redis->draining = 1;

    ngx_cpystrn((u_char *) redis->reason, (u_char *) reason,
                sizeof(redis->reason));
}


void
bb_redis_conn_replied(bb_redis_t *redis)
{
    if (redis->draining && redis->sent == 0) {
        bb_redis_conn_drop(redis, redis->reason);
    }
}


static void
bb_redis_conn_connect_handler(ngx_event_t *ev)
{
    bb_redis_t  *redis = ev->data;

    /* came as timer or posted; the other one must not come later */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (redis->state == BB_REDIS_CONNECTING) {
        bb_redis_conn_drop(redis, "not connected within connect_timeout");
        return;
    }

    if (ngx_exiting && redis->in_flight == 0) {
        return;
    }

    bb_redis_conn_attempt(redis);
}


static void
bb_redis_conn_attempt(bb_redis_t *redis)
{
    struct sockaddr     *sa;
    redisAsyncContext   *ac;
    struct sockaddr_un  *saun;

    redis->attempted = ngx_current_msec;

    bb_redis_conn_state(redis, BB_REDIS_CONNECTING);

    sa = redis->conf->addr.sockaddr;

    if (sa->sa_family == AF_UNIX) {
        saun = (struct sockaddr_un *) sa;
        ac = redisAsyncConnectUnix(saun->sun_path);

    } else {
        ac = redisAsyncConnect((char *) redis->host, ngx_inet_get_port(sa));
    }

    if (ac == NULL) {
        bb_redis_conn_down(redis, "out of memory");
        return;
    }

    if (ac->err) {
        bb_redis_conn_down(redis, ac->errstr);
        redisAsyncFree(ac);
        return;
    }

    if (bb_redis_event_attach(ac, redis->log) != NGX_OK) {
        bb_redis_conn_down(redis, "worker_connections are not enough");
        redisAsyncFree(ac);
        return;
    }

    ac->data = redis;
    redis->ac = ac;

    (void) redisAsyncSetDisconnectCallback(ac, bb_redis_conn_on_disconnect);
    (void) redisAsyncSetConnectCallback(ac, bb_redis_conn_on_connect);

    if (bb_redis_conn_setup(redis) != NGX_OK) {
        bb_redis_conn_drop(redis, "out of memory");
        return;
    }

    ngx_add_timer(&redis->connect, redis->conf->connect_timeout);
}


/* The commands leave in one write as soon as the socket is connected. */

static ngx_int_t
bb_redis_conn_setup(bb_redis_t *redis)
{
    u_char            db[NGX_INT_T_LEN];
    ngx_str_t         argv[3];
    ngx_uint_t        n;
    bb_redis_conf_t  *conf;

    conf = redis->conf;

    if (conf->password.len) {
        ngx_str_set(&argv[0], "AUTH");
        n = 1;

        if (conf->user.len) {
            argv[n++] = conf->user;
        }

        argv[n++] = conf->password;

        if (bb_redis_conn_command(redis, bb_redis_conn_setup_handler, argv, n)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (conf->db) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].len = ngx_sprintf(db, "%ui", conf->db) - db;
        argv[1].data = db;

        if (bb_redis_conn_command(redis, bb_redis_conn_setup_handler, argv, 2)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* without sections, as servers before 7.0 take one section at most */

    ngx_str_set(&argv[0], "INFO");

    if (bb_redis_conn_command(redis, bb_redis_conn_info_handler, argv, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* for people who read CLIENT LIST; a user may lack the permission */

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "SETNAME");
    ngx_str_set(&argv[2], "bb_store");

    return bb_redis_conn_command(redis, NULL, argv, 3);
}


/* argv[0] must be a literal: the handler gets it as the command's name. */

static ngx_int_t
bb_redis_conn_command(bb_redis_t *redis, redisCallbackFn *handler,
    ngx_str_t *argv, ngx_uint_t argc)
{
    size_t       lens[3];
    ngx_uint_t   i;
    const char  *args[3];

    for (i = 0; i < argc; i++) {
        args[i] = (const char *) argv[i].data;
        lens[i] = argv[i].len;
    }

    if (redisAsyncCommandArgv(redis->ac, handler, argv[0].data, argc, args,
                              lens)
        != REDIS_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
bb_redis_conn_on_connect(const redisAsyncContext *ac, int status)
{
    bb_redis_t  *redis = ac->data;

    if (redis->ac != ac) {
        return;
    }

    if (status != REDIS_OK) {
        /* ac->errstr is not set yet; hiredis frees ac when we return */
        bb_redis_conn_down(redis, ac->c.errstr);
        return;
    }

    /* an idle connection also notices a host that went away */

    if (redis->conf->addr.sockaddr->sa_family != AF_UNIX) {
        (void) redisEnableKeepAlive(&redis->ac->c);
    }
}


static void
bb_redis_conn_on_disconnect(const redisAsyncContext *ac, int status)
{
    bb_redis_t  *redis = ac->data;

    if (redis->ac != ac) {
        return;
    }

    bb_redis_conn_down(redis, ac->errstr);
}


static void
bb_redis_conn_setup_handler(redisAsyncContext *ac, void *data, void *name)
{
    (void) bb_redis_conn_setup_failed(ac, data, name);
}


static void
bb_redis_conn_info_handler(redisAsyncContext *ac, void *data, void *name)
{
    ngx_str_t    role, run_id, loading;
    bb_redis_t  *redis = ac->data;

    if (bb_redis_conn_setup_failed(ac, data, name)) {
        return;
    }

    bb_redis_info_field(data, "role", &role);
    bb_redis_info_field(data, "run_id", &run_id);
    bb_redis_info_field(data, "loading", &loading);

    if (role.len != 6 || ngx_strncmp(role.data, "master", 6) != 0) {
        bb_redis_conn_drop(redis, role.len == 5 ? "is a replica"
                                                : "is not a master");
        return;
    }

    if (run_id.len != BB_REDIS_RUN_ID_LEN) {
        bb_redis_conn_drop(redis, "INFO has no run_id");
        return;
    }

    if (loading.len && loading.data[0] != '0') {
        bb_redis_conn_drop(redis, "is loading its data");
        return;
    }

    bb_redis_conn_up(redis, &run_id);
}


/* True if the attempt has failed, perhaps just now. */

static ngx_int_t
bb_redis_conn_setup_failed(redisAsyncContext *ac, redisReply *reply,
    const char *name)
{
    u_char       reason[200];
    bb_redis_t  *redis = ac->data;

    if (reply == NULL || redis->ac != ac) {
        return 1;
    }

    if (reply->type != REDIS_REPLY_ERROR) {
        return 0;
    }

    (void) ngx_snprintf(reason, sizeof(reason), "%s: %s%Z", name, reply->str);
    reason[sizeof(reason) - 1] = '\0';

    bb_redis_conn_drop(redis, (char *) reason);

    return 1;
}


void
bb_redis_info_field(redisReply *reply, const char *name, ngx_str_t *value)
{
    size_t   len;
    u_char  *p, *end, *last;

    ngx_str_null(value);

    if (reply->type != REDIS_REPLY_STRING) {
        return;
    }

    p = (u_char *) reply->str;
    last = p + reply->len;
    len = ngx_strlen(name);

    while (p < last) {
        end = ngx_strlchr(p, last, '\n');
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > len && p[len] == ':'
            && ngx_strncmp(p, name, len) == 0)
        {
            value->data = p + len + 1;

            if (end > value->data && end[-1] == '\r') {
                end--;
            }

            value->len = end - value->data;
            return;
        }

        p = end + 1;
    }
}


static void
bb_redis_conn_up(bb_redis_t *redis, ngx_str_t *run_id)
{
    ngx_memcpy(redis->run_id, run_id->data, BB_REDIS_RUN_ID_LEN);

    ngx_del_timer(&redis->connect);

    redis->upped = ngx_current_msec;
    redis->stat->connects++;

    bb_redis_conn_state(redis, BB_REDIS_UP);

    ngx_log_error(NGX_LOG_NOTICE, redis->log, 0,
                  "bb_store redis: %V is up", &redis->conf->name);

    if (!redis->flush.posted) {
        ngx_post_event(&redis->flush, &ngx_posted_events);
    }
}


/* Whoever calls this sees to it that hiredis frees the context. */

static void
bb_redis_conn_down(bb_redis_t *redis, const char *reason)
{
    redis->lost = (redis->state == BB_REDIS_UP);
    redis->draining = 0;
    redis->ac = NULL;
    redis->sent = 0;

    redis->stat->failures++;

    if (redis->connect.timer_set) {
        ngx_del_timer(&redis->connect);
    }

    if (redis->lost) {
        ngx_log_error(NGX_LOG_NOTICE, redis->log, 0,
                      "bb_store redis: %V is down: %s",
                      &redis->conf->name, reason);

    } else if (redis->warned != ngx_time()
               || ngx_strcmp(redis->reason, reason) != 0)
    {
        redis->warned = ngx_time();

        ngx_log_error(NGX_LOG_WARN, redis->log, 0,
                      "bb_store redis: no connection to %V: %s",
                      &redis->conf->name, reason);
    }

    if (reason != redis->reason) {
        ngx_cpystrn((u_char *) redis->reason, (u_char *) reason,
                    sizeof(redis->reason));
    }

    bb_redis_conn_state(redis, BB_REDIS_DOWN);

    ngx_post_event(&redis->closed, &ngx_posted_events);
}


static void
bb_redis_conn_state(bb_redis_t *redis, bb_redis_state_e state)
{
    redis->state = state;
    redis->stat->state = state;
}


static void
bb_redis_conn_closed_handler(ngx_event_t *ev)
{
    bb_redis_t  *redis = ev->data;

    /* first, as a handler may queue a call, which can hasten it */

    ngx_add_timer(&redis->connect, bb_redis_conn_backoff(redis));

    bb_redis_calls_closed(redis);
}


/* Exponential with full jitter; at once after a connection that had lasted. */

static ngx_msec_t
bb_redis_conn_backoff(bb_redis_t *redis)
{
    ngx_msec_t  max;

    if (redis->lost && ngx_current_msec - redis->upped >= BB_REDIS_LASTED) {
        redis->retries = 0;
        return 1;
    }

    max = BB_REDIS_BACKOFF_MIN << ngx_min(redis->retries, 7);
    max = ngx_min(max, BB_REDIS_BACKOFF_MAX);

    redis->retries++;

    if (redis->lost && !ngx_queue_empty(&redis->waiting)) {
        max = ngx_min(max, BB_REDIS_BACKOFF_CALL);
    }

    return 1 + (ngx_msec_t) ngx_random() % max;
}
