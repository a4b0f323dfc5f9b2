/* The endpoints of the coupon domain. */

#include "coupon/coupon_endpoints.h"
#include "core/core_req.h"
#include "coupon/coupon_draw.h"
#include "coupon/coupon_edit.h"


static const bb_field_t  bb_coupon_fields[] = {
    bb_field("couponName", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("discountPrice", BB_IN_BODY, BB_INT64,
             BB_REQUIRED|BB_NOT_NEGATIVE),
    bb_field("minPrice", BB_IN_BODY, BB_INT64,
             BB_REQUIRED|BB_NOT_NEGATIVE),
    bb_field("limitCount", BB_IN_BODY, BB_INT32,
             BB_REQUIRED|BB_NOT_NEGATIVE),
    bb_field("startDate", BB_IN_BODY, BB_DATE, BB_REQUIRED),
    bb_field("endDate", BB_IN_BODY, BB_DATE, BB_REQUIRED),
    bb_null_field
};


/* in the order of coupon_draw.h */

static const bb_field_t  bb_coupon_draw_fields[] = {
    bb_field("nickname", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("phoneNumber", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_coupon_payment_fields[] = {
    bb_field("totalAmount", BB_IN_BODY, BB_INT64, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_coupon_page_fields[] = {
    bb_field("page", BB_IN_QUERY, BB_PAGE, 0),
    bb_field("size", BB_IN_QUERY, BB_SIZE, 0),
    bb_null_field
};


const bb_endpoint_t  bb_coupon_endpoints[] = {

    { "C1", NGX_HTTP_POST, "/{storeId}/coupons",
      BB_COUPON, BB_PUBLIC, BB_USER_OWNER, BB_BODY_OBJECT, BB_VOID,
      bb_coupon_fields, "coupon/create", bb_coupon_create_handler },

    { "C2", NGX_HTTP_PUT, "/{storeId}/coupons/{couponId}",
      BB_COUPON, BB_PUBLIC, BB_USER_OWNER, BB_BODY_OBJECT, BB_VOID,
      bb_coupon_fields, "coupon/update", bb_coupon_change_handler },

    { "C3", NGX_HTTP_DELETE, "/{storeId}/coupons/{couponId}",
      BB_COUPON, BB_PUBLIC, BB_USER_OWNER, BB_BODY_NONE, BB_VOID,
      NULL, "coupon/delete", bb_coupon_change_handler },

    { "C4", NGX_HTTP_GET, "/{storeId}/coupons",
      BB_COUPON, BB_PUBLIC, BB_USER_OWNER, BB_BODY_NONE, BB_DATA,
      NULL, "coupon/list", NULL },

    { "C5", NGX_HTTP_POST, "/coupons/{couponId}",
      BB_COUPON, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_OBJECT, BB_VOID,
      bb_coupon_draw_fields, NULL, bb_coupon_draw_handler },

    { "C6", NGX_HTTP_POST, "/{storeId}/coupons/all",
      BB_COUPON, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_OBJECT, BB_VOID,
      bb_coupon_draw_fields, "coupon/open", bb_coupon_draw_all_handler },

    { "C7", NGX_HTTP_GET, "/{storeId}/coupons/product",
      BB_COUPON, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      NULL, "coupon/product", NULL },

    { "C8", NGX_HTTP_POST, "/{storeId}/coupons/payment",
      BB_COUPON, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_NUMBER, BB_DATA,
      bb_coupon_payment_fields, "coupon/payment", NULL },

    { "C9", NGX_HTTP_GET, "/coupons/my",
      BB_COUPON, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_NONE, BB_DATA,
      NULL, "coupon/my", NULL },

    { "C10", NGX_HTTP_GET, "/coupons/{couponId}/members",
      BB_COUPON, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_NONE, BB_DATA,
      bb_coupon_page_fields, "coupon/members", NULL },

    { "CI1", NGX_HTTP_POST, "/coupons/{couponId}/users/{userId}",
      BB_COUPON, BB_INTERNAL, BB_USER_NONE, BB_BODY_NONE, BB_VOID,
      NULL, "coupon/use", NULL },

    { "CI2", NGX_HTTP_GET, "/coupons/count",
      BB_COUPON, BB_INTERNAL, BB_USER_REQUIRED, BB_BODY_NONE, BB_DATA,
      NULL, "coupon/count", NULL },

    { NULL, 0, NULL, 0, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, NULL, NULL }
};
