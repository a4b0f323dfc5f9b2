/*
 * The parts of an issuer, shared by the files that make it up: coupon_issuer.c,
 * coupon_claim.c, coupon_issue.c (claims before Redis' verdict), coupon_load.c,
 * coupon_commit.c, coupon_held.c, coupon_committer.c, coupon_peer.c,
 * coupon_intent.c, coupon_ack.c, coupon_sweep.c, coupon_soldout.c and
 * coupon_reconcile.c.
 *
 * A claim is always in exactly one place: its coupon's fresh or waiting queue,
 * a script call, the commit queue, a locked coupon's queue, the batch in flight,
 * or lent to another worker.
 */

#ifndef _BB_COUPON_ISSUER_H_INCLUDED_
#define _BB_COUPON_ISSUER_H_INCLUDED_


#include "coupon/coupon_issue.h"
#include "coupon/coupon_key.h"


#define BB_COUPON_CALL_CLAIMS   128    /* claims in one script call */
#define BB_COUPON_BUCKETS       256    /* of the table of coupons in progress */
#define BB_COUPON_BLOCK         512    /* bytes; most claims fit */

/* blocks kept for claims to come; a sanitizer is to see each claim's end */

#if defined(__SANITIZE_ADDRESS__)
#define BB_COUPON_BLOCKS        0
#else
#define BB_COUPON_BLOCKS        1024
#endif


typedef struct bb_coupon_load_s   bb_coupon_load_t;
typedef struct bb_coupon_batch_s  bb_coupon_batch_t;
typedef struct bb_coupon_held_s   bb_coupon_held_t;
typedef struct bb_coupon_peer_s   bb_coupon_peer_t;
typedef struct bb_coupon_committer_s  bb_coupon_committer_t;
typedef struct bb_coupon_sweep_s  bb_coupon_sweep_t;
typedef struct bb_coupon_reconcile_s  bb_coupon_reconcile_t;
typedef struct bb_coupon_learn_s  bb_coupon_learn_t;


/* a coupon for which this worker has claims before Redis, or a load */

typedef struct {
    ngx_queue_t             bucket;     /* in issuer->coupons */
    ngx_queue_t             dirty;      /* in issuer->dirty, if fresh has any */
    ngx_queue_t             fresh;      /* claims to send this turn */
    ngx_queue_t             waiting;    /* claims that wait for the load */
    ngx_uint_t              users;      /* what keeps it: claims, calls, load */
    bb_coupon_load_t       *load;
    ngx_uint_t              loads;      /* done, and still not loaded */
    bb_coupon_key_t         key;
    unsigned                is_dirty:1;
} bb_coupon_t;


/* what PostgreSQL never takes, with its texts in one block */

typedef struct bb_coupon_dead_s  bb_coupon_dead_t;

struct bb_coupon_dead_s {
    bb_coupon_dead_t       *next;
    ngx_str_t               coupon;
    ngx_str_t               claims;     /* as in the log */
    ngx_str_t               reason;
};


/* an entry of the intent log whose claims are being committed */

typedef struct {
    ngx_queue_t             queue;      /* of settled ones, or the sweep's */
    ngx_uint_t              left;       /* claims not settled, the maker */
    bb_coupon_key_t         key;
    ngx_str_t               id;         /* of the stream entry */
    ngx_str_t               load;       /* of the set that granted it */
    bb_coupon_sweep_t      *sweep;      /* the sweep that found it, or NULL */

    /* users of settled claims: holders from the front, refused at the end */
    ngx_uint_t              nusers;
    ngx_uint_t              nrefused;
    ngx_uint_t              n;
    int64_t                *users;

    bb_coupon_dead_t       *dead;       /* its dead letters */
    ngx_uint_t              ndead;

    unsigned                aside:1;    /* in the sweep's queue */
    unsigned                dropped:1;  /* some of it is left to the sweep */
    unsigned                sold_out:1; /* PostgreSQL has no place for some */
} bb_coupon_intent_t;


struct bb_coupon_claim_s {
    ngx_queue_t             queue;      /* in the place where it is */
    ngx_queue_t             pending;    /* in issuer->pending, by deadline */
    bb_coupon_issuer_t     *issuer;
    bb_coupon_t            *coupon;     /* until Redis has decided */
    bb_coupon_intent_t     *intent;     /* afterwards; NULL: borrowed */
    bb_coupon_peer_t       *peer;       /* who lent it, or NULL */

    int64_t                 coupon_id;  /* set for the commit */
    int64_t                 user;
    int64_t                 id;         /* unique; its time is in it */
    ngx_msec_t              deadline;
    bb_ack_e                ack;

    bb_coupon_handler_pt    handler;    /* NULL: answered, or nobody waits */
    void                   *data;

    /* in one block behind this struct, the first two zero-terminated */
    ngx_str_t               nickname;
    ngx_str_t               phone;
    ngx_str_t               number;     /* the user as text */
    ngx_str_t               record;     /* [user,nickname,phone,claim id] */

    unsigned                is_pending:1;
    unsigned                sent:1;     /* in a script call, or granted */
    unsigned                urgent:1;   /* in the commit queue: who waits? */
    unsigned                small:1;    /* its block goes to issuer->free */
};


struct bb_coupon_issuer_s {
    bb_worker_t            *worker;
    bb_coupon_stat_t       *stat;
    ngx_log_t              *log;

    bb_redis_script_t      *issue;
    bb_redis_script_t      *put;
    bb_redis_script_t      *ack;
    bb_redis_script_t      *holders;
    bb_redis_script_t      *load_lock;
    bb_redis_script_t      *load_users;
    bb_redis_script_t      *load;
    bb_redis_script_t      *late;
    bb_redis_script_t      *soldout;

    const bb_postgres_statement_t  *batch_statement;
    const bb_postgres_statement_t  *some_statement;
    const bb_postgres_statement_t  *load_statement;
    const bb_postgres_statement_t  *users_statement;
    const bb_postgres_statement_t  *ready_statement;

    int64_t                 last_id;
    int64_t                 tag;        /* of this worker, in claim ids */

    /* claims before Redis has decided */
    ngx_queue_t             coupons[BB_COUPON_BUCKETS];
    ngx_queue_t             dirty;
    ngx_event_t             flush;      /* posted: sends fresh claims */
    ngx_uint_t              claims;     /* that exist */
    ngx_queue_t             free;       /* blocks of claims that ended */
    ngx_uint_t              nfree;
    ngx_queue_t             pending;    /* those not past their deadline */
    ngx_event_t             timer;      /* deadlines; not cancelable */
    bb_postgres_call_t     *probe;      /* is PostgreSQL back? */

    /* granted claims on their way to PostgreSQL */
    ngx_queue_t             commit;
    ngx_uint_t              ncommit;
    ngx_uint_t              nurgent;    /* of these: somebody waits */
    ngx_event_t             post;       /* posted: sends the next batch */
    ngx_event_t             linger;     /* timer while nobody waits */
    ngx_event_t             retry;      /* timer after a failed batch */
    ngx_msec_t              backoff;
    ngx_uint_t              limit;      /* of rows, lowered to find a bad one */
    bb_coupon_batch_t      *batch;      /* in flight */

    /* those of coupons whose row somebody has locked, see coupon_held.c */
    ngx_queue_t             held;
    ngx_uint_t              nheld;
    ngx_event_t             wake;       /* timer of the next batch of them */
    unsigned                after_held:1;   /* the last batch was of them */
    unsigned                waited:1;   /* in vain: a batch of several coupons */

    bb_coupon_committer_t  *committer;  /* NULL: each worker for itself */
    ngx_uint_t              nlent;      /* own claims that another one commits */
    ngx_uint_t              nborrowed;  /* claims of others */

    bb_coupon_sweep_t      *sweep;      /* in the worker that sweeps */
    bb_coupon_reconcile_t  *reconcile;  /* the same */

    bb_coupon_learn_t      *learning;   /* the holders of one coupon */
    ngx_msec_t              learn_after;
};


/* coupon_claim.c */

void bb_coupon_claims_init(bb_coupon_issuer_t *issuer);
void bb_coupon_claims_destroy(bb_coupon_issuer_t *issuer);

/* Unique and rising; milliseconds since the epoch shifted left by 20 bits. */
int64_t bb_coupon_next_id(bb_coupon_issuer_t *issuer);

/* Makes a claim without deadline, handler or place; NULL: out of memory. */
bb_coupon_claim_t *bb_coupon_claim_create(bb_coupon_issuer_t *issuer,
    int64_t user, int64_t id, const ngx_str_t *nickname,
    const ngx_str_t *phone);

/* Tells whoever waits; the claim stays where it is. */
void bb_coupon_claim_answer(bb_coupon_claim_t *claim,
    bb_coupon_verdict_e verdict);

/* Ends a claim that was taken from its place. */
void bb_coupon_claim_free(bb_coupon_claim_t *claim);


/* coupon_issue.c */

void bb_coupon_issue_init(bb_coupon_issuer_t *issuer);
void bb_coupon_issue_destroy(bb_coupon_issuer_t *issuer);

/* Sends the claims that wait for this coupon's load. */
void bb_coupon_resume(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon);

/* Answers them instead. */
void bb_coupon_settle_waiting(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon,
    bb_coupon_verdict_e verdict);

/* One of the coupon's users is gone; the last one frees it. */
void bb_coupon_release(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon);

/* Arms the deadline timer if there is anything to wait for. */
void bb_coupon_arm(bb_coupon_issuer_t *issuer);


/* coupon_load.c */

/*
 * Loads a coupon that Redis lost; its claims are in coupon->waiting.  Nothing
 * if a load is under way.
 */
void bb_coupon_load_start(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon);


/* coupon_commit.c */

/* Takes a granted claim of that intent. */
void bb_coupon_commit_add(bb_coupon_issuer_t *issuer, bb_coupon_claim_t *claim,
    bb_coupon_intent_t *intent);

/* Takes a claim that another worker lent; it may go back at once. */
void bb_coupon_commit_borrowed(bb_coupon_issuer_t *issuer,
    bb_coupon_claim_t *claim);

/* Takes one again that was lent. */
void bb_coupon_commit_returned(bb_coupon_issuer_t *issuer,
    bb_coupon_claim_t *claim);

/* PostgreSQL is back: does not wait for the retry's turn. */
void bb_coupon_commit_retry(bb_coupon_issuer_t *issuer);

/* Gives up what is queued: the process exits, the intent log keeps it. */
void bb_coupon_commit_abandon(bb_coupon_issuer_t *issuer);

void bb_coupon_commit_init(bb_coupon_issuer_t *issuer);
void bb_coupon_commit_destroy(bb_coupon_issuer_t *issuer);


/* coupon_intent.c */

/*
 * Makes an intent for up to n claims, and holds it until it is released.
 * NULL: out of memory.
 */
bb_coupon_intent_t *bb_coupon_intent_create(int64_t coupon,
    const ngx_str_t *id, const ngx_str_t *load, ngx_uint_t n);

void bb_coupon_intent_release(bb_coupon_intent_t *intent);

/* One that nobody holds. */
void bb_coupon_intent_free(bb_coupon_intent_t *intent);

/*
 * Answers and ends a claim by its letter of issue_batch(); its intent joins
 * intents when that was the last one.  A claim that was lent goes back instead.
 */
void bb_coupon_decided(bb_coupon_claim_t *claim, u_char letter,
    ngx_queue_t *intents);

/*
 * Ends a claim that PostgreSQL will never take: a dead letter, undone.  It is in
 * no queue.  NGX_ERROR: out of memory, nothing was done.
 */
ngx_int_t bb_coupon_refuse(bb_coupon_claim_t *claim, const char *reason);

/*
 * Gives an intent a dead letter, which replaces its entry, or one claim of it, when
 * it leaves the log.  The texts are copied; coupon and claims are those of the
 * entry, as they are.  NGX_ERROR: out of memory.
 */
ngx_int_t bb_coupon_dead(bb_coupon_intent_t *intent, const ngx_str_t *coupon,
    const ngx_str_t *claims, const char *reason);


/* coupon_ack.c */

/*
 * Takes settled intents out of the log, in one call for those of a coupon, and
 * frees them.
 */
void bb_coupon_ack(bb_coupon_issuer_t *issuer, ngx_queue_t *intents);


/* coupon_sweep.c */

bb_coupon_sweep_t *bb_coupon_sweep_create(bb_coupon_issuer_t *issuer);
void bb_coupon_sweep_destroy(bb_coupon_sweep_t *sweep);

/* An entry that the sweep found is settled. */
void bb_coupon_sweep_settled(bb_coupon_sweep_t *sweep);

/* Claims of such an entry wait for a locked coupon: the sweep goes on. */
void bb_coupon_sweep_aside(bb_coupon_intent_t *intent);


/* coupon_soldout.c */

/*
 * What a script call that was sent then (ms) said of a coupon: confirms or
 * forgets what the zone has of it, or begins to learn its holders.
 */
void bb_coupon_soldout_learn(bb_coupon_issuer_t *issuer, int64_t coupon,
    int64_t version, int64_t left, ngx_msec_t sent);

void bb_coupon_soldout_destroy(bb_coupon_learn_t *learn);


#endif /* _BB_COUPON_ISSUER_H_INCLUDED_ */
