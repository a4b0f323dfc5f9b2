/* The directives and what becomes of them; for the module's own tables. */

#ifndef _NGX_BB_STORE_DIRECTIVES_H_INCLUDED_
#define _NGX_BB_STORE_DIRECTIVES_H_INCLUDED_


#include "core/core_conf.h"


extern ngx_command_t  ngx_bb_store_commands[];


/* As nginx wants them; NULL and NGX_CONF_ERROR: logged, or out of memory. */

void *ngx_bb_store_create_main_conf(ngx_conf_t *cf);
char *ngx_bb_store_init_main_conf(ngx_conf_t *cf, void *conf);

void *ngx_bb_store_create_loc_conf(ngx_conf_t *cf);
char *ngx_bb_store_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/* Adds the shared zone, unless bb_store_zone did. */
ngx_int_t ngx_bb_store_default_zone(ngx_conf_t *cf,
    ngx_bb_store_main_conf_t *bmcf);


#endif /* _NGX_BB_STORE_DIRECTIVES_H_INCLUDED_ */
