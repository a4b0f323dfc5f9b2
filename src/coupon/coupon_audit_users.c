/*
 * The audit's comparison of users: rows of PostgreSQL, members in Redis.
 *
 * Rows without member.  Rows are read by user id, and Redis is asked who of
 * them is no member.  After a pause, in which the acknowledge of a claim that
 * was just committed gets through, it is asked again; who still has a row then
 * is missing.  That is so only in a set which is loaded in this run of Redis.
 *
 * Members without row.  Members are scanned, and PostgreSQL is asked who of
 * them has no row.  A granted claim is in the intent log until its row is
 * committed.  So the log is read to its end, and those whom it names are left
 * out; then a script says, in one instant, who of the others is still a member
 * and not named by what was logged since; then, and not before, the rows are
 * looked at again.  Who is left had neither a claim nor a row in that instant.
 * The removal asks the log once more in the same way.
 */

#include "coupon/coupon_audit.h"
#include "core/core_jansson.h"
#include "postgres/postgres_param.h"


/*
 * No script call gets more than 500 users, which takes about 0.4 ms of Redis'
 * time: candidates below their limit, and those of one more chunk.
 */
#define BB_AUDIT_ROWS        300
#define BB_AUDIT_MEMBERS     "200"   /* of one SSCAN */
#define BB_AUDIT_CANDIDATES  200     /* from here on they are looked at */
#define BB_AUDIT_ENTRIES     100     /* of the intent log, at a time */

#define BB_AUDIT_SET_TTL     "86400" /* s, of a set that is not loaded */


static void bb_audit_rows(bb_coupon_audit_t *audit);
static void bb_audit_rows_read(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_audit_rows_asked(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_audit_rows_next(bb_coupon_audit_t *audit);
static void bb_audit_rows_again(bb_coupon_audit_t *audit);
static void bb_audit_rows_missing(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_audit_rows_found(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_audit_rows_added(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_audit_members(bb_coupon_audit_t *audit);
static void bb_audit_members_read(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_audit_members_asked(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_audit_members_next(bb_coupon_audit_t *audit);
static void bb_audit_members_again(bb_coupon_audit_t *audit);
static void bb_audit_members_unnamed(bb_coupon_audit_t *audit);
static void bb_audit_members_left(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_audit_members_found(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_audit_log_read(bb_coupon_audit_t *audit);
static void bb_audit_log_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static ngx_int_t bb_audit_log_entry(bb_coupon_audit_t *audit,
    redisReply *entry);
static void bb_audit_ask(bb_coupon_audit_t *audit, const char *script,
    ngx_uint_t nkeys, ngx_str_t *args, ngx_uint_t nargs,
    bb_redis_handler_pt handler);
static void bb_audit_holders(bb_coupon_audit_t *audit, ngx_array_t *users,
    const char *hold, bb_postgres_handler_pt handler);
static ngx_int_t bb_audit_keep_rows(bb_coupon_audit_t *audit, PGresult *res);
static ngx_int_t bb_audit_keep(bb_coupon_audit_t *audit, redisReply *reply);
static ngx_int_t bb_audit_push(bb_coupon_audit_t *audit, ngx_array_t *users,
    redisReply *member);
static void bb_audit_note(bb_coupon_audit_t *audit, bb_audit_users_t *users);
static void bb_audit_unique(ngx_array_t *users);
static int ngx_libc_cdecl bb_audit_cmp(const void *one, const void *two);


void
bb_audit_users(bb_coupon_audit_t *audit)
{
    audit->user = INT64_MIN;
    audit->end = 0;
    audit->candidates.nelts = 0;

    bb_audit_rows(audit);
}


/* the rows, also those of a coupon that is not loaded: they are counted */

static void
bb_audit_rows(bb_coupon_audit_t *audit)
{
    u_char               text[3][NGX_INT64_LEN + 1];
    ngx_uint_t           i;
    bb_postgres_param_t  params[3];

    (void) ngx_sprintf(text[0], "%L%Z", audit->key.coupon);
    (void) ngx_sprintf(text[1], "%L%Z", audit->user);
    (void) ngx_sprintf(text[2], "%d%Z", BB_AUDIT_ROWS);

    for (i = 0; i < 3; i++) {
        params[i].value = (char *) text[i];
        params[i].len = 0;
        params[i].binary = 0;
    }

    bb_audit_query(audit, audit->issuer->worker->postgres,
                   "coupon/load_users", params, 3, bb_audit_rows_read);
}


static void
bb_audit_rows_read(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    int         i, n;
    ngx_str_t  *argv;

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    n = PQntuples(res);

    audit->report.rows += n;
    audit->end = (n < BB_AUDIT_ROWS);

    if (n > 0) {
        audit->user = strtoll(PQgetvalue(res, n - 1, 0), NULL, 10);
        audit->end |= (audit->user == INT64_MAX);
        audit->user += !audit->end;
    }

    if (n == 0 || !audit->report.loaded) {
        bb_audit_rows_next(audit);
        return;
    }

    argv = ngx_alloc((3 + n) * sizeof(ngx_str_t), audit->log);
    if (argv == NULL) {
        bb_audit_fail(audit, "out of memory");
        return;
    }

    bb_coupon_key_hash(&audit->key, &argv[0]);
    bb_coupon_key_issued(&audit->key, &argv[1]);
    bb_redis_set_run_id(&argv[2]);

    for (i = 0; i < n; i++) {
        argv[3 + i].data = (u_char *) PQgetvalue(res, i, 0);
        argv[3 + i].len = PQgetlength(res, i, 0);
    }

    bb_audit_eval(audit, "coupon_audit_holders", 2, argv, 3 + n,
                  bb_audit_rows_asked);

    ngx_free(argv);
}


static void
bb_audit_rows_asked(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK
        || bb_audit_keep(audit, reply) != NGX_OK)
    {
        return;
    }

    bb_audit_rows_next(audit);
}


static void
bb_audit_rows_next(bb_coupon_audit_t *audit)
{
    ngx_uint_t  n;

    n = audit->candidates.nelts;

    if (n >= BB_AUDIT_CANDIDATES || (audit->end && n)) {
        bb_audit_wait(audit, BB_AUDIT_GRACE, bb_audit_rows_again);
        return;
    }

    if (!audit->end) {
        bb_audit_wait(audit, audit->pace, bb_audit_rows);
        return;
    }

    if (!audit->report.loaded) {
        bb_audit_finish(audit);
        return;
    }

    ngx_str_set(&audit->cursor, "0");
    audit->end = 0;

    bb_audit_members(audit);
}


static void
bb_audit_rows_again(bb_coupon_audit_t *audit)
{
    ngx_str_t  args[3];

    bb_coupon_key_hash(&audit->key, &args[0]);
    bb_coupon_key_issued(&audit->key, &args[1]);
    bb_redis_set_run_id(&args[2]);

    bb_audit_ask(audit, "coupon_audit_holders", 2, args, 3,
                 bb_audit_rows_missing);
}


static void
bb_audit_rows_missing(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK) {
        return;
    }

    audit->candidates.nelts = 0;

    if (bb_audit_keep(audit, reply) != NGX_OK) {
        return;
    }

    if (audit->candidates.nelts == 0) {
        bb_audit_rows_next(audit);
        return;
    }

    bb_audit_holders(audit, &audit->candidates, "t", bb_audit_rows_found);
}


static void
bb_audit_rows_found(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    ngx_str_t  args[2];

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    audit->candidates.nelts = 0;

    if (bb_audit_keep_rows(audit, res) != NGX_OK) {
        return;
    }

    bb_audit_note(audit, &audit->report.no_member);

    if (!audit->repairing || audit->candidates.nelts == 0) {
        audit->candidates.nelts = 0;
        bb_audit_rows_next(audit);
        return;
    }

    bb_coupon_key_issued(&audit->key, &args[0]);
    ngx_str_set(&args[1], BB_AUDIT_SET_TTL);

    bb_audit_ask(audit, "coupon_holders", 1, args, 2, bb_audit_rows_added);
}


static void
bb_audit_rows_added(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK) {
        return;
    }

    audit->repaired.added += reply->integer;
    audit->candidates.nelts = 0;

    bb_audit_rows_next(audit);
}


static void
bb_audit_members(bb_coupon_audit_t *audit)
{
    ngx_str_t  argv[5];

    ngx_str_set(&argv[0], "SSCAN");
    bb_coupon_key_issued(&audit->key, &argv[1]);
    argv[2] = audit->cursor;
    ngx_str_set(&argv[3], "COUNT");
    ngx_str_set(&argv[4], BB_AUDIT_MEMBERS);

    audit->redis = bb_redis_call(audit->issuer->worker->redis, argv, 5,
                                 bb_audit_members_read, audit);
    if (audit->redis == NULL) {
        bb_audit_fail(audit, "too much is waiting for Redis");
    }
}


static void
bb_audit_members_read(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    size_t       i;
    redisReply  *cursor, *members;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK) {
        return;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || (size_t) reply->element[0]->len > sizeof(audit->cursor_text)
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        bb_audit_fail(audit, "Redis gave an unknown answer");
        return;
    }

    cursor = reply->element[0];
    members = reply->element[1];

    audit->cursor.data = audit->cursor_text;
    audit->cursor.len = cursor->len;
    ngx_memcpy(audit->cursor_text, cursor->str, cursor->len);

    audit->end = (cursor->len == 1 && cursor->str[0] == '0');
    audit->scanned.nelts = 0;

    for (i = 0; i < members->elements; i++) {
        if (bb_audit_push(audit, &audit->scanned, members->element[i])
            != NGX_OK)
        {
            return;
        }
    }

    if (audit->scanned.nelts == 0) {
        bb_audit_members_next(audit);
        return;
    }

    bb_audit_holders(audit, &audit->scanned, "f", bb_audit_members_asked);
}


static void
bb_audit_members_asked(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_queried(audit, rc, res) != NGX_OK
        || bb_audit_keep_rows(audit, res) != NGX_OK)
    {
        return;
    }

    bb_audit_members_next(audit);
}


static void
bb_audit_members_next(bb_coupon_audit_t *audit)
{
    ngx_uint_t  n;

    n = audit->candidates.nelts;

    if (n >= BB_AUDIT_CANDIDATES || (audit->end && n)) {
        audit->remove = 0;
        bb_audit_wait(audit, BB_AUDIT_GRACE, bb_audit_members_again);
        return;
    }

    if (!audit->end) {
        bb_audit_wait(audit, audit->pace, bb_audit_members);
        return;
    }

    bb_audit_finish(audit);
}


static void
bb_audit_members_again(bb_coupon_audit_t *audit)
{
    bb_audit_log(audit, bb_audit_members_unnamed);
}


/* The log is read: whom it does not name is looked at by the script. */

static void
bb_audit_members_unnamed(bb_coupon_audit_t *audit)
{
    u_char       claims[BB_COUPON_KEY_LEN], id[NGX_INT64_LEN];
    int64_t     *user, *named;
    ngx_str_t    args[5];
    ngx_uint_t   i, j, n;

    /* both in order, and each user once */

    bb_audit_unique(&audit->candidates);
    bb_audit_unique(&audit->named);

    user = audit->candidates.elts;
    named = audit->named.elts;

    for (i = 0, j = 0, n = 0; i < audit->candidates.nelts; i++) {

        while (j < audit->named.nelts && named[j] < user[i]) {
            j++;
        }

        if (j == audit->named.nelts || named[j] != user[i]) {
            user[n++] = user[i];
        }
    }

    audit->candidates.nelts = n;

    if (n == 0) {
        bb_audit_members_next(audit);
        return;
    }

    bb_coupon_key_issued(&audit->key, &args[0]);
    bb_coupon_key_claims(&audit->key, &args[1], claims);
    args[2] = audit->last;
    args[3].data = id;
    args[3].len = ngx_sprintf(id, "%L", audit->key.coupon) - id;
    args[4].data = (u_char *) (audit->remove ? "1" : "0");
    args[4].len = 1;

    bb_audit_ask(audit, "coupon_audit_members", 2, args, 5,
                 bb_audit_members_left);
}


static void
bb_audit_members_left(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK) {
        return;
    }

    if (reply->type == REDIS_REPLY_STATUS) {
        /* the log grew faster than it was read: from its last entry on */
        bb_audit_log_read(audit);
        return;
    }

    audit->candidates.nelts = 0;

    if (bb_audit_keep(audit, reply) != NGX_OK) {
        return;
    }

    if (audit->remove) {
        audit->repaired.removed += audit->candidates.nelts;
        audit->candidates.nelts = 0;
    }

    if (audit->candidates.nelts == 0) {
        bb_audit_members_next(audit);
        return;
    }

    bb_audit_holders(audit, &audit->candidates, "f", bb_audit_members_found);
}


static void
bb_audit_members_found(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    audit->candidates.nelts = 0;

    if (bb_audit_keep_rows(audit, res) != NGX_OK) {
        return;
    }

    bb_audit_note(audit, &audit->report.no_row);

    if (!audit->repairing || audit->candidates.nelts == 0) {
        audit->candidates.nelts = 0;
        bb_audit_members_next(audit);
        return;
    }

    audit->remove = 1;
    bb_audit_log_read(audit);
}


void
bb_audit_log(bb_coupon_audit_t *audit,
    void (*next)(bb_coupon_audit_t *audit))
{
    audit->next = next;
    audit->named.nelts = 0;
    ngx_str_set(&audit->last, "0-0");

    bb_audit_log_read(audit);
}


/* From the last entry that was read to the end. */

static void
bb_audit_log_read(bb_coupon_audit_t *audit)
{
    u_char     claims[BB_COUPON_KEY_LEN], count[NGX_INT64_LEN];
    u_char     from[1 + sizeof(audit->last_text)];
    ngx_str_t  argv[6];

    ngx_str_set(&argv[0], "XRANGE");
    bb_coupon_key_claims(&audit->key, &argv[1], claims);
    argv[2].data = from;
    argv[2].len = ngx_sprintf(from, "(%V", &audit->last) - from;
    ngx_str_set(&argv[3], "+");
    ngx_str_set(&argv[4], "COUNT");
    argv[5].data = count;
    argv[5].len = ngx_sprintf(count, "%d", BB_AUDIT_ENTRIES) - count;

    audit->redis = bb_redis_call(audit->issuer->worker->redis, argv, 6,
                                 bb_audit_log_done, audit);
    if (audit->redis == NULL) {
        bb_audit_fail(audit, "too much is waiting for Redis");
    }
}


static void
bb_audit_log_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    size_t  i;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK) {
        return;
    }

    if (reply->type != REDIS_REPLY_ARRAY) {
        bb_audit_fail(audit, "Redis gave an unknown answer");
        return;
    }

    for (i = 0; i < reply->elements; i++) {
        if (bb_audit_log_entry(audit, reply->element[i]) != NGX_OK) {
            return;
        }
    }

    if (reply->elements == BB_AUDIT_ENTRIES) {
        bb_audit_log_read(audit);
        return;
    }

    audit->next(audit);
}


/*
 * entry: { id, { "coupon", id, "claims", JSON } }; what is none of these names
 * nobody, and the sweep makes it a dead letter.
 */

static ngx_int_t
bb_audit_log_entry(bb_coupon_audit_t *audit, redisReply *entry)
{
    size_t       i;
    int64_t     *named;
    json_t      *claims, *user;
    redisReply  *id, *fields;

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2
        || entry->element[0]->type != REDIS_REPLY_STRING
        || (size_t) entry->element[0]->len > sizeof(audit->last_text))
    {
        bb_audit_fail(audit, "Redis gave an unknown answer");
        return NGX_ERROR;
    }

    id = entry->element[0];
    fields = entry->element[1];

    audit->last.data = audit->last_text;
    audit->last.len = id->len;
    ngx_memcpy(audit->last_text, id->str, id->len);

    if (fields->type != REDIS_REPLY_ARRAY || fields->elements < 4
        || fields->element[1]->type != REDIS_REPLY_STRING
        || fields->element[3]->type != REDIS_REPLY_STRING
        || strtoll(fields->element[1]->str, NULL, 10) != audit->key.coupon)
    {
        return NGX_OK;
    }

    if (bb_jansson_load(fields->element[3]->str, fields->element[3]->len, 0,
                        &claims)
        == NGX_ERROR)
    {
        bb_audit_fail(audit, "out of memory");
        return NGX_ERROR;
    }

    for (i = 0; i < json_array_size(claims); i++) {
        user = json_array_get(json_array_get(claims, i), 0);

        if (!json_is_integer(user)) {
            continue;
        }

        named = ngx_array_push(&audit->named);

        if (named == NULL) {
            json_decref(claims);
            bb_audit_fail(audit, "out of memory");
            return NGX_ERROR;
        }

        *named = json_integer_value(user);
    }

    json_decref(claims);

    return NGX_OK;
}


/* A script call with the candidates behind its keys and first arguments. */

static void
bb_audit_ask(bb_coupon_audit_t *audit, const char *script, ngx_uint_t nkeys,
    ngx_str_t *args, ngx_uint_t nargs, bb_redis_handler_pt handler)
{
    u_char      *p;
    int64_t     *users;
    ngx_str_t   *argv;
    ngx_uint_t   i, n;

    users = audit->candidates.elts;
    n = audit->candidates.nelts;

    argv = ngx_alloc((nargs + n) * sizeof(ngx_str_t) + n * NGX_INT64_LEN,
                     audit->log);
    if (argv == NULL) {
        bb_audit_fail(audit, "out of memory");
        return;
    }

    p = (u_char *) &argv[nargs + n];

    ngx_memcpy(argv, args, nargs * sizeof(ngx_str_t));

    for (i = 0; i < n; i++) {
        argv[nargs + i].data = p;
        p = ngx_sprintf(p, "%L", users[i]);
        argv[nargs + i].len = p - argv[nargs + i].data;
    }

    bb_audit_eval(audit, script, nkeys, argv, nargs + n, handler);

    ngx_free(argv);
}


/* Which of the users have a row (hold "t"), or have none ("f"). */

static void
bb_audit_holders(bb_coupon_audit_t *audit, ngx_array_t *users,
    const char *hold, bb_postgres_handler_pt handler)
{
    u_char                id[NGX_INT64_LEN + 1];
    int64_t              *user;
    ngx_uint_t            i;
    bb_postgres_array_t   array;
    bb_postgres_param_t   params[3];

    ngx_memzero(params, sizeof(params));
    (void) ngx_sprintf(id, "%L%Z", audit->key.coupon);

    params[0].value = (char *) id;
    params[2].value = hold;

    if (bb_postgres_array_bigint(&array, NULL, audit->log, users->nelts)
        != NGX_OK)
    {
        bb_audit_fail(audit, "out of memory");
        return;
    }

    user = users->elts;

    for (i = 0; i < users->nelts; i++) {
        bb_postgres_array_add_bigint(&array, user[i]);
    }

    if (bb_postgres_array_end(&array, &params[1]) == NGX_OK) {
        bb_audit_query(audit, audit->issuer->worker->postgres,
                       "coupon/audit_holders", params, 3, handler);

    } else {
        bb_audit_fail(audit, "out of memory");
    }

    bb_postgres_array_free(&array);
}


/* Adds users that PostgreSQL named to the candidates. */

static ngx_int_t
bb_audit_keep_rows(bb_coupon_audit_t *audit, PGresult *res)
{
    int       i;
    int64_t  *user;

    for (i = 0; i < PQntuples(res); i++) {
        user = ngx_array_push(&audit->candidates);

        if (user == NULL) {
            bb_audit_fail(audit, "out of memory");
            return NGX_ERROR;
        }

        *user = strtoll(PQgetvalue(res, i, 0), NULL, 10);
    }

    return NGX_OK;
}


/* The same for Redis; a word instead says that the coupon is not loaded. */

static ngx_int_t
bb_audit_keep(bb_coupon_audit_t *audit, redisReply *reply)
{
    size_t  i;

    if (reply->type == REDIS_REPLY_STATUS) {
        audit->report.loaded = 0;
        audit->candidates.nelts = 0;
        return NGX_OK;
    }

    if (reply->type != REDIS_REPLY_ARRAY) {
        bb_audit_fail(audit, "Redis gave an unknown answer");
        return NGX_ERROR;
    }

    for (i = 0; i < reply->elements; i++) {
        if (bb_audit_push(audit, &audit->candidates, reply->element[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* A member of the set that is no user's id, such as DUMMY, is passed over. */

static ngx_int_t
bb_audit_push(bb_coupon_audit_t *audit, ngx_array_t *users,
    redisReply *member)
{
    char     *end;
    int64_t  *user, id;

    if (member->type != REDIS_REPLY_STRING) {
        bb_audit_fail(audit, "Redis gave an unknown answer");
        return NGX_ERROR;
    }

    id = strtoll(member->str, &end, 10);

    if (member->len == 0 || *end != '\0') {
        return NGX_OK;
    }

    user = ngx_array_push(users);
    if (user == NULL) {
        bb_audit_fail(audit, "out of memory");
        return NGX_ERROR;
    }

    *user = id;

    return NGX_OK;
}


/* The candidates are confirmed. */

static void
bb_audit_note(bb_coupon_audit_t *audit, bb_audit_users_t *users)
{
    int64_t     *user;
    ngx_uint_t   i;

    user = audit->candidates.elts;

    for (i = 0; i < audit->candidates.nelts; i++) {
        if (users->n < BB_AUDIT_USERS) {
            users->first[users->n] = user[i];
        }

        users->n++;
    }
}


static void
bb_audit_unique(ngx_array_t *users)
{
    int64_t     *user;
    ngx_uint_t   i, n;

    user = users->elts;

    ngx_qsort(user, users->nelts, sizeof(int64_t), bb_audit_cmp);

    for (i = 0, n = 0; i < users->nelts; i++) {
        if (n == 0 || user[i] != user[n - 1]) {
            user[n++] = user[i];
        }
    }

    users->nelts = n;
}


static int ngx_libc_cdecl
bb_audit_cmp(const void *one, const void *two)
{
    int64_t  a, b;

    a = *(const int64_t *) one;
    b = *(const int64_t *) two;

    return (a > b) - (a < b);
}
