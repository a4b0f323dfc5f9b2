/* SQL statements: the generated table of the embedded ones. */

#ifndef _BB_POSTGRES_STATEMENT_H_INCLUDED_
#define _BB_POSTGRES_STATEMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define BB_POSTGRES_MAX_PARAMS  32


typedef struct {
    const char   *name;         /* "coupon/list" for sql/coupon/list.sql */
    const char   *sql;
    ngx_uint_t    id;           /* its index in the table */
} bb_postgres_statement_t;


/* NULL if there is none of that name. */
const bb_postgres_statement_t *bb_postgres_statement_find(const char *name);

/* How many there are; their ids are smaller. */
ngx_uint_t bb_postgres_statement_count(void);


#endif /* _BB_POSTGRES_STATEMENT_H_INCLUDED_ */
