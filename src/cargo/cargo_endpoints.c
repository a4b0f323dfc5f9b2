/* The endpoints of the cargo domain. */

#include "cargo/cargo_endpoints.h"
#include "cargo/cargo_stock.h"
#include "core/core_req.h"


static const bb_field_t  bb_cargo_level_fields[] = {
    bb_field("flowerId", BB_IN_BODY, BB_INT64, BB_REQUIRED),
    bb_field("stock", BB_IN_BODY, BB_INT64, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_cargo_modify_fields[] = {
    bb_field_of("stockModifyDtos", BB_IN_BODY, BB_OBJECTS, BB_REQUIRED,
                bb_cargo_level_fields),
    bb_null_field
};


static const bb_field_t  bb_cargo_change_fields[] = {
    bb_field("storeId", BB_IN_BODY, BB_INT64, BB_REQUIRED),
    bb_field_of("stockDtos", BB_IN_BODY, BB_OBJECTS, BB_REQUIRED,
                bb_cargo_level_fields),
    bb_field("phoneNumber", BB_IN_BODY, BB_TEXT, 0),
    bb_field("userId", BB_IN_BODY, BB_INT64, 0),
    bb_null_field
};


static const bb_field_t  bb_cargo_changes_fields[] = {
    bb_field("Idempotency-Key", BB_IN_HEADER, BB_TEXT, 0),
    bb_field_of("changes", BB_IN_BODY, BB_OBJECTS, BB_REQUIRED,
                bb_cargo_change_fields),
    bb_null_field
};


const bb_endpoint_t  bb_cargo_endpoints[] = {

    { "G1", NGX_HTTP_PUT, "/{storeId}/flowers/stocks",
      BB_CARGO, BB_PUBLIC, BB_USER_OWNER, BB_BODY_OBJECT, BB_VOID,
      bb_cargo_modify_fields, "cargo/modify", NULL },

    { "G2", NGX_HTTP_GET, "/{storeId}/flowers/stocks",
      BB_CARGO, BB_PUBLIC, BB_USER_OWNER, BB_BODY_NONE, BB_DATA,
      NULL, "cargo/list", NULL },

    { "GI1", NGX_HTTP_PUT, "/flowers/stocks/add",
      BB_CARGO, BB_INTERNAL, BB_USER_NONE, BB_BODY_ARRAY, BB_DATA,
      bb_cargo_changes_fields, "cargo/add", bb_cargo_change_handler },

    { "GI2", NGX_HTTP_PUT, "/flowers/stocks/subtract",
      BB_CARGO, BB_INTERNAL, BB_USER_NONE, BB_BODY_ARRAY, BB_DATA,
      bb_cargo_changes_fields, "cargo/subtract", bb_cargo_change_handler },

    { NULL, 0, NULL, 0, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, NULL, NULL }
};
