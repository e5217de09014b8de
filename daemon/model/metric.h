/* model/metric.h - the declared metrics: what a reading can be about.
 *
 * A value is always a double: a bool is 0 or 1, an enum the index of its word.
 * Owner:   arrays and text live in the arena of the configuration; immutable after load. */
#ifndef TOCSIN_MODEL_METRIC_H
#define TOCSIN_MODEL_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define METRICS_MAX      1024
#define METRIC_NAME_MAX  47
#define METRIC_WORDS_MAX 64
#define METRIC_NONE      UINT16_MAX

enum metric_type { METRIC_BOOL, METRIC_NUMBER, METRIC_ENUM };

struct metric {
    const char *name; /* [a-z][a-z0-9_]* */
    enum metric_type type;
    int unit;  /* numbers: unit values are kept in; UNIT_NONE otherwise */
    bool mark; /* bool only: qualifies others (test, silence); not heard or unknown = false */
    bool has_normal;
    double normal;
    double min, max;          /* numbers outside are bad quality; -inf / +inf when not declared */
    int64_t stale_after_ms;   /* older values satisfy no rule; TCN_NEVER when not declared */
    const char *const *words; /* METRIC_ENUM */
    uint16_t word_count;
};

struct metrics {
    const struct metric *items;
    uint16_t count;
};

/* Index of the metric, or METRIC_NONE. */
uint16_t metrics_find(const struct metrics *m, const char *name, size_t len);
/* Index of an enum's word, or TCN_ENOENT. */
int metric_word(const struct metric *m, const char *word, size_t len);
const char *metric_type_word(enum metric_type type); /* "bool", "number", "enum" */
/* Value for people: "true", "0.048 MPa", "low". buf always terminated. */
void metric_format_value(const struct metric *m, double value, char *buf, size_t size);

#endif
