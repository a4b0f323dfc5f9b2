/* SQL statements, looked up by name at start. */

#include "postgres/postgres_statement.h"


const bb_postgres_statement_t *
bb_postgres_statement_find(const char *name)
{
    ngx_uint_t  i;

    for (i = 0; i < bb_embed_statements_n; i++) {
        if (ngx_strcmp(bb_embed_statements[i].name, name) == 0) {
            return &bb_embed_statements[i];
        }
    }

    return NULL;
}


ngx_uint_t
bb_postgres_statement_id(const bb_postgres_statement_t *st)
{
    return st - bb_embed_statements;
}


ngx_uint_t
bb_postgres_statement_count(void)
{
    return bb_embed_statements_n;
}
