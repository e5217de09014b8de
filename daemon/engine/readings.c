/* engine/readings.c - readings become values; the rules that name them are looked at again. */
#include "engine/state.h"

#include <assert.h>

#include "base/text.h"

/* How finely the time of the last sign of life, or of a value that grows stale, is told: as a part
 * of the limit on it. */
#define HEARD_TOLD_PARTS 10

/* One of several things came or went; returns whether any is there now. A thing that does not fit
 * is counted and keeps the metric true for as long as those that fit do. */
static bool count_object(struct engine *e, const struct reading *r, struct effects *out)
{
    uint64_t key = object_key(r->device, r->metric, r->object);
    uint64_t count_key = object_count_key(r->device, r->metric);
    uint32_t count = 0;
    bool present = r->value != 0.0;

    (void)map_get(&e->object_counts, count_key, &count);
    if (map_get(&e->objects, key, NULL) == present)
        return count > 0;
    if (!present) {
        map_remove(&e->objects, key);
        count--;
    } else {
        if (count >= ENGINE_OBJECTS_PER_METRIC_MAX || e->objects.count >= ENGINE_OBJECTS_MAX) {
            e->stats.refused_objects++;
            return true;
        }
        if (map_put(&e->objects, key, 1) < 0) {
            out->failed = true;
            return true;
        }
        count++;
    }
    if (count == 0)
        map_remove(&e->object_counts, count_key);
    else if (map_put(&e->object_counts, count_key, count) < 0)
        out->failed = true;
    *effects_object(out) = (struct object_change){ r->device, r->metric, present, r->object };
    return count > 0;
}

/* A sign of life. Touches the rules for which the silence is over. */
static void hear(struct engine *e, struct tcn_now now, uint32_t device, struct effects *out)
{
    const struct type_plan *t = engine_type(e, device);
    int64_t before = e->heard_ms[device];

    e->heard_once[device] = true;
    if (before == now.mono_ms)
        return;
    e->heard_ms[device] = now.mono_ms;
    if (t->missing_count == 0)
        return;
    for (uint32_t i = 0; i < t->missing_count; i++) {
        uint32_t k = t->missing[i];

        if (now.mono_ms - before >= e->conf.rules->items[t->rules[k]].when.missing_ms) {
            point_touch(e, device, k, out);
            point_watch_silence(e, device, k, now.mono_ms, out);
        }
    }
    if (e->heard_told_ms[device] == TCN_NEVER ||
        now.mono_ms - e->heard_told_ms[device] >= t->missing_ms / HEARD_TOLD_PARTS) {
        *effects_heard(out) = (struct heard_change){ device, now.mono_ms };
        e->heard_told_ms[device] = now.mono_ms;
    }
}

/* What the broker tells again is a state, not an occurrence: it may be older than what was heard
 * live. Without a newer device time it can raise an alarm, but not end one. */
static bool retained_is_stale(const struct engine *e, const struct reading *r, uint64_t at)
{
    const struct expr_value *v = &e->values[at];

    if ((r->flags & READING_RETAINED) == 0 || v->heard_ms == TCN_NEVER)
        return false;
    if (r->device_ms != 0 && e->value_device_ms[at] != 0)
        return r->device_ms <= e->value_device_ms[at];
    return r->quality != QUALITY_GOOD || r->value == 0.0 ||
           e->conf.metrics->items[r->metric].type != METRIC_BOOL;
}

/* Does any single test of a rule on this metric see the two values differently? Leaves the later
 * one in the slot. */
static bool test_changed(struct engine *e, uint32_t rule, uint16_t metric, uint64_t at,
                         struct expr_value before, struct expr_value after,
                         const struct expr_input *in)
{
    const struct expr *x = &e->conf.rules->items[rule].when;

    for (uint16_t i = 0; i < x->count; i++) {
        enum tri was, is;

        if (x->ins[i].op != EXPR_TEST || x->ins[i].metric != metric)
            continue;
        e->values[at] = before;
        was = expr_test(&x->ins[i], in);
        e->values[at] = after;
        is = expr_test(&x->ins[i], in);
        if (was != is)
            return true;
    }
    return false;
}

/* Is the time that was told of this value too old for what it must serve after a restart? */
static bool told_too_long_ago(const struct engine *e, const struct reading *r, uint64_t at,
                              int64_t now_ms)
{
    const struct metric *m = &e->conf.metrics->items[r->metric];
    int64_t stale_after_ms = m->stale_after_ms;

    if (m->mark && e->values[at].value == 0.0)
        return false; /* a mark that is stale counts as what it says now */
    return stale_after_ms != TCN_NEVER && e->value_told_ms[at] != TCN_NEVER &&
           now_ms - e->value_told_ms[at] >= stale_after_ms / HEARD_TOLD_PARTS;
}

/* Puts the value in its slot and touches the rules for which it makes a difference. */
static void set_value(struct engine *e, struct tcn_now now, const struct reading *r, uint16_t slot,
                      struct expr_value value, struct effects *out)
{
    const struct type_plan *t = engine_type(e, r->device);
    uint64_t at = e->value_base[r->device] + slot;
    struct expr_value before = e->values[at];
    struct expr_input in;
    bool changed = false;

    engine_expr_input(e, r->device, now.mono_ms, &in);
    e->values[at] = value;
    e->value_device_ms[at] = r->device_ms;
    for (uint32_t i = t->slot_first[slot]; i < t->slot_first[slot + 1]; i++) {
        uint32_t k = t->slot_rules[i];

        if (!test_changed(e, t->rules[k], r->metric, at, before, value, &in))
            continue;
        changed = true;
        point_touch(e, r->device, k, out);
    }
    if (!changed && !told_too_long_ago(e, r, at, now.mono_ms))
        return;
    e->value_told_ms[at] = now.mono_ms;
    *effects_value(out) = (struct value_change){ .device = r->device,
                                                 .metric = r->metric,
                                                 .quality = value.quality,
                                                 .value = value.value,
                                                 .heard_ms = value.heard_ms,
                                                 .device_ms = r->device_ms };
}

static void apply_value(struct engine *e, struct tcn_now now, const struct reading *r,
                        int64_t received_us, struct effects *out)
{
    uint16_t slot = engine_type(e, r->device)->slot[r->metric];
    struct expr_value value = { .value = r->quality == QUALITY_GOOD ? r->value : 0.0,
                                .heard_ms = now.mono_ms,
                                .quality = r->quality };
    uint64_t at;

    if (slot == PLAN_NO_SLOT)
        return; /* no rule asks for it */
    at = e->value_base[r->device] + slot;
    if (retained_is_stale(e, r, at))
        return;
    /* A second value of the same metric in one message is a later moment: what the first one
     * meant comes first. */
    if (e->value_step[at] == e->stats.steps)
        point_evaluate_touched(e, now, received_us, out);
    e->value_step[at] = e->stats.steps;
    if (r->object != 0 && r->quality == QUALITY_GOOD)
        value.value = count_object(e, r, out) ? 1.0 : 0.0;
    set_value(e, now, r, slot, value, out);
}

void readings_apply(struct engine *e, struct tcn_now now, const struct reading *items,
                    uint32_t count, int64_t received_us, struct effects *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct reading *r = &items[i];

        assert(r->device < e->conf.registry->device_count);
        if ((r->flags & READING_RETAINED) == 0)
            hear(e, now, r->device, out);
        if (r->metric == METRIC_NONE || (r->flags & READING_HISTORICAL) != 0)
            continue;
        assert(r->metric < e->conf.metrics->count);
        apply_value(e, now, r, received_us, out);
    }
    point_evaluate_touched(e, now, received_us, out);
}
