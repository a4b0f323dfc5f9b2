/*
 * The bb_store_postgres directive: what libpq would look up while it connects
 * (names, defaults, passwords) is settled here, as a worker must not wait.
 */

#include "postgres/postgres_conf.h"

#include <libpq-fe.h>


#define BB_POSTGRES_SOCKET_DIR       "/var/run/postgresql"
#define BB_POSTGRES_PORT             "5432"
#define BB_POSTGRES_MAX_CONNECTIONS  1000
#define BB_POSTGRES_MAX_PASSWORD     1024


typedef struct {
    ngx_conf_t          *cf;
    bb_postgres_conf_t  *conf;
    PQconninfoOption    *options;
    char                *password;          /* from the file or environment */

    ngx_uint_t           n;                 /* what all hosts have in common */
    const char          *keywords[BB_POSTGRES_MAX_KEYWORDS];
    const char          *values[BB_POSTGRES_MAX_KEYWORDS];
} bb_postgres_conf_ctx_t;


typedef struct {
    const char          *keyword;
    const char          *value;
} bb_postgres_conf_pair_t;


static void bb_postgres_conf_invalid(ngx_conf_t *cf, const char *err);
static ngx_int_t bb_postgres_conf_args(bb_postgres_conf_ctx_t *ctx);
static ngx_int_t bb_postgres_conf_arg(bb_postgres_conf_ctx_t *ctx,
    ngx_str_t *arg);
static ngx_int_t bb_postgres_conf_number(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *s, ngx_uint_t max, ngx_uint_t *n);
static ngx_int_t bb_postgres_conf_msec(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *s, ngx_msec_t *ms);
static ngx_int_t bb_postgres_conf_password_file(bb_postgres_conf_ctx_t *ctx,
    ngx_str_t *name);
static ngx_int_t bb_postgres_conf_password_env(bb_postgres_conf_ctx_t *ctx,
    ngx_str_t *name);
static ngx_int_t bb_postgres_conf_password(bb_postgres_conf_ctx_t *ctx,
    u_char *data, size_t len);
static ngx_int_t bb_postgres_conf_common(bb_postgres_conf_ctx_t *ctx);
static ngx_int_t bb_postgres_conf_options(bb_postgres_conf_ctx_t *ctx);
static ngx_int_t bb_postgres_conf_hosts(bb_postgres_conf_ctx_t *ctx,
    const char *attrs);
static ngx_int_t bb_postgres_conf_host(bb_postgres_conf_ctx_t *ctx, char *host,
    char *hostaddr, char *port, const char *attrs);
static ngx_int_t bb_postgres_conf_resolve(bb_postgres_conf_ctx_t *ctx,
    char *host, char *port, const char *attrs);
static ngx_int_t bb_postgres_conf_add(bb_postgres_conf_ctx_t *ctx,
    const char *host, const char *hostaddr, const char *port,
    const char *attrs);
static ngx_int_t bb_postgres_conf_set(bb_postgres_conf_ctx_t *ctx,
    const char *keyword, const char *value);
static char *bb_postgres_conf_get(bb_postgres_conf_ctx_t *ctx,
    const char *keyword);
static ngx_array_t *bb_postgres_conf_split(ngx_conf_t *cf, char *list);
static char *bb_postgres_conf_dup(ngx_conf_t *cf, const char *data,
    size_t len);
static const char *bb_postgres_conf_pair(const bb_postgres_conf_pair_t *pair,
    const char *keyword);


/* refused, with the remedy */

static const bb_postgres_conf_pair_t  bb_postgres_conf_refused[] = {
    { "service", "write the parameters of the service here" },
    { "connect_timeout", "use connect_timeout= behind the connection string" },
    { "replication", "remove it" },
    { NULL, NULL }
};


/* set for each host, or always the same */

static const bb_postgres_conf_pair_t  bb_postgres_conf_own[] = {
    { "options", "" },
    { "host", "" },
    { "hostaddr", "" },
    { "port", "" },
    { "target_session_attrs", "" },
    { "password", "" },
    { "client_encoding", "" },
    { NULL, NULL }
};


/* unless the connection string says otherwise */

static const bb_postgres_conf_pair_t  bb_postgres_conf_defaults[] = {
    { "application_name", "bb_store" },
    { "gssencmode", "disable" },
    { "keepalives_idle", "30" },
    { "keepalives_interval", "10" },
    { "keepalives_count", "3" },
    { NULL, NULL }
};


char *
bb_postgres_conf(ngx_conf_t *cf, bb_postgres_conf_t *conf)
{
    char                    *err, *attrs;
    ngx_int_t                rc;
    ngx_str_t               *value;
    bb_postgres_conf_ctx_t   ctx;

    value = cf->args->elts;

    ngx_memzero(&ctx, sizeof(bb_postgres_conf_ctx_t));

    ctx.cf = cf;
    ctx.conf = conf;

    conf->connections = 2;
    conf->timeout = 3000;
    conf->lock_timeout = 5000;
    conf->connect_timeout = 2000;
    conf->queue = 4096;

    if (ngx_array_init(&conf->hosts, cf->pool, 2, sizeof(bb_postgres_host_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    err = NULL;
    ctx.options = PQconninfoParse((char *) value[1].data, &err);

    if (ctx.options == NULL) {
        bb_postgres_conf_invalid(cf, err);
        PQfreemem(err);
        return NGX_CONF_ERROR;
    }

    rc = bb_postgres_conf_args(&ctx);

    if (rc == NGX_OK) {
        rc = bb_postgres_conf_common(&ctx);
    }

    if (rc == NGX_OK) {
        attrs = bb_postgres_conf_get(&ctx, "target_session_attrs");

        if (attrs && ngx_strcmp(attrs, "prefer-standby") == 0) {
            /* with one host at a time libpq could not prefer any */

            rc = bb_postgres_conf_hosts(&ctx, "standby");

            if (rc == NGX_OK) {
                rc = bb_postgres_conf_hosts(&ctx, "any");
            }

        } else {
            rc = bb_postgres_conf_hosts(&ctx, attrs);
        }
    }

    PQconninfoFree(ctx.options);

    return (rc == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static void
bb_postgres_conf_invalid(ngx_conf_t *cf, const char *err)
{
    ngx_str_t  *value, reason;

    value = cf->args->elts;

    if (err == NULL) {
        ngx_str_set(&reason, "out of memory");

    } else if (ngx_strchr(value[1].data, '@')
               || ngx_strstr(value[1].data, "pass"))
    {
        /* libpq quotes what it does not understand */
        ngx_str_set(&reason, "it has a password, so no part of it is shown");

    } else {
        reason.data = (u_char *) err;
        reason.len = strcspn(err, "\n");
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid connection string in \"%V\": %V; give one like "
                       "\"host=10.0.0.5 dbname=store\", values with spaces in "
                       "single quotes, or a postgresql:// URI",
                       &value[0], &reason);
}


static ngx_int_t
bb_postgres_conf_args(bb_postgres_conf_ctx_t *ctx)
{
    ngx_str_t   *value;
    ngx_uint_t   i;
    const char  *remedy;

    value = ctx->cf->args->elts;

    for (i = 0; ctx->options[i].keyword; i++) {

        if (ctx->options[i].val == NULL) {
            continue;
        }

        remedy = bb_postgres_conf_pair(bb_postgres_conf_refused,
                                       ctx->options[i].keyword);
        if (remedy) {
            ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                               "\"%s\" cannot be used in the connection string "
                               "of \"%V\": %s",
                               ctx->options[i].keyword, &value[0], remedy);
            return NGX_ERROR;
        }
    }

    for (i = 2; i < ctx->cf->args->nelts; i++) {
        if (bb_postgres_conf_arg(ctx, &value[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
bb_postgres_conf_arg(bb_postgres_conf_ctx_t *ctx, ngx_str_t *arg)
{
    u_char              *p;
    ngx_str_t            name, s;
    ngx_conf_t          *cf;
    bb_postgres_conf_t  *conf;

    cf = ctx->cf;
    conf = ctx->conf;

    p = (u_char *) ngx_strchr(arg->data, '=');

    if (p) {
        name.data = arg->data;
        name.len = p - arg->data;
        s.data = p + 1;
        s.len = arg->data + arg->len - s.data;

        if (ngx_strncmp(name.data, "connections=", name.len + 1) == 0) {
            return bb_postgres_conf_number(cf, arg, &s,
                                           BB_POSTGRES_MAX_CONNECTIONS,
                                           &conf->connections);
        }

        if (ngx_strncmp(name.data, "queue=", name.len + 1) == 0) {
            return bb_postgres_conf_number(cf, arg, &s, NGX_MAX_INT32_VALUE,
                                           &conf->queue);
        }

        if (ngx_strncmp(name.data, "timeout=", name.len + 1) == 0) {
            return bb_postgres_conf_msec(cf, arg, &s, &conf->timeout);
        }

        if (ngx_strncmp(name.data, "lock_timeout=", name.len + 1) == 0) {
            return bb_postgres_conf_msec(cf, arg, &s, &conf->lock_timeout);
        }

        if (ngx_strncmp(name.data, "connect_timeout=", name.len + 1) == 0) {
            return bb_postgres_conf_msec(cf, arg, &s, &conf->connect_timeout);
        }

        if (ngx_strncmp(name.data, "password_file=", name.len + 1) == 0) {
            return bb_postgres_conf_password_file(ctx, &s);
        }

        if (ngx_strncmp(name.data, "password_env=", name.len + 1) == 0) {
            return bb_postgres_conf_password_env(ctx, &s);
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\"; known are password_file=, "
                       "password_env=, connections=, timeout=, "
                       "lock_timeout=, connect_timeout= and queue=; quote a "
                       "connection string that has spaces", arg);

    return NGX_ERROR;
}


static ngx_int_t
bb_postgres_conf_number(ngx_conf_t *cf, ngx_str_t *arg, ngx_str_t *s,
    ngx_uint_t max, ngx_uint_t *n)
{
    ngx_int_t  i;

    i = ngx_atoi(s->data, s->len);

    if (i < 1 || (ngx_uint_t) i > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value in \"%V\"; give a number from 1 "
                           "to %ui", arg, max);
        return NGX_ERROR;
    }

    *n = i;
    return NGX_OK;
}


static ngx_int_t
bb_postgres_conf_msec(ngx_conf_t *cf, ngx_str_t *arg, ngx_str_t *s,
    ngx_msec_t *ms)
{
    ngx_int_t  i;

    i = ngx_parse_time(s, 0);

    if (i < 1 || i > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value in \"%V\"; give a time from 1ms to "
                           "24d, as 500ms or 3s", arg);
        return NGX_ERROR;
    }

    *ms = i;
    return NGX_OK;
}


static ngx_int_t
bb_postgres_conf_password_file(bb_postgres_conf_ctx_t *ctx, ngx_str_t *name)
{
    u_char     buf[BB_POSTGRES_MAX_PASSWORD + 2], *p;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_str_t  file;

    file = *name;

    if (file.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "\"password_file=\" without a path; name the file "
                           "whose first line is the password");
        return NGX_ERROR;
    }

    if (ngx_conf_full_name(ctx->cf->cycle, &file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(file.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, ngx_errno,
                           ngx_open_file_n " password file \"%V\" failed; it "
                           "must exist and be readable when nginx starts",
                           &file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf) - 1);

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, ngx_errno,
                           ngx_read_fd_n " password file \"%V\" failed",
                           &file);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ctx->cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &file);
    }

    if (n == -1) {
        return NGX_ERROR;
    }

    buf[n] = '\0';
    p = buf + strcspn((char *) buf, "\r\n");

    if (p == buf || p == buf + sizeof(buf) - 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "the first line of password file \"%V\" is %s; it "
                           "must be the password", &file,
                           p == buf ? "empty" : "too long");
        ngx_explicit_memzero(buf, sizeof(buf));
        return NGX_ERROR;
    }

    n = bb_postgres_conf_password(ctx, buf, p - buf);
    ngx_explicit_memzero(buf, sizeof(buf));

    return n;
}


static ngx_int_t
bb_postgres_conf_password_env(bb_postgres_conf_ctx_t *ctx, ngx_str_t *name)
{
    char  *value;

    value = getenv((char *) name->data);

    if (value == NULL || *value == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "environment variable \"%V\" of \"password_env=\" "
                           "is not set or empty; set it where nginx is started",
                           name);
        return NGX_ERROR;
    }

    return bb_postgres_conf_password(ctx, (u_char *) value, ngx_strlen(value));
}


static ngx_int_t
bb_postgres_conf_password(bb_postgres_conf_ctx_t *ctx, u_char *data, size_t len)
{
    if (ctx->password || bb_postgres_conf_get(ctx, "password")) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "the password is given twice; keep one of the "
                           "connection string, password_file= and "
                           "password_env=");
        return NGX_ERROR;
    }

    ctx->password = bb_postgres_conf_dup(ctx->cf, (char *) data, len);

    return ctx->password ? NGX_OK : NGX_ERROR;
}


/* what does not depend on the host */

static ngx_int_t
bb_postgres_conf_common(bb_postgres_conf_ctx_t *ctx)
{
    char                           *value;
    ngx_uint_t                      i;
    PQconninfoOption               *option;
    const bb_postgres_conf_pair_t  *pair;

    if (bb_postgres_conf_options(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; ctx->options[i].keyword; i++) {
        option = &ctx->options[i];

        if (option->val == NULL || option->val[0] == '\0'
            || bb_postgres_conf_pair(bb_postgres_conf_own, option->keyword))
        {
            continue;
        }

        if (bb_postgres_conf_set(ctx, option->keyword, option->val)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (pair = bb_postgres_conf_defaults; pair->keyword; pair++) {

        if (bb_postgres_conf_get(ctx, pair->keyword) == NULL
            && bb_postgres_conf_set(ctx, pair->keyword, pair->value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    value = ctx->password ? ctx->password
                          : bb_postgres_conf_get(ctx, "password");

    if (value && bb_postgres_conf_set(ctx, "password", value) != NGX_OK) {
        return NGX_ERROR;
    }

    return bb_postgres_conf_set(ctx, "client_encoding", "UTF8");
}


/*
 * The session's settings; the last one of a name holds, so ours come first.  Who
 * has waited for a lock in vain has the whole time of a statement to say so.
 */

static ngx_int_t
bb_postgres_conf_options(bb_postgres_conf_ctx_t *ctx)
{
    char                *user;
    u_char              *p, *lock;
    bb_postgres_conf_t  *conf;

    conf = ctx->conf;
    user = bb_postgres_conf_get(ctx, "options");

    p = ngx_pnalloc(ctx->cf->pool, 256 + (user ? ngx_strlen(user) : 0));
    lock = ngx_pnalloc(ctx->cf->pool, 128);

    if (p == NULL || lock == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(p, "-c statement_timeout=%M -c lock_timeout=%M "
                "-c idle_in_transaction_session_timeout=10000 -c jit=off%s%s%Z",
                conf->timeout, conf->timeout,
                user ? " " : "", user ? user : "");

    ngx_sprintf(lock, " -c statement_timeout=%M -c lock_timeout=%M%Z",
                conf->timeout + conf->lock_timeout, conf->lock_timeout);

    conf->lock_options = (char *) lock;

    return bb_postgres_conf_set(ctx, "options", (char *) p);
}


/* pairs the lists as libpq does and adds each host, with attrs if not NULL */

static ngx_int_t
bb_postgres_conf_hosts(bb_postgres_conf_ctx_t *ctx, const char *attrs)
{
    char         **host, **hostaddr, **port;
    ngx_uint_t     i, n;
    ngx_array_t   *hosts, *hostaddrs, *ports;

    hosts = bb_postgres_conf_split(ctx->cf, bb_postgres_conf_get(ctx, "host"));
    hostaddrs = bb_postgres_conf_split(ctx->cf,
                                       bb_postgres_conf_get(ctx, "hostaddr"));
    ports = bb_postgres_conf_split(ctx->cf, bb_postgres_conf_get(ctx, "port"));

    if (hosts == NULL || hostaddrs == NULL || ports == NULL) {
        return NGX_ERROR;
    }

    n = ngx_max(hosts->nelts, hostaddrs->nelts);
    n = ngx_max(n, 1);

    if ((hosts->nelts && hostaddrs->nelts && hosts->nelts != hostaddrs->nelts)
        || (ports->nelts > 1 && ports->nelts != n))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "the lists in the connection string do not match: "
                           "%ui in host, %ui in hostaddr, %ui in port; give "
                           "as many of each, or one port for all",
                           hosts->nelts, hostaddrs->nelts, ports->nelts);
        return NGX_ERROR;
    }

    host = hosts->elts;
    hostaddr = hostaddrs->elts;
    port = ports->elts;

    for (i = 0; i < n; i++) {
        if (bb_postgres_conf_host(ctx, hosts->nelts ? host[i] : "",
                                  hostaddrs->nelts ? hostaddr[i] : "",
                                  ports->nelts ? port[ports->nelts > 1 ? i : 0]
                                               : "",
                                  attrs)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* one place of the lists; empty strings stand for the defaults */

static ngx_int_t
bb_postgres_conf_host(bb_postgres_conf_ctx_t *ctx, char *host, char *hostaddr,
    char *port, const char *attrs)
{
    ngx_int_t   n;
    ngx_addr_t  addr;

    if (*port == '\0') {
        port = BB_POSTGRES_PORT;
    }

    n = ngx_atoi((u_char *) port, ngx_strlen(port));

    if (n < 1 || n > 65535) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "invalid port \"%s\" in the connection string; give "
                           "a number from 1 to 65535", port);
        return NGX_ERROR;
    }

    if (*hostaddr) {
        if (ngx_parse_addr(ctx->cf->pool, &addr, (u_char *) hostaddr,
                           ngx_strlen(hostaddr))
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                               "invalid hostaddr \"%s\" in the connection "
                               "string; give a numeric address, or a name in "
                               "host", hostaddr);
            return NGX_ERROR;
        }

        return bb_postgres_conf_add(ctx, host, hostaddr, port, attrs);
    }

    if (*host == '\0') {
        host = BB_POSTGRES_SOCKET_DIR;
    }

    if (*host == '/' || *host == '@') {
        return bb_postgres_conf_add(ctx, host, "", port, attrs);
    }

    if (ngx_parse_addr(ctx->cf->pool, &addr, (u_char *) host,
                       ngx_strlen(host))
        == NGX_OK)
    {
        return bb_postgres_conf_add(ctx, host, host, port, attrs);
    }

    return bb_postgres_conf_resolve(ctx, host, port, attrs);
}


static ngx_int_t
bb_postgres_conf_resolve(bb_postgres_conf_ctx_t *ctx, char *host, char *port,
    const char *attrs)
{
    u_char      text[NGX_SOCKADDR_STRLEN + 1];
    size_t      len;
    ngx_url_t   u;
    ngx_uint_t  i;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.host.data = (u_char *) host;
    u.host.len = ngx_strlen(host);

    if (ngx_inet_resolve_host(ctx->cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "host \"%s\" of the connection string cannot be "
                           "resolved: %s; correct it, or give its address in "
                           "hostaddr", host, u.err ? u.err : "no address");
        return NGX_ERROR;
    }

    for (i = 0; i < u.naddrs; i++) {
        len = ngx_sock_ntop(u.addrs[i].sockaddr, u.addrs[i].socklen, text,
                            NGX_SOCKADDR_STRLEN, 0);
        text[len] = '\0';

        if (bb_postgres_conf_add(ctx, host, (char *) text, port, attrs)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
bb_postgres_conf_add(bb_postgres_conf_ctx_t *ctx, const char *host,
    const char *hostaddr, const char *port, const char *attrs)
{
    size_t               len;
    ngx_uint_t           n;
    const char          *shown, *dbname;
    bb_postgres_host_t  *h;

    n = ctx->n;

    if ((*host && bb_postgres_conf_set(ctx, "host", host) != NGX_OK)
        || (*hostaddr
            && bb_postgres_conf_set(ctx, "hostaddr", hostaddr) != NGX_OK)
        || (attrs
            && bb_postgres_conf_set(ctx, "target_session_attrs", attrs)
               != NGX_OK)
        || bb_postgres_conf_set(ctx, "port", port) != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_array_push(&ctx->conf->hosts);
    if (h == NULL) {
        return NGX_ERROR;
    }

    len = (ctx->n + 1) * sizeof(char *);

    h->keywords = ngx_palloc(ctx->cf->pool, len);
    h->values = ngx_palloc(ctx->cf->pool, len);

    if (h->keywords == NULL || h->values == NULL) {
        return NGX_ERROR;
    }

    ctx->keywords[ctx->n] = NULL;
    ctx->values[ctx->n] = NULL;

    ngx_memcpy(h->keywords, ctx->keywords, len);
    ngx_memcpy(h->values, ctx->values, len);

    ctx->n = n;

    shown = *hostaddr ? hostaddr : host;
    dbname = bb_postgres_conf_get(ctx, "dbname");

    len = ngx_strlen(shown) + ngx_strlen(port) + sizeof("[]:/")
          + (dbname ? ngx_strlen(dbname) : 0);

    h->name.data = ngx_pnalloc(ctx->cf->pool, len);
    if (h->name.data == NULL) {
        return NGX_ERROR;
    }

    h->name.len = ngx_sprintf(h->name.data,
                              *hostaddr && ngx_strchr(hostaddr, ':')
                              ? "[%s]:%s%s%s%Z" : "%s:%s%s%s%Z",
                              shown, port, dbname ? "/" : "",
                              dbname ? dbname : "")
                  - h->name.data - 1;

    return NGX_OK;
}


static ngx_int_t
bb_postgres_conf_set(bb_postgres_conf_ctx_t *ctx, const char *keyword,
    const char *value)
{
    /* the last place is for the NULL at the end */

    if (ctx->n == BB_POSTGRES_MAX_KEYWORDS - 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, ctx->cf, 0,
                           "too many parameters in the connection string; "
                           "keep %d", BB_POSTGRES_MAX_KEYWORDS / 2);
        return NGX_ERROR;
    }

    ctx->keywords[ctx->n] = bb_postgres_conf_dup(ctx->cf, keyword,
                                                 ngx_strlen(keyword));
    ctx->values[ctx->n] = bb_postgres_conf_dup(ctx->cf, value,
                                               ngx_strlen(value));

    if (ctx->keywords[ctx->n] == NULL || ctx->values[ctx->n] == NULL) {
        return NGX_ERROR;
    }

    ctx->n++;

    return NGX_OK;
}


/* what the connection string says, or NULL if nothing */

static char *
bb_postgres_conf_get(bb_postgres_conf_ctx_t *ctx, const char *keyword)
{
    PQconninfoOption  *option;

    for (option = ctx->options; option->keyword; option++) {
        if (ngx_strcmp(option->keyword, keyword) == 0) {
            return (option->val && *option->val) ? option->val : NULL;
        }
    }

    return NULL;
}


/* the places of a list, of char *; none if list is NULL */

static ngx_array_t *
bb_postgres_conf_split(ngx_conf_t *cf, char *list)
{
    char         **place;
    size_t         len;
    ngx_array_t   *places;

    places = ngx_array_create(cf->pool, 2, sizeof(char *));

    if (places == NULL || list == NULL) {
        return places;
    }

    for ( ;; ) {
        len = strcspn(list, ",");

        place = ngx_array_push(places);
        if (place == NULL) {
            return NULL;
        }

        *place = bb_postgres_conf_dup(cf, list, len);
        if (*place == NULL) {
            return NULL;
        }

        if (list[len] == '\0') {
            return places;
        }

        list += len + 1;
    }
}


static char *
bb_postgres_conf_dup(ngx_conf_t *cf, const char *data, size_t len)
{
    char  *p;

    p = ngx_pnalloc(cf->pool, len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, data, len);
    p[len] = '\0';

    return p;
}


static const char *
bb_postgres_conf_pair(const bb_postgres_conf_pair_t *pair, const char *keyword)
{
    for ( /* void */ ; pair->keyword; pair++) {
        if (ngx_strcmp(pair->keyword, keyword) == 0) {
            return pair->value;
        }
    }

    return NULL;
}
