/* codec/scalar.h - one value met in a message, normalised so that true, "true", 1, "1" and "ON"
 * can be compared with what a source file says. Pure.
 *
 * Owner:   a scalar borrows its text from the message, or from its own digits: pass it by pointer,
 *          never copy it.
 * Limits:  text of more than SCALAR_TEXT_MAX bytes equals nothing and is no number. */
#ifndef TOCSIN_CODEC_SCALAR_H
#define TOCSIN_CODEC_SCALAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCALAR_TEXT_MAX 1024

enum scalar_kind {
    SCALAR_ABSENT, /* the path leads nowhere */
    SCALAR_NULL,
    SCALAR_TEXT,  /* true, false and numbers, too: text and perhaps number are set */
    SCALAR_OTHER, /* an object or an array */
};

struct scalar {
    enum scalar_kind kind;
    const char *text; /* len bytes, blanks at the ends removed; "" unless SCALAR_TEXT */
    size_t len;
    bool numeric; /* the text is a finite decimal number */
    double number;
    char digits[40]; /* private */
};

/* json NULL: absent. */
void scalar_from_json(struct scalar *s, const json_t *json);
void scalar_from_text(struct scalar *s, const char *text, size_t len);

/* Equal as text, or as numbers when both are numbers. fold: letters A-Z equal a-z. */
bool scalar_is_word(const struct scalar *s, const char *word, bool fold);
/* true, false, on, off, 1, 0 in any case. False: it is none of them, *ret_value untouched. */
bool scalar_is_bool(const struct scalar *s, bool *ret_value);
/* Hash of the text, never 0. */
uint64_t scalar_hash(const struct scalar *s);

#endif
