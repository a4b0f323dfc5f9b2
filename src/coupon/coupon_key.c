/* Names of a coupon's keys in Redis. */

#include "coupon/coupon_key.h"


static void bb_coupon_key_tagged(bb_coupon_key_t *key, const char *suffix,
    ngx_str_t *name, u_char *buf);


void
bb_coupon_key_init(bb_coupon_key_t *key, int64_t coupon)
{
    u_char  *p;

    key->coupon = coupon;

    p = ngx_sprintf(key->text, "{bb:%ui}",
                    (ngx_uint_t) ((uint64_t) coupon % BB_COUPON_PARTITIONS));
    key->tag_len = p - key->text;

    p = ngx_sprintf(p, ":coupon:%L", coupon);
    key->hash_len = p - key->text;

    p = ngx_sprintf(p, ":issued");
    key->issued_len = p - key->text;
}


void
bb_coupon_key_hash(bb_coupon_key_t *key, ngx_str_t *name)
{
    name->data = key->text;
    name->len = key->hash_len;
}


void
bb_coupon_key_issued(bb_coupon_key_t *key, ngx_str_t *name)
{
    name->data = key->text;
    name->len = key->issued_len;
}


void
bb_coupon_key_load(bb_coupon_key_t *key, ngx_str_t *name, u_char *buf)
{
    u_char  *p;

    p = ngx_cpymem(buf, key->text, key->hash_len);
    p = ngx_sprintf(p, ":load");

    name->data = buf;
    name->len = p - buf;
}


void
bb_coupon_key_claims(bb_coupon_key_t *key, ngx_str_t *name, u_char *buf)
{
    bb_coupon_key_tagged(key, ":claims", name, buf);
}


void
bb_coupon_key_dead(bb_coupon_key_t *key, ngx_str_t *name, u_char *buf)
{
    bb_coupon_key_tagged(key, ":claims:dead", name, buf);
}


static void
bb_coupon_key_tagged(bb_coupon_key_t *key, const char *suffix, ngx_str_t *name,
    u_char *buf)
{
    u_char  *p;

    p = ngx_cpymem(buf, key->text, key->tag_len);
    p = ngx_sprintf(p, "%s", suffix);

    name->data = buf;
    name->len = p - buf;
}


void
bb_coupon_key_partition(ngx_uint_t partition, const char *suffix,
    ngx_str_t *name, u_char *buf)
{
    name->data = buf;
    name->len = ngx_sprintf(buf, "{bb:%ui}:claims%s", partition, suffix) - buf;
}
