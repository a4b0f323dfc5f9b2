/*
 * Values from a JSON body, as lenient as the clients are used to: integers as
 * strings or with a fraction, numbers and booleans as texts, and so on.
 */

#include "core/core_input.h"
#include "core/core_jansson.h"
#include "core/core_number.h"
#include "core/core_reply.h"
#include "core/core_time.h"
#include "core/core_value.h"

#include <math.h>


static ngx_int_t bb_json_value(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_int(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_real(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_bool(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_text(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_text_length(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value);
static ngx_int_t bb_json_date(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_enum(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_ids(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_objects(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, json_t *json);
static ngx_int_t bb_json_list(bb_req_t *req, const bb_field_t *field,
    json_t *from, json_t *to);
static ngx_int_t bb_json_member(bb_req_t *req, const bb_field_t *field,
    json_t *from, json_t *to);
static void bb_json_trim(ngx_str_t *text);
static ngx_uint_t bb_json_is_space(u_char ch);


ngx_int_t
bb_json_body(bb_req_t *req, json_t *body, const ngx_str_t *text)
{
    json_t            *json;
    ngx_int_t          rc;
    ngx_str_t          bare;
    bb_body_e          form;
    ngx_uint_t         i;
    const bb_field_t  *input;

    form = req->route->endpoint->body;

    if (body && json_is_null(body)) {
        return bb_input_invalid(req, "the body is null", NULL);
    }

    if (form == BB_BODY_ARRAY) {
        if (!json_is_array(body)) {
            return bb_input_invalid(req, "the body is not a JSON array", NULL);
        }

    } else if (body && !json_is_object(body)
               && (form == BB_BODY_OBJECT || json_is_array(body)))
    {
        return bb_input_invalid(req, "the body is not a JSON object", NULL);
    }

    for (i = req->route->npath; i < req->route->n; i++) {
        input = &req->route->inputs[i];

        if (input->in != BB_IN_BODY) {
            continue;
        }

        if (body == NULL || (form == BB_BODY_TEXT && json_is_boolean(body))) {
            /* the text as it was sent, which the parser does not keep */

            bare = *text;
            bb_json_trim(&bare);

            if (bb_value_set_text(req, &req->values[i], bare.data, bare.len)
                != NGX_OK)
            {
                return bb_input_error(req);
            }

            rc = bb_json_text_length(req, input, &req->values[i]);

        } else {
            json = body;

            if (json_is_object(body)) {
                json = json_object_getn(body, (char *) input->name.data,
                                        input->name.len);
            }

            rc = bb_json_value(req, input, &req->values[i], json);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
bb_json_value(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    ngx_int_t  rc;

    value->null = 0;

    if (json == NULL || json_is_null(json)) {
        value->null = 1;
        rc = NGX_OK;

    } else {
        switch (field->type) {

        case BB_DOUBLE:
        case BB_LAT:
        case BB_LON:
            rc = bb_json_real(req, field, value, json);
            break;

        case BB_BOOL:
            rc = bb_json_bool(req, field, value, json);
            break;

        case BB_TEXT:
        case BB_TEXT_2000:
            rc = bb_json_text(req, field, value, json);
            break;

        case BB_DATE:
            rc = bb_json_date(req, field, value, json);
            break;

        case BB_ENUM:
            rc = bb_json_enum(req, field, value, json);
            break;

        case BB_IDS:
            rc = bb_json_ids(req, field, value, json);
            break;

        case BB_OBJECTS:
            rc = bb_json_objects(req, field, value, json);
            break;

        default: /* BB_INT64, BB_INT32 */
            rc = bb_json_int(req, field, value, json);
            break;
        }
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (value->null && (field->flags & BB_REQUIRED)) {
        return bb_input_invalid(req, "%V cannot be null", &field->name);
    }

    return NGX_OK;
}


/* An integer, a decimal without its fraction, or a string with an integer. */

static ngx_int_t
bb_json_int(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    ngx_str_t  text;

    switch (json_typeof(json)) {

    case JSON_INTEGER:
        if (bb_number_int64(req, json, &value->i) != NGX_OK) {
            return bb_input_invalid(req, "%V is out of range", &field->name);
        }

        break;

    case JSON_STRING:
        text.data = (u_char *) json_string_value(json);
        text.len = json_string_length(json);
        bb_json_trim(&text);

        if (text.len == 0) {
            value->null = 1;
            return NGX_OK;
        }

        if (bb_value_int64(text.data, text.len, &value->i) != NGX_OK) {
            return bb_input_invalid(req, "%V is not an integer", &field->name);
        }

        break;

    default:
        return bb_input_invalid(req, "%V is not an integer", &field->name);
    }

    if ((field->flags & BB_NOT_NEGATIVE) && value->i < 0) {
        return bb_input_invalid(req, "%V cannot be negative", &field->name);
    }

    if ((field->type == BB_INT32
         && (value->i > NGX_MAX_INT32_VALUE || value->i < INT32_MIN))
        || !bb_value_in_range(field, value->i))
    {
        return bb_input_invalid(req, "%V is out of range", &field->name);
    }

    return NGX_OK;
}


/* A number, or a string with one. */

static ngx_int_t
bb_json_real(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    double     real;
    ngx_str_t  text;

    if (json_is_integer(json)) {
        real = bb_number_real(req, json);

        if (!isfinite(real)) {
            return bb_input_invalid(req, "%V is out of range", &field->name);
        }

    } else if (json_is_string(json)) {
        text.data = (u_char *) json_string_value(json);
        text.len = json_string_length(json);
        bb_json_trim(&text);

        if (text.len == 0) {
            value->null = 1;
            return NGX_OK;
        }

        if (bb_value_real(text.data, text.len, &real) != NGX_OK) {
            return bb_input_invalid(req, "%V is not a number", &field->name);
        }

    } else {
        return bb_input_invalid(req, "%V is not a number", &field->name);
    }

    return bb_input_real(req, field, value, real);
}


/* true, "true", "True", "TRUE", a number that is not 0, and their opposites. */

static ngx_int_t
bb_json_bool(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    ngx_uint_t   i;
    const char  *text;

    static const char  *words[] = {
        "false", "true", "False", "True", "FALSE", "TRUE", NULL
    };

    if (json_is_boolean(json)) {
        bb_value_set_bool(value, json_is_true(json));
        return NGX_OK;
    }

    if (json_is_integer(json)) {
        bb_value_set_bool(value, bb_number_real(req, json) != 0);
        return NGX_OK;
    }

    text = json_string_value(json);     /* NULL if it is no string */

    if (text && *text == '\0') {
        value->null = 1;
        return NGX_OK;
    }

    for (i = 0; text && words[i]; i++) {
        if (ngx_strcmp(text, words[i]) == 0) {
            bb_value_set_bool(value, i & 1);
            return NGX_OK;
        }
    }

    return bb_input_invalid(req, "%V is not a boolean", &field->name);
}


/* A string, or the text of a number or boolean. */

static ngx_int_t
bb_json_text(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    char             *text;
    ngx_int_t         rc;
    const ngx_str_t  *number;

    if (json_is_string(json)) {
        value->s.data = (u_char *) json_string_value(json);
        value->s.len = json_string_length(json);

        return bb_json_text_length(req, field, value);
    }

    if (json_is_object(json) || json_is_array(json)) {
        return bb_input_invalid(req, "%V is not a text", &field->name);
    }

    number = bb_number_text(req, json);

    if (number) {
        value->s = *number;
        return bb_json_text_length(req, field, value);
    }

    text = bb_jansson_dump(json, JSON_ENCODE_ANY);
    if (text == NULL) {
        return bb_input_error(req);
    }

    rc = bb_value_set_text(req, value, (u_char *) text, ngx_strlen(text));

    free(text);

    return rc == NGX_OK ? NGX_OK : bb_input_error(req);
}


static ngx_int_t
bb_json_text_length(bb_req_t *req, const bb_field_t *field, bb_value_t *value)
{
    size_t  limit;

    limit = bb_value_max_text(field->type);

    /* a character is at least one byte */

    if (value->s.len > limit
        && ngx_utf8_length(value->s.data, value->s.len) > limit)
    {
        return bb_input_invalid(req, "%V is too long", &field->name);
    }

    return NGX_OK;
}


static ngx_int_t
bb_json_date(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    if (json_is_string(json)) {

        if (json_string_length(json) == 0) {
            value->null = 1;
            return NGX_OK;
        }

        value->s.data = (u_char *) json_string_value(json);
        value->s.len = json_string_length(json);

        if (bb_time_check_date(&value->s) == NGX_OK) {
            return NGX_OK;
        }
    }

    return bb_input_invalid(req, "%V is not a date (yyyy-MM-dd)",
                            &field->name);
}


static ngx_int_t
bb_json_enum(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    if (json_is_string(json)
        && bb_value_set_enum(field, value,
                             (u_char *) json_string_value(json),
                             json_string_length(json))
           == NGX_OK)
    {
        return NGX_OK;
    }

    return bb_input_invalid(req, "%V has an unknown value", &field->name);
}


static ngx_int_t
bb_json_ids(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    size_t      i, n;
    int64_t    *ids;
    ngx_int_t   rc;
    bb_field_t  element;
    bb_value_t  one;

    if (!json_is_array(json)) {
        return bb_input_invalid(req, "%V is not a list", &field->name);
    }

    n = json_array_size(json);

    ids = ngx_palloc(req->r->pool, (n + 1) * sizeof(int64_t));
    if (ids == NULL) {
        return bb_input_error(req);
    }

    element = *field;
    element.type = BB_INT64;
    element.flags |= BB_REQUIRED;

    for (i = 0; i < n; i++) {
        rc = bb_json_value(req, &element, &one, json_array_get(json, i));
        if (rc != NGX_OK) {
            return rc;
        }

        ids[i] = one.i;
    }

    if (bb_value_set_ids(req, value, ids, n) != NGX_OK) {
        return bb_input_error(req);
    }

    return NGX_OK;
}


static ngx_int_t
bb_json_objects(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    json_t *json)
{
    char       *text;
    json_t     *list;
    ngx_int_t   rc;

    list = json_array();
    if (list == NULL) {
        return bb_input_error(req);
    }

    rc = bb_json_list(req, field, json, list);

    if (rc != NGX_OK) {
        json_decref(list);
        return rc;
    }

    text = bb_jansson_dump(list, JSON_COMPACT);
    json_decref(list);

    if (text == NULL) {
        return bb_input_error(req);
    }

    rc = bb_value_set_text(req, value, (u_char *) text, ngx_strlen(text));

    free(text);

    return rc == NGX_OK ? NGX_OK : bb_input_error(req);
}


/* Fills to with one object for each of from's, of the declared fields only. */

static ngx_int_t
bb_json_list(bb_req_t *req, const bb_field_t *field, json_t *from, json_t *to)
{
    size_t             i;
    json_t            *object, *made;
    ngx_int_t          rc;
    const bb_field_t  *member;

    if (!json_is_array(from)) {
        return bb_input_invalid(req, "%V is not a list", &field->name);
    }

    for (i = 0; i < json_array_size(from); i++) {
        object = json_array_get(from, i);

        if (!json_is_object(object)) {
            return bb_input_invalid(req, "%V is not a list of objects",
                                    &field->name);
        }

        made = json_object();

        if (json_array_append_new(to, made) != 0) {
            return bb_input_error(req);
        }

        for (member = field->more; member->name.len; member++) {
            rc = bb_json_member(req, member,
                                json_object_getn(object,
                                                 (char *) member->name.data,
                                                 member->name.len),
                                made);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
bb_json_member(bb_req_t *req, const bb_field_t *field, json_t *from,
    json_t *to)
{
    json_t      *made;
    ngx_int_t    rc;
    bb_value_t   value;

    if (field->type == BB_OBJECTS && from && !json_is_null(from)) {

        made = json_array();

        if (json_object_setn_new(to, (char *) field->name.data,
                                 field->name.len, made)
            != 0)
        {
            return bb_input_error(req);
        }

        return bb_json_list(req, field, from, made);
    }

    ngx_memzero(&value, sizeof(bb_value_t));

    rc = bb_json_value(req, field, &value, from);
    if (rc != NGX_OK) {
        return rc;
    }

    if (value.null) {
        made = json_null();

    } else if (field->type == BB_INT64 || field->type == BB_INT32) {
        made = json_integer(value.i);

    } else if (field->type == BB_BOOL) {
        made = json_boolean(value.i);

    } else {
        /* to_recordset reads numbers and dates from strings as well */
        made = json_stringn((char *) value.s.data, value.s.len);
    }

    if (json_object_setn_new(to, (char *) field->name.data, field->name.len,
                             made)
        != 0)
    {
        return bb_input_error(req);
    }

    return NGX_OK;
}


/* White space of JSON around a value. */

static void
bb_json_trim(ngx_str_t *text)
{
    while (text->len && bb_json_is_space(text->data[0])) {
        text->data++;
        text->len--;
    }

    while (text->len && bb_json_is_space(text->data[text->len - 1])) {
        text->len--;
    }
}


static ngx_uint_t
bb_json_is_space(u_char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}


ngx_uint_t
bb_json_bare_number(const ngx_str_t *text)
{
    ngx_str_t  bare;

    bare = *text;
    bb_json_trim(&bare);

    return bb_number_check(bare.data, bare.len);
}
