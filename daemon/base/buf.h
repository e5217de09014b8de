/* base/buf.h - a growing byte buffer with a sticky error, for building messages and text.
 *
 * Owner:   struct buf owns its bytes; buf_done() frees them. A zeroed struct is empty.
 * Thread:  one at a time.
 * Limits:  BUF_MAX bytes. After a failure every further append does nothing, and failed stays
 *          set: check it once at the end. */
#ifndef TOCSIN_BASE_BUF_H
#define TOCSIN_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#define BUF_MAX ((size_t)64 << 20)

struct buf {
    char *bytes; /* NUL after the last byte whenever len > 0 */
    size_t len, capacity;
    bool failed;
};

void buf_done(struct buf *b);
void buf_reset(struct buf *b); /* empty again, memory kept, error forgotten */
void buf_append(struct buf *b, const void *bytes, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
