/* JSON as messages. The walk goes as deep as the schema nests: JSON that nests deeper is refused
 * as an unknown member or a wrong type, so input can't drive the recursion. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/pbjson.h"
#include "codec/pbjson_names.h"

#define NUMBER_MAX (INT64_C(1) << 53) /* what every JSON reader can hold */
#define QUOTE_SIZE 64

/* Where we are, for messages: the member's name and that of the object it is in. */
struct place {
    const struct place *parent;
    const char *name;
};

struct reader {
    int offset_min;
    struct tcn_fail *reterr;
};

static int read_message(const struct reader *r, const struct place *place,
                        const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                        unsigned level, ProtobufCMessage **ret);

/* "acknowledge.alarmId", or "the message" at the top. */
static const char *place_text(const struct place *place, char *buf, size_t size)
{
    const struct place *chain[PBJSON_LEVELS_MAX + 1];
    size_t count = 0, used = 0;

    for (const struct place *p = place; p != NULL && count <= PBJSON_LEVELS_MAX; p = p->parent)
        chain[count++] = p;
    if (count == 0)
        return "the message";
    buf[0] = '\0';
    while (count > 0) {
        count--;
        (void)tcn_text_format(buf + used, size - used, "%s%s", used > 0 ? "." : "",
                              chain[count]->name); /* cut is fine: for people */
        used += strlen(buf + used);
    }
    return buf;
}

static const char *quote(const char *text, char buf[QUOTE_SIZE])
{
    (void)tcn_text_copy(buf, QUOTE_SIZE, text); /* cut is fine: for people */
    for (char *c = buf; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return buf;
}

static const char *json_kind(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static int wrong_type(const struct reader *r, const struct place *place, const char *wanted,
                      const json_t *json)
{
    char where[256];

    return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: expected %s, found %s",
                        place_text(place, where, sizeof where), wanted, json_kind(json));
}

static int read_time(const struct reader *r, const struct place *place, const json_t *json,
                     int64_t *ret)
{
    static const char *const wanted = "a time like 2026-03-01T08:00:00+08:00";
    char where[256], quoted[QUOTE_SIZE];

    if (!json_is_string(json))
        return wrong_type(r, place, wanted, json);
    if (tcn_parse_rfc3339(json_string_value(json), json_string_length(json), r->offset_min, ret) <
        0)
        return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: expected %s, found '%s'",
                            place_text(place, where, sizeof where), wanted,
                            quote(json_string_value(json), quoted));
    return TCN_OK;
}

static int read_count(const struct reader *r, const struct place *place, const json_t *json,
                      int64_t max, uint64_t *ret)
{
    char where[256];

    if (!json_is_integer(json))
        return wrong_type(r, place, "a whole number", json);
    if (json_integer_value(json) < 0 || json_integer_value(json) > max)
        return tcn_fail_set(
            r->reterr, TCN_EINPUT,
            "%s: %" JSON_INTEGER_FORMAT " is out of range, 0 to %" JSON_INTEGER_FORMAT,
            place_text(place, where, sizeof where), json_integer_value(json), (json_int_t)max);
    *ret = (uint64_t)json_integer_value(json);
    return TCN_OK;
}

static int unknown_word(const struct reader *r, const struct place *place,
                        const ProtobufCEnumDescriptor *list, const char *word)
{
    char words[32][PBJSON_NAME_SIZE];
    char where[256], quoted[QUOTE_SIZE], all[256] = "";
    struct tcn_nearest nearest;
    size_t used = 0;

    assert(list->n_values <= 32);
    tcn_nearest_init(&nearest, word, strlen(word));
    for (unsigned i = 0; i < list->n_values; i++) {
        if (list->values[i].value == 0)
            continue;
        tcn_nearest_try(&nearest, pbjson_enum_word(list, i, words[i]));
        (void)tcn_text_format(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "",
                              words[i]); /* cut is fine: for people */
        used += strlen(all + used);
    }
    if (nearest.best != NULL)
        return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: unknown word '%s': did you mean '%s'?",
                            place_text(place, where, sizeof where), quote(word, quoted),
                            nearest.best);
    return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: unknown word '%s': it is one of %s",
                        place_text(place, where, sizeof where), quote(word, quoted), all);
}

static int read_word(const struct reader *r, const struct place *place,
                     const ProtobufCEnumDescriptor *list, const json_t *json, int *ret)
{
    char word[PBJSON_NAME_SIZE];

    if (!json_is_string(json))
        return wrong_type(r, place, "a word", json);
    for (unsigned i = 0; i < list->n_values; i++) {
        if (list->values[i].value != 0 &&
            strcmp(pbjson_enum_word(list, i, word), json_string_value(json)) == 0) {
            *ret = list->values[i].value;
            return TCN_OK;
        }
    }
    return unknown_word(r, place, list, json_string_value(json));
}

static int read_text(const struct reader *r, const struct place *place, const json_t *json,
                     char **at)
{
    size_t size = json_string_length(json) + 1;
    char *copy;

    if (!json_is_string(json))
        return wrong_type(r, place, "a text", json);
    copy = malloc(size);
    if (copy == NULL)
        return tcn_fail_set(r->reterr, TCN_ENOMEM, "no memory");
    memcpy(copy, json_string_value(json), size);
    *at = copy;
    return TCN_OK;
}

static int read_number(const struct reader *r, const struct place *place, const json_t *json,
                       double *ret)
{
    if (!json_is_number(json))
        return wrong_type(r, place, "a number", json);
    *ret = json_number_value(json);
    return TCN_OK;
}

/* One value into `at`, which holds the field's initial value. */
static int read_value(const struct reader *r, const struct place *place,
                      const ProtobufCFieldDescriptor *field, const json_t *json, unsigned level,
                      void *at)
{
    uint64_t number;
    int rc;

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        return read_time(r, place, json, at);
    case PROTOBUF_C_TYPE_UINT64:
        return read_count(r, place, json, NUMBER_MAX, at);
    case PROTOBUF_C_TYPE_UINT32:
        rc = read_count(r, place, json, UINT32_MAX, &number);
        if (rc == TCN_OK)
            *(uint32_t *)at = (uint32_t)number;
        return rc;
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_number(r, place, json, at);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return wrong_type(r, place, "true or false", json);
        *(protobuf_c_boolean *)at = json_is_true(json);
        return TCN_OK;
    case PROTOBUF_C_TYPE_ENUM:
        return read_word(r, place, field->descriptor, json, at);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(r, place, json, at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(r, place, field->descriptor, json, level + 1, at);
    default:
        assert(!"a type that the schema does not use");
        return TCN_EINPUT;
    }
}

/* Only lists of messages occur in the schema. */
static int read_list(const struct reader *r, const struct place *place,
                     const ProtobufCFieldDescriptor *field, const json_t *json, unsigned level,
                     ProtobufCMessage *message)
{
    char *base = (char *)message;
    size_t *count = (size_t *)(void *)(base + field->quantifier_offset);
    ProtobufCMessage **list;
    int rc = TCN_OK;

    assert(field->type == PROTOBUF_C_TYPE_MESSAGE);
    if (!json_is_array(json))
        return wrong_type(r, place, "an array", json);
    if (json_array_size(json) == 0)
        return TCN_OK;
    list = calloc(json_array_size(json), sizeof *list);
    if (list == NULL)
        return tcn_fail_set(r->reterr, TCN_ENOMEM, "no memory");
    *(ProtobufCMessage ***)(void *)(base + field->offset) = list;
    for (size_t i = 0; rc == TCN_OK && i < json_array_size(json); i++) {
        rc =
            read_message(r, place, field->descriptor, json_array_get(json, i), level + 1, &list[i]);
        *count += rc == TCN_OK;
    }
    return rc;
}

static int read_field(const struct reader *r, const struct place *place,
                      const ProtobufCFieldDescriptor *field, const json_t *json, unsigned level,
                      ProtobufCMessage *message)
{
    char *base = (char *)message;
    char where[256];
    uint32_t *set;
    int rc;

    if (json_is_null(json))
        return TCN_OK;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(r, place, field, json, level, message);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return read_value(r, place, field, json, level, base + field->offset);
    set = (uint32_t *)(void *)(base + field->quantifier_offset);
    if (*set != 0)
        return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: only one of its kind can be given",
                            place_text(place, where, sizeof where));
    rc = read_value(r, place, field, json, level, base + field->offset);
    if (rc == TCN_OK)
        *set = field->id;
    return rc;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  const char *name)
{
    char own[PBJSON_NAME_SIZE];

    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (strcmp(pbjson_field_name(&descriptor->fields[i], own), name) == 0)
            return &descriptor->fields[i];
    return NULL;
}

static int unknown_member(const struct reader *r, const struct place *place,
                          const ProtobufCMessageDescriptor *descriptor, const char *name)
{
    char own[PBJSON_NAME_SIZE], best[PBJSON_NAME_SIZE], where[256], quoted[QUOTE_SIZE];
    char all[256] = "";
    struct tcn_nearest nearest;
    size_t used = 0;

    tcn_nearest_init(&nearest, name, strlen(name));
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        tcn_nearest_try(&nearest, pbjson_field_name(&descriptor->fields[i], own));
        if (nearest.best == own) { /* kept by pointer: own is overwritten by the next */
            memcpy(best, own, sizeof best);
            nearest.best = best;
        }
        (void)tcn_text_format(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "",
                              own); /* cut is fine: for people */
        used += strlen(all + used);
    }
    if (nearest.best != NULL)
        return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: unknown member '%s': did you mean '%s'?",
                            place_text(place, where, sizeof where), quote(name, quoted),
                            nearest.best);
    return tcn_fail_set(r->reterr, TCN_EINPUT, "%s: unknown member '%s': it is one of %s",
                        place_text(place, where, sizeof where), quote(name, quoted), all);
}

static int read_members(const struct reader *r, const struct place *place,
                        const ProtobufCMessageDescriptor *descriptor, json_t *json, unsigned level,
                        ProtobufCMessage *message)
{
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at)) {
        const char *name = json_object_iter_key(at);
        const ProtobufCFieldDescriptor *field = find_field(descriptor, name);
        const struct place here = { place, name };
        int rc;

        if (field == NULL)
            return unknown_member(r, place, descriptor, name);
        rc = read_field(r, &here, field, json_object_iter_value(at), level, message);
        if (rc < 0)
            return rc;
    }
    return TCN_OK;
}

static int read_message(const struct reader *r, const struct place *place,
                        const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                        unsigned level, ProtobufCMessage **ret)
{
    ProtobufCMessage *message;
    int rc;

    assert(level < PBJSON_LEVELS_MAX);
    if (!json_is_object(json))
        return wrong_type(r, place, "an object", json);
    message = malloc(descriptor->sizeof_message);
    if (message == NULL)
        return tcn_fail_set(r->reterr, TCN_ENOMEM, "no memory");
    descriptor->message_init(message);
    /* jansson's iteration takes a json_t that is not const, and changes nothing in it. */
    rc = read_members(r, place, descriptor, (json_t *)(uintptr_t)json, level, message);
    if (rc < 0) {
        protobuf_c_message_free_unpacked(message, NULL);
        return rc;
    }
    *ret = message;
    return TCN_OK;
}

int pbjson_read(const ProtobufCMessageDescriptor *descriptor, const json_t *json, int offset_min,
                ProtobufCMessage **ret, struct tcn_fail *reterr)
{
    const struct reader r = { offset_min, reterr };

    return read_message(&r, NULL, descriptor, json, 0, ret);
}
