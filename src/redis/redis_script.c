/* The Lua scripts of a configuration, each with the SHA1 that EVALSHA needs. */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>

#include "core/core_embed.h"
#include "redis/redis_script.h"


static ngx_int_t bb_redis_script_dir(ngx_conf_t *cf, ngx_array_t *scripts,
    ngx_str_t *path);
static ngx_int_t bb_redis_script_entry(ngx_conf_t *cf, ngx_array_t *scripts,
    ngx_str_t *path, u_char *file);
static ngx_int_t bb_redis_script_read(ngx_conf_t *cf, u_char *path,
    ngx_str_t *source);
static void bb_redis_script_sha1(bb_redis_script_t *script);


ngx_array_t *
bb_redis_scripts_load(ngx_conf_t *cf, ngx_str_t *dir)
{
    ngx_str_t           path;
    ngx_uint_t          i;
    ngx_array_t        *scripts;
    bb_redis_script_t  *script;

    scripts = ngx_array_create(cf->pool, bb_embed_scripts_n + 1,
                               sizeof(bb_redis_script_t));
    if (scripts == NULL) {
        return NULL;
    }

    for (i = 0; i < bb_embed_scripts_n; i++) {
        script = ngx_array_push(scripts);

        script->name.data = (u_char *) bb_embed_scripts[i].name;
        script->name.len = ngx_strlen(bb_embed_scripts[i].name);
        script->source.data = (u_char *) bb_embed_scripts[i].text;
        script->source.len = bb_embed_scripts[i].len;
    }

    if (dir) {
        path = *dir;

        if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK
            || bb_redis_script_dir(cf, scripts, &path) != NGX_OK)
        {
            return NULL;
        }
    }

    script = scripts->elts;

    for (i = 0; i < scripts->nelts; i++) {
        bb_redis_script_sha1(&script[i]);
    }

    return scripts;
}


bb_redis_script_t *
bb_redis_script_find(ngx_array_t *scripts, const char *name)
{
    size_t              len;
    ngx_uint_t          i;
    bb_redis_script_t  *script;

    len = ngx_strlen(name);
    script = scripts->elts;

    for (i = 0; i < scripts->nelts; i++) {
        if (script[i].name.len == len
            && ngx_strncmp(script[i].name.data, name, len) == 0)
        {
            return &script[i];
        }
    }

    return NULL;
}


static ngx_int_t
bb_redis_script_dir(ngx_conf_t *cf, ngx_array_t *scripts, ngx_str_t *path)
{
    ngx_int_t  rc;
    ngx_err_t  err;
    ngx_dir_t  dir;

    if (ngx_open_dir(path, &dir) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open the script directory \"%V\"", path);
        return NGX_ERROR;
    }

    do {
        ngx_set_errno(0);

        if (ngx_read_dir(&dir) != NGX_OK) {
            err = ngx_errno;
            rc = NGX_OK;

            if (err != 0 && err != NGX_ENOMOREFILES) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                                   "cannot read the script directory \"%V\"",
                                   path);
                rc = NGX_ERROR;
            }

            break;
        }

        rc = bb_redis_script_entry(cf, scripts, path, ngx_de_name(&dir));

    } while (rc == NGX_OK);

    if (ngx_close_dir(&dir) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           ngx_close_dir_n " \"%V\" failed", path);
    }

    return rc;
}


static ngx_int_t
bb_redis_script_entry(ngx_conf_t *cf, ngx_array_t *scripts, ngx_str_t *path,
    u_char *file)
{
    size_t              len;
    u_char             *name, *full;
    bb_redis_script_t  *script;

    len = ngx_strlen(file);

    if (len < sizeof(".lua") || file[0] == '.'
        || ngx_strcmp(file + len - (sizeof(".lua") - 1), ".lua") != 0)
    {
        return NGX_OK;
    }

    len -= sizeof(".lua") - 1;

    name = ngx_pnalloc(cf->pool, len + 1);
    full = ngx_pnalloc(cf->pool, path->len + 1 + len + sizeof(".lua"));

    if (name == NULL || full == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn(name, file, len + 1);
    ngx_sprintf(full, "%V/%s%Z", path, file);

    script = bb_redis_script_find(scripts, (char *) name);

    if (script == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" is not one of this module's scripts; "
                           "remove or rename it", full);
        return NGX_ERROR;
    }

    return bb_redis_script_read(cf, full, &script->source);
}


static ngx_int_t
bb_redis_script_read(ngx_conf_t *cf, u_char *path, ngx_str_t *source)
{
    ssize_t          n;
    ngx_int_t        rc;
    ngx_file_t       file;
    ngx_file_info_t  fi;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name.data = path;
    file.name.len = ngx_strlen(path);
    file.log = cf->log;

    file.fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open the script \"%s\"", path);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (ngx_fd_info(file.fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%s\" failed", path);
        goto done;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the script \"%s\" is not a regular file", path);
        goto done;
    }

    source->len = (size_t) ngx_file_size(&fi);

    if (source->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the script \"%s\" is empty; "
                           "remove it to use the built-in one", path);
        goto done;
    }

    source->data = ngx_pnalloc(cf->pool, source->len);
    if (source->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, source->data, source->len, 0);

    if (n == NGX_ERROR || (size_t) n != source->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n == NGX_ERROR ? ngx_errno : 0,
                           "cannot read the script \"%s\"", path);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           ngx_close_file_n " \"%s\" failed", path);
    }

    return rc;
}


static void
bb_redis_script_sha1(bb_redis_script_t *script)
{
    u_char      sha1[20];
    ngx_sha1_t  ctx;

    ngx_sha1_init(&ctx);
    ngx_sha1_update(&ctx, script->source.data, script->source.len);
    ngx_sha1_final(sha1, &ctx);

    ngx_hex_dump(script->sha1, sha1, sizeof(sha1));
}
