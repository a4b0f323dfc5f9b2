/* Other services: their operations, locations and breakers. */

#ifndef _BB_CALL_CONF_H_INCLUDED_
#define _BB_CALL_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "call/call_breaker.h"


typedef enum {
    BB_SERVICE_PRODUCT = 0,
    BB_SERVICE_WISHLIST,
    BB_SERVICE_ORDER_QUERY,
    BB_SERVICE_USER,
    BB_SERVICES
} bb_service_e;


typedef enum {
    BB_CALL_FLOWERS = 0,       /* no breaker */
    BB_CALL_SUBSCRIPTION_PRODUCT,
    BB_CALL_LIKES,
    BB_CALL_SUBSCRIPTIONS,
    BB_CALL_PHONE_NUMBER,
    BB_CALL_OPS
} bb_call_op_e;


typedef struct {
    ngx_str_t    uri;          /* internal location, no slash at its end */
} bb_service_conf_t;


/* as the services know them */
const char *bb_call_op_name(bb_call_op_e op);

/* bb_store_service name uri; conf: array of BB_SERVICES */
char *bb_call_service_conf(ngx_conf_t *cf, bb_service_conf_t *conf);

/* bb_store_breaker operation|default key=value ...; of BB_CALL_OPS */
char *bb_call_breaker_conf(ngx_conf_t *cf, bb_breaker_conf_t *conf);

/* Sets the numbers that no directive has set. */
void bb_call_breaker_defaults(bb_breaker_conf_t *conf);

void bb_call_breaker_unset(bb_breaker_conf_t *conf);


#endif /* _BB_CALL_CONF_H_INCLUDED_ */
