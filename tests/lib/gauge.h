/* tests/lib/gauge.h - sources, metrics and a registry by hand, to try the mapper on messages.
 *
 * Devices: G_SMOKE ("smoke-1", address "hall/smoke 1"), G_CAMERA ("exit_a"), G_VALVE ("valve-1"),
 * G_CHINESE ("烟感 三层"). Sources are added with gauge_source() and friends, then run. */
#ifndef TOCSIN_TESTS_GAUGE_H
#define TOCSIN_TESTS_GAUGE_H

#include "base/arena.h"
#include "codec/mapping.h"

enum { G_SMOKE, G_CAMERA, G_VALVE, G_CHINESE, GAUGE_DEVICES };
enum {
    GM_SMOKE,
    GM_CONTACT_OPEN,
    GM_EXIT_BLOCKED,
    GM_PRESSURE,
    GM_TEMPERATURE,
    GM_BATTERY_STATE,
    GAUGE_METRICS
};
#define GAUGE_SOURCES_MAX  4
#define GAUGE_READINGS_MAX 8
#define GAUGE_NOW_MS       INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */

struct gauge {
    struct arena arena;
    struct metrics metrics;
    struct registry registry;
    struct source items[GAUGE_SOURCES_MAX];
    struct mapped_reading readings[GAUGE_SOURCES_MAX][GAUGE_READINGS_MAX];
    struct sources sources;
    struct mapper *mapper;
    struct mapping_result result; /* of the last message */
};

void gauge_new(struct gauge *g);
void gauge_done(struct gauge *g);
/* A source with nothing but these, alive false. Kept by the gauge. */
struct source *gauge_source(struct gauge *g, const char *topic, enum source_codec codec,
                            const char *device);
/* One more reading of the source added last; path as in a source file, NULL: constant true. */
struct mapped_reading *gauge_reading(struct gauge *g, uint16_t metric, const char *path);
/* A path as in a source file. */
struct path gauge_path(struct gauge *g, const char *text);
/* A list of one condition with up to three words; NULL ends them. */
const struct condition *gauge_condition(struct gauge *g, const char *at, enum condition_op op,
                                        const char *const *words);
/* Runs a message of len bytes, or of a text. */
void gauge_send_bytes(struct gauge *g, const char *topic, const void *payload, size_t len,
                      bool retained);
void gauge_send(struct gauge *g, const char *topic, const char *payload);

#endif
