/*
 * jansson does not tell a text that is no JSON from one for which it has no
 * memory, and goes on without some bytes if the buffer for what it reads or
 * writes cannot grow.  So its allocations that fail are noticed here.
 */

#include "core/core_jansson.h"


static void *bb_jansson_malloc(size_t size);


static ngx_uint_t  bb_jansson_failed;


void
bb_jansson_init(void)
{
    json_set_alloc_funcs(bb_jansson_malloc, free);

    /* otherwise it opens a file when it makes its first object */
    json_object_seed(0);
}


static void *
bb_jansson_malloc(size_t size)
{
    void  *p;

    p = malloc(size);

    if (p == NULL) {
        bb_jansson_failed = 1;
    }

    return p;
}


ngx_int_t
bb_jansson_load(const void *data, size_t len, size_t flags, json_t **json)
{
    *json = NULL;

    /* jansson overlooks a NUL behind a number */

    if (memchr(data, '\0', len)) {
        return NGX_DECLINED;
    }

    bb_jansson_failed = 0;

    *json = json_loadb(data, len, flags, NULL);

    if (bb_jansson_failed) {
        json_decref(*json);
        *json = NULL;
        return NGX_ERROR;
    }

    return *json ? NGX_OK : NGX_DECLINED;
}


char *
bb_jansson_dump(const json_t *json, size_t flags)
{
    char  *text;

    bb_jansson_failed = 0;

    text = json_dumps(json, flags);

    if (bb_jansson_failed) {
        free(text);
        text = NULL;
    }

    return text;
}
