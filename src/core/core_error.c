/* The error catalogue. */

#include "core/core_error.h"


#define BB_ERROR_NAME(id, name, message)  name,

#define BB_ERROR_BODY(id, name, message)                                      \
    ngx_string("{\"data\":null,\"message\":\"" message                        \
               "\",\"errorCode\":\"CE-01\",\"result\":\"FAIL\"}"),


static const char  *bb_error_names[] = { BB_ERRORS(BB_ERROR_NAME) };

static const ngx_str_t  bb_error_bodies[] = { BB_ERRORS(BB_ERROR_BODY) };


const ngx_str_t *
bb_error_body(bb_error_e error)
{
    return &bb_error_bodies[error];
}


ngx_int_t
bb_error_find(const char *name, bb_error_e *error)
{
    ngx_uint_t  i;

    for (i = 0; i < BB_E_N; i++) {
        if (ngx_strcmp(bb_error_names[i], name) == 0) {
            *error = i;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
