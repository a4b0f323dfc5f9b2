/* The bb_store_redis directive. */

#ifndef _BB_REDIS_CONF_H_INCLUDED_
#define _BB_REDIS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_addr_t    addr;             /* resolved while reading; or unix */
    ngx_str_t     name;             /* for people: without user and password */
    ngx_str_t     user;             /* empty: the default user */
    ngx_str_t     password;         /* empty: no AUTH */
    ngx_uint_t    db;
    ngx_msec_t    timeout;          /* a command's deadline */
    ngx_msec_t    connect_timeout;  /* until the connection is usable */
    ngx_uint_t    queue;            /* commands waiting and sent, at most */
} bb_redis_conf_t;


/*
 * Reads a directive's arguments (cf->args) into conf:
 *
 *   bb_store_redis url [user=name] [password_file=path | password_env=name]
 *                  [timeout=time] [connect_timeout=time] [queue=number];
 *
 * url: redis://[user[:password]@]host[:port][/db], or unix:path[?db=number].
 * Returns NGX_CONF_OK, or NGX_CONF_ERROR after logging file, line, the bad
 * value and the remedy.
 */
char *bb_redis_conf(ngx_conf_t *cf, bb_redis_conf_t *conf);


#endif /* _BB_REDIS_CONF_H_INCLUDED_ */
