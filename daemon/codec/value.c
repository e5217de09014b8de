#include "codec/value.h"

#include <math.h>
#include <string.h>

#include "model/unit_of_measure.h"

static const struct value_map_entry *map_find(const struct mapped_reading *mapped,
                                              const struct scalar *s)
{
    const struct value_map_entry *rest = NULL;

    for (uint16_t i = 0; i < mapped->map_count; i++) {
        const struct value_map_entry *e = &mapped->map[i];

        if (strcmp(e->word, "*") == 0)
            rest = e;
        else if (scalar_is_word(s, e->word, mapped->fold_case))
            return e;
    }
    return rest;
}

static bool enum_find(const struct metric *metric, const struct scalar *s, bool fold,
                      double *ret_value)
{
    for (uint16_t i = 0; i < metric->word_count; i++) {
        if (scalar_is_word(s, metric->words[i], fold)) {
            *ret_value = i;
            return true;
        }
    }
    return false;
}

enum quality value_number(const struct metric *metric, int unit, double number, double *ret_value)
{
    double value = number;

    *ret_value = 0;
    if (unit != UNIT_NONE && unit != metric->unit &&
        unit_convert(unit, metric->unit, number, &value) < 0)
        return QUALITY_BAD;
    if (!isfinite(value) || value < metric->min || value > metric->max)
        return QUALITY_BAD;
    *ret_value = value;
    return QUALITY_GOOD;
}

/* Without a map: by the metric's type. */
static enum quality convert_plain(const struct metric *metric, const struct mapped_reading *mapped,
                                  const struct scalar *s, double *ret_value)
{
    bool flag;

    switch (metric->type) {
    case METRIC_BOOL:
        if (!scalar_is_bool(s, &flag))
            return QUALITY_BAD;
        *ret_value = flag ? 1 : 0;
        return QUALITY_GOOD;
    case METRIC_ENUM:
        return enum_find(metric, s, mapped->fold_case, ret_value) ? QUALITY_GOOD : QUALITY_BAD;
    case METRIC_NUMBER:
        if (!s->numeric)
            return QUALITY_BAD;
        return value_number(metric, mapped->unit, s->number * mapped->scale + mapped->offset,
                            ret_value);
    }
    return QUALITY_BAD;
}

static enum quality convert_mapped(const struct metric *metric, const struct mapped_reading *mapped,
                                   const struct scalar *s, double *ret_value)
{
    const struct value_map_entry *e = map_find(mapped, s);

    if (e == NULL || e->unknown)
        return QUALITY_BAD;
    if (metric->type == METRIC_NUMBER)
        return value_number(metric, UNIT_NONE, e->value, ret_value);
    *ret_value = e->value;
    return QUALITY_GOOD;
}

enum quality value_convert(const struct metric *metric, const struct mapped_reading *mapped,
                           const struct scalar *s, double *ret_value)
{
    enum quality quality;

    *ret_value = 0;
    if (s->kind != SCALAR_TEXT || s->len == 0)
        return QUALITY_BAD;
    quality = mapped->map_count > 0 ? convert_mapped(metric, mapped, s, ret_value)
                                    : convert_plain(metric, mapped, s, ret_value);
    if (quality == QUALITY_GOOD && mapped->invert && metric->type == METRIC_BOOL)
        *ret_value = *ret_value != 0 ? 0 : 1;
    return quality;
}
