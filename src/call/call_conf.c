/* The bb_store_service and bb_store_breaker directives. */

#include "call/call_conf.h"


/* what has no breaker keeps the numbers of "default" */
#define BB_CALL_DEFAULT  BB_CALL_FLOWERS


static ngx_int_t bb_call_breaker_value(ngx_conf_t *cf,
    bb_breaker_conf_t *conf, ngx_str_t *arg);


static const char  *bb_call_names[BB_CALL_OPS] = {
    "getFlowers", "getSubscriptionProductId", "getStoreLikes",
    "getStoreSubscriptions", "getPhoneNumber"
};


typedef enum {
    BB_BREAKER_NUMBER = 0,
    BB_BREAKER_PERCENT,
    BB_BREAKER_TIME
} bb_breaker_kind_e;


static const struct {
    ngx_str_t            name;
    bb_breaker_kind_e    kind;
    ngx_uint_t           max;
    size_t               offset;
    ngx_uint_t           preset;
} bb_breaker_params[] = {
    { ngx_string("window="), BB_BREAKER_NUMBER, BB_BREAKER_MAX_WINDOW,
      offsetof(bb_breaker_conf_t, window), 10 },
    { ngx_string("calls="), BB_BREAKER_NUMBER, BB_BREAKER_MAX_WINDOW,
      offsetof(bb_breaker_conf_t, calls), 5 },
    { ngx_string("failures="), BB_BREAKER_PERCENT, 100,
      offsetof(bb_breaker_conf_t, failures), 20 },
    { ngx_string("slow_calls="), BB_BREAKER_PERCENT, 100,
      offsetof(bb_breaker_conf_t, slow_calls), 20 },
    { ngx_string("slow="), BB_BREAKER_TIME, 0,
      offsetof(bb_breaker_conf_t, slow), 5000 },
    { ngx_string("open="), BB_BREAKER_TIME, 0,
      offsetof(bb_breaker_conf_t, open), 300000 },
    { ngx_string("trials="), BB_BREAKER_NUMBER, BB_BREAKER_MAX_WINDOW,
      offsetof(bb_breaker_conf_t, trials), 3 },
    { ngx_string("half_open="), BB_BREAKER_TIME, 0,
      offsetof(bb_breaker_conf_t, half_open), 60000 },
    { ngx_null_string, BB_BREAKER_NUMBER, 0, 0, 0 }
};


const char *
bb_call_op_name(bb_call_op_e op)
{
    return bb_call_names[op];
}


char *
bb_call_service_conf(ngx_conf_t *cf, bb_service_conf_t *conf)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    static ngx_str_t  names[BB_SERVICES] = {
        ngx_string("product"), ngx_string("wishlist"),
        ngx_string("order-query"), ngx_string("user")
    };

    value = cf->args->elts;

    for (i = 0; i < BB_SERVICES; i++) {
        if (value[1].len == names[i].len
            && ngx_strcmp(value[1].data, names[i].data) == 0)
        {
            break;
        }
    }

    if (i == BB_SERVICES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown service \"%V\": there are product, "
                           "wishlist, order-query and user", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (conf[i].uri.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "service \"%V\" is named twice", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (value[2].len < 2 || value[2].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid location \"%V\" of service \"%V\": name "
                           "an internal location, such as /bb-%V/",
                           &value[2], &value[1], &value[1]);
        return NGX_CONF_ERROR;
    }

    conf[i].uri = value[2];

    while (conf[i].uri.len && conf[i].uri.data[conf[i].uri.len - 1] == '/') {
        conf[i].uri.len--;
    }

    return NGX_CONF_OK;
}


char *
bb_call_breaker_conf(ngx_conf_t *cf, bb_breaker_conf_t *conf)
{
    ngx_str_t   *value;
    ngx_uint_t   i, op;

    value = cf->args->elts;

    op = BB_CALL_DEFAULT;

    if (ngx_strcmp(value[1].data, "default") != 0) {

        for (op = BB_CALL_FLOWERS + 1; op < BB_CALL_OPS; op++) {
            if (ngx_strcmp(value[1].data, bb_call_names[op]) == 0) {
                break;
            }
        }

        if (op == BB_CALL_OPS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown operation \"%V\": there are default, "
                               "%s, %s, %s and %s", &value[1],
                               bb_call_names[1], bb_call_names[2],
                               bb_call_names[3], bb_call_names[4]);
            return NGX_CONF_ERROR;
        }
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (bb_call_breaker_value(cf, &conf[op], &value[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
bb_call_breaker_value(ngx_conf_t *cf, bb_breaker_conf_t *conf, ngx_str_t *arg)
{
    ngx_int_t    n;
    ngx_str_t    text;
    ngx_uint_t   i, *to;

    for (i = 0; bb_breaker_params[i].name.len; i++) {
        if (arg->len > bb_breaker_params[i].name.len
            && ngx_strncmp(arg->data, bb_breaker_params[i].name.data,
                           bb_breaker_params[i].name.len)
               == 0)
        {
            break;
        }
    }

    if (bb_breaker_params[i].name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": there are window=, "
                           "calls=, failures=, slow_calls=, slow=, open=, "
                           "trials= and half_open=", arg);
        return NGX_ERROR;
    }

    text.data = arg->data + bb_breaker_params[i].name.len;
    text.len = arg->len - bb_breaker_params[i].name.len;

    if (bb_breaker_params[i].kind == BB_BREAKER_TIME) {
        n = ngx_parse_time(&text, 0);

    } else {
        if (bb_breaker_params[i].kind == BB_BREAKER_PERCENT
            && text.data[text.len - 1] == '%')
        {
            text.len--;
        }

        n = ngx_atoi(text.data, text.len);

        if (n > (ngx_int_t) bb_breaker_params[i].max) {
            n = NGX_ERROR;
        }
    }

    if (n == NGX_ERROR || n == 0) {
        if (bb_breaker_params[i].kind == BB_BREAKER_TIME) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid time in \"%V\": write it as 500ms, 5s "
                               "or 5m", arg);

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number in \"%V\": it must be from 1 "
                               "to %ui", arg, bb_breaker_params[i].max);
        }

        return NGX_ERROR;
    }

    /* ngx_msec_t is ngx_uint_t */
    to = (ngx_uint_t *) ((u_char *) conf + bb_breaker_params[i].offset);

    if (*to != NGX_CONF_UNSET_UINT) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\" of this operation: "
                           "remove one", arg);
        return NGX_ERROR;
    }

    *to = n;

    return NGX_OK;
}


void
bb_call_breaker_unset(bb_breaker_conf_t *conf)
{
    ngx_uint_t  i, op, *to;

    for (op = 0; op < BB_CALL_OPS; op++) {
        for (i = 0; bb_breaker_params[i].name.len; i++) {
            to = (ngx_uint_t *) ((u_char *) &conf[op]
                                 + bb_breaker_params[i].offset);
            *to = NGX_CONF_UNSET_UINT;
        }
    }
}


void
bb_call_breaker_defaults(bb_breaker_conf_t *conf)
{
    size_t      offset;
    ngx_uint_t  i, op, preset, *to;

    for (i = 0; bb_breaker_params[i].name.len; i++) {
        offset = bb_breaker_params[i].offset;
        preset = bb_breaker_params[i].preset;

        /* BB_CALL_DEFAULT is the first */

        for (op = 0; op < BB_CALL_OPS; op++) {
            to = (ngx_uint_t *) ((u_char *) &conf[op] + offset);
            ngx_conf_init_uint_value(*to, preset);

            if (op == BB_CALL_DEFAULT) {
                preset = *to;
            }
        }
    }
}
