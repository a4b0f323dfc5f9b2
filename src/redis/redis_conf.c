/* Reads the bb_store_redis directive. */

#include <ngx_config.h>
#include <ngx_core.h>

#include "redis/redis_conf.h"


#define BB_REDIS_CONF_PORT             6379
#define BB_REDIS_CONF_TIMEOUT          1000
#define BB_REDIS_CONF_CONNECT_TIMEOUT  1000
#define BB_REDIS_CONF_QUEUE            8192

/* longer than any password; a file that is longer is something else */
#define BB_REDIS_CONF_PASSWORD_LEN     4096


static char *bb_redis_conf_url(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *url);
static char *bb_redis_conf_tcp(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *rest);
static char *bb_redis_conf_unix(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *url);
static char *bb_redis_conf_user(ngx_conf_t *cf, bb_redis_conf_t *conf,
    u_char *p, u_char *last);
static char *bb_redis_conf_addr(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_url_t *u);
static char *bb_redis_conf_db(ngx_conf_t *cf, bb_redis_conf_t *conf,
    u_char *p, u_char *last);
static char *bb_redis_conf_param(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *arg);
static char *bb_redis_conf_time(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *value, ngx_msec_t *time);
static char *bb_redis_conf_queue(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *arg, ngx_str_t *value);
static char *bb_redis_conf_password_file(ngx_conf_t *cf,
    bb_redis_conf_t *conf, ngx_str_t *value);
static char *bb_redis_conf_password_env(ngx_conf_t *cf,
    bb_redis_conf_t *conf, ngx_str_t *value);
static char *bb_redis_conf_password_once(ngx_conf_t *cf,
    bb_redis_conf_t *conf);
static char *bb_redis_conf_copy(ngx_conf_t *cf, ngx_str_t *dst, u_char *p,
    size_t len);
static char *bb_redis_conf_unescape(ngx_conf_t *cf, ngx_str_t *dst,
    u_char *p, u_char *last);
static ngx_int_t bb_redis_conf_cut(ngx_str_t *arg, const char *name,
    ngx_str_t *value);


char *
bb_redis_conf(ngx_conf_t *cf, bb_redis_conf_t *conf)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    ngx_memzero(conf, sizeof(bb_redis_conf_t));

    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->queue = NGX_CONF_UNSET_UINT;

    value = cf->args->elts;

    if (cf->args->nelts < 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs the URL of a Redis server",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (bb_redis_conf_url(cf, conf, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (bb_redis_conf_param(cf, conf, &value[i]) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (conf->user.len && conf->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the user \"%V\" has no password; add "
                           "\"password_file=\" or \"password_env=\"",
                           &conf->user);
        return NGX_CONF_ERROR;
    }

    ngx_conf_init_msec_value(conf->timeout, BB_REDIS_CONF_TIMEOUT);
    ngx_conf_init_msec_value(conf->connect_timeout,
                             BB_REDIS_CONF_CONNECT_TIMEOUT);
    ngx_conf_init_uint_value(conf->queue, BB_REDIS_CONF_QUEUE);

    return NGX_CONF_OK;
}


static char *
bb_redis_conf_url(ngx_conf_t *cf, bb_redis_conf_t *conf, ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t   scheme, rest;

    if (bb_redis_conf_cut(url, "redis://", &rest)) {
        return bb_redis_conf_tcp(cf, conf, &rest);
    }

    if (bb_redis_conf_cut(url, "unix:", &rest)) {
        return bb_redis_conf_unix(cf, conf, url);
    }

    if (bb_redis_conf_cut(url, "rediss://", &rest)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "TLS to Redis is not supported: use a local "
                           "stunnel or a unix socket");
        return NGX_CONF_ERROR;
    }

    /* the rest is not shown, as it may hold a password */

    p = ngx_strlchr(url->data, url->data + url->len, ':');

    scheme.data = url->data;
    scheme.len = p ? (size_t) (p - url->data) : 0;

    if (scheme.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown scheme \"%V\" in the URL of Redis; use "
                           "\"redis://host:port/db\" or \"unix:path\"",
                           &scheme);

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no scheme in the URL of Redis; use "
                           "\"redis://host:port/db\" or \"unix:path\"");
    }

    return NGX_CONF_ERROR;
}


/* rest: [user[:password]@]host[:port][/db] */

static char *
bb_redis_conf_tcp(ngx_conf_t *cf, bb_redis_conf_t *conf, ngx_str_t *rest)
{
    u_char     *p, *at, *host, *end, *last;
    ngx_url_t   u;

    host = rest->data;
    last = rest->data + rest->len;

    end = ngx_strlchr(host, last, '/');
    if (end == NULL) {
        end = last;
    }

    at = NULL;

    for (p = host; p < end; p++) {
        if (*p == '@') {
            at = p;
        }
    }

    if (at) {
        if (bb_redis_conf_user(cf, conf, host, at) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }

        host = at + 1;
    }

    if (ngx_strlchr(end, last, '@')) {

        /* not shown: it is a part of the password */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a \"/\" before \"@\" in the URL of Redis; "
                           "write \"%%2F\" for a slash");
        return NGX_CONF_ERROR;
    }

    if (end < last
        && bb_redis_conf_db(cf, conf, end + 1, last) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = host;
    u.url.len = end - host;
    u.default_port = BB_REDIS_CONF_PORT;

    if (bb_redis_conf_addr(cf, conf, &u) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    conf->name.data = ngx_pnalloc(cf->pool, u.url.len + sizeof(":65535/")
                                            + NGX_INT_T_LEN);
    if (conf->name.data == NULL) {
        return NGX_CONF_ERROR;
    }

    p = ngx_cpymem(conf->name.data, u.url.data, u.url.len);

    if (u.no_port) {
        p = ngx_sprintf(p, ":%d", BB_REDIS_CONF_PORT);
    }

    p = ngx_sprintf(p, "/%ui", conf->db);

    conf->name.len = p - conf->name.data;

    return NGX_CONF_OK;
}


/* url: unix:path[?db=number] */

static char *
bb_redis_conf_unix(ngx_conf_t *cf, bb_redis_conf_t *conf, ngx_str_t *url)
{
    u_char     *query, *last;
    ngx_str_t   arg, value;
    ngx_url_t   u;

    last = url->data + url->len;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *url;

    query = ngx_strlchr(url->data, last, '?');

    if (query) {
        u.url.len = query - url->data;

        arg.data = query + 1;
        arg.len = last - arg.data;

        if (!bb_redis_conf_cut(&arg, "db=", &value)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown \"?%V\" in the URL of Redis; only "
                               "\"?db=number\" may follow a path", &arg);
            return NGX_CONF_ERROR;
        }

        if (bb_redis_conf_db(cf, conf, value.data, last) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (bb_redis_conf_addr(cf, conf, &u) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    conf->name = *url;

    return NGX_CONF_OK;
}


static char *
bb_redis_conf_user(ngx_conf_t *cf, bb_redis_conf_t *conf, u_char *p,
    u_char *last)
{
    u_char  *colon;

    colon = ngx_strlchr(p, last, ':');

    if (bb_redis_conf_unescape(cf, &conf->user, p, colon ? colon : last)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (colon == NULL) {
        return NGX_CONF_OK;
    }

    if (bb_redis_conf_unescape(cf, &conf->password, colon + 1, last)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "empty password in the URL of Redis; "
                           "remove the colon before \"@\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Names are resolved here: hiredis would block a worker for it. */

static char *
bb_redis_conf_addr(ngx_conf_t *cf, bb_redis_conf_t *conf, ngx_url_t *u)
{
    if (ngx_parse_url(cf->pool, u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"%V\", the address of Redis; it must be "
                           "host, host:port, [IPv6]:port or unix:path",
                           u->err ? u->err : "error", &u->url);
        return NGX_CONF_ERROR;
    }

    conf->addr = u->addrs[0];

    return NGX_CONF_OK;
}


static char *
bb_redis_conf_db(ngx_conf_t *cf, bb_redis_conf_t *conf, u_char *p,
    u_char *last)
{
    ngx_int_t  n;
    ngx_str_t  db;

    db.data = p;
    db.len = last - p;

    /* "redis://host/" */

    n = (db.len == 0 && p[-1] == '/') ? 0 : ngx_atoi(p, db.len);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "bad database \"%V\" in the URL of Redis; "
                           "it is a number from 0", &db);
        return NGX_CONF_ERROR;
    }

    conf->db = n;

    return NGX_CONF_OK;
}


static char *
bb_redis_conf_param(ngx_conf_t *cf, bb_redis_conf_t *conf, ngx_str_t *arg)
{
    u_char     *p;
    ngx_str_t   value;

    if (bb_redis_conf_cut(arg, "user=", &value)) {

        if (conf->user.len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the user of Redis is given twice");
            return NGX_CONF_ERROR;
        }

        if (value.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "no name in \"user=\"; "
                               "remove it for the default user");
            return NGX_CONF_ERROR;
        }

        conf->user = value;

        return NGX_CONF_OK;
    }

    if (bb_redis_conf_cut(arg, "password_file=", &value)) {
        return bb_redis_conf_password_file(cf, conf, &value);
    }

    if (bb_redis_conf_cut(arg, "password_env=", &value)) {
        return bb_redis_conf_password_env(cf, conf, &value);
    }

    if (bb_redis_conf_cut(arg, "timeout=", &value)) {
        return bb_redis_conf_time(cf, arg, &value, &conf->timeout);
    }

    if (bb_redis_conf_cut(arg, "connect_timeout=", &value)) {
        return bb_redis_conf_time(cf, arg, &value, &conf->connect_timeout);
    }

    if (bb_redis_conf_cut(arg, "queue=", &value)) {
        return bb_redis_conf_queue(cf, conf, arg, &value);
    }

    /* only the name, as the value may be a password */

    value = *arg;
    p = ngx_strlchr(arg->data, arg->data + arg->len, '=');

    if (p) {
        value.len = p - arg->data;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\"; known are user=, "
                       "password_file=, password_env=, timeout=, "
                       "connect_timeout= and queue=", &value);

    return NGX_CONF_ERROR;
}


static char *
bb_redis_conf_time(ngx_conf_t *cf, ngx_str_t *arg, ngx_str_t *value,
    ngx_msec_t *time)
{
    ngx_int_t  n;

    if (*time != NGX_CONF_UNSET_MSEC) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\"", arg);
        return NGX_CONF_ERROR;
    }

    n = ngx_parse_time(value, 0);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "bad time in \"%V\"; it is above zero, "
                           "as in \"500ms\" or \"2s\"", arg);
        return NGX_CONF_ERROR;
    }

    *time = n;

    return NGX_CONF_OK;
}


static char *
bb_redis_conf_queue(ngx_conf_t *cf, bb_redis_conf_t *conf, ngx_str_t *arg,
    ngx_str_t *value)
{
    ngx_int_t  n;

    if (conf->queue != NGX_CONF_UNSET_UINT) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\"", arg);
        return NGX_CONF_ERROR;
    }

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "bad number in \"%V\"; it is how many commands "
                           "a worker may have under way, above zero", arg);
        return NGX_CONF_ERROR;
    }

    conf->queue = n;

    return NGX_CONF_OK;
}


/* The password is the first line. */

static char *
bb_redis_conf_password_file(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *value)
{
    char        *rv;
    size_t       len;
    u_char      *end, buf[BB_REDIS_CONF_PASSWORD_LEN];
    ssize_t      n;
    ngx_str_t    path;
    ngx_file_t   file;

    if (bb_redis_conf_password_once(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (value->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no path in \"password_file=\"");
        return NGX_CONF_ERROR;
    }

    path = *value;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = path;
    file.log = cf->log;

    file.fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open the password file \"%V\"", &path);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_ERROR;

    n = ngx_read_file(&file, buf, sizeof(buf), 0);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot read the password file \"%V\"", &path);
        goto done;
    }

    end = ngx_strlchr(buf, buf + n, LF);

    if (end == NULL) {

        if (n == sizeof(buf)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the first line of the password file \"%V\" "
                               "is too long for a password", &path);
            goto done;
        }

        end = buf + n;
    }

    len = end - buf;

    if (len && buf[len - 1] == CR) {
        len--;
    }

    if (len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the password file \"%V\" is empty; its first "
                           "line must be the password", &path);
        goto done;
    }

    rv = bb_redis_conf_copy(cf, &conf->password, buf, len);

done:

    ngx_explicit_memzero(buf, sizeof(buf));

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", &path);
    }

    return rv;
}


static char *
bb_redis_conf_password_env(ngx_conf_t *cf, bb_redis_conf_t *conf,
    ngx_str_t *value)
{
    char  *env;

    if (bb_redis_conf_password_once(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    /* value ends with a zero, as nginx's configuration tokens do */

    env = getenv((char *) value->data);

    if (env == NULL || env[0] == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the environment variable \"%V\" of the password "
                           "is %s; set it for the nginx master process",
                           value, env ? "empty" : "not set");
        return NGX_CONF_ERROR;
    }

    return bb_redis_conf_copy(cf, &conf->password, (u_char *) env,
                              ngx_strlen(env));
}


static char *
bb_redis_conf_password_once(ngx_conf_t *cf, bb_redis_conf_t *conf)
{
    if (conf->password.len == 0) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "the password of Redis is given twice; keep one of "
                       "the URL's, \"password_file=\" and \"password_env=\"");

    return NGX_CONF_ERROR;
}


static char *
bb_redis_conf_copy(ngx_conf_t *cf, ngx_str_t *dst, u_char *p, size_t len)
{
    dst->data = ngx_pnalloc(cf->pool, len);
    if (dst->data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(dst->data, p, len);
    dst->len = len;

    return NGX_CONF_OK;
}


static char *
bb_redis_conf_unescape(ngx_conf_t *cf, ngx_str_t *dst, u_char *p, u_char *last)
{
    u_char     *d;
    ngx_int_t   ch;

    d = ngx_pnalloc(cf->pool, last - p + 1);
    if (d == NULL) {
        return NGX_CONF_ERROR;
    }

    dst->data = d;

    while (p < last) {

        if (*p != '%') {
            *d++ = *p++;
            continue;
        }

        ch = (last - p > 2) ? ngx_hextoi(p + 1, 2) : NGX_ERROR;

        if (ch == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "bad \"%%\" in the user or password of the "
                               "URL of Redis; write \"%%25\" for a percent "
                               "sign");
            return NGX_CONF_ERROR;
        }

        *d++ = (u_char) ch;
        p += 3;
    }

    dst->len = d - dst->data;

    return NGX_CONF_OK;
}


/* True if arg begins with name; value: what follows it. */

static ngx_int_t
bb_redis_conf_cut(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len < len || ngx_strncmp(arg->data, name, len) != 0) {
        return 0;
    }

    value->data = arg->data + len;
    value->len = arg->len - len;

    return 1;
}
