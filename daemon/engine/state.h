/* engine/state.h - what an engine remembers. Private to daemon/engine.
 *
 * Flat arrays, indexed by small integers: values by (device, metric slot), points by (device, the
 * k-th rule of its type). Alarms and tasks live in slabs, whose slot numbers stay while they live.
 * Thread:  one at a time. */
#ifndef TOCSIN_ENGINE_STATE_H
#define TOCSIN_ENGINE_STATE_H

#include "base/text.h"
#include "engine/alarm_machine.h"
#include "engine/engine.h"
#include "engine/map.h"
#include "engine/plan.h"
#include "engine/timers.h"

#define NO_SLOT UINT32_MAX

struct point {        /* one rule on one device */
    uint32_t alarm;   /* slot + 1; 0: normal */
    uint32_t timer;   /* handle of the running delay; 0: none */
    uint32_t silence; /* handle of the "missing for" timer; 0: none */
    uint8_t pending;  /* enum pending */
    bool marked;      /* is in engine.touched */
};

struct touched {
    uint32_t device, k;
};

struct alarm_slot {
    struct alarm alarm;
    bool used;
};

struct task_slot {
    struct task task;
    uint32_t step_count;
    uint32_t timer; /* handle; 0: none */
    bool used;
};

struct engine {
    struct engine_conf conf;
    struct plan plan;
    uint64_t id_counter;
    int64_t last_ms; /* engine time of the last step */

    /* by device */
    uint64_t *value_base, *point_base;
    int64_t *heard_ms, *heard_told_ms; /* TCN_NEVER in heard_told: never told */
    bool *heard_once;                  /* heard since commissioning */

    /* by value */
    struct expr_value *values;
    int64_t *value_device_ms;
    int64_t *value_told_ms; /* heard time last told; TCN_NEVER: never */
    uint64_t *value_step;   /* number of the step that wrote it last */
    uint64_t value_count;

    struct point *points;
    uint64_t point_count;
    struct touched *touched; /* points to evaluate in this step */
    uint32_t touched_count, touched_cap;

    struct alarm_slot *alarms;
    uint32_t alarm_slots, alarm_cap, alarm_free, alarm_used;
    uint32_t *alarm_list;    /* slots in use, in any order; for views */
    uint32_t *alarm_list_at; /* by slot: its place in alarm_list */
    struct task_slot *tasks;
    uint32_t task_slots, task_cap, task_used;
    uint32_t *task_free;
    uint32_t task_free_count;
    struct map alarm_by_id, task_by_id, task_by_point;
    struct map objects;       /* hash of (device, metric, object) -> 1 */
    struct map object_counts; /* (device, metric) -> how many are present */

    struct command_reply *replies; /* a ring of those kept */
    uint32_t reply_first, reply_count, reply_cap;
    struct map reply_by_id; /* hash of the id -> place */

    struct timers timers;
    uint64_t class_seq[SIGNAL_CLASS_COUNT];
    struct alarm *uncovered; /* restored, but their rule does not cover the device any more */
    uint32_t uncovered_count;
    uint64_t *party_seq[PARTY_KIND_COUNT]; /* enterprise, department, unit: by registry index */
    bool begun, restored;                  /* the first step was made; engine_restore() was */
    struct engine_stats stats;
};

/* engine.c */
uint64_t engine_mint_id(struct engine *e);
static inline struct point *engine_point(struct engine *e, uint32_t device, uint32_t k)
{
    return &e->points[e->point_base[device] + k];
}
static inline const struct type_plan *engine_type(const struct engine *e, uint32_t device)
{
    return &e->plan.types[e->conf.registry->devices[device].type];
}
/* rule: its index, or its position k on the device: one or the other throughout a table. */
static inline uint64_t point_key(uint32_t device, uint32_t rule)
{
    return (uint64_t)device << 32 | rule;
}
/* Keys of engine.objects and engine.object_counts. */
static inline uint64_t object_key(uint32_t device, uint16_t metric, uint64_t object)
{
    const uint64_t parts[3] = { device, metric, object };

    return tcn_hash(TCN_HASH_SEED, parts, sizeof parts);
}
static inline uint64_t object_count_key(uint32_t device, uint16_t metric)
{
    return (uint64_t)device << 16 | metric;
}
/* True while the point's condition holds, as far as its alarm knows. */
static inline bool point_is_active(const struct engine *e, const struct point *p)
{
    return p->alarm != 0 && alarm_machine_active(e->alarms[p->alarm - 1].alarm.state);
}
/* The k of a rule on a device, or NO_SLOT when the rule does not cover it. */
uint32_t engine_rule_position(const struct engine *e, uint32_t device, uint32_t rule);
void engine_expr_input(const struct engine *e, uint32_t device, int64_t now_ms,
                       struct expr_input *ret);

/* readings.c: one message's readings. */
void readings_apply(struct engine *e, struct tcn_now now, const struct reading *items,
                    uint32_t count, int64_t received_us, struct effects *out);

/* points.c: conditions and their delays. */
void point_touch(struct engine *e, uint32_t device, uint32_t k, struct effects *out);
void point_evaluate_touched(struct engine *e, struct tcn_now now, int64_t received_us,
                            struct effects *out);
void point_delay_over(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                      struct effects *out);
void point_silence_over(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                        struct effects *out);
/* Starts the silence timer where the rule has one and none runs. */
void point_watch_silence(struct engine *e, uint32_t device, uint32_t k, int64_t now_ms,
                         struct effects *out);

/* alarms.c */
void alarm_raise(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                 int64_t received_us, struct effects *out);
void alarm_clear(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                 struct effects *out);
/* TCN_ENOENT, TCN_ESTATE, TCN_EDENIED with *reterr. */
int alarm_acknowledge(struct engine *e, struct tcn_now now, const struct command *command,
                      struct effects *out, enum alarm_state *ret_state, struct tcn_fail *reterr);
/* Ends an alarm whose rule does not cover its device any more, and its task. */
void alarm_remove(struct engine *e, struct tcn_now now, const struct alarm *a, struct effects *out);
int alarm_slot_take(struct engine *e, const struct alarm *a, uint32_t *ret_slot);
void alarm_slot_give(struct engine *e, uint32_t slot);

/* tasks.c */
/* An alarm was raised: issues its task, or tells an open one that the hazard is back. Sets
 * alarm->task. */
void task_on_raise(struct engine *e, struct tcn_now now, struct alarm *alarm, struct effects *out);
void task_on_clear(struct engine *e, struct tcn_now now, const struct alarm *alarm,
                   struct effects *out);
/* The task of an alarm that was removed can't be decided by its sensor any more: withdrawn. */
void task_on_remove(struct engine *e, struct tcn_now now, const struct alarm *alarm,
                    struct effects *out);
void task_timer_over(struct engine *e, struct tcn_now now, uint32_t slot, struct effects *out);
int task_command(struct engine *e, struct tcn_now now, const struct command *command,
                 struct effects *out, enum task_state *ret_state, struct tcn_fail *reterr);
int task_slot_take(struct engine *e, const struct task *t, uint32_t step_count, uint32_t *ret_slot);
void task_arm(struct engine *e, uint32_t slot, struct effects *out);

/* commands.c */
void command_run(struct engine *e, struct tcn_now now, const struct command *command,
                 struct effects *out);
int command_remember(struct engine *e, const struct command_reply *reply);

#endif
