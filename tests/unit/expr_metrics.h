/* unit/expr_metrics.h - the metrics that the tests of conditions speak of. */
#ifndef TOCSIN_UNIT_EXPR_METRICS_H
#define TOCSIN_UNIT_EXPR_METRICS_H

#include <math.h>

#include "model/metric.h"
#include "model/unit_of_measure.h"

enum { SMOKE, TEST, PRESSURE, BATTERY, TEMPERATURE, COUNT, BATTERY_STATE, FAULT, METRIC_TOTAL };

/* fault is a metric and also a word of battery_state. Temperature goes stale after a minute. */
static inline struct metrics expr_metrics(void)
{
    static const char *const words[] = { "ok", "low", "critical", "fault", "用完" };
    static struct metric items[METRIC_TOTAL] = {
        [SMOKE] = { .name = "smoke", .type = METRIC_BOOL },
        [TEST] = { .name = "test", .type = METRIC_BOOL, .mark = true },
        [PRESSURE] = { .name = "pressure", .type = METRIC_NUMBER, .min = 0, .max = 10 },
        [BATTERY] = { .name = "battery", .type = METRIC_NUMBER, .min = 0, .max = 100 },
        [TEMPERATURE] = { .name = "temperature", .type = METRIC_NUMBER },
        [COUNT] = { .name = "count", .type = METRIC_NUMBER },
        [BATTERY_STATE] = { .name = "battery_state", .type = METRIC_ENUM },
        [FAULT] = { .name = "fault", .type = METRIC_BOOL },
    };

    for (int i = 0; i < METRIC_TOTAL; i++)
        items[i].stale_after_ms = TCN_NEVER;
    items[PRESSURE].unit = unit_find("MPa", 3);
    items[BATTERY].unit = unit_find("%", 1);
    items[TEMPERATURE].unit = unit_find("°C", 3);
    items[TEMPERATURE].min = items[COUNT].min = -INFINITY;
    items[TEMPERATURE].max = items[COUNT].max = INFINITY;
    items[TEMPERATURE].stale_after_ms = 60000;
    items[BATTERY_STATE].words = words;
    items[BATTERY_STATE].word_count = sizeof words / sizeof words[0];
    return (struct metrics){ .items = items, .count = METRIC_TOTAL };
}

#endif
