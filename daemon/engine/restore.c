/* engine/restore.c - committed state into a new engine, and a digest of state. */
#include "engine/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/task_machine.h"

/* Time of the last run as it counts now: the gateway could not listen while it was down, so that
 * time is given back. */
static int64_t carried_ms(int64_t heard_ms, int64_t down_ms, int64_t now_ms)
{
    return heard_ms + down_ms < now_ms ? heard_ms + down_ms : now_ms;
}

static void restore_values(struct engine *e, struct tcn_now now, const struct snapshot *s)
{
    int64_t down_ms = s->mono_ms > 0 && now.mono_ms > s->mono_ms ? now.mono_ms - s->mono_ms : 0;

    for (uint32_t i = 0; i < s->value_count; i++) {
        const struct value_change *v = &s->values[i];
        uint16_t slot = engine_type(e, v->device)->slot[v->metric];
        uint64_t at = e->value_base[v->device] + slot;

        if (slot == PLAN_NO_SLOT)
            continue; /* no rule asks for it any more */
        e->values[at] =
            (struct expr_value){ v->value, carried_ms(v->heard_ms, down_ms, now.mono_ms),
                                 v->quality };
        e->value_device_ms[at] = v->device_ms;
        e->value_told_ms[at] = v->heard_ms;
    }
    for (uint32_t i = 0; i < s->heard_count; i++)
        e->heard_ms[s->heard[i].device] = carried_ms(s->heard[i].heard_ms, down_ms, now.mono_ms);
}

static int restore_objects(struct engine *e, const struct snapshot *s)
{
    for (uint32_t i = 0; i < s->object_count; i++) {
        const struct object_change *o = &s->objects[i];
        uint64_t count_key = object_count_key(o->device, o->metric);
        uint32_t count = 0;
        int rc;

        (void)map_get(&e->object_counts, count_key, &count);
        rc = map_put(&e->objects, object_key(o->device, o->metric, o->object), 1);
        if (rc == TCN_OK)
            rc = map_put(&e->object_counts, count_key, count + 1);
        if (rc < 0)
            return rc;
    }
    return TCN_OK;
}

static int restore_alarms(struct engine *e, const struct snapshot *s, struct tcn_fail *reterr)
{
    e->uncovered = calloc(s->alarm_count + 1u, sizeof *e->uncovered);
    if (e->uncovered == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for %u alarms", s->alarm_count);
    for (uint32_t i = 0; i < s->alarm_count; i++) {
        const struct alarm *a = &s->alarms[i];
        const struct rule *rule = &e->conf.rules->items[a->rule];
        uint32_t k = engine_rule_position(e, a->device, a->rule), slot;
        int rc;

        if (k == NO_SLOT) { /* removed at the first step */
            e->uncovered[e->uncovered_count++] = *a;
            continue;
        }
        if (a->state == ALARM_NORMAL || engine_point(e, a->device, k)->alarm != 0)
            return tcn_fail_set(reterr, TCN_ECORRUPT, "two alarms, or one that is over, for %s, %s",
                                e->conf.registry->devices[a->device].id, rule->id);
        rc = alarm_slot_take(e, a, &slot);
        if (rc < 0)
            return tcn_fail_set(reterr, rc, "no memory for %u alarms", s->alarm_count);
        engine_point(e, a->device, k)->alarm = slot + 1;
        e->stats.alarms_standing[rule->signal_class]++;
        e->stats.alarms_unacknowledged += a->state != ALARM_ACKNOWLEDGED;
    }
    return TCN_OK;
}

static int restore_tasks(struct engine *e, const struct snapshot *s, struct tcn_fail *reterr)
{
    struct effects none = { 0 };

    for (uint32_t i = 0; i < s->task_count; i++) {
        struct task t = s->tasks[i].task;
        uint32_t slot;
        int rc;

        if (task_machine_over(t.state) ||
            map_get(&e->task_by_point, point_key(t.device, t.rule), NULL))
            return tcn_fail_set(reterr, TCN_ECORRUPT, "two tasks, or one that is over, for %s",
                                e->conf.registry->devices[t.device].id);
        if (!task_machine_clock_runs(t.state))
            t.next_due_ms = TCN_NEVER;
        rc = task_slot_take(e, &t, s->tasks[i].step_count, &slot);
        if (rc < 0)
            return tcn_fail_set(reterr, rc, "no memory for %u tasks", s->task_count);
        task_arm(e, slot, &none);
    }
    return none.failed ? TCN_ENOMEM : TCN_OK;
}

static int restore_points(struct engine *e, const struct snapshot *s)
{
    for (uint32_t i = 0; i < s->point_count; i++) {
        const struct point_change *c = &s->points[i];
        uint32_t k = engine_rule_position(e, c->device, c->rule);
        struct point *p;

        if (k == NO_SLOT || c->pending == PENDING_NONE)
            continue;
        p = engine_point(e, c->device, k);
        if ((c->pending == PENDING_CLEAR) != point_is_active(e, p))
            continue; /* can't be: only an active alarm clears, only one that is not is raised */
        p->pending = c->pending;
        p->timer = timers_start(&e->timers, c->deadline_ms, TIMER_POINT, point_key(c->device, k),
                                c->device, k);
        if (p->timer == 0)
            return TCN_ENOMEM;
    }
    return TCN_OK;
}

static int restore_rest(struct engine *e, const struct snapshot *s)
{
    for (uint32_t i = 0; i < s->topic_count; i++) {
        const struct snapshot_topic *t = &s->topics[i];

        if (t->is_class)
            e->class_seq[t->signal_class] = t->seq;
        else
            e->party_seq[t->party_kind][t->party] = t->seq;
    }
    for (uint32_t i = 0; i < s->reply_count; i++) {
        int rc = command_remember(e, &s->replies[i]);

        if (rc < 0)
            return rc;
    }
    e->id_counter = s->id_counter;
    return TCN_OK;
}

/* Silence timers were started at commissioning, for the times known then. */
static int rewatch_silence(struct engine *e, struct tcn_now now)
{
    struct effects none = { 0 };

    for (uint32_t d = 0; d < e->conf.registry->device_count; d++) {
        const struct type_plan *t = engine_type(e, d);

        for (uint32_t i = 0; i < t->missing_count; i++) {
            struct point *p = engine_point(e, d, t->missing[i]);
            int64_t limit_ms = e->conf.rules->items[t->rules[t->missing[i]]].when.missing_ms;

            if (p->silence == 0)
                continue;
            timers_stop(&e->timers, p->silence);
            p->silence = 0;
            /* Silent beyond the limit already: say so at the first step, unless it is known. */
            if (now.mono_ms - e->heard_ms[d] >= limit_ms && !point_is_active(e, p))
                p->silence = timers_start(&e->timers, now.mono_ms, TIMER_MISSING,
                                          point_key(d, t->missing[i]), d, t->missing[i]);
            else
                point_watch_silence(e, d, t->missing[i], now.mono_ms, &none);
        }
    }
    return none.failed ? TCN_ENOMEM : TCN_OK;
}

int engine_restore(struct engine *e, struct tcn_now now, const struct snapshot *s,
                   struct tcn_fail *reterr)
{
    int rc;

    assert(!e->begun && !e->restored);
    e->restored = true;
    restore_values(e, now, s);
    rc = restore_objects(e, s);
    if (rc == TCN_OK)
        rc = restore_rest(e, s);
    if (rc < 0)
        return tcn_fail_set(reterr, rc, "no memory for the state of the last run");
    rc = restore_alarms(e, s, reterr);
    if (rc == TCN_OK)
        rc = restore_tasks(e, s, reterr);
    if (rc < 0)
        return rc;
    rc = restore_points(e, s);
    if (rc == TCN_OK)
        rc = rewatch_silence(e, now);
    if (rc < 0)
        return tcn_fail_set(reterr, rc, "no memory for the timers of the last run");
    return TCN_OK;
}

static uint64_t hash_alarm(const struct alarm *a)
{
    uint64_t parts[] = { a->id,
                         a->device,
                         a->rule,
                         (uint64_t)a->state,
                         (uint64_t)a->raised_wall_ms,
                         (uint64_t)a->changed_wall_ms,
                         a->task,
                         (uint64_t)a->acked_by.kind };
    uint64_t h = tcn_hash(TCN_HASH_SEED, parts, sizeof parts);

    return tcn_hash(h, a->acked_by.id, strlen(a->acked_by.id));
}

static uint64_t hash_task(const struct task_slot *s)
{
    const struct task *t = &s->task;
    uint64_t parts[] = { t->id,
                         t->alarm,
                         t->device,
                         t->rule,
                         (uint64_t)t->state,
                         t->hazard_present,
                         t->overdue_level,
                         t->recurrence,
                         (uint64_t)t->issued_wall_ms,
                         (uint64_t)t->changed_wall_ms,
                         (uint64_t)t->deadline_ms,
                         (uint64_t)t->next_due_ms,
                         s->step_count };
    uint64_t h = tcn_hash(TCN_HASH_SEED, parts, sizeof parts);

    return tcn_hash(h, t->evidence, strlen(t->evidence));
}

static uint64_t hash_points(const struct engine *e)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < e->point_count; i++) {
        const struct point *p = &e->points[i];
        uint64_t parts[3] = { i, p->pending, 0 };

        if (p->pending == PENDING_NONE)
            continue;
        parts[2] = (uint64_t)timers_peek(&e->timers, p->timer)->deadline_ms;
        sum += tcn_hash(TCN_HASH_SEED, parts, sizeof parts);
    }
    return sum;
}

/* Sums of hashes, so that the order of slots, which a restart changes, does not count. What only
 * rides along coarsely (when a device was heard) is left out. */
uint64_t engine_digest(const struct engine *e)
{
    uint64_t sum = hash_points(e) + e->id_counter;

    for (uint32_t i = 0; i < e->alarm_used; i++)
        sum += hash_alarm(engine_alarm_at(e, i));
    for (uint32_t i = 0; i < e->task_slots; i++) {
        if (e->tasks[i].used)
            sum += hash_task(&e->tasks[i]);
    }
    sum = tcn_hash(sum, e->class_seq, sizeof e->class_seq);
    sum = tcn_hash(sum, e->party_seq[PARTY_ENTERPRISE],
                   e->conf.registry->enterprise_count * sizeof(uint64_t));
    sum = tcn_hash(sum, e->party_seq[PARTY_DEPARTMENT],
                   e->conf.registry->department_count * sizeof(uint64_t));
    sum = tcn_hash(sum, e->party_seq[PARTY_UNIT], e->conf.registry->unit_count * sizeof(uint64_t));
    return sum;
}
