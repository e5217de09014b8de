/* store/rows.h - the columns that stand for an alarm, a task, a step and a value, in both
 * directions. Private to store/.
 *
 * Each rows_put_* binds, each rows_get_* reads exactly the columns of the macro above it, in that
 * order. What is 0 or "none" in the structs is NULL in the database. */
#ifndef TOCSIN_STORE_ROWS_H
#define TOCSIN_STORE_ROWS_H

#include "model/effects.h"
#include "store/store_names.h"
#include "store/sql.h"
#include "store/store.h"

/* Word lists that only the database needs. */
extern const struct word_list ROWS_PENDING, ROWS_QUALITY;

#define ROWS_ACTOR            "actor_kind, actor_id, actor_name"
#define ROWS_ACTOR_PARAMETERS "?,?,?"
void rows_put_actor(struct sql *q, const struct actor *a);
void rows_get_actor(struct sql *q, struct actor *ret);

/* The unit of a number or the word of an enum goes with a value, so that it keeps its meaning when
 * the configuration changes. */
#define ROWS_VALUE            "value, value_unit"
#define ROWS_VALUE_PARAMETERS "?,?"
void rows_put_value(struct sql *q, const struct store_names *n, uint16_t metric, double value);
/* False: the metric has another type now or the unit can't be converted; *ret is untouched. */
bool rows_get_value(struct sql *q, const struct store_names *n, uint16_t metric, double *ret);

/* Column `alarm` is the id. */
#define ROWS_ALARM                                                                                 \
    "alarm, device, rule, class, severity, state, drill, value_metric, value, value_unit, "        \
    "raised_wall_ms, changed_wall_ms, device_wall_ms, task, acked_kind, acked_id, acked_name"
#define ROWS_ALARM_PARAMETERS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"
void rows_put_alarm(struct sql *q, const struct store_names *n, const struct alarm *a);
/* False: the device or the rule is not configured; *ret is of no use. */
bool rows_get_alarm(struct sql *q, const struct store_names *n, struct alarm *ret);

#define ROWS_TASK                                                                                  \
    "task, alarm, device, rule, enterprise, department, unit, state, level, drill, "               \
    "hazard_present, overdue_level, recurrence, issued_wall_ms, changed_wall_ms, "                 \
    "deadline_wall_ms, deadline_ms, next_due_ms, evidence"
#define ROWS_TASK_PARAMETERS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"
void rows_put_task(struct sql *q, const struct store_names *n, const struct task *t);
bool rows_get_task(struct sql *q, const struct store_names *n, struct task *ret);

#define ROWS_STEP            "event, state, wall_ms, " ROWS_ACTOR ", note, evidence"
#define ROWS_STEP_PARAMETERS "?,?,?," ROWS_ACTOR_PARAMETERS ",?,?"
void rows_put_step(struct sql *q, const struct task_step *s);
void rows_get_step(struct sql *q, struct task_step *ret);

#define ROWS_OUTBOX            "id, topic, payload, retain, priority, queued_wall_ms"
#define ROWS_OUTBOX_PARAMETERS "?,?,?,?,?,?"
#define ROWS_OUTBOX_SELECT     "SELECT " ROWS_OUTBOX " FROM outbox WHERE id > ? ORDER BY id LIMIT ?"
void rows_put_outbox(struct sql *q, const struct outbox_row *row);
/* Runs a prepared ROWS_OUTBOX_SELECT. */
int rows_each_outbox(struct sql *q, uint64_t after, uint32_t max,
                     void (*fn)(void *arg, const struct outbox_row *row), void *arg,
                     struct tcn_fail *reterr);

#endif
