/* model/expr_error.h - private to expr*.c: how the compiler says where and what.
 * Thread:  any; nothing is kept. */
#ifndef TOCSIN_MODEL_EXPR_ERROR_H
#define TOCSIN_MODEL_EXPR_ERROR_H

#include <stddef.h>

#include "model/expr.h"

/* Fills *reterr (may be NULL) and returns TCN_EINPUT, so that failing is one statement. */
int expr_error_set(struct expr_error *reterr, size_t offset, size_t width, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A piece of the condition as a message can bear it: cut with "..." when long. Returns buf. */
#define EXPR_PIECE_SIZE 64
const char *expr_error_piece(char buf[EXPR_PIECE_SIZE], const char *text, size_t len);

#endif
