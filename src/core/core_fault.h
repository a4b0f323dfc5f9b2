/*
 * Faults inside the module, only in a test build (make FAULTS=1).
 *
 * Points at which a worker can be made to end as in a crash, by the directive
 *
 *     bb_store_fault name [n];
 *
 * A worker kills itself when it passes the point for the n-th time (1 unless
 * told).  All workers count together, since the configuration came into force:
 * the one that takes the dead one's place goes on counting.
 *
 * Memory that runs out, by the header of a request
 *
 *     Fault-Allocation: n
 *
 * The n-th allocation that the module makes in this worker from then on fails,
 * for this request or for anything else; 0: none.
 */

#ifndef _BB_CORE_FAULT_H_INCLUDED_
#define _BB_CORE_FAULT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#if (BB_FAULTS)

#define BB_FAULT_POINTS  8

#define BB_FAULT_COMMANDS                                                     \
    { ngx_string("bb_store_fault"),                                           \
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,                                     \
      bb_fault_conf,                                                          \
      NGX_HTTP_MAIN_CONF_OFFSET,                                              \
      0,                                                                      \
      NULL },

char *bb_fault_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Passes a point. */
void bb_fault(const char *name);

/* Passes it after the events that are posted now. */
void bb_fault_posted(const char *name);

/* A request has come; see above. */
void bb_fault_request(ngx_http_request_t *r);

#else

#define BB_FAULT_COMMANDS

#define bb_fault(name)
#define bb_fault_posted(name)
#define bb_fault_request(r)

#endif


#endif /* _BB_CORE_FAULT_H_INCLUDED_ */
