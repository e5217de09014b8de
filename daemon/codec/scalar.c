#include "codec/scalar.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

#define NUMBER_TEXT_MAX 40 /* no sensible number is written longer */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts_number(const char *text, size_t len)
{
    return len > 0 && len <= NUMBER_TEXT_MAX &&
           ((text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '+' ||
            text[0] == '.');
}

static bool parse_number(const char *text, size_t len, double *ret_value)
{
    return starts_number(text, len) && tcn_parse_double(text, len, ret_value) == TCN_OK;
}

void scalar_from_text(struct scalar *s, const char *text, size_t len)
{
    while (len > 0 && is_blank(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    s->kind = SCALAR_TEXT;
    s->text = text;
    s->len = len;
    s->number = 0;
    s->numeric = parse_number(text, len, &s->number);
}

/* The shortest of the two usual forms that reads back as the same number. */
static void from_real(struct scalar *s, double value)
{
    double again;

    (void)tcn_text_format(s->digits, sizeof s->digits, "%.15g", value); /* always fits */
    if (tcn_parse_double(s->digits, strlen(s->digits), &again) < 0 || again != value)
        (void)tcn_text_format(s->digits, sizeof s->digits, "%.17g", value);
    s->text = s->digits;
    s->len = strlen(s->digits);
    s->number = value;
    s->numeric = isfinite(value) != 0;
}

static void from_integer(struct scalar *s, json_int_t value)
{
    (void)tcn_text_format(s->digits, sizeof s->digits, "%" JSON_INTEGER_FORMAT, value);
    s->text = s->digits;
    s->len = strlen(s->digits);
    s->number = (double)value;
    s->numeric = true;
}

static void set_empty(struct scalar *s, enum scalar_kind kind)
{
    s->kind = kind;
    s->text = "";
    s->len = 0;
    s->numeric = false;
    s->number = 0;
}

void scalar_from_json(struct scalar *s, const json_t *json)
{
    if (json == NULL) {
        set_empty(s, SCALAR_ABSENT);
        return;
    }
    set_empty(s, SCALAR_TEXT);
    switch (json_typeof(json)) {
    case JSON_STRING:
        scalar_from_text(s, json_string_value(json), json_string_length(json));
        break;
    case JSON_TRUE:
        s->text = "true";
        s->len = 4;
        break;
    case JSON_FALSE:
        s->text = "false";
        s->len = 5;
        break;
    case JSON_INTEGER:
        from_integer(s, json_integer_value(json));
        break;
    case JSON_REAL:
        from_real(s, json_real_value(json));
        break;
    case JSON_NULL:
        s->kind = SCALAR_NULL;
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        s->kind = SCALAR_OTHER;
        break;
    }
}

static char fold_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_text(const char *a, const char *b, size_t len, bool fold)
{
    if (!fold)
        return memcmp(a, b, len) == 0;
    for (size_t i = 0; i < len; i++)
        if (fold_char(a[i]) != fold_char(b[i]))
            return false;
    return true;
}

bool scalar_is_word(const struct scalar *s, const char *word, bool fold)
{
    size_t len = strlen(word);
    double number;

    if (s->kind != SCALAR_TEXT || s->len > SCALAR_TEXT_MAX)
        return false;
    if (s->len == len && same_text(s->text, word, len, fold))
        return true;
    return s->numeric && parse_number(word, len, &number) && number == s->number;
}

bool scalar_is_bool(const struct scalar *s, bool *ret_value)
{
    static const char *const yes[] = { "true", "on", "1" };
    static const char *const no[] = { "false", "off", "0" };

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (scalar_is_word(s, yes[i], true)) {
            *ret_value = true;
            return true;
        }
        if (scalar_is_word(s, no[i], true)) {
            *ret_value = false;
            return true;
        }
    }
    return false;
}

uint64_t scalar_hash(const struct scalar *s)
{
    uint64_t hash = tcn_hash(TCN_HASH_SEED, s->text, s->len);

    return hash != 0 ? hash : 1;
}
