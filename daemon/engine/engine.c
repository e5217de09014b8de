#include "engine/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/ids.h"

uint64_t engine_mint_id(struct engine *e)
{
    return id_pack(e->conf.epoch, ++e->id_counter);
}

uint32_t engine_rule_position(const struct engine *e, uint32_t device, uint32_t rule)
{
    const struct type_plan *t = engine_type(e, device);

    if (!rule_covers(&e->conf.rules->items[rule], &e->conf.registry->devices[device]))
        return NO_SLOT;
    for (uint32_t k = 0; k < t->rule_count; k++) {
        if (t->rules[k] == rule)
            return k;
    }
    return NO_SLOT;
}

void engine_expr_input(const struct engine *e, uint32_t device, int64_t now_ms,
                       struct expr_input *ret)
{
    *ret = (struct expr_input){ .metrics = e->conf.metrics,
                                .values = e->values + e->value_base[device],
                                .slot = engine_type(e, device)->slot,
                                .now_ms = now_ms,
                                .heard_ms = e->heard_ms[device] };
}

/* Counts values and points, and says where those of each device begin. */
static int lay_out(struct engine *e)
{
    const struct registry *r = e->conf.registry;

    e->value_base = calloc(r->device_count + 1u, sizeof *e->value_base);
    e->point_base = calloc(r->device_count + 1u, sizeof *e->point_base);
    e->heard_ms = calloc(r->device_count + 1u, sizeof *e->heard_ms);
    e->heard_told_ms = calloc(r->device_count + 1u, sizeof *e->heard_told_ms);
    e->heard_once = calloc(r->device_count + 1u, sizeof *e->heard_once);
    if (e->value_base == NULL || e->point_base == NULL || e->heard_ms == NULL ||
        e->heard_told_ms == NULL || e->heard_once == NULL)
        return TCN_ENOMEM;
    for (uint32_t d = 0; d < r->device_count; d++) {
        const struct type_plan *t = engine_type(e, d);

        e->value_base[d] = e->value_count;
        e->point_base[d] = e->point_count;
        e->value_count += t->slot_count;
        e->point_count += t->rule_count;
    }
    return TCN_OK;
}

static int allocate(struct engine *e)
{
    const struct registry *r = e->conf.registry;

    e->values = calloc(e->value_count + 1u, sizeof *e->values);
    e->value_device_ms = calloc(e->value_count + 1u, sizeof *e->value_device_ms);
    e->value_told_ms = calloc(e->value_count + 1u, sizeof *e->value_told_ms);
    e->value_step = calloc(e->value_count + 1u, sizeof *e->value_step);
    e->points = calloc(e->point_count + 1u, sizeof *e->points);
    e->party_seq[PARTY_ENTERPRISE] = calloc(r->enterprise_count + 1u, sizeof(uint64_t));
    e->party_seq[PARTY_DEPARTMENT] = calloc(r->department_count + 1u, sizeof(uint64_t));
    e->party_seq[PARTY_UNIT] = calloc(r->unit_count + 1u, sizeof(uint64_t));
    if (e->values == NULL || e->value_device_ms == NULL || e->value_told_ms == NULL ||
        e->value_step == NULL || e->points == NULL || e->party_seq[PARTY_ENTERPRISE] == NULL ||
        e->party_seq[PARTY_DEPARTMENT] == NULL || e->party_seq[PARTY_UNIT] == NULL)
        return TCN_ENOMEM;
    for (uint64_t i = 0; i < e->value_count; i++)
        e->values[i] = (struct expr_value){ .heard_ms = TCN_NEVER, .quality = QUALITY_BAD };
    for (uint64_t i = 0; i < e->value_count; i++)
        e->value_told_ms[i] = TCN_NEVER;
    return TCN_OK;
}

/* Every device counts as heard at now, and its silence is watched from there. */
static int commission(struct engine *e, struct tcn_now now)
{
    const struct registry *r = e->conf.registry;
    struct effects none = { 0 };

    for (uint32_t d = 0; d < r->device_count; d++) {
        const struct type_plan *t = engine_type(e, d);

        e->heard_ms[d] = now.mono_ms;
        e->heard_told_ms[d] = TCN_NEVER;
        for (uint32_t i = 0; i < t->missing_count; i++)
            point_watch_silence(e, d, t->missing[i], now.mono_ms, &none);
    }
    return none.failed ? TCN_ENOMEM : TCN_OK;
}

int engine_new(const struct engine_conf *conf, struct tcn_now now, struct engine **ret,
               struct tcn_fail *reterr)
{
    struct engine *e;
    int rc;

    assert(conf->epoch > 0 && conf->epoch <= EPOCH_MAX);
    e = calloc(1, sizeof *e);
    if (e == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the engine");
    e->conf = *conf;
    e->last_ms = now.mono_ms;
    rc = plan_build(conf->metrics, conf->registry, conf->rules, &e->plan);
    if (rc == TCN_OK)
        rc = lay_out(e);
    if (rc == TCN_OK)
        rc = allocate(e);
    if (rc == TCN_OK)
        rc = commission(e, now);
    if (rc < 0) {
        engine_free(e);
        return tcn_fail_set(reterr, rc, "no memory for %u devices and %u rules",
                            conf->registry->device_count, conf->rules->count);
    }
    *ret = e;
    return TCN_OK;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    plan_done(&e->plan);
    free(e->value_base);
    free(e->point_base);
    free(e->heard_ms);
    free(e->heard_told_ms);
    free(e->heard_once);
    free(e->values);
    free(e->value_device_ms);
    free(e->value_told_ms);
    free(e->uncovered);
    free(e->value_step);
    free(e->points);
    free(e->touched);
    free(e->alarms);
    free(e->alarm_list);
    free(e->alarm_list_at);
    free(e->tasks);
    free(e->task_free);
    free(e->replies);
    map_done(&e->alarm_by_id);
    map_done(&e->task_by_id);
    map_done(&e->task_by_point);
    map_done(&e->objects);
    map_done(&e->object_counts);
    map_done(&e->reply_by_id);
    timers_done(&e->timers);
    for (int i = 0; i < PARTY_KIND_COUNT; i++)
        free(e->party_seq[i]);
    free(e);
}

/* Tells when each device was last heard (commissioned, if never), so that silence is measured from
 * there even if the device never speaks and the gateway restarts every night. */
static void tell_heard(struct engine *e, struct effects *out)
{
    for (uint32_t d = 0; d < e->conf.registry->device_count; d++) {
        if (e->heard_told_ms[d] != TCN_NEVER || engine_type(e, d)->missing_count == 0)
            continue;
        *effects_heard(out) = (struct heard_change){ d, e->heard_ms[d] };
        e->heard_told_ms[d] = e->heard_ms[d];
    }
}

/* Tells the times of restored values that grow stale, as they count now: the time the gateway was
 * down is given back for good, not only until it is down again. */
static void tell_values(struct engine *e, struct effects *out)
{
    const struct metrics *metrics = e->conf.metrics;

    for (uint32_t d = 0; d < e->conf.registry->device_count; d++) {
        for (uint16_t m = 0; m < metrics->count; m++) {
            uint16_t slot = engine_type(e, d)->slot[m];
            uint64_t at = e->value_base[d] + slot;
            const struct expr_value *v;

            if (slot == PLAN_NO_SLOT || metrics->items[m].stale_after_ms == TCN_NEVER)
                continue;
            v = &e->values[at];
            if (v->heard_ms == e->value_told_ms[at])
                continue;
            e->value_told_ms[at] = v->heard_ms;
            *effects_value(out) = (struct value_change){ .device = d,
                                                         .metric = m,
                                                         .quality = v->quality,
                                                         .value = v->value,
                                                         .heard_ms = v->heard_ms,
                                                         .device_ms = e->value_device_ms[at] };
        }
    }
}

/* The first thing an engine does. Restored values are looked at as they are: a rule may have
 * changed since, and a condition that holds must not wait for its next edge. */
static void begin(struct engine *e, struct tcn_now now, struct effects *out)
{
    e->begun = true;
    tell_heard(e, out);
    if (e->restored)
        tell_values(e, out);
    for (uint32_t i = 0; i < e->uncovered_count; i++)
        alarm_remove(e, now, &e->uncovered[i], out);
    e->uncovered_count = 0;
    for (uint32_t d = 0; e->restored && d < e->conf.registry->device_count; d++) {
        const struct type_plan *t = engine_type(e, d);
        bool known = false;

        for (uint16_t s = 0; s < t->slot_count && !known; s++)
            known = e->values[e->value_base[d] + s].heard_ms != TCN_NEVER;
        for (uint32_t k = 0; known && k < t->rule_count; k++)
            point_touch(e, d, k, out);
    }
    point_evaluate_touched(e, now, 0, out);
    out->id_counter = e->id_counter;
    out->mono_ms = now.mono_ms;
}

static void run_timer(struct engine *e, struct tcn_now now, struct effects *out)
{
    struct timer t = timers_take(&e->timers);

    assert(now.mono_ms >= t.deadline_ms);
    switch ((enum timer_kind)t.kind) {
    case TIMER_POINT:
        point_delay_over(e, now, t.a, t.b, out);
        break;
    case TIMER_MISSING:
        point_silence_over(e, now, t.a, t.b, out);
        break;
    case TIMER_TASK:
        task_timer_over(e, now, t.a, out);
        break;
    }
}

void engine_step(struct engine *e, struct tcn_now now, const struct engine_event *event,
                 struct effects *out)
{
    assert(now.mono_ms >= e->last_ms);
    e->last_ms = now.mono_ms;
    e->stats.steps++;
    if (!e->begun)
        begin(e, now, out);
    switch (event->kind) {
    case EVENT_READINGS:
        e->stats.readings += event->readings.count;
        readings_apply(e, now, event->readings.items, event->readings.count, event->received_us,
                       out);
        break;
    case EVENT_COMMAND:
        command_run(e, now, event->command, out);
        break;
    case EVENT_TIMER:
        run_timer(e, now, out);
        break;
    }
    out->id_counter = e->id_counter;
    out->mono_ms = now.mono_ms;
}

int64_t engine_deadline_ms(const struct engine *e)
{
    return timers_deadline_ms(&e->timers);
}

void engine_run(struct engine *e, struct tcn_now now, const struct engine_event *event,
                struct effects *out)
{
    const struct engine_event timer = { .kind = EVENT_TIMER };

    if (now.mono_ms < e->last_ms)
        now.mono_ms = e->last_ms;
    if (!e->begun)
        begin(e, now, out);
    while (engine_deadline_ms(e) <= now.mono_ms) {
        struct tcn_now due = now;

        /* A deadline that passed while the gateway was down is handled at the last known time. */
        due.mono_ms = engine_deadline_ms(e);
        if (due.mono_ms < e->last_ms)
            due.mono_ms = e->last_ms;
        due.wall_ms -= now.mono_ms - due.mono_ms;
        engine_step(e, due, &timer, out);
    }
    if (event != NULL)
        engine_step(e, now, event, out);
}

void engine_get_stats(const struct engine *e, struct engine_stats *ret)
{
    *ret = e->stats;
    ret->objects = e->objects.count;
    ret->timers = e->timers.heap_count;
}

uint32_t engine_alarm_count(const struct engine *e)
{
    return e->alarm_used;
}

const struct alarm *engine_alarm_at(const struct engine *e, uint32_t i)
{
    assert(i < e->alarm_used);
    return &e->alarms[e->alarm_list[i]].alarm;
}

int64_t engine_device_heard_ms(const struct engine *e, uint32_t device)
{
    assert(device < e->conf.registry->device_count);
    return e->heard_once[device] ? e->heard_ms[device] : TCN_NEVER;
}

bool engine_device_value(const struct engine *e, uint32_t device, uint16_t metric,
                         struct expr_value *ret)
{
    uint16_t slot;

    assert(device < e->conf.registry->device_count && metric < e->conf.metrics->count);
    slot = engine_type(e, device)->slot[metric];
    if (slot == PLAN_NO_SLOT || e->values[e->value_base[device] + slot].heard_ms == TCN_NEVER)
        return false;
    *ret = e->values[e->value_base[device] + slot];
    return true;
}
