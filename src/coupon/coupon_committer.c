/*
 * One worker commits for all workers of its host.
 *
 * A coupon's row is locked by one batch at a time, and a claim in a large batch
 * costs a fraction of one in a small batch; so the batches of many workers wait
 * for each other and are small, those of one worker do neither.  The other
 * workers lend it their granted claims, over a Unix stream socket, and it says
 * what became of each.  They answer their clients, acknowledge to Redis and keep
 * the claim until then.
 *
 * Whatever the committer cannot decide at once it gives back, and a worker whose
 * committer is silent or gone takes back what it lent: it then commits by itself,
 * for a while.  A claim that was committed meanwhile knows its row.
 *
 * The first worker is the committer.  The master has the listening socket, so
 * that a new one goes on where one has died.
 */

#include "coupon/coupon_committer.h"
#include "coupon/coupon_peer.h"
#include "core/core_fault.h"

#include <sys/un.h>


#define BB_COUPON_SILENCE       1000     /* ms, until lent claims are taken back */
#define BB_COUPON_SILENT_PAUSE  10000    /* ms without lending after that */
#define BB_COUPON_RETURN_PAUSE  1000     /* the same, after claims came back,
                                            or the committer ended */


/* what is sent: a claim, with both of its texts behind it, and its end */

typedef struct {
    int64_t                coupon;
    int64_t                user;
    int64_t                id;
    uint32_t               nickname;    /* bytes */
    uint32_t               phone;
} bb_coupon_lent_t;

typedef struct {
    int64_t                id;
    int64_t                letter;
} bb_coupon_said_t;


struct bb_coupon_committer_s {
    bb_coupon_issuer_t    *issuer;

    /* in the committer */
    ngx_connection_t      *listening;
    ngx_queue_t            peers;

    /* in the others */
    bb_coupon_peer_t      *peer;        /* NULL: not connected */
    ngx_queue_t            lent;
    ngx_event_t            silence;
    ngx_msec_t             resume;      /* nothing is lent before */
    unsigned               paused:1;
};


static void bb_coupon_committer_close(void *data);
static ngx_int_t bb_coupon_committer_listen(bb_coupon_committer_t *committer,
    ngx_socket_t fd);
static void bb_coupon_accept_handler(ngx_event_t *rev);
static ngx_int_t bb_coupon_committer_connect(bb_coupon_committer_t *committer);
static void bb_coupon_peer_free(bb_coupon_peer_t *peer);
static void bb_coupon_peer_gone(bb_coupon_peer_t *peer);
static ngx_int_t bb_coupon_borrow(bb_coupon_peer_t *peer);
static ngx_int_t bb_coupon_said(bb_coupon_peer_t *peer);
static void bb_coupon_silence_handler(ngx_event_t *ev);
static void bb_coupon_lend_pause(bb_coupon_committer_t *committer,
    ngx_msec_t pause);
static void bb_coupon_take_back(bb_coupon_committer_t *committer);


/* An abstract address of the kernel's choice: no file is left behind. */

ngx_int_t
bb_coupon_committer_open(ngx_cycle_t *cycle, ngx_bb_store_main_conf_t *conf)
{
    ngx_core_conf_t     *ccf;
    struct sockaddr_un   addr;
    ngx_pool_cleanup_t  *cln;

    conf->committer = (ngx_socket_t) -1;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (!conf->coupon_committer || !ccf->master || ccf->worker_processes < 2
        || ngx_test_config)
    {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&addr, sizeof(addr));
    addr.sun_family = AF_UNIX;

    conf->committer = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC,
                             0);

    if (conf->committer == (ngx_socket_t) -1
        || bind(conf->committer, (struct sockaddr *) &addr,
                sizeof(addr.sun_family)) == -1
        || listen(conf->committer, ccf->worker_processes) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_socket_errno,
                      "bb_store: no socket for the workers' claims");

        if (conf->committer != (ngx_socket_t) -1) {
            (void) ngx_close_socket(conf->committer);
        }

        return NGX_ERROR;
    }

    cln->handler = bb_coupon_committer_close;
    cln->data = conf;

    return NGX_OK;
}


static void
bb_coupon_committer_close(void *data)
{
    ngx_bb_store_main_conf_t  *conf = data;

    (void) ngx_close_socket(conf->committer);
}


ngx_int_t
bb_coupon_committer_init(bb_coupon_issuer_t *issuer)
{
    bb_coupon_committer_t  *committer;

    if (issuer->worker->conf->committer == (ngx_socket_t) -1) {
        return NGX_OK;
    }

    committer = ngx_calloc(sizeof(bb_coupon_committer_t), issuer->log);
    if (committer == NULL) {
        return NGX_ERROR;
    }

    issuer->committer = committer;

    committer->issuer = issuer;

    ngx_queue_init(&committer->peers);
    ngx_queue_init(&committer->lent);

    committer->silence.handler = bb_coupon_silence_handler;
    committer->silence.data = committer;
    committer->silence.log = issuer->log;

    if (ngx_worker == 0) {
        return bb_coupon_committer_listen(committer,
                                          issuer->worker->conf->committer);
    }

    return NGX_OK;
}


void
bb_coupon_committer_destroy(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t            *q;
    ngx_connection_t       *c;
    bb_coupon_committer_t  *committer;

    committer = issuer->committer;

    if (committer == NULL) {
        return;
    }

    c = committer->listening;

    if (c) {
        /* the descriptor is the configuration's */

        if (c->read->active) {
            (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
        }

        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
    }

    while (!ngx_queue_empty(&committer->peers)) {
        q = ngx_queue_head(&committer->peers);
        bb_coupon_peer_free(ngx_queue_data(q, bb_coupon_peer_t, queue));
    }

    if (committer->peer) {
        bb_coupon_peer_free(committer->peer);
    }

    bb_coupon_take_back(committer);

    ngx_free(committer);
    issuer->committer = NULL;
}


static ngx_int_t
bb_coupon_committer_listen(bb_coupon_committer_t *committer, ngx_socket_t fd)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, committer->issuer->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    committer->listening = c;
    committer->issuer->worker->slot->committer = 1;

    c->data = committer;
    c->log = committer->issuer->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = bb_coupon_accept_handler;

    return ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
}


/* Anybody on the host can connect; only who runs as the workers do may. */

static void
bb_coupon_accept_handler(ngx_event_t *rev)
{
    socklen_t               len;
    ngx_socket_t            fd;
    struct ucred            cred;
    ngx_connection_t       *c;
    bb_coupon_peer_t       *peer;
    bb_coupon_committer_t  *committer;

    c = rev->data;

    if (c->close) {
        c->close = 0;
        c->error = 0;
        return;
    }

    committer = c->data;

    fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);

    if (fd == (ngx_socket_t) -1) {
        return;
    }

    len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1
        || cred.uid != geteuid())
    {
        ngx_log_error(NGX_LOG_WARN, rev->log, 0,
                      "bb_store coupon: a process of another user wanted its "
                      "claims to be committed");
        (void) ngx_close_socket(fd);
        return;
    }

    peer = bb_coupon_peer_create(committer->issuer, fd, bb_coupon_borrow,
                                 bb_coupon_peer_gone);

    if (peer) {
        ngx_queue_insert_tail(&committer->peers, &peer->queue);
    }
}


static ngx_int_t
bb_coupon_committer_connect(bb_coupon_committer_t *committer)
{
    socklen_t            len;
    ngx_socket_t         fd;
    struct sockaddr_un   addr;
    bb_coupon_issuer_t  *issuer;

    issuer = committer->issuer;
    len = sizeof(addr);

    if (getsockname(issuer->worker->conf->committer, (struct sockaddr *) &addr,
                    &len)
        == -1)
    {
        return NGX_ERROR;
    }

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    if (connect(fd, (struct sockaddr *) &addr, len) == -1) {
        (void) ngx_close_socket(fd);
        return NGX_ERROR;
    }

    committer->peer = bb_coupon_peer_create(issuer, fd, bb_coupon_said,
                                            bb_coupon_peer_gone);

    return committer->peer ? NGX_OK : NGX_ERROR;
}


static void
bb_coupon_peer_free(bb_coupon_peer_t *peer)
{
    bb_coupon_committer_t  *committer;

    committer = peer->issuer->committer;

    if (peer == committer->peer) {
        committer->peer = NULL;

    } else {
        ngx_queue_remove(&peer->queue);
    }

    bb_coupon_peer_close(peer);
    ngx_free(peer);
}


/* The connection has ended, or something on it makes no sense. */

static void
bb_coupon_peer_gone(bb_coupon_peer_t *peer)
{
    bb_coupon_issuer_t  *issuer;

    issuer = peer->issuer;

    if (peer == issuer->committer->peer) {
        bb_coupon_lend_pause(issuer->committer, BB_COUPON_RETURN_PAUSE);
        bb_coupon_peer_free(peer);
        bb_coupon_take_back(issuer->committer);
        return;
    }

    /* what it lent is committed all the same; nobody is told */

    bb_coupon_peer_close(peer);

    if (peer->left == 0) {
        bb_coupon_peer_free(peer);
    }
}


ngx_uint_t
bb_coupon_lend(bb_coupon_issuer_t *issuer)
{
    size_t                  size;
    u_char                 *p;
    ngx_queue_t            *q;
    bb_coupon_lent_t        lent;
    bb_coupon_peer_t       *peer;
    bb_coupon_claim_t      *claim;
    bb_coupon_committer_t  *committer;

    committer = issuer->committer;

    if (committer == NULL || committer->listening || ngx_exiting
        || !ngx_queue_empty(&issuer->held))
    {
        return 0;
    }

    if (committer->paused) {
        if ((ngx_msec_int_t) (committer->resume - ngx_current_msec) > 0) {
            return 0;
        }

        committer->paused = 0;
    }

    if (committer->peer == NULL
        && bb_coupon_committer_connect(committer) != NGX_OK)
    {
        bb_coupon_lend_pause(committer, BB_COUPON_SILENT_PAUSE);
        return 0;
    }

    peer = committer->peer;
    size = issuer->ncommit * sizeof(bb_coupon_lent_t);

    for (q = ngx_queue_head(&issuer->commit);
         q != ngx_queue_sentinel(&issuer->commit);
         q = ngx_queue_next(q))
    {
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);
        size += claim->nickname.len + claim->phone.len;
    }

    if (bb_coupon_buffer_reserve(&peer->out, size, issuer->log) != NGX_OK) {
        return 0;
    }

    p = peer->out.data + peer->out.last;
    peer->out.last += size;

    for (q = ngx_queue_head(&issuer->commit);
         q != ngx_queue_sentinel(&issuer->commit);
         q = ngx_queue_next(q))
    {
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        lent.coupon = claim->coupon_id;
        lent.user = claim->user;
        lent.id = claim->id;
        lent.nickname = claim->nickname.len;
        lent.phone = claim->phone.len;

        p = ngx_cpymem(p, &lent, sizeof(bb_coupon_lent_t));
        p = ngx_cpymem(p, claim->nickname.data, claim->nickname.len);
        p = ngx_cpymem(p, claim->phone.data, claim->phone.len);
    }

    ngx_queue_add(&committer->lent, &issuer->commit);
    ngx_queue_init(&issuer->commit);

    issuer->stat->lent += issuer->ncommit;
    issuer->nlent += issuer->ncommit;
    issuer->ncommit = 0;
    issuer->nurgent = 0;

    if (!committer->silence.timer_set) {
        ngx_add_timer(&committer->silence, BB_COUPON_SILENCE);
    }

    bb_fault_posted("lent");

    if (bb_coupon_peer_write(peer) != NGX_OK) {
        bb_coupon_peer_gone(peer);
        return 0;
    }

    return 1;
}


/* In the committer: takes the claims that have come in whole. */

static ngx_int_t
bb_coupon_borrow(bb_coupon_peer_t *peer)
{
    size_t               size;
    u_char              *p;
    ngx_str_t            texts[2];
    bb_coupon_lent_t     lent;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;
    bb_coupon_buffer_t  *in;

    issuer = peer->issuer;
    in = &peer->in;

    while (in->last - in->pos >= sizeof(bb_coupon_lent_t)) {
        p = in->data + in->pos;
        ngx_memcpy(&lent, p, sizeof(bb_coupon_lent_t));
        p += sizeof(bb_coupon_lent_t);

        size = sizeof(bb_coupon_lent_t) + (size_t) lent.nickname + lent.phone;

        if (in->last - in->pos < size) {

            if (bb_coupon_buffer_reserve(in, size - (in->last - in->pos),
                                         issuer->log)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            break;
        }

        in->pos += size;

        texts[0].data = p;
        texts[0].len = lent.nickname;
        texts[1].data = p + lent.nickname;
        texts[1].len = lent.phone;

        claim = bb_coupon_claim_create(issuer, lent.user, lent.id, &texts[0],
                                       &texts[1]);
        if (claim == NULL) {
            return NGX_ERROR;
        }

        claim->coupon_id = lent.coupon;
        claim->peer = peer;
        peer->left++;
        issuer->nborrowed++;

        bb_coupon_commit_borrowed(issuer, claim);
    }

    bb_coupon_borrowed_flush(issuer);
    bb_coupon_arm(issuer);

    return NGX_OK;
}


void
bb_coupon_borrowed_end(bb_coupon_claim_t *claim, u_char letter)
{
    bb_coupon_peer_t    *peer;
    bb_coupon_said_t     said;
    bb_coupon_issuer_t  *issuer;

    issuer = claim->issuer;
    peer = claim->peer;

    issuer->nborrowed--;
    peer->left--;

    said.id = claim->id;
    said.letter = letter;

    bb_coupon_claim_free(claim);

    if (peer->c == NULL) {

        if (peer->left == 0) {
            bb_coupon_peer_free(peer);
        }

        return;
    }

    if (bb_coupon_buffer_reserve(&peer->out, sizeof(bb_coupon_said_t),
                                 issuer->log)
        != NGX_OK)
    {
        peer->failed = 1;
        return;
    }

    ngx_memcpy(peer->out.data + peer->out.last, &said,
               sizeof(bb_coupon_said_t));
    peer->out.last += sizeof(bb_coupon_said_t);
}


void
bb_coupon_borrowed_flush(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t            *q, *next;
    bb_coupon_peer_t       *peer;
    bb_coupon_committer_t  *committer;

    committer = issuer->committer;

    if (committer == NULL) {
        return;
    }

    for (q = ngx_queue_head(&committer->peers);
         q != ngx_queue_sentinel(&committer->peers);
         q = next)
    {
        next = ngx_queue_next(q);
        peer = ngx_queue_data(q, bb_coupon_peer_t, queue);

        if (peer->c == NULL) {
            continue;
        }

        if (peer->failed
            || (!peer->c->write->active
                && bb_coupon_peer_write(peer) != NGX_OK))
        {
            bb_coupon_peer_gone(peer);
        }
    }
}


/* In the others: the committer has said what became of some claims. */

static ngx_int_t
bb_coupon_said(bb_coupon_peer_t *peer)
{
    ngx_queue_t            *q, intents;
    bb_coupon_said_t        said;
    bb_coupon_claim_t      *claim;
    bb_coupon_issuer_t     *issuer;
    bb_coupon_buffer_t     *in;
    bb_coupon_committer_t  *committer;

    issuer = peer->issuer;
    committer = issuer->committer;
    in = &peer->in;

    ngx_queue_init(&intents);

    for ( /* void */ ; in->last - in->pos >= sizeof(bb_coupon_said_t);
         in->pos += sizeof(bb_coupon_said_t))
    {
        ngx_memcpy(&said, in->data + in->pos, sizeof(bb_coupon_said_t));

        /* nearly always the first one */

        for (q = ngx_queue_head(&committer->lent);
             q != ngx_queue_sentinel(&committer->lent);
             q = ngx_queue_next(q))
        {
            claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

            if (claim->id == said.id) {
                break;
            }
        }

        if (q == ngx_queue_sentinel(&committer->lent)) {
            continue;
        }

        ngx_queue_remove(q);
        issuer->nlent--;

        if (said.letter == BB_COUPON_RETURNED) {
            bb_coupon_lend_pause(committer, BB_COUPON_RETURN_PAUSE);
            issuer->stat->returned++;
            bb_coupon_commit_returned(issuer, claim);
            continue;
        }

        bb_coupon_decided(claim, (u_char) said.letter, &intents);
    }

    if (committer->silence.timer_set) {
        ngx_del_timer(&committer->silence);
    }

    if (issuer->nlent) {
        ngx_add_timer(&committer->silence, BB_COUPON_SILENCE);
    }

    bb_fault("answered");

    bb_coupon_ack(issuer, &intents);
    bb_coupon_arm(issuer);

    return NGX_OK;
}


static void
bb_coupon_silence_handler(ngx_event_t *ev)
{
    bb_coupon_committer_t  *committer;

    committer = ev->data;

    ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                  "bb_store coupon: the worker that commits is silent, %ui "
                  "claims are committed here", committer->issuer->nlent);

    bb_coupon_lend_pause(committer, BB_COUPON_SILENT_PAUSE);

    if (committer->peer) {
        bb_coupon_peer_free(committer->peer);
    }

    bb_coupon_take_back(committer);
}


static void
bb_coupon_lend_pause(bb_coupon_committer_t *committer, ngx_msec_t pause)
{
    committer->paused = 1;
    committer->resume = ngx_current_msec + pause;
}


/* Lent claims are committed here. */

static void
bb_coupon_take_back(bb_coupon_committer_t *committer)
{
    ngx_queue_t         *q;
    bb_coupon_issuer_t  *issuer;

    issuer = committer->issuer;

    if (committer->silence.timer_set) {
        ngx_del_timer(&committer->silence);
    }

    issuer->stat->returned += issuer->nlent;

    while (!ngx_queue_empty(&committer->lent)) {
        q = ngx_queue_head(&committer->lent);
        ngx_queue_remove(q);
        issuer->nlent--;

        bb_coupon_commit_returned(issuer,
                                  ngx_queue_data(q, bb_coupon_claim_t, queue));
    }
}
