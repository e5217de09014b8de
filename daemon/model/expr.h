/* model/expr.h - a rule's condition: compiled from text with types and units checked, to a flat
 * program that is evaluated without allocation. Pure.
 *
 *   pressure < 50 kPa and not test        smoke        battery_state == low
 *   missing for 25h or (online == false and battery < 15 %)
 *
 * Grammar: or := and ("or" and)*   and := not ("and" not)*   not := "not" not | primary
 *   primary := "(" or ")" | METRIC | METRIC cmp literal | literal cmp METRIC | "missing" "for" DUR
 *   cmp := < <= > >= == !=           literal := NUMBER [UNIT] | true | false | WORD
 *
 * Logic is three-valued: a value not heard, stale or bad makes its test unknown, which neither
 * raises nor clears. A metric declared as mark counts as false then.
 * Limits:  EXPR_MAX instructions, EXPR_DEPTH_MAX nesting, text up to EXPR_TEXT_MAX bytes. */
#ifndef TOCSIN_MODEL_EXPR_H
#define TOCSIN_MODEL_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/metric.h"

#define EXPR_MAX       256
#define EXPR_DEPTH_MAX 32
#define EXPR_TEXT_MAX  4096

enum tri { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN };

enum expr_op {
    EXPR_TEST,    /* push: metric cmp constant */
    EXPR_MISSING, /* push: nothing heard of the device for duration_ms */
    EXPR_NOT,
    EXPR_AND,
    EXPR_OR,
};

enum expr_cmp { CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_EQ, CMP_NE };

struct expr_ins {
    uint8_t op;      /* enum expr_op */
    uint8_t cmp;     /* EXPR_TEST: enum expr_cmp */
    uint16_t metric; /* EXPR_TEST */
    union {
        double constant;     /* EXPR_TEST, in the metric's unit */
        int64_t duration_ms; /* EXPR_MISSING */
    };
};

struct expr { /* postfix; fields are read by the engine and by urgency tests, written by expr.c */
    const struct expr_ins *ins;
    const uint16_t *metrics; /* each metric once */
    uint16_t count, metric_count;
    int64_t missing_ms; /* the shortest "missing for", or TCN_NEVER */
    const char *text;   /* as written */
};

/* Where and what: offset and width are bytes in the text. */
struct expr_error {
    size_t offset, width;
    char text[TCN_FAIL_TEXT_MAX]; /* with a suggestion where there is one */
};

/* Compiles text; the program lives in arena. TCN_EINPUT with *reterr filled, TCN_ENOMEM; *ret is
 * written only on success. */
int expr_compile(const char *text, const struct metrics *metrics, struct arena *arena,
                 struct expr *ret, struct expr_error *reterr);

struct expr_value {
    double value;
    int64_t heard_ms; /* engine time; TCN_NEVER: never heard */
    uint8_t quality;  /* enum quality */
};

struct expr_input {
    const struct metrics *metrics;
    const struct expr_value *values; /* values[slot[metric]] */
    const uint16_t *slot;            /* by metric index; UINT16_MAX: this device has no slot */
    int64_t now_ms;                  /* engine time */
    int64_t heard_ms;                /* when anything was last heard of the device */
};

enum tri expr_eval(const struct expr *e, const struct expr_input *in);
/* One EXPR_TEST instruction alone: for the test whether a reading changes any condition. */
enum tri expr_test(const struct expr_ins *ins, const struct expr_input *in);

#endif
