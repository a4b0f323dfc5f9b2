/* Values of inputs. */

#ifndef _BB_CORE_VALUE_H_INCLUDED_
#define _BB_CORE_VALUE_H_INCLUDED_


#include "core/core_req.h"


/*
 * Texts to values.  NGX_DECLINED: not one, or out of range.
 * integer: an optional sign and decimal digits; real: decimal, finite
 */
ngx_int_t bb_value_int64(const u_char *p, size_t len, int64_t *n);
ngx_int_t bb_value_real(const u_char *p, size_t len, double *n);

/* Whether an integer is in the range that its field declares, if any. */
ngx_uint_t bb_value_in_range(const bb_field_t *field, int64_t n);

/*
 * Sets a value's text from what was read.  NGX_OK; NGX_DECLINED: out of the
 * type's range; NGX_ERROR: out of memory.
 */
ngx_int_t bb_value_set_real(bb_req_t *req, bb_type_e type, bb_value_t *value,
    double n);
ngx_int_t bb_value_set_ids(bb_req_t *req, bb_value_t *value,
    const int64_t *ids, ngx_uint_t n);
void bb_value_set_bool(bb_value_t *value, ngx_uint_t on);

/* Copies a text and ends it with a zero.  NGX_ERROR: out of memory. */
ngx_int_t bb_value_set_text(bb_req_t *req, bb_value_t *value,
    const u_char *data, size_t len);

/* Whether a text is one of the names of a BB_ENUM; sets value. */
ngx_int_t bb_value_set_enum(const bb_field_t *field, bb_value_t *value,
    const u_char *data, size_t len);

/* Characters that a value of a text type may have. */
size_t bb_value_max_text(bb_type_e type);


#endif /* _BB_CORE_VALUE_H_INCLUDED_ */
