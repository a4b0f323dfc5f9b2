/*
 * Settings of the servers with which something acknowledged can be lost.
 *
 * Redis tells most of them to everybody (INFO), one only to who may ask (CONFIG
 * GET).  PostgreSQL is asked over the connection that commits draws: a setting
 * can be that of a role, a database or a session.
 */

#include "core/core_settings.h"
#include "core/core_query.h"


#define BB_SETTINGS_LOOK   500     /* ms between two looks for a new connection */
#define BB_SETTINGS_WARNED 8       /* things that can be wrong */


typedef enum {
    BB_SETTINGS_POLICY = 0,
    BB_SETTINGS_AOF,
    BB_SETTINGS_AOF_FSYNC,
    BB_SETTINGS_POSTGRES           /* and those that follow: its rows */
} bb_settings_e;


struct bb_settings_s {
    bb_worker_t          *worker;
    ngx_event_t           timer;

    /* the server's connection on which it was asked; 0: ask */
    ngx_atomic_uint_t     redis;
    ngx_atomic_uint_t     postgres;
    ngx_uint_t            waiting;    /* for that many answers */

    ngx_str_t             warned[BB_SETTINGS_WARNED];
    u_char                text[BB_SETTINGS_WARNED][64];
};


static void bb_settings_timer_handler(ngx_event_t *ev);
static void bb_settings_ask_redis(bb_settings_t *settings);
static void bb_settings_info(void *data, bb_redis_rc_e rc, redisReply *reply);
static void bb_settings_fsync(void *data, bb_redis_rc_e rc, redisReply *reply);
static void bb_settings_ask_postgres(bb_settings_t *settings);
static void bb_settings_rows(void *data, bb_postgres_rc_e rc, PGresult *res);
static void bb_settings_warn(bb_settings_t *settings, ngx_uint_t i,
    const char *server, const char *name, ngx_str_t *value, ngx_uint_t wrong,
    const char *effect);


bb_settings_t *
bb_settings_create(bb_worker_t *worker)
{
    bb_settings_t  *settings;

    settings = ngx_calloc(sizeof(bb_settings_t), worker->cycle->log);
    if (settings == NULL) {
        return NULL;
    }

    settings->worker = worker;

    settings->timer.handler = bb_settings_timer_handler;
    settings->timer.data = settings;
    settings->timer.log = worker->cycle->log;
    settings->timer.cancelable = 1;

    ngx_add_timer(&settings->timer, 1);

    return settings;
}


void
bb_settings_destroy(bb_settings_t *settings)
{
    if (settings->timer.timer_set) {
        ngx_del_timer(&settings->timer);
    }

    ngx_free(settings);
}


static void
bb_settings_timer_handler(ngx_event_t *ev)
{
    bb_worker_t    *worker;
    bb_settings_t  *settings;

    settings = ev->data;
    worker = settings->worker;

    if (ngx_exiting) {
        return;
    }

    if (settings->waiting == 0) {

        if (bb_redis_state(worker->redis) == BB_REDIS_UP
            && worker->slot->redis.connects != settings->redis)
        {
            bb_settings_ask_redis(settings);
        }

        if (bb_postgres_state(worker->postgres_issue) == BB_POSTGRES_UP
            && worker->slot->postgres_issue.connects != settings->postgres)
        {
            bb_settings_ask_postgres(settings);
        }
    }

    ngx_add_timer(ev, BB_SETTINGS_LOOK);
}


static void
bb_settings_ask_redis(bb_settings_t *settings)
{
    ngx_str_t    argv[3];
    bb_redis_t  *redis;

    redis = settings->worker->redis;

    ngx_str_set(&argv[0], "INFO");

    if (bb_redis_call(redis, argv, 1, bb_settings_info, settings) == NULL) {
        return;
    }

    settings->waiting++;
    settings->redis = settings->worker->slot->redis.connects;

    ngx_str_set(&argv[0], "CONFIG");
    ngx_str_set(&argv[1], "GET");
    ngx_str_set(&argv[2], "appendfsync");

    if (bb_redis_call(redis, argv, 3, bb_settings_fsync, settings) != NULL) {
        settings->waiting++;
    }
}


static void
bb_settings_info(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_settings_t  *settings = data;

    ngx_str_t  policy, aof;

    settings->waiting--;

    if (rc != BB_REDIS_OK) {
        settings->redis = 0;
        return;
    }

    bb_redis_info_field(reply, "maxmemory_policy", &policy);
    bb_redis_info_field(reply, "aof_enabled", &aof);

    bb_settings_warn(settings, BB_SETTINGS_POLICY, "Redis", "maxmemory-policy",
                     &policy, policy.len != 10
                              || ngx_strncmp(policy.data, "noeviction", 10),
                     "it may drop claims that PostgreSQL does not have yet");

    bb_settings_warn(settings, BB_SETTINGS_AOF, "Redis", "appendonly",
                     &aof, aof.len == 1 && aof.data[0] == '0',
                     "a restart loses claims that PostgreSQL does not have "
                     "yet");
}


/* A user who may not ask is told so; then nothing is known. */

static void
bb_settings_fsync(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_settings_t  *settings = data;

    ngx_str_t  value;

    settings->waiting--;

    if (rc != BB_REDIS_OK || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[1]->type != REDIS_REPLY_STRING)
    {
        return;
    }

    value.data = (u_char *) reply->element[1]->str;
    value.len = reply->element[1]->len;

    bb_settings_warn(settings, BB_SETTINGS_AOF_FSYNC, "Redis", "appendfsync",
                     &value, value.len == 2
                             && ngx_strncmp(value.data, "no", 2) == 0,
                     "a crash of its host loses claims of up to half a minute");
}


static void
bb_settings_ask_postgres(bb_settings_t *settings)
{
    const bb_postgres_statement_t  *statement;

    statement = bb_postgres_statement_find("core/settings");

    if (bb_postgres_call(settings->worker->postgres_issue, statement, NULL, 0,
                         bb_settings_rows, settings)
        == NULL)
    {
        return;
    }

    settings->waiting++;
    settings->postgres = settings->worker->slot->postgres_issue.connects;
}


static void
bb_settings_rows(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_settings_t  *settings = data;

    int        i;
    ngx_str_t  value;

    settings->waiting--;

    if (rc == BB_POSTGRES_ERROR) {
        (void) bb_query_failure(settings->timer.log, "core/settings", rc, res);
        return;
    }

    if (rc != BB_POSTGRES_OK) {
        settings->postgres = 0;
        return;
    }

    for (i = 0; i < PQntuples(res)
                && BB_SETTINGS_POSTGRES + i < BB_SETTINGS_WARNED; i++)
    {
        value.data = (u_char *) PQgetvalue(res, i, 1);
        value.len = PQgetlength(res, i, 1);

        bb_settings_warn(settings, BB_SETTINGS_POSTGRES + i, "PostgreSQL",
                         PQgetvalue(res, i, 0), &value,
                         *PQgetvalue(res, i, 2) == 't',
                         "a crash of it loses what was acknowledged");
    }
}


static void
bb_settings_warn(bb_settings_t *settings, ngx_uint_t i, const char *server,
    const char *name, ngx_str_t *value, ngx_uint_t wrong, const char *effect)
{
    ngx_str_t  *warned;

    warned = &settings->warned[i];

    if (!wrong) {
        warned->len = 0;
        return;
    }

    if (warned->len == value->len
        && ngx_strncmp(warned->data, value->data, value->len) == 0)
    {
        return;
    }

    warned->data = settings->text[i];
    warned->len = ngx_min(value->len, sizeof(settings->text[i]));
    ngx_memcpy(warned->data, value->data, warned->len);

    ngx_log_error(NGX_LOG_WARN, settings->timer.log, 0,
                  "bb_store settings: %s has %s = \"%V\": %s",
                  server, name, value, effect);
}
