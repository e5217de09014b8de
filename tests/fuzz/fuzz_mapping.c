/* Any payload on any topic: the mapper neither crashes nor lets a senseless reading out.
 *
 * Input: one byte that says which topic, and whether it is retained; the rest is the payload.
 * Built with clang -fsanitize=fuzzer,address,undefined; tests/data/payloads is a good start. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gauge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const TOPICS[] = { "json/smoke-1",  "list",  "text/valve-1",
                                      "proto/valve-1", "proto", "json/text/smoke-1" };
#define TOPIC_COUNT (sizeof TOPICS / sizeof TOPICS[0])

static void add_json(struct gauge *g)
{
    static const char *const labels[] = { "bicycle", "1", NULL };
    static const struct value_map_entry map[] = { { "alarm", 1, false }, { "7", 0, false } };
    struct source *s = gauge_source(g, "json/{device...}", CODEC_JSON, "{device}");
    struct mapped_reading *r;

    s->alive = true;
    s->time = gauge_path(g, "/t");
    s->time_format = TIME_AUTO;
    gauge_reading(g, GM_SMOKE, "/s");
    gauge_reading(g, GM_PRESSURE, "/p")->absent = ABSENT_UNKNOWN;
    r = gauge_reading(g, GM_CONTACT_OPEN, "/e");
    r->map = map;
    r->map_count = 2;
    r->invert = true;
    r = gauge_reading(g, GM_EXIT_BLOCKED, "/after/z/1");
    r->object = gauge_path(g, "/after/id");
    r->when = gauge_condition(g, "/after/l", COND_HAS, labels);
    r->when_count = 1;
}

static void add_list(struct gauge *g)
{
    static const char *const limit[] = { "5", NULL };
    struct mapped_reading *r;

    gauge_source(g, "list", CODEC_JSON, "{name}")->alive = true;
    r = gauge_reading(g, GM_TEMPERATURE, "/*:name/[k=v]/*");
    r->when = gauge_condition(g, "/*/[k=v]/*", COND_GE, limit);
    r->when_count = 1;
    r = gauge_reading(g, GM_BATTERY_STATE, "/*:name/*/b");
    r->device = "{/*/*/d}";
    r->fold_case = true;
}

static struct gauge *start(void)
{
    static struct gauge gauge;

    gauge_new(&gauge);
    add_json(&gauge);
    add_list(&gauge);
    gauge_source(&gauge, "text/{device}", CODEC_TEXT, "{device}");
    gauge_reading(&gauge, GM_PRESSURE, ".");
    gauge_source(&gauge, "proto/{device}", CODEC_PROTOBUF, "{device}")->alive = true;
    return &gauge;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gauge *g;

    if (g == NULL)
        g = start();
    if (size == 0)
        return 0;
    gauge_send_bytes(g, TOPICS[(data[0] & 0x7f) % TOPIC_COUNT], data + 1, size - 1,
                     (data[0] & 0x80) != 0);
    assert(g->result.count <= READINGS_PER_MESSAGE_MAX);
    assert(memchr(g->result.detail, '\0', sizeof g->result.detail) != NULL);
    for (uint32_t i = 0; i < g->result.count; i++) {
        const struct reading *r = &g->result.readings[i];

        assert(r->device < GAUGE_DEVICES && isfinite(r->value));
        assert(r->metric == METRIC_NONE || r->metric < GAUGE_METRICS);
        assert(r->quality == QUALITY_GOOD || r->value == 0);
        assert(r->device_ms == 0 || r->device_ms <= GAUGE_NOW_MS + 86400000);
        assert(r->metric != GM_PRESSURE || (r->value >= 0 && r->value <= 10));
    }
    return 0;
}
