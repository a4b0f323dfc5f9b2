/* Dates in the service zone: the zone of the nginx process. */

#ifndef _BB_CORE_TIME_H_INCLUDED_
#define _BB_CORE_TIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define BB_DATE_LEN  (sizeof("YYYY-MM-DD") - 1)


/* Takes over the TZ that "env TZ=..." gave to this worker; once, at start. */
void bb_time_init(void);

/*
 * Today's date, "YYYY-MM-DD", zero-terminated.  The text changes in place at
 * midnight, never within one event-loop turn.
 */
const ngx_str_t *bb_time_today(void);

/* The same as a number, yyyymmdd. */
ngx_uint_t bb_time_today_number(void);

/* Such a number of a date that is one. */
ngx_uint_t bb_time_date_number(const u_char *text);

/* NGX_OK if text is YYYY-MM-DD and a day of the calendar. */
ngx_int_t bb_time_check_date(const ngx_str_t *text);


#endif /* _BB_CORE_TIME_H_INCLUDED_ */
