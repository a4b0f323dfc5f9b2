/* JSON as text, read and written by jansson, where memory may run out. */

#ifndef _BB_CORE_JANSSON_H_INCLUDED_
#define _BB_CORE_JANSSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* Once in a process, before anything else of jansson. */
void bb_jansson_init(void);

/*
 * Reads a text; flags: jansson's.  NGX_OK: json is a new reference;
 * NGX_DECLINED: not JSON; NGX_ERROR: out of memory.  In both cases json is NULL.
 */
ngx_int_t bb_jansson_load(const void *data, size_t len, size_t flags,
    json_t **json);

/* Writes a text, to be freed with free(); NULL: out of memory, or json is NULL. */
char *bb_jansson_dump(const json_t *json, size_t flags);


#endif /* _BB_CORE_JANSSON_H_INCLUDED_ */
