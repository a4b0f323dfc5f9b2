/* The bb_store_postgres directive. */

#ifndef _BB_POSTGRES_CONF_H_INCLUDED_
#define _BB_POSTGRES_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define BB_POSTGRES_MAX_KEYWORDS  64


/* one server of the list; every value is zero-terminated */

typedef struct {
    const char  **keywords;     /* for PQconnectStartParams, NULL at the end;
                                   the first is "options" */
    const char  **values;       /* hostaddr is numeric or host is a socket */
    ngx_str_t     name;         /* for people: "10.0.0.5:5432/store" */
} bb_postgres_host_t;


typedef struct {
    ngx_array_t   hosts;            /* of bb_postgres_host_t, tried in turn */
    ngx_uint_t    connections;      /* per worker, shared by all requests */
    ngx_msec_t    timeout;          /* a statement's, for server and client */
    ngx_msec_t    lock_timeout;     /* more, of one that locks rows */
    const char   *lock_options;     /* of the sessions of these */
    ngx_msec_t    connect_timeout;  /* for one host */
    ngx_uint_t    queue;            /* statements waiting and sent, at most */
} bb_postgres_conf_t;


/*
 * Reads a directive's arguments (cf->args) into conf:
 *
 *   bb_store_postgres conninfo [password_file=path | password_env=name]
 *                     [connections=number] [timeout=time]
 *                     [lock_timeout=time] [connect_timeout=time]
 *                     [queue=number];
 *
 * conninfo: a libpq connection string or postgresql:// URI, with one or several
 * hosts and target_session_attrs.
 * Returns NGX_CONF_OK, or NGX_CONF_ERROR after logging file, line, the bad
 * value and the remedy.
 */
char *bb_postgres_conf(ngx_conf_t *cf, bb_postgres_conf_t *conf);


#endif /* _BB_POSTGRES_CONF_H_INCLUDED_ */
