#include "app/journal_fields.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char PREFIX[] = "TOCSIN_";

/* Journal keys hold capitals, digits and underscores. */
static size_t put_key(const char *key, size_t len, char field[JOURNAL_FIELD_SIZE])
{
    size_t at = sizeof PREFIX - 1;

    memcpy(field, PREFIX, at);
    if (len > JOURNAL_KEY_MAX)
        len = JOURNAL_KEY_MAX;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)key[i];

        field[at++] = (char)(isalnum(c) ? toupper(c) : '_');
    }
    field[at++] = '=';
    return at;
}

/* Copies a value from p, plain or quoted; returns what follows it. */
static const char *put_value(const char *p, char field[JOURNAL_FIELD_SIZE], size_t at)
{
    bool quoted = *p == '"';

    p += quoted;
    while (*p != '\0' && *p != (quoted ? '"' : ' ')) {
        if (quoted && p[0] == '\\' && p[1] != '\0')
            p++;
        if (at + 1 < JOURNAL_FIELD_SIZE)
            field[at++] = *p;
        p++;
    }
    field[at] = '\0';
    return *p == '"' ? p + 1 : p;
}

bool journal_next_field(const char **line, char field[JOURNAL_FIELD_SIZE])
{
    const char *p = *line;

    while (*p != '\0') {
        size_t len;

        p += strspn(p, " ");
        len = strcspn(p, " =");
        if (len > 0 && p[len] == '=') {
            *line = put_value(p + len + 1, field, put_key(p, len, field));
            return true;
        }
        p += len + (p[len] == '='); /* a leading word of the line */
    }
    *line = p;
    return false;
}
