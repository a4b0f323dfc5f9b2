/* Points at which a worker of a test build ends as in a crash. */

#include "core/core_fault.h"

#if (BB_FAULTS)

#include "core/core_conf.h"


typedef struct {
    ngx_event_t    event;
    const char    *name;
} bb_fault_event_t;


static const char  *bb_fault_names[BB_FAULT_POINTS] = {
    "claimed",             /* granted by Redis, not in a batch */
    "lent",                /* to the worker that commits for the host */
    "batch_sent",          /* to PostgreSQL */
    "committed",           /* nobody is told */
    "answered",            /* the entries are still in the log */
    "load_chunk",          /* some holders are loaded */
    "sweep",               /* late entries are taken up */
    "edit_committed"       /* Redis does not know it */
};


static ngx_int_t bb_fault_find(const char *name);
static void bb_fault_event_handler(ngx_event_t *ev);


char *
bb_fault_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_bb_store_main_conf_t *bmcf = conf;

    ngx_int_t   i, n;
    ngx_str_t  *value;

    value = cf->args->elts;
    n = 1;

    i = bb_fault_find((char *) value[1].data);

    if (i == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unknown fault \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts > 2) {
        n = ngx_atoi(value[2].data, value[2].len);

        if (n < 1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number \"%V\" of fault \"%V\"",
                               &value[2], &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    bmcf->faults[i] = n;

    return NGX_CONF_OK;
}


static ngx_int_t
bb_fault_find(const char *name)
{
    ngx_int_t  i;

    for (i = 0; i < BB_FAULT_POINTS; i++) {
        if (ngx_strcmp(bb_fault_names[i], name) == 0) {
            return i;
        }
    }

    return NGX_ERROR;
}


void
bb_fault(const char *name)
{
    ngx_int_t                  i;
    ngx_atomic_t              *passed;
    ngx_bb_store_main_conf_t  *bmcf;

    bmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_bb_store_module);

    i = bb_fault_find(name);

    if (i == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "bb_store fault: no point \"%s\"", name);
        return;
    }

    passed = &bmcf->shm->state->faults[i];

    if (bmcf->faults[i] == 0
        || (ngx_uint_t) ngx_atomic_fetch_add(passed, 1) + 1
           != bmcf->faults[i])
    {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "bb_store fault: worker ends at \"%s\"", name);

    (void) kill(ngx_pid, SIGKILL);
}


void
bb_fault_posted(const char *name)
{
    bb_fault_event_t  *fault;

    fault = ngx_calloc(sizeof(bb_fault_event_t), ngx_cycle->log);
    if (fault == NULL) {
        return;
    }

    fault->name = name;
    fault->event.handler = bb_fault_event_handler;
    fault->event.data = fault;
    fault->event.log = ngx_cycle->log;

    ngx_post_event(&fault->event, &ngx_posted_events);
}


static void
bb_fault_event_handler(ngx_event_t *ev)
{
    const char        *name;
    bb_fault_event_t  *fault;

    fault = ev->data;
    name = fault->name;

    ngx_free(fault);
    bb_fault(name);
}

#endif
