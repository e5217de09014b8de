/* base/buf.c - see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256

void buf_done(struct buf *b)
{
    free(b->bytes);
    *b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->bytes != NULL)
        b->bytes[0] = '\0';
}

/* Room for more bytes and the NUL behind them, or false with failed set. */
static bool make_room(struct buf *b, size_t more)
{
    if (b->failed)
        return false;
    if (more > BUF_MAX - b->len)
        goto failed;
    size_t need = b->len + more + 1;
    if (need <= b->capacity)
        return true;
    size_t capacity = b->capacity > 0 ? b->capacity : BUF_FIRST;
    while (capacity < need)
        capacity *= 2; /* at most twice BUF_MAX: no overflow */
    char *bytes = realloc(b->bytes, capacity);
    if (bytes == NULL)
        goto failed;
    b->bytes = bytes;
    b->capacity = capacity;
    return true;

failed:
    b->failed = true;
    return false;
}

void buf_append(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0 || !make_room(b, len))
        return;
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
    b->bytes[b->len] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;

    if (!make_room(b, 0))
        return;
    va_start(args, format);
    int n = vsnprintf(b->bytes + b->len, b->capacity - b->len, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < b->capacity - b->len) {
        b->len += (size_t)n;
        return;
    }
    b->bytes[b->len] = '\0'; /* nothing half-written stays */
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!make_room(b, (size_t)n))
        return;
    va_start(args, format);
    (void)vsnprintf(b->bytes + b->len, b->capacity - b->len, format, args); /* fits now */
    va_end(args);
    b->len += (size_t)n;
}
