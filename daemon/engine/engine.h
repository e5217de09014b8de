/* engine/engine.h - the rules, the alarms and the tasks, as one deterministic function.
 *
 * engine_step() is the only way in: no clock, I/O, lock, log or randomness inside. The same
 * events with the same times give the same effects on every machine.
 *
 * Units:   struct tcn_now: mono_ms is engine time (base/clock.h) and must never go back (asserted).
 * Owner:   the engine borrows metrics, registry and rules until engine_free().
 * Thread:  one at a time (L).
 * Limits:  ENGINE_ALARMS_MAX standing alarms, ENGINE_TASKS_MAX open tasks, ENGINE_OBJECTS_MAX
 *          objects: what does not fit is counted in engine_stats and never silently lost: an alarm
 *          without room for a task is still an alarm. */
#ifndef TOCSIN_ENGINE_ENGINE_H
#define TOCSIN_ENGINE_ENGINE_H

#include "base/clock.h"
#include "model/effects.h"

#define ENGINE_ALARMS_MAX             1000000
#define ENGINE_TASKS_MAX              1000000
#define ENGINE_OBJECTS_MAX            1000000
#define ENGINE_OBJECTS_PER_METRIC_MAX 64

struct engine;

struct engine_conf {
    const struct metrics *metrics;
    const struct registry *registry;
    const struct rules *rules;
    const char *gateway; /* kept until engine_free() */
    uint32_t epoch;
};

enum engine_event_kind {
    EVENT_READINGS, /* all readings of one message */
    EVENT_COMMAND,
    EVENT_TIMER, /* the earliest deadline is due: now.mono_ms must be at or after it */
};

struct engine_event {
    enum engine_event_kind kind;
    int64_t received_us; /* for measuring; passed through to alarm_change */
    union {
        struct {
            const struct reading *items;
            uint32_t count;
        } readings;
        const struct command *command;
    };
};

/* Builds an engine in which nothing was ever heard. TCN_ENOMEM, TCN_EINPUT: a limit is exceeded.
 * now: devices count as heard at this moment, so that silence is measured from commissioning. */
int engine_new(const struct engine_conf *conf, struct tcn_now now, struct engine **ret,
               struct tcn_fail *reterr);
void engine_free(struct engine *e);

/* Puts committed state into a new engine, before its first step. now is engine time of the start;
 * deadlines already past are due at once. TCN_ECORRUPT: the snapshot contradicts itself. */
int engine_restore(struct engine *e, struct tcn_now now, const struct snapshot *s,
                   struct tcn_fail *reterr);

/* One event. Appends to *out. Timers that are due earlier must be run first, see engine_run(). */
void engine_step(struct engine *e, struct tcn_now now, const struct engine_event *event,
                 struct effects *out);
/* When EVENT_TIMER is due, in engine time, or TCN_NEVER. */
int64_t engine_deadline_ms(const struct engine *e);
/* Runs all timers due at or before now, each with its own deadline as now, then the event (NULL:
 * timers only): the way to feed the engine. An event stamped before the last step counts as of
 * that step: its sender took the time just before a timer ran. The first run after a start tells
 * when devices were heard and looks at all restored values. */
void engine_run(struct engine *e, struct tcn_now now, const struct engine_event *event,
                struct effects *out);

struct engine_stats {
    uint64_t steps, readings, alarms_raised, tasks_issued;
    uint32_t alarms_standing[SIGNAL_CLASS_COUNT];
    uint32_t alarms_unacknowledged, tasks_open, tasks_overdue, objects, timers;
    uint64_t refused_alarms, refused_tasks, refused_objects; /* a limit was reached */
};
void engine_get_stats(const struct engine *e, struct engine_stats *ret);

/* Read-only views, valid until the next step. */
uint32_t engine_alarm_count(const struct engine *e);
const struct alarm *engine_alarm_at(const struct engine *e, uint32_t i); /* i < count; any order */
/* Engine time when the device was last heard; TCN_NEVER: not since commissioning. */
int64_t engine_device_heard_ms(const struct engine *e, uint32_t device);
/* Last value of a metric of a device; false if it has none. */
bool engine_device_value(const struct engine *e, uint32_t device, uint16_t metric,
                         struct expr_value *ret);

/* A digest over the whole state: equal on two engines that would behave alike. */
uint64_t engine_digest(const struct engine *e);

#endif
