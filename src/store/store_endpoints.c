/* The endpoints of the store domain. */

#include "store/store_endpoints.h"
#include "core/core_query.h"
#include "core/core_reply.h"
#include "store/store_facade.h"


static void bb_store_purchase_handler(bb_req_t *req);
static void bb_store_purchase_done(bb_req_t *req, PGresult *res);


static const bb_field_t  bb_store_fields[] = {
    bb_field("storeName", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("detailInfo", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("storeThumbnailImage", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("phoneNumber", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("accountNumber", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("bank", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("deliveryPrice", BB_IN_BODY, BB_INT64,
             BB_REQUIRED|BB_NOT_NEGATIVE),
    bb_field("freeDeliveryMinPrice", BB_IN_BODY, BB_INT64,
             BB_REQUIRED|BB_NOT_NEGATIVE),
    bb_field("sido", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("gugun", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("address", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("detailAddress", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("zipCode", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("lat", BB_IN_BODY, BB_LAT, BB_REQUIRED),
    bb_field("lon", BB_IN_BODY, BB_LON, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_store_page_fields[] = {
    bb_field("page", BB_IN_QUERY, BB_PAGE, 0),
    bb_field("size", BB_IN_QUERY, BB_SIZE, 0),
    bb_null_field
};


/* map scales, each with a square of its own; see near.sql */

static const bb_range_t  bb_store_levels = { 1, 5 };

static const bb_field_t  bb_store_near_fields[] = {
    bb_field("lat", BB_IN_QUERY, BB_LAT, BB_REQUIRED),
    bb_field("lon", BB_IN_QUERY, BB_LON, BB_REQUIRED),
    bb_field_of("level", BB_IN_QUERY, BB_INT64, BB_REQUIRED, &bb_store_levels),
    bb_null_field
};


static const bb_field_t  bb_store_region_fields[] = {
    bb_field("sido", BB_IN_QUERY, BB_TEXT, BB_REQUIRED),
    bb_field("gugun", BB_IN_QUERY, BB_TEXT, BB_REQUIRED),
    bb_null_field
};


static const char *const  bb_store_sorts[] = {
    "DATE", "RATE", "AMOUNT", NULL
};

static const bb_field_t  bb_store_admin_fields[] = {
    bb_field("page", BB_IN_QUERY, BB_PAGE, 0),
    bb_field("size", BB_IN_QUERY, BB_SIZE, 0),
    bb_field_of("sort", BB_IN_QUERY, BB_ENUM, 0, bb_store_sorts),
    bb_field("sido", BB_IN_QUERY, BB_TEXT, BB_REQUIRED),
    bb_field("gugun", BB_IN_QUERY, BB_TEXT, 0),
    bb_null_field
};


static const bb_field_t  bb_store_gugun_fields[] = {
    bb_field("sido", BB_IN_QUERY, BB_TEXT, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_store_names_fields[] = {
    bb_field("storeIds", BB_IN_QUERY, BB_IDS, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_store_ids_fields[] = {
    bb_field("storeIds", BB_IN_BODY, BB_IDS, BB_REQUIRED),
    bb_null_field
};


/* which of the others must be there is decided by validate_purchase.sql */

static const bb_field_t  bb_store_price_fields[] = {
    bb_field("couponId", BB_IN_BODY, BB_INT64, 0),
    bb_field("couponAmount", BB_IN_BODY, BB_INT64, 0),
    bb_field("storeId", BB_IN_BODY, BB_INT64, 0),
    bb_field("deliveryCost", BB_IN_BODY, BB_INT64, 0),
    bb_field("actualAmount", BB_IN_BODY, BB_INT64, BB_REQUIRED),
    bb_null_field
};

static const char *const  bb_store_order_types[] = {
    "PICKUP", "SUBSCRIBE", "DELIVERY", NULL
};

static const bb_field_t  bb_store_purchase_fields[] = {
    bb_field_of("validatePriceDtos", BB_IN_BODY, BB_OBJECTS, BB_REQUIRED,
                bb_store_price_fields),
    bb_field_of("orderType", BB_IN_BODY, BB_ENUM, BB_REQUIRED,
                bb_store_order_types),
    bb_null_field
};


const bb_endpoint_t  bb_store_endpoints[] = {

    { "S1", NGX_HTTP_POST, "/",
      BB_STORE, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_OBJECT, BB_DATA,
      bb_store_fields, "store/create_check", bb_store_create_handler },

    { "S2", NGX_HTTP_PUT, "/{storeId}",
      BB_STORE, BB_PUBLIC, BB_USER_OWNER, BB_BODY_OBJECT, BB_VOID,
      bb_store_fields, "store/update", bb_store_update_handler },

    { "S3", NGX_HTTP_GET, "/{storeId}",
      BB_STORE, BB_PUBLIC, BB_USER_OWNER, BB_BODY_NONE, BB_DATA,
      NULL, "store/form", NULL },

    { "S4", NGX_HTTP_GET, "/list",
      BB_STORE, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      bb_store_page_fields, "store/list", bb_store_list_handler },

    { "S5", NGX_HTTP_GET, "/{storeId}/user",
      BB_STORE, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      NULL, "store/page", bb_store_page_handler },

    { "S6", NGX_HTTP_GET, "/{storeId}/manager",
      BB_STORE, BB_PUBLIC, BB_USER_OWNER, BB_BODY_NONE, BB_DATA,
      NULL, "store/manager", NULL },

    { "S7", NGX_HTTP_GET, "/map/location",
      BB_STORE, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      bb_store_near_fields, "store/near", bb_store_map_handler },

    { "S8", NGX_HTTP_GET, "/map/region",
      BB_STORE, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      bb_store_region_fields, "store/region", bb_store_map_handler },

    { "S9", NGX_HTTP_GET, "/{storeId}/delivery-policy",
      BB_STORE, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, "store/policy", NULL },

    { "S10", NGX_HTTP_GET, "/admin",
      BB_STORE, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      bb_store_admin_fields, "store/admin", NULL },

    { "S11", NGX_HTTP_GET, "/address/sido",
      BB_STORE, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, "store/sido", NULL },

    { "S12", NGX_HTTP_GET, "/address/gugun",
      BB_STORE, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      bb_store_gugun_fields, "store/gugun", NULL },

    { "SI1", NGX_HTTP_GET, "/id",
      BB_STORE, BB_INTERNAL, BB_USER_REQUIRED, BB_BODY_NONE, BB_DATA,
      NULL, "store/id", NULL },

    { "SI2", NGX_HTTP_GET, "/{storeId}/info",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, "store/info", NULL },

    { "SI3", NGX_HTTP_GET, "/{storeId}/name",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, "store/name", NULL },

    { "SI4", NGX_HTTP_GET, "/store-name",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      bb_store_names_fields, "store/names", NULL },

    { "SI5", NGX_HTTP_GET, "/{storeId}",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, "store/get", NULL },

    { "SI6", NGX_HTTP_GET, "/",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, "store/all", NULL },

    { "SI7", NGX_HTTP_POST, "/coupons/validate-purchase",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_OBJECT, BB_DATA,
      bb_store_purchase_fields, "store/validate_purchase",
      bb_store_purchase_handler },

    { "SI8", NGX_HTTP_POST, "/simple-info",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_ARRAY, BB_DATA,
      bb_store_ids_fields, "store/simple", NULL },

    { "SI9", NGX_HTTP_POST, "/settlements",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_ARRAY, BB_DATA,
      bb_store_ids_fields, "store/settlements", NULL },

    { "SI10", NGX_HTTP_POST, "/policy",
      BB_STORE, BB_INTERNAL, BB_USER_NONE, BB_BODY_ARRAY, BB_DATA,
      bb_store_ids_fields, "store/policies", NULL },

    { NULL, 0, NULL, 0, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, NULL, NULL }
};


/* SI7: what must not be null depends on the rest of the order. */

static void
bb_store_purchase_handler(bb_req_t *req)
{
    bb_query_run(req, bb_store_purchase_done);
}


static void
bb_store_purchase_done(bb_req_t *req, PGresult *res)
{
    ngx_str_t  member;

    if (PQgetisnull(res, 0, 2)) {
        bb_query_reply(req, res);
        return;
    }

    member.data = (u_char *) PQgetvalue(res, 0, 2);
    member.len = PQgetlength(res, 0, 2);

    bb_reply_invalid(req, NGX_HTTP_BAD_REQUEST, "%V cannot be null", &member);
}
