/* What an endpoint declares: one row of a domain's table. */

#ifndef _BB_CORE_ENDPOINT_H_INCLUDED_
#define _BB_CORE_ENDPOINT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct bb_req_s  bb_req_t;


/* domains: bits of a location's set */

#define BB_STORE      0x01
#define BB_COUPON     0x02
#define BB_CARGO      0x04
#define BB_QUESTION   0x08


typedef enum {
    BB_PUBLIC = 0,         /* bb_store */
    BB_INTERNAL,           /* bb_store_internal */
    BB_SCOPES
} bb_scope_e;


/* who must be calling */

typedef enum {
    BB_USER_NONE = 0,      /* not read */
    BB_USER_OPTIONAL,
    BB_USER_REQUIRED,
    BB_USER_OWNER          /* required while bb_store_owner_check is on */
} bb_user_e;


/* the JSON of a body; of the last three the only body field is the value */

typedef enum {
    BB_BODY_NONE = 0,      /* whatever comes is ignored */
    BB_BODY_OBJECT,        /* { field: value, ... } */
    BB_BODY_NUMBER,        /* an object, or a bare number or numeric string */
    BB_BODY_TEXT,          /* an object, or a bare string, number or boolean */
    BB_BODY_ARRAY          /* a bare array */
} bb_body_e;


typedef enum {
    BB_IN_PATH = 0,        /* made from the pattern's {name} */
    BB_IN_QUERY,
    BB_IN_HEADER,          /* a text; the field's name is the header's */
    BB_IN_BODY
} bb_in_e;


/* each with what a statement gets as its parameter */

typedef enum {
    BB_INT64 = 0,          /* bigint */
    BB_INT32,              /* bigint in the range of integer */
    BB_DOUBLE,             /* double precision, finite */
    BB_LAT,                /*   the same, -90 to 90 */
    BB_LON,                /*   the same, -180 to 180 */
    BB_BOOL,               /* boolean */
    BB_TEXT,               /* text of up to 255 characters */
    BB_TEXT_2000,          /*   the same, up to 2000 */
    BB_DATE,               /* date: YYYY-MM-DD */
    BB_ENUM,               /* text: one of field->more */
    BB_IDS,                /* bigint[]: a list of integers */
    BB_OBJECTS,            /* json: a list of objects, made of the fields in
                              field->more and nothing else, nulls as null */
    BB_PAGE,               /* "page", "size": never refused; they give the */
    BB_SIZE                /*   statement parameters "limit" and "offset" */
} bb_type_e;


/*
 * Neither absent nor null.  In the query: the parameter must be there; a text
 * or list may be empty, other types may not.  Not required there: an empty
 * value is NULL.
 */
#define BB_REQUIRED      0x01
#define BB_NOT_NEGATIVE  0x02   /* of integers */


typedef struct {
    int64_t       min;
    int64_t       max;
} bb_range_t;


typedef struct {
    ngx_str_t     name;    /* an empty one ends a list */
    bb_in_e       in;
    bb_type_e     type;
    ngx_uint_t    flags;
    const void   *more;    /* BB_ENUM: const char *names[], NULL at the end;
                              BB_OBJECTS: const bb_field_t fields[];
                              BB_INT64: const bb_range_t *, or NULL for any */
} bb_field_t;

#define bb_field(name, in, type, flags)                                       \
    { ngx_string(name), in, type, flags, NULL }
#define bb_field_of(name, in, type, flags, more)                              \
    { ngx_string(name), in, type, flags, more }
#define bb_null_field  { ngx_null_string, BB_IN_PATH, BB_INT64, 0, NULL }


typedef enum {
    BB_DATA = 0,           /* envelope with the statement's data */
    BB_VOID                /* 200 with an empty body */
} bb_success_e;


typedef struct {
    const char          *id;         /* "C5", as in the API contract */
    ngx_uint_t           method;     /* NGX_HTTP_GET, ... */
    const char          *path;       /* below the mount: "/{storeId}/coupons" */
    ngx_uint_t           domain;
    bb_scope_e           scope;
    bb_user_e            user;
    bb_body_e            body;
    bb_success_e         success;
    const bb_field_t    *fields;     /* query and body, or NULL */

    /*
     * The statement that does the work; its file's "-- Parameters:" line names
     * what it gets.  NULL: the handler does all.
     */
    const char          *statement;

    /* Starts the work when input is valid; NULL: run the statement, answer. */
    void               (*handler)(bb_req_t *req);
} bb_endpoint_t;


#endif /* _BB_CORE_ENDPOINT_H_INCLUDED_ */
