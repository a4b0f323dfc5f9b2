/* SQL statements: the generated table of the embedded ones. */

#ifndef _BB_POSTGRES_STATEMENT_H_INCLUDED_
#define _BB_POSTGRES_STATEMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "core/core_embed.h"


#define BB_POSTGRES_MAX_PARAMS  32


/* its name is "coupon/list" for sql/coupon/list.sql */
typedef bb_embed_t  bb_postgres_statement_t;


/* NULL if there is none of that name. */
const bb_postgres_statement_t *bb_postgres_statement_find(const char *name);

/* Its index in the table. */
ngx_uint_t bb_postgres_statement_id(const bb_postgres_statement_t *st);

/* How many there are; their ids are smaller. */
ngx_uint_t bb_postgres_statement_count(void);


#endif /* _BB_POSTGRES_STATEMENT_H_INCLUDED_ */
