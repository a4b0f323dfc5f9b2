/*
 * S4, S5, S7, S8: what PostgreSQL or the cache tells of stores, and what other
 * services tell of them to the caller.
 *
 * The statements build the JSON as nobody in particular sees it; the caller's
 * likes and subscriptions are written into that text.
 */

#include "store/store_facade.h"
#include "call/call_client.h"
#include "core/core_jansson.h"
#include "core/core_query.h"
#include "core/core_reply.h"
#include "core/core_script.h"


#define BB_STORE_CACHE_TTL    "10"       /* seconds */
#define BB_STORE_CACHE_PAGES  "1000"
#define BB_STORE_CACHE_PAGE   (64 * 1024)     /* bytes of the largest */

/* how the data of sql/store/page.sql ends, and what S5 makes of it */
#define BB_STORE_PAGE_TAIL                                                    \
    "\"isLiked\":false,\"isSubscribed\":false,\"subscriptionProductId\":null}"


typedef struct {
    ngx_str_t     data;
    ngx_str_t     ids;          /* "12,13" */

    /* S4 */
    ngx_str_t     field;        /* in the cache */
    ngx_str_t     version;      /* of the cache; empty: do not cache */

    /* S5 */
    ngx_uint_t    left;         /* calls */
    ngx_str_t     product;      /* JSON of the subscription product's id */
    unsigned      liked:1;
    unsigned      subscribed:1;
} bb_store_view_t;


static bb_store_view_t *bb_store_view(bb_req_t *req);
static void bb_store_list_cached(bb_req_t *req, redisReply *reply);
static ngx_int_t bb_store_list_page(bb_req_t *req, bb_store_view_t *view,
    redisReply *page);
static void bb_store_list_read(bb_req_t *req, PGresult *res);
static void bb_store_list_keep(bb_req_t *req, bb_store_view_t *view);
static void bb_store_map_read(bb_req_t *req, PGresult *res);
static ngx_int_t bb_store_view_take(bb_req_t *req, PGresult *res);
static void bb_store_likes(bb_req_t *req, bb_store_view_t *view);
static void bb_store_likes_done(bb_req_t *req, void *data, json_t *answer);
static void bb_store_likes_merge(bb_req_t *req, bb_store_view_t *view,
    json_t *likes);
static void bb_store_page_read(bb_req_t *req, PGresult *res);
static void bb_store_page_liked(bb_req_t *req, void *data, json_t *answer);
static void bb_store_page_subscribed(bb_req_t *req, void *data,
    json_t *answer);
static void bb_store_page_product(bb_req_t *req, void *data, json_t *answer);
static void bb_store_page_reply(bb_req_t *req, bb_store_view_t *view);
static ngx_int_t bb_store_copy(bb_req_t *req, ngx_str_t *to, const char *data,
    size_t len);


static ngx_str_t  bb_store_cache_keys[] = {
    ngx_string("{bb:stores}:version"),
    ngx_string("{bb:stores}:pages")
};

static ngx_str_t  bb_store_likes_path = ngx_string("/client/likes/stores");
static ngx_str_t  bb_store_subs_path =
    ngx_string("/client/order-query/subs/lists");
static ngx_str_t  bb_store_product_path = ngx_string("/client/store");


/* Makes req->data; NULL: out of memory, and answered. */

static bb_store_view_t *
bb_store_view(bb_req_t *req)
{
    bb_store_view_t  *view;

    view = ngx_pcalloc(req->r->pool, sizeof(bb_store_view_t));

    if (view == NULL) {
        bb_reply_error(req);
        return NULL;
    }

    req->data = view;

    return view;
}


void
bb_store_list_handler(bb_req_t *req)
{
    u_char               *p;
    ngx_str_t             argv[3];
    bb_store_view_t      *view;
    bb_postgres_param_t   params[BB_POSTGRES_MAX_PARAMS];

    view = bb_store_view(req);
    if (view == NULL) {
        return;
    }

    /* limit and offset, as the statement gets them */

    p = ngx_pnalloc(req->r->pool, 2 * NGX_INT64_LEN + 1);

    if (p == NULL || bb_query_params(req, params) != NGX_OK) {
        bb_reply_error(req);
        return;
    }

    view->field.data = p;
    view->field.len = ngx_sprintf(p, "%s:%s", params[0].value, params[1].value)
                      - p;

    argv[0] = bb_store_cache_keys[0];
    argv[1] = bb_store_cache_keys[1];
    argv[2] = view->field;

    if (bb_script_run(req, "store_page_get", 2, argv, 3, bb_store_list_cached)
        != NGX_OK)
    {
        bb_query_run(req, bb_store_list_read);
    }
}


static void
bb_store_list_cached(bb_req_t *req, redisReply *reply)
{
    redisReply       **part;
    bb_store_view_t   *view;

    view = req->data;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || (reply->elements != 1 && reply->elements != 2))
    {
        /* without Redis the list comes from PostgreSQL */
        bb_query_run(req, bb_store_list_read);
        return;
    }

    part = reply->element;

    if (reply->elements == 1) {
        if (bb_store_copy(req, &view->version, part[0]->str, part[0]->len)
            != NGX_OK)
        {
            bb_reply_error(req);
            return;
        }

        bb_query_run(req, bb_store_list_read);
        return;
    }

    switch (bb_store_list_page(req, view, part[1])) {

    case NGX_OK:
        bb_store_likes(req, view);
        return;

    case NGX_DECLINED:
        bb_query_run(req, bb_store_list_read);
        return;

    default:
        bb_reply_error(req);
    }
}


/* "<version> <ids> <data>"; NGX_DECLINED: it is something else. */

static ngx_int_t
bb_store_list_page(bb_req_t *req, bb_store_view_t *view, redisReply *page)
{
    u_char  *ids, *data, *last;

    if (page->type != REDIS_REPLY_STRING) {
        return NGX_DECLINED;
    }

    last = (u_char *) page->str + page->len;
    ids = ngx_strlchr((u_char *) page->str, last, ' ');
    data = ids ? ngx_strlchr(ids + 1, last, ' ') : NULL;

    if (data == NULL) {
        return NGX_DECLINED;
    }

    ids++;
    data++;

    if (bb_store_copy(req, &view->ids, (char *) ids, data - ids - 1) != NGX_OK
        || bb_store_copy(req, &view->data, (char *) data, last - data)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
bb_store_list_read(bb_req_t *req, PGresult *res)
{
    bb_store_view_t  *view;

    view = req->data;

    if (bb_store_view_take(req, res) != NGX_OK) {
        return;
    }

    if (view->version.len && view->data.len <= BB_STORE_CACHE_PAGE) {
        bb_store_list_keep(req, view);
    }

    bb_store_likes(req, view);
}


/* Nobody waits for it. */

static void
bb_store_list_keep(bb_req_t *req, bb_store_view_t *view)
{
    ngx_str_t           argv[8];
    bb_redis_script_t  *script;

    script = bb_redis_script_find(req->conf->scripts, "store_page_put");

    argv[0] = bb_store_cache_keys[0];
    argv[1] = bb_store_cache_keys[1];
    argv[2] = view->field;
    argv[3] = view->version;
    argv[4] = view->ids;
    argv[5] = view->data;
    ngx_str_set(&argv[6], BB_STORE_CACHE_TTL);
    ngx_str_set(&argv[7], BB_STORE_CACHE_PAGES);

    (void) bb_redis_eval(req->worker->redis, script, 2, argv, 8, NULL, NULL);
}


void
bb_store_map_handler(bb_req_t *req)
{
    if (bb_store_view(req)) {
        bb_query_run(req, bb_store_map_read);
    }
}


static void
bb_store_map_read(bb_req_t *req, PGresult *res)
{
    if (bb_store_view_take(req, res) == NGX_OK) {
        bb_store_likes(req, req->data);
    }
}


/* Copies data and ids of a result; NGX_DONE: answered. */

static ngx_int_t
bb_store_view_take(bb_req_t *req, PGresult *res)
{
    bb_store_view_t  *view;

    view = req->data;

    if (bb_query_check(req, res) != NGX_OK) {
        return NGX_DONE;
    }

    if (bb_store_copy(req, &view->data, PQgetvalue(res, 0, 1),
                      PQgetlength(res, 0, 1))
        != NGX_OK
        || bb_store_copy(req, &view->ids, PQgetvalue(res, 0, 2),
                         PQgetlength(res, 0, 2))
           != NGX_OK)
    {
        bb_reply_error(req);
        return NGX_DONE;
    }

    return NGX_OK;
}


static ngx_int_t
bb_store_copy(bb_req_t *req, ngx_str_t *to, const char *data, size_t len)
{
    to->len = len;
    to->data = ngx_pnalloc(req->r->pool, len + 1);

    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, data, len);
    to->data[len] = '\0';

    return NGX_OK;
}


/* Asks for the caller's likes of the stores in view, then answers. */

static void
bb_store_likes(bb_req_t *req, bb_store_view_t *view)
{
    u_char     *p;
    ngx_str_t  *body;

    if (!req->has_user || view->ids.len == 0) {
        bb_reply_data(req, &view->data);
        return;
    }

    body = ngx_palloc(req->r->pool, sizeof(ngx_str_t) + view->ids.len + 2);
    if (body == NULL) {
        bb_reply_error(req);
        return;
    }

    p = (u_char *) &body[1];
    body->data = p;
    body->len = ngx_sprintf(p, "[%V]", &view->ids) - p;

    if (bb_call_start(req, BB_CALL_LIKES, &bb_store_likes_path, NULL, body, 1,
                      bb_store_likes_done, view)
        != NGX_OK)
    {
        bb_store_likes_merge(req, view, NULL);
    }
}


static void
bb_store_likes_done(bb_req_t *req, void *data, json_t *answer)
{
    bb_store_likes_merge(req, data, answer);
}


/*
 * Writes the likes into the data: after the k-th "isLiked": stands false or
 * null, and the k-th of ids is its store.  Inside a text of the data that name
 * cannot stand with bare quotes.  likes NULL: all are false.
 */

static void
bb_store_likes_merge(bb_req_t *req, bb_store_view_t *view, json_t *likes)
{
    u_char     *from, *last, *mark, *to, *id, *end;
    json_t     *like;
    ngx_str_t   data;

    static u_char  name[] = "\"isLiked\":";

    /* "false" is the longest: one more than null at each store */

    data.data = ngx_pnalloc(req->r->pool, view->data.len + view->ids.len + 1);
    if (data.data == NULL) {
        bb_reply_error(req);
        return;
    }

    to = data.data;
    from = view->data.data;
    last = from + view->data.len;
    id = view->ids.data;

    for ( ;; ) {
        mark = ngx_strlcasestrn(from, last, name, sizeof(name) - 2);

        if (mark == NULL) {
            break;
        }

        mark += sizeof(name) - 1;
        to = ngx_cpymem(to, from, mark - from);
        from = mark + (*mark == 'n' ? 4 : 5);

        for (end = id; *end && *end != ','; end++) { /* void */ }

        like = json_object_getn(likes, (char *) id, end - id);

        to = json_is_true(like) ? ngx_cpymem(to, "true", 4)
                                : ngx_cpymem(to, "false", 5);

        id = end + (*end == ',');
    }

    to = ngx_cpymem(to, from, last - from);
    data.len = to - data.data;

    bb_reply_data(req, &data);
}


void
bb_store_page_handler(bb_req_t *req)
{
    if (bb_store_view(req)) {
        bb_query_run(req, bb_store_page_read);
    }
}


/* The store is there: the other services are asked, all at once. */

static void
bb_store_page_read(bb_req_t *req, PGresult *res)
{
    u_char           *p;
    int64_t           id;
    ngx_str_t        *args, *body;
    bb_store_view_t  *view;

    view = req->data;

    if (bb_query_check(req, res) != NGX_OK) {
        return;
    }

    args = ngx_palloc(req->r->pool, 2 * sizeof(ngx_str_t)
                                    + sizeof("store-id=[]")
                                    + 2 * NGX_INT64_LEN);

    if (args == NULL
        || bb_store_copy(req, &view->data, PQgetvalue(res, 0, 1),
                         PQgetlength(res, 0, 1))
           != NGX_OK)
    {
        bb_reply_error(req);
        return;
    }

    body = &args[1];
    id = req->values[0].i;

    p = (u_char *) &args[2];
    args->data = p;
    p = ngx_sprintf(p, "store-id=%L", id);
    args->len = p - args->data;

    body->data = p;
    body->len = ngx_sprintf(p, "[%L]", id) - p;

    ngx_str_set(&view->product, "null");

    if (bb_call_start(req, BB_CALL_SUBSCRIPTION_PRODUCT,
                      &bb_store_product_path, args, NULL, 0,
                      bb_store_page_product, view)
        == NGX_OK)
    {
        view->left++;
    }

    if (req->has_user) {

        if (bb_call_start(req, BB_CALL_LIKES, &bb_store_likes_path, NULL, body,
                          1, bb_store_page_liked, view)
            == NGX_OK)
        {
            view->left++;
        }

        if (bb_call_start(req, BB_CALL_SUBSCRIPTIONS, &bb_store_subs_path,
                          NULL, body, 1, bb_store_page_subscribed, view)
            == NGX_OK)
        {
            view->left++;
        }
    }

    if (view->left == 0) {
        bb_store_page_reply(req, view);
    }
}


static void
bb_store_page_liked(bb_req_t *req, void *data, json_t *answer)
{
    bb_store_view_t  *view = data;

    u_char  id[NGX_INT64_LEN];

    view->liked = json_is_true(json_object_getn(answer, (char *) id,
                          ngx_sprintf(id, "%L", req->values[0].i) - id));

    if (--view->left == 0) {
        bb_store_page_reply(req, view);
    }
}


static void
bb_store_page_subscribed(bb_req_t *req, void *data, json_t *answer)
{
    bb_store_view_t  *view = data;

    u_char  id[NGX_INT64_LEN];

    view->subscribed = json_is_true(json_object_getn(answer, (char *) id,
                          ngx_sprintf(id, "%L", req->values[0].i) - id));

    if (--view->left == 0) {
        bb_store_page_reply(req, view);
    }
}


static void
bb_store_page_product(bb_req_t *req, void *data, json_t *answer)
{
    bb_store_view_t  *view = data;

    char    *text;
    json_t  *id;

    id = json_object_get(answer, "subscriptionProductId");

    if (json_is_string(id)) {
        text = bb_jansson_dump(id, JSON_ENCODE_ANY);

        /* without memory it is as if the call had failed */

        if (text && bb_store_copy(req, &view->product, text, ngx_strlen(text))
                    != NGX_OK)
        {
            ngx_str_set(&view->product, "null");
        }

        free(text);
    }

    if (--view->left == 0) {
        bb_store_page_reply(req, view);
    }
}


static void
bb_store_page_reply(bb_req_t *req, bb_store_view_t *view)
{
    u_char     *p;
    ngx_str_t   data;

    p = ngx_pnalloc(req->r->pool, view->data.len + view->product.len
                                  + sizeof(BB_STORE_PAGE_TAIL));

    if (p == NULL || view->data.len < sizeof(BB_STORE_PAGE_TAIL)) {
        bb_reply_error(req);
        return;
    }

    data.data = p;

    p = ngx_cpymem(p, view->data.data,
                   view->data.len - (sizeof(BB_STORE_PAGE_TAIL) - 1));

    p = ngx_sprintf(p, "\"isLiked\":%s,\"isSubscribed\":%s,"
                    "\"subscriptionProductId\":%V}",
                    view->liked ? "true" : "false",
                    view->subscribed ? "true" : "false", &view->product);

    data.len = p - data.data;

    bb_reply_data(req, &data);
}
