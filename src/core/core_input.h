/* Checks of a request's inputs against what its endpoint declares. */

#ifndef _BB_CORE_INPUT_H_INCLUDED_
#define _BB_CORE_INPUT_H_INCLUDED_


#include "core/core_req.h"


/*
 * Each reads one kind of input into req.  NGX_OK: valid; NGX_DONE: answered
 * with the reason why not.
 */

ngx_int_t bb_input_user(bb_req_t *req);
ngx_int_t bb_input_path(bb_req_t *req, const ngx_str_t *segments);
ngx_int_t bb_input_query(bb_req_t *req);       /* and headers */

/* Headers that announce the body; before it is read. */
ngx_int_t bb_input_body_headers(bb_req_t *req);

/* The body itself, after nginx has read it. */
ngx_int_t bb_input_body(bb_req_t *req);

/*
 * core_plain.c: the body fields of an endpoint with route->plain, if the body is
 * an object of plain texts.  NGX_DECLINED: bb_json_body() has to look at it.
 */
ngx_int_t bb_plain_body(bb_req_t *req, const ngx_str_t *body);

/* Characters that a value of a text type may have. */
size_t bb_input_max_text(bb_type_e type);

/* core_json.c */

/* Whether a text is one JSON number and nothing else but white space. */
ngx_uint_t bb_json_bare_number(const ngx_str_t *text);

/*
 * All body fields of a parsed body; text: as it was sent.  body NULL: a bare
 * number of a BB_BODY_TEXT, which need not fit any type.
 */
ngx_int_t bb_json_body(bb_req_t *req, json_t *body, const ngx_str_t *text);


/* Answers 400; reason may contain one %V for name.  Returns NGX_DONE. */
ngx_int_t bb_input_invalid(bb_req_t *req, const char *reason,
    const ngx_str_t *name);

/* Answers 500: out of memory.  Returns NGX_DONE. */
ngx_int_t bb_input_error(bb_req_t *req);

/*
 * Texts to values.  NGX_DECLINED: not one, or out of range.
 * integer: an optional sign and decimal digits; real: decimal, finite
 */
ngx_int_t bb_input_int64(const u_char *p, size_t len, int64_t *n);
ngx_int_t bb_input_real(const u_char *p, size_t len, double *n);

/* Whether an integer is in the range that its field declares, if any. */
ngx_uint_t bb_input_in_range(const bb_field_t *field, int64_t n);

/*
 * Sets a value's text from what was read.  NGX_OK; NGX_DECLINED: out of the
 * type's range; NGX_ERROR: out of memory.
 */
ngx_int_t bb_input_set_real(bb_req_t *req, bb_type_e type, bb_value_t *value,
    double n);
ngx_int_t bb_input_set_ids(bb_req_t *req, bb_value_t *value,
    const int64_t *ids, ngx_uint_t n);
void bb_input_set_bool(bb_value_t *value, ngx_uint_t on);

/* Copies a text and ends it with a zero.  NGX_ERROR: out of memory. */
ngx_int_t bb_input_set_text(bb_req_t *req, bb_value_t *value,
    const u_char *data, size_t len);

/* Whether a text is one of the names of a BB_ENUM; sets value. */
ngx_int_t bb_input_set_enum(const bb_field_t *field, bb_value_t *value,
    const u_char *data, size_t len);


#endif /* _BB_CORE_INPUT_H_INCLUDED_ */
