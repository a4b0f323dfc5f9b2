/* Names of a coupon's keys in Redis. */

#ifndef _BB_COUPON_KEY_H_INCLUDED_
#define _BB_COUPON_KEY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define BB_COUPON_PARTITIONS  64

#define BB_COUPON_KEY_LEN                                                     \
    (sizeof("{bb:63}:coupon::issued") + NGX_INT64_LEN)


/*
 * The hash tag is the partition, the coupon's id modulo 64: all keys that one
 * script touches are in one slot of a Redis Cluster.
 */

typedef struct {
    int64_t       coupon;
    size_t        hash_len;                  /* {bb:<p>}:coupon:<id> */
    size_t        issued_len;                /* the same and :issued */
    size_t        tag_len;                   /* {bb:<p>} */
    u_char        text[BB_COUPON_KEY_LEN];
} bb_coupon_key_t;


void bb_coupon_key_init(bb_coupon_key_t *key, int64_t coupon);

/* These set *name to text in key, or write it to buf of BB_COUPON_KEY_LEN. */

void bb_coupon_key_hash(bb_coupon_key_t *key, ngx_str_t *name);
void bb_coupon_key_issued(bb_coupon_key_t *key, ngx_str_t *name);
void bb_coupon_key_load(bb_coupon_key_t *key, ngx_str_t *name, u_char *buf);
void bb_coupon_key_claims(bb_coupon_key_t *key, ngx_str_t *name, u_char *buf);
void bb_coupon_key_dead(bb_coupon_key_t *key, ngx_str_t *name, u_char *buf);

/* {bb:<p>}:claims and the text after it, "" or ":sweep" and so on */
void bb_coupon_key_partition(ngx_uint_t partition, const char *suffix,
    ngx_str_t *name, u_char *buf);


#endif /* _BB_COUPON_KEY_H_INCLUDED_ */
