/* Dates in the service zone. */

#include "core/core_time.h"


void
bb_time_init(void)
{
    tzset();
}


const ngx_str_t *
bb_time_today(void)
{
    time_t            now;
    struct tm         tm;
    static time_t     computed;
    static u_char     text[BB_DATE_LEN + 1];
    static ngx_str_t  today = { BB_DATE_LEN, text };

    now = ngx_time();

    if (now != computed) {
        computed = now;
        ngx_libc_localtime(now, &tm);

        (void) ngx_sprintf(text, "%04d-%02d-%02d%Z", tm.tm_year + 1900,
                           tm.tm_mon + 1, tm.tm_mday);
    }

    return &today;
}


ngx_uint_t
bb_time_today_number(void)
{
    const ngx_str_t   *text;
    static time_t      computed;
    static ngx_uint_t  today;

    text = bb_time_today();

    if (computed != ngx_time()) {
        computed = ngx_time();
        today = bb_time_date_number(text->data);
    }

    return today;
}


ngx_uint_t
bb_time_date_number(const u_char *text)
{
    return ngx_atoi((u_char *) text, 4) * 10000
           + ngx_atoi((u_char *) text + 5, 2) * 100
           + ngx_atoi((u_char *) text + 8, 2);
}


ngx_int_t
bb_time_check_date(const ngx_str_t *text)
{
    u_char            *p;
    ngx_int_t          year, month, day, last;
    ngx_uint_t         i;

    static const ngx_int_t  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (text->len != BB_DATE_LEN) {
        return NGX_DECLINED;
    }

    p = text->data;

    for (i = 0; i < BB_DATE_LEN; i++) {
        if (i == 4 || i == 7) {
            if (p[i] != '-') {
                return NGX_DECLINED;
            }

        } else if (p[i] < '0' || p[i] > '9') {
            return NGX_DECLINED;
        }
    }

    year = ngx_atoi(p, 4);
    month = ngx_atoi(p + 5, 2);
    day = ngx_atoi(p + 8, 2);

    /* PostgreSQL has no year 0 */

    if (year < 1 || month < 1 || month > 12 || day < 1) {
        return NGX_DECLINED;
    }

    last = days[month - 1];

    if (month == 2
        && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0))
    {
        last = 29;
    }

    return day <= last ? NGX_OK : NGX_DECLINED;
}
