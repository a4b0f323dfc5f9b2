/* The error catalogue: every business error, its name in SQL, its answer. */

#ifndef _BB_CORE_ERROR_H_INCLUDED_
#define _BB_CORE_ERROR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* X(enum, name used by SQL statements, message); messages are the contract */

#define BB_ERRORS(X)                                                          \
    X(STORE_EXISTS, "store_exists",                                           \
      "둘 이상의 가게를 생성할 수 없습니다.")                                    \
    X(SIDO_NOT_FOUND, "sido_not_found",                                       \
      "해당 시/도가 존재하지 않습니다.")                                        \
    X(GUGUN_NOT_FOUND, "gugun_not_found",                                     \
      "해당 구/군이 존재하지 않습니다.")                                        \
    X(REGION_MISMATCH, "region_mismatch",                                     \
      "선택한 시/도와 구/군이 맞지 않습니다.")                                  \
    X(STORE_NOT_FOUND, "store_not_found",                                     \
      "해당 가게가 존재하지 않습니다.")                                         \
    X(ADDRESS_NOT_FOUND, "address_not_found",                                 \
      "해당 가게의 주소가 존재하지 않습니다.")                                  \
    X(POLICY_NOT_FOUND, "policy_not_found",                                   \
      "해당 가게의 배송정책이 존재하지 않습니다.")                              \
    X(POLICY_VIOLATED, "policy_violated",                                     \
      "주문 요청이 배송 정책을 위반했습니다.")                                  \
    X(CARGO_NOT_FOUND, "cargo_not_found",                                     \
      "해당 가게는 해당 꽃 재고를 등록하지 않았습니다")                         \
    X(STOCK_NEGATIVE, "stock_negative",                                       \
      "재고는 음수가 될 수 없습니다.")                                          \
    X(STOCK_FAILED, "stock_failed",                                           \
      "재고차감 변경에 실패했습니다.")                                          \
    X(COUPON_NOT_FOUND, "coupon_not_found",                                   \
      "해당 쿠폰이 존재하지 않습니다.")                                         \
    X(COUPON_DELETED, "coupon_deleted",                                       \
      "해당 쿠폰은 관리자에 의해 삭제되었습니다.")                              \
    X(COUPON_EXPIRED, "coupon_expired",                                       \
      "기한이 만료된 쿠폰입니다.")                                              \
    X(COUPON_NOT_STARTED, "coupon_not_started",                               \
      "아직 발급할 수 없는 쿠폰입니다.")                                        \
    X(COUPON_ALREADY_ISSUED, "coupon_already_issued",                         \
      "이미 발급받은 쿠폰입니다.")                                              \
    X(COUPON_SOLD_OUT, "coupon_sold_out",                                     \
      "준비된 쿠폰이 모두 소진되었습니다.")                                     \
    X(COUPON_START_INVALID, "coupon_start_invalid",                           \
      "시작일이 올바르지 않습니다.")                                            \
    X(COUPON_END_INVALID, "coupon_end_invalid",                               \
      "시작일과 종료일이 올바르지 않습니다.")                                   \
    X(COUPON_FORBIDDEN, "coupon_forbidden",                                   \
      "해당 쿠폰에 대한 권한이 없습니다.")                                      \
    X(COUPON_MISMATCH, "coupon_mismatch",                                     \
      "해당 요청은 실제 쿠폰 정보와 일치하지 않습니다.")                        \
    X(COUPON_NOT_ISSUED, "coupon_not_issued",                                 \
      "발급된적 없는 쿠폰입니다.")                                              \
    X(COUPON_USED, "coupon_used",                                             \
      "이미 사용한 쿠폰입니다.")                                                \
    X(QUESTION_NOT_FOUND, "question_not_found",                               \
      "해당 문의를 찾을 수 없습니다.")                                          \
    X(QUESTION_ANSWERED, "question_answered",                                 \
      "이미 답변이 등록된 문의입니다.")                                         \
    X(NOT_OWNER, "not_owner",                                                 \
      "해당 가게에 대한 권한이 없습니다.")


#define BB_ERROR_ENUM(id, name, message)  BB_E_##id,

typedef enum {
    BB_ERRORS(BB_ERROR_ENUM)
    BB_E_N
} bb_error_e;


/* The FAIL envelope of an error, constant text. */
const ngx_str_t *bb_error_body(bb_error_e error);

/* Sets *error and returns NGX_OK, or NGX_DECLINED: no error has that name. */
ngx_int_t bb_error_find(const char *name, bb_error_e *error);


#endif /* _BB_CORE_ERROR_H_INCLUDED_ */
