/* Numbers of a JSON text that jansson cannot hold as they were written. */

#ifndef _BB_CORE_NUMBER_H_INCLUDED_
#define _BB_CORE_NUMBER_H_INCLUDED_


#include "core/core_req.h"


/*
 * Replaces such numbers by integers, before the text is read; json: set to a
 * copy of its own if there are any.  NGX_ERROR: out of memory.
 */
ngx_int_t bb_number_set_aside(bb_req_t *req, ngx_str_t *json);

/*
 * Each takes an integer of the text that was read then.
 * text: of a number that was replaced, with a zero behind it, or NULL
 * int64: without its fraction; NGX_DECLINED: out of range
 * real: infinite if it is too large
 */
const ngx_str_t *bb_number_text(bb_req_t *req, const json_t *json);
ngx_int_t bb_number_int64(bb_req_t *req, const json_t *json, int64_t *n);
double bb_number_real(bb_req_t *req, const json_t *json);

/* Whether this is a number as JSON writes it, and nothing else. */
ngx_uint_t bb_number_check(u_char *p, size_t len);


#endif /* _BB_CORE_NUMBER_H_INCLUDED_ */
