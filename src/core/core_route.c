/*
 * The router: for each scope a tree of path segments, made while the
 * configuration is read and only read afterwards.
 */

#include "core/core_route.h"


struct bb_route_node_s {
    ngx_str_t           literal;      /* empty: a variable */
    bb_route_node_t    *variable;     /* child for any other segment */
    bb_route_node_t    *children;     /* literal ones */
    bb_route_node_t    *next;         /* sibling */
    bb_route_t         *routes;       /* that end here, by method */
};


static bb_route_t *bb_route_create(ngx_conf_t *cf,
    const bb_endpoint_t *endpoint);
static ngx_int_t bb_route_statement(ngx_conf_t *cf, bb_route_t *route);
static ngx_int_t bb_route_arg(bb_route_t *route, ngx_str_t *name,
    bb_arg_t *arg);
static bb_route_node_t *bb_route_node(ngx_conf_t *cf, bb_route_node_t *parent,
    ngx_str_t *segment);
static ngx_int_t bb_route_walk(const bb_route_node_t *root,
    const bb_route_node_t *node, u_char *p, u_char *last,
    bb_route_match_t *match);
static bb_route_node_t *bb_route_child(const bb_route_node_t *node,
    const ngx_str_t *segment);
static u_char *bb_route_end(u_char *p, u_char *last);
static ngx_int_t bb_route_segment(u_char **pos, u_char *last,
    ngx_str_t *segment);


static const struct {
    ngx_str_t    name;
    bb_arg_e     type;
} bb_route_args[] = {
    { ngx_string("user"), BB_ARG_USER },
    { ngx_string("today"), BB_ARG_TODAY },
    { ngx_string("owner"), BB_ARG_OWNER },
    { ngx_string("limit"), BB_ARG_LIMIT },
    { ngx_string("offset"), BB_ARG_OFFSET }
};


ngx_int_t
bb_route_add(ngx_conf_t *cf, bb_routes_t *routes, const bb_endpoint_t *table)
{
    u_char           *p, *last;
    ngx_str_t         segment;
    bb_route_t       *route, *other;
    bb_route_node_t  *node;

    for ( /* void */ ; table->id; table++) {

        route = bb_route_create(cf, table);
        if (route == NULL) {
            return NGX_ERROR;
        }

        if (routes->root[table->scope] == NULL) {
            node = ngx_pcalloc(cf->pool, sizeof(bb_route_node_t));
            if (node == NULL) {
                return NGX_ERROR;
            }

            routes->root[table->scope] = node;
        }

        node = routes->root[table->scope];

        p = (u_char *) table->path;
        last = bb_route_end(p, p + ngx_strlen(p));

        while (bb_route_segment(&p, last, &segment) == NGX_OK) {
            node = bb_route_node(cf, node, &segment);
            if (node == NULL) {
                return NGX_ERROR;
            }
        }

        for (other = node->routes; other; other = other->next) {
            if (other->endpoint->method == table->method) {
                ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                              "bb_store: endpoints %s and %s are the same",
                              other->endpoint->id, table->id);
                return NGX_ERROR;
            }
        }

        route->next = node->routes;
        node->routes = route;
    }

    return NGX_OK;
}


ngx_int_t
bb_route_find(const bb_routes_t *routes, bb_scope_e scope,
    const ngx_str_t *path, bb_route_match_t *match)
{
    u_char           *p, *last;
    bb_route_node_t  *root;

    root = routes->root[scope];
    if (root == NULL) {
        return NGX_DECLINED;
    }

    p = path->data;
    last = p + path->len;

    if (p != last && *p != '/') {
        return NGX_DECLINED;
    }

    match->n = 0;

    return bb_route_walk(root, root, p, bb_route_end(p, last), match);
}


/*
 * A fixed segment comes before a variable one, unless no endpoint ends behind
 * it.  The first segment of a path stays what it is: "map" is never a store.
 */

static ngx_int_t
bb_route_walk(const bb_route_node_t *root, const bb_route_node_t *node,
    u_char *p, u_char *last, bb_route_match_t *match)
{
    ngx_str_t         segment;
    ngx_uint_t        n;
    bb_route_node_t  *child;

    if (bb_route_segment(&p, last, &segment) != NGX_OK) {
        match->routes = node->routes;
        return match->routes ? NGX_OK : NGX_DECLINED;
    }

    n = match->n;
    child = bb_route_child(node, &segment);

    if (child) {

        if (bb_route_walk(root, child, p, last, match) == NGX_OK) {
            return NGX_OK;
        }

        if (node == root) {
            return NGX_DECLINED;
        }
    }

    child = node->variable;

    if (child == NULL || segment.len == 0) {
        return NGX_DECLINED;
    }

    match->segment[n] = segment;
    match->n = n + 1;

    return bb_route_walk(root, child, p, last, match);
}


static bb_route_t *
bb_route_create(ngx_conf_t *cf, const bb_endpoint_t *endpoint)
{
    u_char            *p, *last;
    ngx_str_t          segment;
    bb_route_t        *route;
    bb_field_t        *input;
    const bb_field_t  *field;

    route = ngx_pcalloc(cf->pool, sizeof(bb_route_t));
    if (route == NULL) {
        return NULL;
    }

    route->endpoint = endpoint;

    for (field = endpoint->fields; field && field->name.len; field++) {
        route->n++;
    }

    route->inputs = ngx_pcalloc(cf->pool, (route->n + BB_MAX_SEGMENTS)
                                          * sizeof(bb_field_t));
    if (route->inputs == NULL) {
        return NULL;
    }

    input = route->inputs;

    p = (u_char *) endpoint->path;
    last = bb_route_end(p, p + ngx_strlen(p));

    while (bb_route_segment(&p, last, &segment) == NGX_OK) {

        if (segment.data[0] != '{') {
            continue;
        }

        if (route->npath == BB_MAX_SEGMENTS) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "bb_store: endpoint %s has too many variables",
                          endpoint->id);
            return NULL;
        }

        input->name.data = segment.data + 1;
        input->name.len = segment.len - 2;
        input->in = BB_IN_PATH;
        input->type = BB_INT64;
        input->flags = BB_REQUIRED;

        if (ngx_strncmp(input->name.data, "productId", input->name.len) == 0) {
            input->type = BB_TEXT;
        }

        input++;
        route->npath++;
    }

    route->plain = (endpoint->body == BB_BODY_OBJECT);

    for (field = endpoint->fields; field && field->name.len; field++) {
        *input++ = *field;

        if (field->in == BB_IN_BODY) {
            route->plain &= (field->type == BB_TEXT
                             || field->type == BB_TEXT_2000);

        } else {
            route->has_query = 1;
        }
    }

    route->n += route->npath;

    if (endpoint->statement && bb_route_statement(cf, route) != NGX_OK) {
        return NULL;
    }

    return route;
}


/* Reads "-- Parameters: a, b" and "-- Locks rows." in the file's head. */

static ngx_int_t
bb_route_statement(ngx_conf_t *cf, bb_route_t *route)
{
    u_char      *p, *end;
    ngx_str_t    name;
    const char  *statement;

    static const char  head[] = "-- Parameters:";
    static const char  locks[] = "\n-- Locks rows.";

    statement = route->endpoint->statement;

    route->statement = bb_postgres_statement_find(statement);

    if (route->statement == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "bb_store: endpoint %s names the unknown statement "
                      "\"%s\"", route->endpoint->id, statement);
        return NGX_ERROR;
    }

    route->locks = (ngx_strstr(route->statement->text, locks) != NULL);

    p = (u_char *) ngx_strstr(route->statement->text, head);
    if (p == NULL) {
        return NGX_OK;
    }

    p += sizeof(head) - 1;

    for ( ;; ) {

        /* a list goes on in the next comment line after a comma */

        while (*p == ' ' || *p == ',') {
            p += (ngx_strncmp(p, ",\n--", 4) == 0) ? 4 : 1;
        }

        for (end = p; *end && ngx_strchr(", \n", *end) == NULL; end++) {
            /* void */
        }

        if (end == p) {
            break;
        }

        name.data = p;
        name.len = end - p;
        p = end;

        if (route->nargs == BB_POSTGRES_MAX_PARAMS
            || bb_route_arg(route, &name, &route->args[route->nargs])
               != NGX_OK)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "bb_store: statement \"%s\" wants parameter \"%V\", "
                          "which endpoint %s does not have",
                          statement, &name, route->endpoint->id);
            return NGX_ERROR;
        }

        route->nargs++;
    }

    return NGX_OK;
}


static ngx_int_t
bb_route_arg(bb_route_t *route, ngx_str_t *name, bb_arg_t *arg)
{
    ngx_str_t   *known;
    ngx_uint_t   i;

    for (i = 0; i < route->n; i++) {
        known = &route->inputs[i].name;

        if (known->len == name->len
            && ngx_strncmp(known->data, name->data, name->len) == 0)
        {
            arg->type = BB_ARG_INPUT;
            arg->input = i;
            return NGX_OK;
        }
    }

    for (i = 0; i < sizeof(bb_route_args) / sizeof(bb_route_args[0]); i++) {
        if (bb_route_args[i].name.len == name->len
            && ngx_strncmp(bb_route_args[i].name.data, name->data, name->len)
               == 0)
        {
            arg->type = bb_route_args[i].type;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static bb_route_node_t *
bb_route_node(ngx_conf_t *cf, bb_route_node_t *parent, ngx_str_t *segment)
{
    ngx_uint_t        variable;
    bb_route_node_t  *node;

    variable = (segment->data[0] == '{');

    node = variable ? parent->variable : bb_route_child(parent, segment);
    if (node) {
        return node;
    }

    node = ngx_pcalloc(cf->pool, sizeof(bb_route_node_t));
    if (node == NULL) {
        return NULL;
    }

    if (variable) {
        parent->variable = node;
        return node;
    }

    node->literal = *segment;
    node->next = parent->children;
    parent->children = node;

    return node;
}


static bb_route_node_t *
bb_route_child(const bb_route_node_t *node, const ngx_str_t *segment)
{
    bb_route_node_t  *child;

    for (child = node->children; child; child = child->next) {
        if (child->literal.len == segment->len
            && ngx_memcmp(child->literal.data, segment->data, segment->len)
               == 0)
        {
            return child;
        }
    }

    return NULL;
}


/* The end of a path, without one slash there. */

static u_char *
bb_route_end(u_char *p, u_char *last)
{
    return (p != last && last[-1] == '/') ? last - 1 : last;
}


/* The next segment of a path: *pos is at a slash, or at the end. */

static ngx_int_t
bb_route_segment(u_char **pos, u_char *last, ngx_str_t *segment)
{
    u_char  *p;

    p = *pos;

    if (p == last) {
        return NGX_DONE;
    }

    p++;
    segment->data = p;

    while (p < last && *p != '/') {
        p++;
    }

    segment->len = p - segment->data;
    *pos = p;

    return NGX_OK;
}
