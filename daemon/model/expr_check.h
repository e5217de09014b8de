/* model/expr_check.h - private to expr*.c: what a metric may be compared with.
 *
 * Types, words and units are checked and the constant is converted to the metric's unit here,
 * once. All functions return TCN_OK or TCN_EINPUT with *reterr filled.
 * Thread:  any; nothing is kept. */
#ifndef TOCSIN_MODEL_EXPR_CHECK_H
#define TOCSIN_MODEL_EXPR_CHECK_H

#include "model/expr.h"
#include "model/expr_lex.h"

/* A comparison as written. */
struct expr_comparison {
    uint16_t metric;
    struct expr_token cmp;     /* as written */
    enum expr_cmp meant;       /* the metric on the left */
    struct expr_token literal; /* TOKEN_NUMBER or TOKEN_WORD */
    struct expr_token unit;    /* len 0: none */
};

int expr_check_comparison(const struct expr_lexer *l, const struct metrics *metrics,
                          const struct expr_comparison *c, struct expr_ins *ret,
                          struct expr_error *reterr);

/* A metric that stands alone as a condition. */
int expr_check_bare(const struct metrics *metrics, uint16_t metric, const struct expr_token *name,
                    struct expr_ins *ret, struct expr_error *reterr);

/* Always fails: this word is no metric. */
int expr_check_unknown(const struct expr_lexer *l, const struct metrics *metrics,
                       const struct expr_token *name, struct expr_error *reterr);

#endif
