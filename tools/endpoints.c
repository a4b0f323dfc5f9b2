/*
 * Prints the endpoint tables as one JSON array, a row an object, in the order
 * of the tables.  Linked with the tables alone: nothing here calls a handler.
 *
 * BB_DOMAINS(X) comes from the Makefile: X(domain) for each src/<domain>/
 * that has a table.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <inttypes.h>

#include "core/core_endpoint.h"


typedef struct {
    const char             *name;
    const bb_endpoint_t    *endpoints;
} bb_table_t;


static int bb_print_endpoint(const char *domain, const bb_endpoint_t *row);
static int bb_print_fields(const bb_field_t *field);
static int bb_print_field(const bb_field_t *field);
static const char *bb_method(ngx_uint_t method);


#define bb_declare(domain)                                                    \
    extern const bb_endpoint_t  bb_##domain##_endpoints[];
#define bb_table(domain)  { #domain, bb_##domain##_endpoints },

BB_DOMAINS(bb_declare)

static const bb_table_t  bb_tables[] = {
    BB_DOMAINS(bb_table)
    { NULL, NULL }
};


/* in the order of the enumerations */

static const char *const  bb_scopes[] = { "public", "internal" };

static const char *const  bb_users[] = {
    "none", "optional", "required", "owner"
};

static const char *const  bb_bodies[] = {
    "none", "object", "number", "text", "array"
};

static const char *const  bb_successes[] = { "data", "void" };

static const char *const  bb_places[] = { "path", "query", "header", "body" };

static const char *const  bb_types[] = {
    "int64", "int32", "double", "lat", "lon", "bool", "text", "text2000",
    "date", "enum", "ids", "objects", "page", "size"
};

#define bb_name(names, value)                                                 \
    ((size_t) (value) < sizeof(names) / sizeof(names[0])                      \
         ? names[value] : NULL)


int
main(void)
{
    const char           *separator;
    const bb_table_t     *table;
    const bb_endpoint_t  *row;

    separator = "[\n";

    for (table = bb_tables; table->name; table++) {
        for (row = table->endpoints; row->id; row++) {

            fputs(separator, stdout);
            separator = ",\n";

            if (bb_print_endpoint(table->name, row) != 0) {
                fprintf(stderr, "endpoint %s has a value that tools/endpoints "
                        "does not know\n", row->id);
                return 1;
            }
        }
    }

    puts("\n]");

    return fflush(stdout) == 0 ? 0 : 1;
}


/* Names and paths are ours: none has a character that JSON would escape. */

static int
bb_print_endpoint(const char *domain, const bb_endpoint_t *row)
{
    const char  *method, *scope, *user, *body, *success;

    method = bb_method(row->method);
    scope = bb_name(bb_scopes, row->scope);
    user = bb_name(bb_users, row->user);
    body = bb_name(bb_bodies, row->body);
    success = bb_name(bb_successes, row->success);

    if (!method || !scope || !user || !body || !success) {
        return -1;
    }

    printf("{\"id\":\"%s\",\"method\":\"%s\",\"path\":\"%s\","
           "\"domain\":\"%s\",\"scope\":\"%s\",\"user\":\"%s\","
           "\"body\":\"%s\",\"success\":\"%s\",\"fields\":",
           row->id, method, row->path, domain, scope, user, body, success);

    if (bb_print_fields(row->fields) != 0) {
        return -1;
    }

    putchar('}');

    return 0;
}


static int
bb_print_fields(const bb_field_t *field)
{
    const char  *separator;

    putchar('[');

    for (separator = ""; field && field->name.len; field++) {
        fputs(separator, stdout);
        separator = ",";

        if (bb_print_field(field) != 0) {
            return -1;
        }
    }

    putchar(']');

    return 0;
}


static int
bb_print_field(const bb_field_t *field)
{
    const char         *place, *type, *separator;
    const bb_range_t   *range;
    const char *const  *value;

    place = bb_name(bb_places, field->in);
    type = bb_name(bb_types, field->type);

    if (!place || !type) {
        return -1;
    }

    printf("{\"name\":\"%s\",\"in\":\"%s\",\"type\":\"%s\",\"required\":%s,"
           "\"notNegative\":%s",
           (char *) field->name.data, place, type,
           (field->flags & BB_REQUIRED) ? "true" : "false",
           (field->flags & BB_NOT_NEGATIVE) ? "true" : "false");

    if (field->type == BB_ENUM) {
        printf(",\"values\":[");

        separator = "";

        for (value = field->more; *value; value++) {
            printf("%s\"%s\"", separator, *value);
            separator = ",";
        }

        putchar(']');

    } else if (field->type == BB_INT64 && field->more) {
        range = field->more;

        printf(",\"minimum\":%" PRId64 ",\"maximum\":%" PRId64, range->min,
               range->max);

    } else if (field->type == BB_OBJECTS) {
        printf(",\"fields\":");

        if (bb_print_fields(field->more) != 0) {
            return -1;
        }
    }

    putchar('}');

    return 0;
}


static const char *
bb_method(ngx_uint_t method)
{
    switch (method) {

    case NGX_HTTP_GET:
        return "GET";

    case NGX_HTTP_POST:
        return "POST";

    case NGX_HTTP_PUT:
        return "PUT";

    case NGX_HTTP_DELETE:
        return "DELETE";

    default:
        return NULL;
    }
}
