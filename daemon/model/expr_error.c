/* model/expr_error.c - see expr_error.h. */
#include "model/expr_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int expr_error_set(struct expr_error *reterr, size_t offset, size_t width, const char *format, ...)
{
    char text[2 * TCN_FAIL_TEXT_MAX];
    va_list args;

    if (reterr == NULL)
        return TCN_EINPUT;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* cut is still text; see next line */
    va_end(args);
    (void)tcn_text_copy(reterr->text, sizeof reterr->text, text); /* cut at a character */
    reterr->offset = offset;
    reterr->width = width;
    return TCN_EINPUT;
}

const char *expr_error_piece(char buf[EXPR_PIECE_SIZE], const char *text, size_t len)
{
    static const char dots[] = "...";

    if (tcn_text_copy_n(buf, EXPR_PIECE_SIZE - (sizeof dots - 1), text, len) < 0)
        memcpy(buf + strlen(buf), dots, sizeof dots);
    return buf;
}
