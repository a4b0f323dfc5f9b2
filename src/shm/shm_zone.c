/* The shared zone: creation, reload, and the workers' slots. */

#include "shm/shm_zone.h"


/*
 * Another layout in an inherited zone means that a reload brought another
 * build of the module: the two cannot share it.
 */
#define BB_SHM_LAYOUT  ((ngx_atomic_uint_t) 0x62620001                        \
                        + (sizeof(bb_shm_state_t) << 32))


static ngx_int_t bb_shm_init(ngx_shm_zone_t *zone, void *data);
static void bb_shm_ready(bb_shm_t *shm);


ngx_shm_zone_t *
bb_shm_add(ngx_conf_t *cf, ngx_str_t *name, size_t size, bb_shm_t *shm,
    void *tag)
{
    ngx_shm_zone_t  *zone;

    zone = ngx_shared_memory_add(cf, name, size, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = bb_shm_init;
    zone->data = shm;

    return zone;
}


/* data: the bb_shm_t of the configuration before this one, or NULL. */

static ngx_int_t
bb_shm_init(ngx_shm_zone_t *zone, void *data)
{
    bb_shm_t  *old = data;

    bb_shm_t    *shm;
    ngx_uint_t   op;

    shm = zone->data;
    shm->pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (old) {
        shm->state = old->state;

    } else if (zone->shm.exists) {
        shm->state = shm->pool->data;
    }

    if (shm->state) {

        if (shm->state->layout != BB_SHM_LAYOUT) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "bb_store: zone \"%V\" was made by another build of "
                          "the module: restart nginx instead of reloading it",
                          &zone->shm.name);
            return NGX_ERROR;
        }

        bb_shm_ready(shm);
        return NGX_OK;
    }

    /* a table that finds no room is no mishap */
    shm->pool->log_nomem = 0;

    shm->state = ngx_slab_calloc(shm->pool, sizeof(bb_shm_state_t));

    if (shm->state == NULL) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "bb_store: zone \"%V\" is too small: it needs %uzk at "
                      "least", &zone->shm.name,
                      sizeof(bb_shm_state_t) / 1024 + 16);
        return NGX_ERROR;
    }

    shm->state->layout = BB_SHM_LAYOUT;
    shm->state->started = ngx_time();

    for (op = 0; op < BB_CALL_OPS; op++) {
        shm->state->breakers[op].since = shm->state->started;
    }

    shm->pool->data = shm->state;

    bb_shm_ready(shm);

    return NGX_OK;
}


static void
bb_shm_ready(bb_shm_t *shm)
{
    shm->soldout.slots = shm->state->soldout;
    shm->soldout.pool = shm->pool;
}


void
bb_shm_renew(bb_shm_t *shm)
{
    shm->state->generation++;

#if (BB_FAULTS)
    ngx_memzero((void *) shm->state->faults, sizeof(shm->state->faults));
#endif
}


bb_shm_worker_t *
bb_shm_attach(bb_shm_t *shm)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  pid;
    bb_shm_worker_t   *slot;

    for (i = 0; i < BB_SHM_WORKERS; i++) {
        slot = &shm->state->workers[i];
        pid = slot->pid;

        if (bb_shm_alive(slot)
            || !ngx_atomic_cmp_set(&slot->pid, pid, ngx_pid))
        {
            continue;
        }

        /* the gauges of whoever had it before */

        slot->redis.state = 0;
        slot->redis.in_flight = 0;
        slot->postgres.up = 0;
        slot->postgres.in_flight = 0;
        slot->postgres_write.up = 0;
        slot->postgres_write.in_flight = 0;
        slot->postgres_issue.up = 0;
        slot->postgres_issue.in_flight = 0;
        slot->coupon.pending = 0;
        slot->committer = 0;

        slot->started = ngx_time();
        slot->generation = shm->state->generation;

        return slot;
    }

    return NULL;
}


void
bb_shm_detach(bb_shm_worker_t *slot)
{
    slot->pid = 0;
}


ngx_uint_t
bb_shm_alive(bb_shm_worker_t *slot)
{
    pid_t  pid;

    pid = (pid_t) slot->pid;

    return pid != 0 && (kill(pid, 0) == 0 || ngx_errno == NGX_EPERM);
}
