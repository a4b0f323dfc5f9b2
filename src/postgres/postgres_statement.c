/* SQL statements, looked up by name at start. */

#include "postgres/postgres_statement.h"
#include "core/core_embed.h"


/* the generated table with ids: as constant as the table, so a global */
static bb_postgres_statement_t  *bb_postgres_statements;


const bb_postgres_statement_t *
bb_postgres_statement_find(const char *name)
{
    ngx_uint_t                i;
    bb_postgres_statement_t  *st;

    if (bb_postgres_statements == NULL) {
        st = ngx_alloc((bb_embed_statements_n + 1) * sizeof(*st),
                       ngx_cycle->log);
        if (st == NULL) {
            return NULL;
        }

        for (i = 0; i < bb_embed_statements_n; i++) {
            st[i].name = bb_embed_statements[i].name;
            st[i].sql = bb_embed_statements[i].text;
            st[i].id = i;
        }

        bb_postgres_statements = st;
    }

    for (i = 0; i < bb_embed_statements_n; i++) {
        if (ngx_strcmp(bb_postgres_statements[i].name, name) == 0) {
            return &bb_postgres_statements[i];
        }
    }

    return NULL;
}


ngx_uint_t
bb_postgres_statement_count(void)
{
    return bb_embed_statements_n;
}
