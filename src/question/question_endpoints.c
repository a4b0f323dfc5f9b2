/* The endpoints of the question domain. */

#include "question/question_endpoints.h"
#include "core/core_req.h"


static const bb_field_t  bb_question_fields[] = {
    bb_field("storeId", BB_IN_BODY, BB_INT64, BB_REQUIRED),
    bb_field("productId", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("productName", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("title", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("content", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_field("isSecret", BB_IN_BODY, BB_BOOL, 0),
    bb_field("nickname", BB_IN_BODY, BB_TEXT, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_question_answer_fields[] = {
    bb_field("content", BB_IN_BODY, BB_TEXT_2000, BB_REQUIRED),
    bb_null_field
};


static const bb_field_t  bb_question_list_fields[] = {
    bb_field("is-replied", BB_IN_QUERY, BB_BOOL, 0),
    bb_field("page", BB_IN_QUERY, BB_PAGE, 0),
    bb_field("size", BB_IN_QUERY, BB_SIZE, 0),
    bb_null_field
};


const bb_endpoint_t  bb_question_endpoints[] = {

    { "Q1", NGX_HTTP_POST, "/questions",
      BB_QUESTION, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_OBJECT, BB_VOID,
      bb_question_fields, "question/create", NULL },

    { "Q2", NGX_HTTP_GET, "/questions/{questionId}",
      BB_QUESTION, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      NULL, "question/get", NULL },

    { "Q3", NGX_HTTP_POST, "/questions/{questionId}/answers",
      BB_QUESTION, BB_PUBLIC, BB_USER_OWNER, BB_BODY_TEXT, BB_VOID,
      bb_question_answer_fields, "question/answer", NULL },

    { "Q4", NGX_HTTP_GET, "/{storeId}/questions",
      BB_QUESTION, BB_PUBLIC, BB_USER_OWNER, BB_BODY_NONE, BB_DATA,
      bb_question_list_fields, "question/store", NULL },

    { "Q5", NGX_HTTP_GET, "/questions/product/{productId}",
      BB_QUESTION, BB_PUBLIC, BB_USER_OPTIONAL, BB_BODY_NONE, BB_DATA,
      bb_question_list_fields, "question/product", NULL },

    { "Q6", NGX_HTTP_GET, "/questions/product/{productId}/my",
      BB_QUESTION, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_NONE, BB_DATA,
      bb_question_list_fields, "question/product_my", NULL },

    { "Q7", NGX_HTTP_GET, "/questions/my-page",
      BB_QUESTION, BB_PUBLIC, BB_USER_REQUIRED, BB_BODY_NONE, BB_DATA,
      bb_question_list_fields, "question/my", NULL },

    { NULL, 0, NULL, 0, BB_PUBLIC, BB_USER_NONE, BB_BODY_NONE, BB_DATA,
      NULL, NULL, NULL }
};
