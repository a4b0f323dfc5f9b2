/*
 * /readyz: whether this worker could serve a draw now.
 *
 * The issue script runs for a coupon that cannot exist, and PostgreSQL tells
 * the version of its schema.  Answers 200 or 503 and the reasons.
 */

#include "ops/ops_handler.h"
#include "core/core_embed.h"
#include "core/core_time.h"


static void bb_ops_ready_redis(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_ops_ready_postgres(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_ops_ready_done(bb_ops_t *ops);


void
bb_ops_ready(bb_ops_t *ops)
{
    ngx_str_t                       argv[6];
    bb_redis_script_t              *script;
    const bb_postgres_statement_t  *statement;

    ops->done = bb_ops_ready_done;
    ops->left = 3;

    ngx_str_set(&argv[0], "{bb:0}:coupon:0");
    ngx_str_set(&argv[1], "{bb:0}:coupon:0:issued");
    ngx_str_set(&argv[2], "{bb:0}:claims");
    bb_redis_set_run_id(&argv[3]);
    argv[4] = *bb_time_today();
    ngx_str_set(&argv[5], "0");

    script = bb_redis_script_find(ops->worker->conf->scripts, "coupon_issue");
    statement = bb_postgres_statement_find("core/ready");

    ops->redis[0] = bb_redis_eval(ops->worker->redis, script, 3, argv, 6,
                                  bb_ops_ready_redis, ops);
    if (ops->redis[0] == NULL) {
        ops->redis_failure = "queue full";
        ops->left--;
    }

    /* the connection that commits what was drawn */

    ops->postgres = bb_postgres_call(ops->worker->postgres_issue, statement,
                                     NULL, 0, bb_ops_ready_postgres, ops);
    if (ops->postgres == NULL) {
        ops->postgres_failure = "queue full";
        ops->left--;
    }

    bb_ops_call_done(ops);
}


static void
bb_ops_ready_redis(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_ops_t  *ops = data;

    ops->redis[0] = NULL;

    if (rc == BB_REDIS_ERROR) {
        (void) ngx_snprintf((u_char *) ops->text, sizeof(ops->text), "%s%Z",
                            reply->str);
        ops->text[sizeof(ops->text) - 1] = '\0';
        ops->redis_failure = ops->text;

    } else if (rc == BB_REDIS_TIMEOUT) {
        ops->redis_failure = "no answer in time";

    } else if (rc != BB_REDIS_OK) {
        ops->redis_failure = bb_redis_reason(ops->worker->redis);

        if (ops->redis_failure[0] == '\0') {
            ops->redis_failure = "connection lost";
        }
    }

    bb_ops_call_done(ops);
}


static void
bb_ops_ready_postgres(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_ops_t  *ops = data;

    int  version;

    ops->postgres = NULL;

    if (rc == BB_POSTGRES_OK) {
        version = atoi(PQgetvalue(res, 0, 0));

        if (version < (int) bb_embed_migrations_n) {
            ops->postgres_failure =
                "the schema is older than this build: run make migrate";
        }

    } else if (rc == BB_POSTGRES_ERROR) {
        ops->postgres_failure = "no schema: run make migrate";

        if (ngx_strcmp(PQresultErrorField(res, PG_DIAG_SQLSTATE), "42P01")
            != 0)
        {
            ops->postgres_failure = "the statement was refused";
        }

    } else if (rc == BB_POSTGRES_TIMEOUT) {
        ops->postgres_failure = "no answer in time";

    } else {
        ops->postgres_failure = bb_postgres_reason(ops->worker->postgres_issue);

        if (ops->postgres_failure[0] == '\0') {
            ops->postgres_failure = "connection lost";
        }
    }

    bb_ops_call_done(ops);
}


static void
bb_ops_ready_done(bb_ops_t *ops)
{
    ngx_uint_t  ready;

    ready = (ops->redis_failure == NULL && ops->postgres_failure == NULL
             && !ngx_exiting);

    bb_ops_reply(ops->r, ready ? NGX_HTTP_OK : NGX_HTTP_SERVICE_UNAVAILABLE,
                 json_pack("{s:b, s:s, s:s, s:b}",
                           "ready", (int) ready,
                           "redis", ops->redis_failure ? ops->redis_failure
                                                       : "ok",
                           "postgres", ops->postgres_failure
                                       ? ops->postgres_failure : "ok",
                           "exiting", (int) ngx_exiting));
}
