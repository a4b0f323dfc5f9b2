/*
 * Directives: their table, what they take, their defaults and their merge.
 *
 * A value has a stock slot, with bounds of its own; what needs more than that is
 * read by a function here, or by the client whose directive it is.
 */

#include "ngx_bb_store_directives.h"

#include "call/call_conf.h"
#include "ops/ops_handler.h"


#define BB_ZONE_MIN   (1024 * 1024)
#define BB_ZONE_SIZE  (32 * 1024 * 1024)


static void ngx_bb_store_phone(ngx_conf_t *cf, ngx_bb_store_loc_conf_t *conf);

static char *ngx_bb_store_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_audit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_bb_store_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_postgres(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_domains(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_service(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_breaker(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_bb_store_serve(ngx_conf_t *cf,
    ngx_bb_store_loc_conf_t *blcf);
static char *ngx_bb_store_mount(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_bb_store_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_bb_store_ops(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


static ngx_conf_enum_t  ngx_bb_store_acks[] = {
    { ngx_string("commit"), BB_ACK_COMMIT },
    { ngx_string("claim"), BB_ACK_CLAIM },
    { ngx_null_string, 0 }
};


/* a stock slot, with bounds and a remedy for a value that is not one */

typedef struct {
    char        *(*set)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
    void          *post;
    ngx_int_t      low;              /* of numbers, milliseconds, bytes */
    ngx_int_t      high;
    const char    *remedy;
} ngx_bb_store_slot_t;


#define NGX_BB_STORE_DAY  (24 * 60 * 60 * 1000)

static ngx_bb_store_slot_t  ngx_bb_store_time = {
    ngx_conf_set_msec_slot, NULL, 1, NGX_BB_STORE_DAY,
    "write a time from 1ms to 1d, such as 500ms or 5s"
};

static ngx_bb_store_slot_t  ngx_bb_store_size = {
    ngx_conf_set_size_slot, NULL, 1, 64 * 1024 * 1024,
    "write a size from 1 to 64m, such as 64k"
};

static ngx_bb_store_slot_t  ngx_bb_store_batch = {
    ngx_conf_set_num_slot, NULL, 1, 4096,
    "write a number from 1 to 4096"
};

static ngx_bb_store_slot_t  ngx_bb_store_queue = {
    ngx_conf_set_num_slot, NULL, 1, 1000000,
    "write a number from 1 to 1000000"
};

static ngx_bb_store_slot_t  ngx_bb_store_ack = {
    ngx_conf_set_enum_slot, ngx_bb_store_acks, 0, 0,
    "write commit or claim"
};


static ngx_conf_enum_t  ngx_bb_store_committers[] = {
    { ngx_string("host"), 1 },
    { ngx_string("worker"), 0 },
    { ngx_null_string, 0 }
};

static ngx_bb_store_slot_t  ngx_bb_store_committer = {
    ngx_conf_set_enum_slot, ngx_bb_store_committers, 0, 0,
    "write host or worker"
};


ngx_command_t  ngx_bb_store_commands[] = {

    { ngx_string("bb_store_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_bb_store_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_postgres"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_bb_store_postgres,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_scripts"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_bb_store_main_conf_t, scripts_dir),
      NULL },

    { ngx_string("bb_store_sweep"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_bb_store_main_conf_t, sweep),
      &ngx_bb_store_time },

    { ngx_string("bb_store_audit"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_audit,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_bb_store_main_conf_t, audit),
      &ngx_bb_store_time },

    { ngx_string("bb_store_coupon_batch"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_bb_store_main_conf_t, coupon_batch),
      &ngx_bb_store_batch },

    { ngx_string("bb_store_coupon_queue"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_bb_store_main_conf_t, coupon_queue),
      &ngx_bb_store_queue },

    { ngx_string("bb_store_coupon_committer"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_bb_store_main_conf_t, coupon_committer),
      &ngx_bb_store_committer },

    { ngx_string("bb_store"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_bb_store_domains,
      NGX_HTTP_LOC_CONF_OFFSET,
      BB_PUBLIC,
      NULL },

    { ngx_string("bb_store_internal"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_bb_store_domains,
      NGX_HTTP_LOC_CONF_OFFSET,
      BB_INTERNAL,
      NULL },

    { ngx_string("bb_store_ops"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_bb_store_ops,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_mount"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_mount,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_user"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_user,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_owner_check"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_bb_store_loc_conf_t, owner_check),
      NULL },

    { ngx_string("bb_store_coupon_ack"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_bb_store_loc_conf_t, coupon_ack),
      &ngx_bb_store_ack },

    { ngx_string("bb_store_coupon_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_bb_store_loc_conf_t, coupon_timeout),
      &ngx_bb_store_time },

    { ngx_string("bb_store_coupon_cache"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_bb_store_loc_conf_t, coupon_cache),
      NULL },

    { ngx_string("bb_store_max_body"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_bb_store_loc_conf_t, max_body),
      &ngx_bb_store_size },

    { ngx_string("bb_store_service"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_bb_store_service,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("bb_store_call_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_bb_store_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_bb_store_loc_conf_t, call_timeout),
      &ngx_bb_store_time },

    { ngx_string("bb_store_breaker"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_bb_store_breaker,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      BB_FAULT_COMMANDS
      ngx_null_command
};


void *
ngx_bb_store_create_main_conf(ngx_conf_t *cf)
{
    ngx_bb_store_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_bb_store_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->shm = ngx_pcalloc(cf->pool, sizeof(bb_shm_t));
    if (conf->shm == NULL) {
        return NULL;
    }

    conf->sweep = NGX_CONF_UNSET_MSEC;
    conf->audit = NGX_CONF_UNSET_MSEC;
    conf->coupon_batch = NGX_CONF_UNSET_UINT;
    conf->coupon_queue = NGX_CONF_UNSET_UINT;
    conf->coupon_committer = NGX_CONF_UNSET_UINT;
    conf->committer = (ngx_socket_t) -1;

    bb_call_breaker_unset(conf->breakers);

    return conf;
}


char *
ngx_bb_store_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    ngx_conf_init_msec_value(bmcf->sweep, 5000);
    ngx_conf_init_msec_value(bmcf->audit, 60000);
    ngx_conf_init_uint_value(bmcf->coupon_batch, 1000);
    ngx_conf_init_uint_value(bmcf->coupon_queue, 16384);
    ngx_conf_init_uint_value(bmcf->coupon_committer, 1);

    bb_call_breaker_defaults(bmcf->breakers);

    return NGX_CONF_OK;
}


void *
ngx_bb_store_create_loc_conf(ngx_conf_t *cf)
{
    ngx_bb_store_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_bb_store_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->domains = 0;
     *     conf->scope = BB_PUBLIC;
     *     conf->mount = { 0, NULL };
     *     conf->user = NULL;
     *     conf->user_header = { 0, NULL };
     *     conf->services = { { 0, NULL }, ... };
     *     conf->ops = 0;
     */

    conf->owner_check = NGX_CONF_UNSET;
    conf->coupon_ack = NGX_CONF_UNSET_UINT;
    conf->coupon_timeout = NGX_CONF_UNSET_MSEC;
    conf->coupon_cache = NGX_CONF_UNSET;
    conf->max_body = NGX_CONF_UNSET_SIZE;
    conf->call_timeout = NGX_CONF_UNSET_MSEC;

    return conf;
}


char *
ngx_bb_store_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_bb_store_loc_conf_t *prev = parent;
    ngx_bb_store_loc_conf_t *conf = child;

    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_value(conf->owner_check, prev->owner_check, 1);
    ngx_conf_merge_uint_value(conf->coupon_ack, prev->coupon_ack,
                              BB_ACK_COMMIT);
    ngx_conf_merge_msec_value(conf->coupon_timeout, prev->coupon_timeout,
                              3000);
    ngx_conf_merge_value(conf->coupon_cache, prev->coupon_cache, 1);
    ngx_conf_merge_size_value(conf->max_body, prev->max_body, 128 * 1024);
    ngx_conf_merge_msec_value(conf->call_timeout, prev->call_timeout, 3000);

    for (i = 0; i < BB_SERVICES; i++) {
        ngx_conf_merge_str_value(conf->services[i].uri,
                                 prev->services[i].uri, "");
    }

    if (conf->user == NULL && conf->user_header.len == 0) {
        conf->user = prev->user;
        conf->user_header = prev->user_header;
    }

    if (conf->user == NULL && conf->user_header.len == 0) {
        ngx_str_set(&conf->user_header, "userid");
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->ops && (conf->domains || clcf->handler != bb_ops_handler)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"bb_store_ops\" cannot stand with another handler in "
                      "one location: give each a location of its own, "
                      "in %V:%ui", &conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    if (clcf->noname) {
        /* an "if" or "limit_except" block: still the same location */
        conf->domains = prev->domains;
        conf->scope = prev->scope;
        conf->mount = prev->mount;
        conf->file = prev->file;
        conf->line = prev->line;
    }

    if (conf->domains == 0) {
        return NGX_CONF_OK;
    }

    if (conf->mount.data == NULL) {

#if (NGX_PCRE)
        if (clcf->regex) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "location \"%V\" is a regular expression: it needs "
                          "bb_store_mount to tell where its paths begin, "
                          "in %V:%ui", &clcf->name, &conf->file, conf->line);
            return NGX_CONF_ERROR;
        }
#endif

        if (clcf->named) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "location \"%V\" has no path: it needs "
                          "bb_store_mount to tell where its paths begin, "
                          "in %V:%ui", &clcf->name, &conf->file, conf->line);
            return NGX_CONF_ERROR;
        }

        conf->mount = clcf->name;
    }

    while (conf->mount.len
           && conf->mount.data[conf->mount.len - 1] == '/')
    {
        conf->mount.len--;
    }

    ngx_bb_store_phone(cf, conf);

    /* a worker reads no file: bodies within the limit stay in memory */

    if (clcf->client_body_buffer_size < conf->max_body) {
        clcf->client_body_buffer_size = conf->max_body;
    }

    return NGX_CONF_OK;
}


/* The first location that answers questions and can ask for phone numbers. */

static void
ngx_bb_store_phone(ngx_conf_t *cf, ngx_bb_store_loc_conf_t *conf)
{
    ngx_http_core_srv_conf_t  *cscf;
    ngx_bb_store_main_conf_t  *bmcf;

    bmcf = ngx_http_conf_get_module_main_conf(cf, ngx_bb_store_module);

    if (bmcf->phone_location || conf->scope != BB_PUBLIC
        || (conf->domains & BB_QUESTION) == 0
        || conf->services[BB_SERVICE_USER].uri.len == 0)
    {
        return;
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    bmcf->phone_location = conf;
    bmcf->phone_server = cscf->ctx;
}


/* The value's slot, and a message that helps if the value is none. */

static char *
ngx_bb_store_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t             n;
    ngx_str_t            *value;
    ngx_conf_enum_t      *e;
    ngx_command_t         stock;
    ngx_bb_store_slot_t  *slot;

    slot = cmd->post;
    value = cf->args->elts;

    stock = *cmd;
    stock.set = slot->set;
    stock.post = slot->post;

    if (slot->set == ngx_conf_set_msec_slot) {
        n = ngx_parse_time(&value[1], 0);

    } else if (slot->set == ngx_conf_set_size_slot) {
        n = ngx_parse_size(&value[1]);

    } else if (slot->set == ngx_conf_set_num_slot) {
        n = ngx_atoi(value[1].data, value[1].len);

    } else {
        n = NGX_ERROR;

        for (e = slot->post; e->name.len; e++) {
            if (ngx_strcmp(e->name.data, value[1].data) == 0) {
                n = slot->low;
            }
        }
    }

    if (n < slot->low || n > slot->high) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive: %s",
                           &value[1], &cmd->name, slot->remedy);
        return NGX_CONF_ERROR;
    }

    return stock.set(cf, &stock, conf);
}


/* bb_store_audit time | off; */

static char *
ngx_bb_store_audit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    ngx_str_t  *value;

    if (bmcf->audit != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        bmcf->audit = 0;
        return NGX_CONF_OK;
    }

    return ngx_bb_store_value(cf, cmd, conf);
}


/* bb_store_zone name:size; */

static char *
ngx_bb_store_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    u_char     *p;
    ssize_t     size;
    ngx_str_t  *value, name, text;

    if (bmcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    p = (u_char *) ngx_strchr(name.data, ':');

    if (p == NULL || p == name.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone \"%V\": write name:size, such as "
                           "bb:32m", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.len = p - name.data;
    text.data = p + 1;
    text.len = value[1].len - name.len - 1;

    size = ngx_parse_size(&text);

    if (size < (ssize_t) BB_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size in zone \"%V\": it must be 1m at "
                           "least", &value[1]);
        return NGX_CONF_ERROR;
    }

    bmcf->zone = bb_shm_add(cf, &name, size, bmcf->shm, &ngx_bb_store_module);

    return bmcf->zone ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_bb_store_default_zone(ngx_conf_t *cf, ngx_bb_store_main_conf_t *bmcf)
{
    ngx_str_t  name;

    if (bmcf->zone == NULL) {
        ngx_str_set(&name, "bb_store");

        bmcf->zone = bb_shm_add(cf, &name, BB_ZONE_SIZE, bmcf->shm,
                                &ngx_bb_store_module);
    }

    return bmcf->zone ? NGX_OK : NGX_ERROR;
}


static char *
ngx_bb_store_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    if (bmcf->redis_set) {
        return "is duplicate";
    }

    bmcf->redis_set = 1;

    return bb_redis_conf(cf, &bmcf->redis);
}


static char *
ngx_bb_store_postgres(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    if (bmcf->postgres_set) {
        return "is duplicate";
    }

    bmcf->postgres_set = 1;

    return bb_postgres_conf(cf, &bmcf->postgres);
}


/* bb_store domain ...; bb_store_internal domain ...; */

static char *
ngx_bb_store_domains(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_loc_conf_t *blcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, n;

    static const struct {
        ngx_str_t     name;
        ngx_uint_t    domain;
    } domains[] = {
        { ngx_string("store"), BB_STORE },
        { ngx_string("coupon"), BB_COUPON },
        { ngx_string("cargo"), BB_CARGO },
        { ngx_string("question"), BB_QUESTION },
        { ngx_null_string, 0 }
    };

    value = cf->args->elts;

    if (blcf->domains) {
        if (blcf->scope == cmd->offset) {
            return "is duplicate";
        }

        return "cannot stand with the other of bb_store and bb_store_internal "
               "in one location: give each a location of its own";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        for (n = 0; domains[n].domain; n++) {
            if (value[i].len == domains[n].name.len
                && ngx_strcmp(value[i].data, domains[n].name.data) == 0)
            {
                break;
            }
        }

        if (domains[n].domain == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown domain \"%V\": there are store, "
                               "coupon, cargo and question", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (blcf->domains & domains[n].domain) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "domain \"%V\" is named twice", &value[i]);
            return NGX_CONF_ERROR;
        }

        blcf->domains |= domains[n].domain;
    }

    blcf->scope = cmd->offset;

    ngx_bb_store_serve(cf, blcf);

    return NGX_CONF_OK;
}


/* Remembers where the location became ours, and that there is one. */

static void
ngx_bb_store_serve(ngx_conf_t *cf, ngx_bb_store_loc_conf_t *blcf)
{
    ngx_bb_store_main_conf_t  *bmcf;

    blcf->file = cf->conf_file->file.name;
    blcf->line = cf->conf_file->line;

    bmcf = ngx_http_conf_get_module_main_conf(cf, ngx_bb_store_module);

    if (!bmcf->served) {
        bmcf->served = 1;
        bmcf->served_file = blcf->file;
        bmcf->served_line = blcf->line;
    }
}


static char *
ngx_bb_store_mount(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_loc_conf_t *blcf = conf;

    ngx_str_t  *value;

    if (blcf->mount.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid mount \"%V\": it must begin with a slash",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    blcf->mount = value[1];

    return NGX_CONF_OK;
}


/* A header is read by ourselves, so that a second one is noticed. */

static char *
ngx_bb_store_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_loc_conf_t *blcf = conf;

    size_t                             i;
    ngx_str_t                         *value, *name;
    ngx_http_compile_complex_value_t   ccv;

    static const ngx_str_t  prefix = ngx_string("$http_");

    if (blcf->user || blcf->user_header.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len > prefix.len
        && ngx_strncmp(value[1].data, prefix.data, prefix.len) == 0)
    {
        name = &blcf->user_header;
        name->len = value[1].len - prefix.len;
        name->data = ngx_pnalloc(cf->pool, name->len);

        if (name->data == NULL) {
            return NGX_CONF_ERROR;
        }

        for (i = 0; i < name->len; i++) {
            name->data[i] = ngx_tolower(value[1].data[prefix.len + i]);

            if (name->data[i] == '_') {
                name->data[i] = '-';
                continue;
            }

            if (name->data[i] == '$' || name->data[i] == '{') {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid user \"%V\": name one variable",
                                   &value[1]);
                return NGX_CONF_ERROR;
            }
        }

        return NGX_CONF_OK;
    }

    blcf->user = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (blcf->user == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = blcf->user;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (blcf->user->lengths == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid user \"%V\": name a variable, such as "
                           "$http_userid", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_bb_store_service(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_loc_conf_t *blcf = conf;

    return bb_call_service_conf(cf, blcf->services);
}


static char *
ngx_bb_store_breaker(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    return bb_call_breaker_conf(cf, bmcf->breakers);
}


static char *
ngx_bb_store_ops(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_loc_conf_t *blcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (blcf->ops) {
        return "is duplicate";
    }

    blcf->ops = 1;

    /* another handler, before or after this one, is found at the merge */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == NULL) {
        clcf->handler = bb_ops_handler;
    }

    ngx_bb_store_serve(cf, blcf);

    return NGX_CONF_OK;
}
