/* model/effects.h - what engine steps put out: data for the store, the outbox and the log; and
 * the same kinds of data read back at start.
 *
 * Owner:   struct effects owns its arrays; effects_reset() empties them and keeps the memory, so
 *          that steady running allocates nothing. A zeroed struct is empty.
 * Thread:  one at a time; handed over whole. */
#ifndef TOCSIN_MODEL_EFFECTS_H
#define TOCSIN_MODEL_EFFECTS_H

#include "model/command.h"
#include "model/reading.h"
#include "model/registry.h"
#include "model/rule.h"
#include "model/task.h"

/* A condition on its way: its on-delay or off-delay is running. state 0: nothing is pending. */
enum pending { PENDING_NONE, PENDING_RAISE, PENDING_CLEAR };
struct point_change {
    uint32_t device, rule;
    uint8_t pending;     /* enum pending */
    int64_t deadline_ms; /* engine time */
};

/* The last value of a metric, told only when a condition's truth may have changed by it. */
struct value_change {
    uint32_t device;
    uint16_t metric;
    uint8_t quality;
    double value;
    int64_t heard_ms;  /* engine time */
    int64_t device_ms; /* device's wall time of it, 0: none */
};

/* One of several things a bool metric stands for (reading.h, object). */
struct object_change {
    uint32_t device;
    uint16_t metric;
    bool present; /* false: forget it */
    uint64_t object;
};

/* When a device was last heard, told coarsely. */
struct heard_change {
    uint32_t device;
    int64_t heard_ms; /* engine time */
};

struct effects {
    struct alarm_change *alarms;
    struct task_change *tasks;
    struct notice *notices;
    struct command_reply *replies;
    struct point_change *points;
    struct value_change *values;
    struct object_change *objects;
    struct heard_change *heard;
    uint32_t alarm_count, task_count, notice_count, reply_count, point_count, value_count,
        object_count, heard_count;
    uint32_t alarm_cap, task_cap, notice_cap, reply_cap, point_cap, value_cap, object_cap,
        heard_cap;
    uint64_t id_counter; /* the engine's counter after the last step */
    int64_t mono_ms;     /* engine time of the last step, 0: none */
    bool failed;         /* memory ran out while appending: the step is incomplete (asserted by the
                            engine never to be ignored: the process must not go on) */
};

void effects_done(struct effects *e);
void effects_reset(struct effects *e);
/* True if there is nothing that has to be committed (id_counter and mono_ms alone don't). */
bool effects_empty(const struct effects *e);
/* Each appends one element and returns it zeroed, or a static dummy after setting failed. */
struct alarm_change *effects_alarm(struct effects *e);
struct task_change *effects_task(struct effects *e);
struct notice *effects_notice(struct effects *e);
struct command_reply *effects_reply(struct effects *e);
struct point_change *effects_point(struct effects *e);
struct value_change *effects_value(struct effects *e);
struct object_change *effects_object(struct effects *e);
struct heard_change *effects_heard(struct effects *e);

/* State read back at start, by store_load(), for engine_restore(). Same ownership rules. Steps of
 * a task come in order. Arrays come from malloc. */
struct snapshot_topic { /* last seq used in a topic that counts */
    bool is_class;
    enum signal_class signal_class; /* is_class */
    enum party_kind party_kind;     /* !is_class */
    uint32_t party;
    uint64_t seq;
};
struct snapshot_task {
    struct task task;
    uint32_t step_count;
};
struct snapshot {
    struct alarm *alarms;        /* not normal */
    struct snapshot_task *tasks; /* not closed or withdrawn */
    struct point_change *points;
    struct value_change *values;
    struct object_change *objects;
    struct heard_change *heard;
    struct command_reply *replies; /* of the last 7 days */
    struct snapshot_topic *topics;
    uint32_t alarm_count, task_count, point_count, value_count, object_count, heard_count,
        reply_count, topic_count;
    uint64_t id_counter;
    uint32_t epoch;
    int64_t mono_ms;              /* last committed engine time, 0 for a new database */
    int64_t wall_ms;              /* and wall time */
    uint64_t ring, ring_position; /* records of that ring before the position are in; 0: none */
    uint32_t orphan_count; /* rows of devices or rules that the configuration no longer has */
};
void snapshot_done(struct snapshot *s);

#endif
