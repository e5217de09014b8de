/* Messages as JSON. The walk goes as deep as the schema nests, which is no input. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "codec/pbjson.h"
#include "codec/pbjson_names.h"

#define REAL_DIGITS 15 /* what a double holds of any decimal number: 0.048 stays 0.048 */

static json_t *message_tree(const ProtobufCMessage *message, int offset_min, unsigned level);

static json_t *time_value(int64_t wall_ms, int offset_min)
{
    char text[TCN_RFC3339_SIZE];

    if (wall_ms == 0)
        return json_null();
    tcn_format_rfc3339(wall_ms, offset_min, text);
    return json_string(text);
}

static json_t *enum_value(const ProtobufCEnumDescriptor *list, int value)
{
    char word[PBJSON_NAME_SIZE];

    for (unsigned i = 0; value != 0 && i < list->n_values; i++)
        if (list->values[i].value == value)
            return json_string(pbjson_enum_word(list, i, word));
    return json_null(); /* 0 is "absent"; others come from a newer sender */
}

/* One value at `at`, as the field's type says; a new reference, or NULL for no memory. */
static json_t *scalar_value(const ProtobufCFieldDescriptor *field, const void *at, int offset_min,
                            unsigned level)
{
    const char *text;
    uint64_t count;
    double number;

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        return time_value(*(const int64_t *)at, offset_min);
    case PROTOBUF_C_TYPE_UINT64:
        count = *(const uint64_t *)at;
        return json_integer((json_int_t)count);
    case PROTOBUF_C_TYPE_UINT32:
        count = *(const uint32_t *)at;
        return json_integer((json_int_t)count);
    case PROTOBUF_C_TYPE_DOUBLE:
        number = *(const double *)at;
        return isfinite(number) ? json_real(number) : json_null();
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_value(field->descriptor, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        text = *(const char *const *)at;
        if (text == NULL || text[0] == '\0')
            return json_null();
        /* A protobuf string from outside need not be UTF-8. */
        return tcn_text_is_utf8(text, strlen(text)) ? json_string(text) : json_null();
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_tree(*(const ProtobufCMessage *const *)at, offset_min, level + 1);
    default:
        assert(!"a type that the schema does not use");
        return json_null();
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static json_t *array_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           int offset_min, unsigned level)
{
    const char *base = (const char *)message;
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *elements = *(const char *const *)(const void *)(base + field->offset);
    json_t *array = json_array();

    for (size_t i = 0; array != NULL && i < count; i++) {
        json_t *one = scalar_value(field, elements + i * element_size(field), offset_min, level);

        if (json_array_append_new(array, one) < 0) { /* one NULL is a failure, too */
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           int offset_min, unsigned level)
{
    const char *base = (const char *)message;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return array_value(message, field, offset_min, level);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
        return json_null();
    return scalar_value(field, base + field->offset, offset_min, level);
}

static json_t *message_tree(const ProtobufCMessage *message, int offset_min, unsigned level)
{
    json_t *object;

    assert(level < PBJSON_LEVELS_MAX);
    if (message == NULL)
        return json_null();
    object = json_object();
    for (unsigned i = 0; object != NULL && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[PBJSON_NAME_SIZE];
        json_t *value = field_value(message, field, offset_min, level);

        if (json_object_set_new(object, pbjson_field_name(field, name), value) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *pbjson_tree(const ProtobufCMessage *message, int offset_min)
{
    return message_tree(message, offset_min, 0);
}

static int append_dump(const char *bytes, size_t len, void *data)
{
    struct buf *out = data;

    buf_append(out, bytes, len);
    return out->failed ? -1 : 0;
}

int pbjson_write(const ProtobufCMessage *message, int offset_min, struct buf *out)
{
    json_t *tree = pbjson_tree(message, offset_min);
    int rc = -1;

    if (tree != NULL)
        rc = json_dump_callback(tree, append_dump, out,
                                JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
    json_decref(tree);
    if (rc < 0)
        out->failed = true; /* what was appended so far is no whole message */
    return rc < 0 ? TCN_ENOMEM : TCN_OK;
}
