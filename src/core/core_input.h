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

/* core_json.c */

/* Whether a text is one JSON number and nothing else but white space. */
ngx_uint_t bb_json_bare_number(const ngx_str_t *text);

/*
 * All body fields of a parsed body; text: as it was sent.  body NULL: a bare
 * number of a BB_BODY_TEXT, which need not fit any type.
 */
ngx_int_t bb_json_body(bb_req_t *req, json_t *body, const ngx_str_t *text);


/* Sets a value to a number.  NGX_OK; NGX_DONE: answered, as out of range. */
ngx_int_t bb_input_real(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, double real);

/* Answers 400; reason may contain one %V for name.  Returns NGX_DONE. */
ngx_int_t bb_input_invalid(bb_req_t *req, const char *reason,
    const ngx_str_t *name);

/* Answers 500: out of memory.  Returns NGX_DONE. */
ngx_int_t bb_input_error(bb_req_t *req);


#endif /* _BB_CORE_INPUT_H_INCLUDED_ */
