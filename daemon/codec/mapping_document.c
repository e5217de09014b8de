/* Reads JSON payloads: bounded before the parser sees them. */
#include <string.h>

#include "base/text.h"
#include "codec/mapping_private.h"

struct shape {
    uint32_t depth;  /* deepest nesting */
    uint32_t values; /* at most so many values */
};

/* How deep and how large is it? Counts brackets and separators outside strings; whether they make
 * sense is for the parser to say. Stops at the first limit passed. */
static struct shape measure(const char *text, size_t len)
{
    struct shape s = { .values = 1 };
    uint32_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            depth++;
            s.values++;
            if (depth > s.depth)
                s.depth = depth;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',') {
            s.values++;
        }
        if (s.depth > MAPPING_DEPTH_MAX || s.values > MAPPING_VALUES_MAX)
            break;
    }
    return s;
}

/* Integers beyond 64 bits are read as reals: one odd number must not cost the whole message. */
static json_t *parse(const char *text, size_t len, json_error_t *error)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_t *json = json_loadb(text, len, flags, error);

    if (json == NULL && json_error_code(error) == json_error_numeric_overflow)
        json = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, error);
    return json;
}

/* A bare value as the message has it, without the blanks around it. */
static const char *quote_value(const char *text, size_t len, char buf[MAPPING_QUOTE_SIZE])
{
    while (len > 0 && strchr(" \t\r\n", text[0]) != NULL) {
        text++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    return mapping_quote(text, len, buf);
}

static bool load(struct mapper *m)
{
    const char *text = m->message->payload;
    size_t len = m->message->payload_len;
    char why[MAPPING_QUOTE_SIZE];
    json_error_t error;
    struct shape shape;

    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* RFC 8259, 8.1: may be ignored */
        text += 3;
        len -= 3;
    }
    if (!tcn_text_is_utf8(text, len)) {
        mapping_reject(m, REJECT_NOT_UTF8, "the payload of %zu bytes is not UTF-8 text", len);
        return false;
    }
    shape = measure(text, len);
    if (shape.depth > MAPPING_DEPTH_MAX) {
        mapping_reject(m, REJECT_TOO_DEEP, "nested deeper than %d", MAPPING_DEPTH_MAX);
        return false;
    }
    if (shape.values > MAPPING_VALUES_MAX) {
        mapping_reject(m, REJECT_TOO_LARGE, "more than %u values in it", MAPPING_VALUES_MAX);
        return false;
    }
    m->document = parse(text, len, &error);
    if (m->document == NULL && json_error_code(&error) == json_error_out_of_memory) {
        mapping_reject(m, REJECT_NO_MEMORY, "no memory for %zu bytes of JSON", len);
    } else if (m->document == NULL) {
        mapping_reject(m, REJECT_MALFORMED, "line %d, column %d: %s", error.line, error.column,
                       mapping_quote(error.text, strlen(error.text), why));
    } else if (!json_is_object(m->document) && !json_is_array(m->document)) {
        /* No path leads into it: it says nothing, and proves nothing about a device either. */
        mapping_reject(m, REJECT_WRONG_TYPE, "expected an object or array, found %s",
                       quote_value(text, len, why));
        return false;
    }
    return m->document != NULL;
}

bool mapping_load_document(struct mapper *m)
{
    if (m->document_state == DOCUMENT_UNREAD)
        m->document_state = load(m) ? DOCUMENT_READ : DOCUMENT_REFUSED;
    return m->document_state == DOCUMENT_READ;
}
