/* Sold-out coupons: the shared slots and their tables of holders. */

#include "shm/shm_soldout.h"


#define BB_SOLDOUT_NOBODY  INT64_MIN    /* an empty place in a table */


static bb_soldout_slot_t *bb_soldout_slot(bb_soldout_t *soldout,
    int64_t coupon);
static ngx_uint_t bb_soldout_hash(int64_t user);
static void bb_soldout_drop(bb_soldout_t *soldout, bb_soldout_slot_t *slot);
static void bb_soldout_begin(bb_soldout_slot_t *slot);
static void bb_soldout_end(bb_soldout_slot_t *slot);


static bb_soldout_slot_t *
bb_soldout_slot(bb_soldout_t *soldout, int64_t coupon)
{
    return &soldout->slots[(uint64_t) coupon % BB_SOLDOUT_SLOTS];
}


/* Ids of one provider differ in few bits: a multiplication spreads them. */

static ngx_uint_t
bb_soldout_hash(int64_t user)
{
    return ((uint64_t) user * 0x9e3779b97f4a7c15ull) >> 20;
}


bb_soldout_e
bb_soldout_find(bb_soldout_t *soldout, int64_t coupon, int64_t user,
    ngx_uint_t today)
{
    int64_t            *users;
    ngx_uint_t          i, mask;
    ngx_msec_t          age;
    bb_soldout_e        found;
    bb_soldout_slot_t  *slot;
    ngx_atomic_uint_t   seq, asked;

    slot = bb_soldout_slot(soldout, coupon);
    seq = slot->seq;

    ngx_memory_barrier();

    if (seq & 1 || slot->coupon != coupon || slot->users == NULL
        || today > slot->end || user == BB_SOLDOUT_NOBODY)
    {
        return BB_SOLDOUT_UNKNOWN;
    }

    age = ngx_current_msec - slot->confirmed;

    if ((ngx_msec_int_t) age >= BB_SOLDOUT_EXPIRE) {
        return BB_SOLDOUT_UNKNOWN;
    }

    if ((ngx_msec_int_t) age >= BB_SOLDOUT_CONFIRM) {

        /* one draw goes to Redis and confirms for all, the others go on */

        asked = slot->asked;

        if ((ngx_msec_int_t) (ngx_current_msec - asked) >= BB_SOLDOUT_CONFIRM
            && ngx_atomic_cmp_set(&slot->asked, asked, ngx_current_msec))
        {
            return BB_SOLDOUT_UNKNOWN;
        }
    }

    mask = slot->mask;
    users = slot->users;

    /* both may be of different states: do not read beyond the zone */

    if ((u_char *) users < soldout->pool->start
        || mask >= (ngx_uint_t) ((int64_t *) soldout->pool->end - users))
    {
        return BB_SOLDOUT_UNKNOWN;
    }

    found = BB_SOLDOUT_NONE_LEFT;

    for (i = bb_soldout_hash(user) & mask;
         users[i] != BB_SOLDOUT_NOBODY;
         i = (i + 1) & mask)
    {
        if (users[i] == user) {
            found = BB_SOLDOUT_HOLDER;
            break;
        }

        if (slot->seq != seq) {
            return BB_SOLDOUT_UNKNOWN;
        }
    }

    ngx_memory_barrier();

    return slot->seq == seq ? found : BB_SOLDOUT_UNKNOWN;
}


ngx_atomic_uint_t
bb_soldout_seq(bb_soldout_t *soldout, int64_t coupon)
{
    return bb_soldout_slot(soldout, coupon)->seq;
}


int64_t
bb_soldout_version(bb_soldout_t *soldout, int64_t coupon)
{
    bb_soldout_slot_t  *slot;

    slot = bb_soldout_slot(soldout, coupon);

    return (slot->users && slot->coupon == coupon) ? slot->version : 0;
}


void
bb_soldout_confirm(bb_soldout_t *soldout, int64_t coupon, int64_t version,
    ngx_msec_t when)
{
    bb_soldout_slot_t  *slot;

    slot = bb_soldout_slot(soldout, coupon);

    ngx_shmtx_lock(&soldout->pool->mutex);

    if (slot->users && slot->coupon == coupon && slot->version == version
        && (ngx_msec_int_t) (when - slot->confirmed) > 0)
    {
        /* one word: readers need no new sequence number */
        slot->confirmed = when;
    }

    ngx_shmtx_unlock(&soldout->pool->mutex);
}


ngx_int_t
bb_soldout_set(bb_soldout_t *soldout, int64_t coupon, int64_t version,
    ngx_uint_t end, const int64_t *users, ngx_uint_t n, ngx_uint_t distinct,
    ngx_atomic_uint_t seq, ngx_msec_t when)
{
    int64_t            *table;
    ngx_int_t           rc;
    ngx_uint_t          i, k, size, found;
    bb_soldout_slot_t  *slot;

    /* at most half full */

    for (size = 16; size < 2 * n; size *= 2) { /* void */ }

    rc = NGX_DECLINED;
    slot = bb_soldout_slot(soldout, coupon);

    ngx_shmtx_lock(&soldout->pool->mutex);

    if (slot->seq != seq) {
        goto done;
    }

    /* the one before, of this coupon or of another, makes room first */

    bb_soldout_begin(slot);
    bb_soldout_drop(soldout, slot);

    table = ngx_slab_alloc_locked(soldout->pool, size * sizeof(int64_t));

    if (table == NULL) {
        bb_soldout_end(slot);
        goto done;
    }

    for (i = 0; i < size; i++) {
        table[i] = BB_SOLDOUT_NOBODY;
    }

    for (k = 0, found = 0; k < n; k++) {
        i = bb_soldout_hash(users[k]) & (size - 1);

        while (table[i] != BB_SOLDOUT_NOBODY && table[i] != users[k]) {
            i = (i + 1) & (size - 1);
        }

        found += (table[i] == BB_SOLDOUT_NOBODY);
        table[i] = users[k];
    }

    if (found == distinct) {
        slot->coupon = coupon;
        slot->version = version;
        slot->end = end;
        slot->mask = size - 1;
        slot->users = table;
        slot->confirmed = when;
        slot->asked = when;
        rc = NGX_OK;

    } else {
        ngx_slab_free_locked(soldout->pool, table);
    }

    bb_soldout_end(slot);

done:

    ngx_shmtx_unlock(&soldout->pool->mutex);

    return rc;
}


void
bb_soldout_clear(bb_soldout_t *soldout, int64_t coupon)
{
    bb_soldout_slot_t  *slot;

    slot = bb_soldout_slot(soldout, coupon);

    ngx_shmtx_lock(&soldout->pool->mutex);

    bb_soldout_begin(slot);

    if (slot->coupon == coupon) {
        bb_soldout_drop(soldout, slot);
    }

    bb_soldout_end(slot);

    ngx_shmtx_unlock(&soldout->pool->mutex);
}


/* A worker killed in between loses the memory, but frees nothing twice. */

static void
bb_soldout_drop(bb_soldout_t *soldout, bb_soldout_slot_t *slot)
{
    int64_t  *users;

    users = slot->users;

    if (users) {
        slot->users = NULL;
        ngx_memory_barrier();
        ngx_slab_free_locked(soldout->pool, users);
    }
}


/*
 * A writer that was killed leaves an odd number: then no reader believes the
 * slot, and the next writer makes it even again.
 */

static void
bb_soldout_begin(bb_soldout_slot_t *slot)
{
    slot->seq |= 1;
    ngx_memory_barrier();
}


static void
bb_soldout_end(bb_soldout_slot_t *slot)
{
    ngx_memory_barrier();
    slot->seq++;
}
