/* base/text.c - see text.h. Times are in text_time.c. */
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX  127 /* characters of a number */
#define NEAREST_MAX 63  /* longer words get no suggestion */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* --- copying ------------------------------------------------------------------------------- */

size_t tcn_text_sequence(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n;

    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        n = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        n = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        n = 4;
    else
        return 0;
    if (n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90))
        return 0; /* overlong */
    if ((s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0; /* surrogate, above U+10FFFF */
    return n;
}

size_t tcn_text_fit(const char *text, size_t len)
{
    size_t back = 0;

    while (back < len && back < 3 && ((unsigned char)text[len - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back == len)
        return len;
    unsigned char lead = (unsigned char)text[len - 1 - back];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return need > back + 1 ? len - 1 - back : len;
}

int tcn_text_copy_n(char *dst, size_t size, const char *src, size_t len)
{
    assert(size > 0);
    const char *end = len > 0 ? memchr(src, '\0', len) : NULL;
    if (end != NULL)
        len = (size_t)(end - src);
    bool cut = len >= size;
    if (cut)
        len = tcn_text_fit(src, size - 1);
    if (len > 0)
        memcpy(dst, src, len);
    dst[len] = '\0';
    return cut ? TCN_EFULL : TCN_OK;
}

int tcn_text_copy(char *dst, size_t size, const char *src)
{
    return tcn_text_copy_n(dst, size, src, strlen(src));
}

int tcn_text_format(char *dst, size_t size, const char *format, ...)
{
    va_list args;

    assert(size > 0);
    va_start(args, format);
    int n = vsnprintf(dst, size, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < size)
        return TCN_OK;
    /* n < 0: a text of more than INT_MAX bytes; there is nothing sensible in dst. */
    dst[n < 0 ? 0 : tcn_text_fit(dst, size - 1)] = '\0';
    return TCN_EFULL;
}

bool tcn_text_is_utf8(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t n = tcn_text_sequence(text + at, len - at);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

/* --- numbers ------------------------------------------------------------------------------- */

static size_t skip_digits(const char *text, size_t len, size_t at)
{
    while (at < len && is_digit(text[at]))
        at++;
    return at;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before or after the point. strtod alone
 * would take "inf", "nan", "0x10" and leading blanks, too. */
static bool is_number(const char *text, size_t len)
{
    size_t at = 0;

    if (at < len && (text[at] == '+' || text[at] == '-'))
        at++;
    size_t whole = at;
    at = skip_digits(text, len, at);
    size_t digits = at - whole;
    if (at < len && text[at] == '.') {
        size_t fraction = at + 1;
        at = skip_digits(text, len, fraction);
        digits += at - fraction;
    }
    if (digits == 0)
        return false;
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-'))
            at++;
        size_t exponent = at;
        at = skip_digits(text, len, at);
        if (at == exponent)
            return false;
    }
    return at == len;
}

int tcn_parse_double(const char *text, size_t len, double *ret_value)
{
    char number[NUMBER_MAX + 1];

    if (len == 0 || len > NUMBER_MAX || !is_number(text, len))
        return TCN_EINPUT;
    memcpy(number, text, len);
    number[len] = '\0';
    char *end;
    double value = strtod(number, &end);
    if (*end != '\0' || !isfinite(value))
        return TCN_EINPUT;
    *ret_value = value;
    return TCN_OK;
}

int tcn_parse_int(const char *text, size_t len, int64_t min, int64_t max, int64_t *ret_value)
{
    size_t at = 0;
    bool negative = false;
    int64_t value = 0;

    if (len > 0 && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        at = 1;
    }
    if (at == len)
        return TCN_EINPUT;
    for (; at < len; at++) {
        if (!is_digit(text[at]))
            return TCN_EINPUT;
        int digit = text[at] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return TCN_EINPUT;
    }
    if (value < min || value > max)
        return TCN_EINPUT;
    *ret_value = value;
    return TCN_OK;
}

/* --- suggestions --------------------------------------------------------------------------- */

/* Edit distance where a swap of neighbours is one edit. Three rows of the usual table. */
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][NEAREST_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    assert(a_len <= NEAREST_MAX && b_len <= NEAREST_MAX);
    for (unsigned j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *free_row = before;
        before = above;
        above = row;
        row = free_row;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    return row[b_len];
}

void tcn_nearest_init(struct tcn_nearest *n, const char *word, size_t len)
{
    n->word = word;
    n->word_len = len;
    n->best = NULL;
    /* One above what is allowed. A word of which nothing is left is no typing slip. */
    n->best_distance = 2 + (unsigned)(len / 3);
    if (len < n->best_distance)
        n->best_distance = (unsigned)len;
}

void tcn_nearest_try(struct tcn_nearest *n, const char *candidate)
{
    size_t len = strlen(candidate);

    if (n->word_len > NEAREST_MAX || len > NEAREST_MAX)
        return;
    unsigned distance = edit_distance(n->word, n->word_len, candidate, len);
    if (distance < n->best_distance) {
        n->best_distance = distance;
        n->best = candidate;
    }
}

uint64_t tcn_hash(uint64_t seed, const void *data, size_t len)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++) {
        seed ^= bytes[i];
        seed *= UINT64_C(1099511628211);
    }
    return seed;
}
