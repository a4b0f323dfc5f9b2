/*
 * Lua scripts: the generated table of the embedded ones, and their replacement
 * by the files of a directory.
 */

#ifndef _BB_REDIS_SCRIPT_H_INCLUDED_
#define _BB_REDIS_SCRIPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t    name;          /* "coupon_issue" for coupon_issue.lua */
    ngx_str_t    source;
    u_char       sha1[40];      /* hexadecimal, as EVALSHA wants it */
} bb_redis_script_t;


/*
 * Returns the scripts of a configuration, an array in cf->pool: the embedded
 * ones, or for each that dir has as <name>.lua, that file.  dir: NULL for none.
 * Logs what is wrong and returns NULL: a directory or file that cannot be read,
 * a *.lua in it that is not the name of a script, an empty file.
 */
ngx_array_t *bb_redis_scripts_load(ngx_conf_t *cf, ngx_str_t *dir);

/* NULL if there is none of that name. */
bb_redis_script_t *bb_redis_script_find(ngx_array_t *scripts,
    const char *name);


#endif /* _BB_REDIS_SCRIPT_H_INCLUDED_ */
