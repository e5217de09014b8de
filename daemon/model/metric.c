/* model/metric.c - see metric.h. */
#include "model/metric.h"

#include <string.h>

#include "base/text.h"
#include "model/unit_of_measure.h"

static bool same(const char *text, const char *piece, size_t len)
{
    return strlen(text) == len && memcmp(text, piece, len) == 0;
}

uint16_t metrics_find(const struct metrics *m, const char *name, size_t len)
{
    for (uint16_t i = 0; i < m->count; i++) {
        if (same(m->items[i].name, name, len))
            return i;
    }
    return METRIC_NONE;
}

int metric_word(const struct metric *m, const char *word, size_t len)
{
    for (uint16_t i = 0; i < m->word_count; i++) {
        if (same(m->words[i], word, len))
            return i;
    }
    return TCN_ENOENT;
}

const char *metric_type_word(enum metric_type type)
{
    switch (type) {
    case METRIC_BOOL:
        return "bool";
    case METRIC_NUMBER:
        return "number";
    case METRIC_ENUM:
        return "enum";
    }
    return "?";
}

/* Seven digits: what a 32-bit float sensor value holds, without its rounding noise. */
static void format_number(const struct metric *m, double value, char *buf, size_t size)
{
    const char *unit = unit_name(m->unit);
    /* Cut text is still text. */
    (void)tcn_text_format(buf, size, "%.7g%s%s", value, unit[0] != '\0' ? " " : "", unit);
}

void metric_format_value(const struct metric *m, double value, char *buf, size_t size)
{
    switch (m->type) {
    case METRIC_BOOL:
        (void)tcn_text_copy(buf, size, value != 0 ? "true" : "false"); /* cut is still text */
        return;
    case METRIC_NUMBER:
        format_number(m, value, buf, size);
        return;
    case METRIC_ENUM:
        if (value >= 0 && value < m->word_count)
            (void)tcn_text_copy(buf, size, m->words[(size_t)value]); /* cut is still text */
        else
            (void)tcn_text_copy(buf, size, "?");
        return;
    }
    (void)tcn_text_copy(buf, size, "?");
}
