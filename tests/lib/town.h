/* tests/lib/town.h - a small town for engine tests, built by hand: no files, no clock.
 *
 * Devices: SMOKE_A, SMOKE_B (homes, no enterprise at B), CAMERA (exit), SPRINKLER, of the types
 * "smoke-detector", "exit-camera", "sprinkler". Rules are those passed to town_new(). */
#ifndef TOCSIN_TESTS_TOWN_H
#define TOCSIN_TESTS_TOWN_H

#include "engine/engine.h"

enum { SMOKE_A, SMOKE_B, CAMERA, SPRINKLER, TOWN_DEVICES };
enum { M_SMOKE, M_TEST, M_EXIT_BLOCKED, M_PRESSURE, M_BATTERY, TOWN_METRICS };
enum { TYPE_SMOKE, TYPE_CAMERA, TYPE_SPRINKLER, TOWN_TYPES };
enum { DEPARTMENT_FIRE };
enum { ENTERPRISE_MALL, ENTERPRISE_WORKS };
#define MALL  "91000000000000000K"
#define WORKS "91320600MA1ABCDE06"

/* A rule in short; zero means the default. when "" ends the list. */
struct town_rule {
    const char *id, *when;
    uint32_t type; /* TYPE_* + 1; 0: all */
    enum signal_class signal_class;
    int64_t on_ms, off_ms;
    struct task_policy task;
};

struct town {
    struct arena arena;
    struct metrics metrics;
    struct registry registry;
    struct rules rules;
    struct engine_conf conf;
    struct engine *engine;
    struct effects out; /* of the last call */
    struct tcn_now now;
};

/* Asserts that everything works out. Time starts at TOWN_START_MS. */
#define TOWN_START_MS INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
void town_new(struct town *t, const struct town_rule *rules);
void town_done(struct town *t);
/* A second engine over the same town, not yet run. */
struct engine *town_engine(struct town *t);

/* Each sets t->out to what this one call put out. */
void town_reading(struct town *t, uint32_t device, uint16_t metric, double value);
void town_readings(struct town *t, const struct reading *items, uint32_t count);
void town_wait(struct town *t, int64_t ms); /* runs timers on the way */
/* Runs a command; returns its reply (in t->out). */
const struct command_reply *town_command(struct town *t, const char *id, enum command_kind kind,
                                         enum party_kind party, const char *actor, uint64_t target,
                                         const char *note, const char *evidence);

#endif
