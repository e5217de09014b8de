#include "codec/pbjson_names.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char to_lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

const char *pbjson_field_name(const ProtobufCFieldDescriptor *field, char buf[PBJSON_NAME_SIZE])
{
    size_t used = 0;
    bool raise = false;

    for (const char *c = field->name; *c != '\0'; c++) {
        if (*c == '_') {
            raise = true;
            continue;
        }
        assert(used + 1 < PBJSON_NAME_SIZE);
        buf[used++] = raise ? to_upper(*c) : *c;
        raise = false;
    }
    buf[used] = '\0';
    return buf;
}

/* Length of the type's prefix in its values' names: SignalClass -> SIGNAL_CLASS_. */
static size_t prefix_len(const ProtobufCEnumDescriptor *list)
{
    size_t len = strlen(list->short_name) + 1;

    for (const char *c = list->short_name + 1; *c != '\0'; c++)
        len += is_upper(*c);
    return len;
}

const char *pbjson_enum_word(const ProtobufCEnumDescriptor *list, unsigned i,
                             char buf[PBJSON_NAME_SIZE])
{
    const char *name = list->values[i].name;
    size_t skip = prefix_len(list);
    size_t used = 0;

    assert(strlen(name) > skip && name[skip - 1] == '_');
    for (const char *c = name + skip; *c != '\0'; c++) {
        assert(used + 1 < PBJSON_NAME_SIZE);
        buf[used++] = *c == '_' ? '-' : to_lower(*c);
    }
    buf[used] = '\0';
    return buf;
}
