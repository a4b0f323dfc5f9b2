/* The router: method and path to an endpoint. */

#ifndef _BB_CORE_ROUTE_H_INCLUDED_
#define _BB_CORE_ROUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "core/core_endpoint.h"
#include "postgres/postgres_statement.h"


#define BB_MAX_SEGMENTS  4     /* variable ones in one path */


/* what a statement parameter is made from */

typedef enum {
    BB_ARG_INPUT = 0,          /* the input of that index */
    BB_ARG_USER,               /* caller's id, NULL when anonymous */
    BB_ARG_TODAY,
    BB_ARG_OWNER,              /* whether the owner rule is on */
    BB_ARG_LIMIT,
    BB_ARG_OFFSET
} bb_arg_e;


typedef struct {
    bb_arg_e      type;
    ngx_uint_t    input;
} bb_arg_t;


/* an endpoint, prepared while the configuration is read */

typedef struct bb_route_s  bb_route_t;

struct bb_route_s {
    const bb_endpoint_t              *endpoint;
    ngx_uint_t                        n;         /* inputs */
    ngx_uint_t                        npath;     /* the first ones of them */
    bb_field_t                       *inputs;    /* path, then fields */
    const bb_postgres_statement_t    *statement;
    ngx_uint_t                        nargs;
    bb_arg_t                          args[BB_POSTGRES_MAX_PARAMS];
    unsigned                          has_query:1;  /* or a header */
    unsigned                          plain:1;      /* an object of texts */
    unsigned                          locks:1;      /* the statement does */
    bb_route_t                       *next;      /* same path, other method */
};


typedef struct bb_route_node_s  bb_route_node_t;

typedef struct {
    bb_route_node_t    *root[BB_SCOPES];
} bb_routes_t;


typedef struct {
    bb_route_t    *routes;                       /* those of the path found */
    ngx_uint_t     n;                            /* of its variables */
    ngx_str_t      segment[BB_MAX_SEGMENTS];     /* their values */
} bb_route_match_t;


/*
 * Adds a domain's table (its last row has a NULL id).  Returns NGX_OK, or
 * NGX_ERROR after logging what in the table or a statement is wrong.
 */
ngx_int_t bb_route_add(ngx_conf_t *cf, bb_routes_t *routes,
    const bb_endpoint_t *table);

/*
 * Finds a path (without its mount, "" or beginning with a slash; one slash at
 * the end is ignored).  A literal segment beats a variable one.
 * NGX_OK: match is set; NGX_DECLINED: no endpoint has such a path.
 */
ngx_int_t bb_route_find(const bb_routes_t *routes, bb_scope_e scope,
    const ngx_str_t *path, bb_route_match_t *match);


#endif /* _BB_CORE_ROUTE_H_INCLUDED_ */
