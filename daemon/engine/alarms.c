/* engine/alarms.c - alarms: the slab they live in, and what raises, clears and acknowledges. */
#include "engine/state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "engine/alarm_machine.h"

#define ALARMS_FIRST_CAP 64u

static int grow(struct engine *e)
{
    uint32_t cap = e->alarm_cap == 0 ? ALARMS_FIRST_CAP : e->alarm_cap * 2;
    struct alarm_slot *alarms = realloc(e->alarms, cap * sizeof *alarms);
    uint32_t *list;

    if (alarms == NULL)
        return TCN_ENOMEM;
    e->alarms = alarms;
    list = realloc(e->alarm_list, cap * sizeof *list);
    if (list == NULL)
        return TCN_ENOMEM;
    e->alarm_list = list;
    list = realloc(e->alarm_list_at, cap * sizeof *list);
    if (list == NULL)
        return TCN_ENOMEM;
    e->alarm_list_at = list;
    e->alarm_cap = cap;
    return TCN_OK;
}

/* Slots in use stand first in alarm_list, free ones behind them: both take and give are O(1). */
int alarm_slot_take(struct engine *e, const struct alarm *a, uint32_t *ret_slot)
{
    uint32_t slot;
    int rc;

    if (e->alarm_used == e->alarm_slots) {
        if (e->alarm_slots == e->alarm_cap) {
            rc = grow(e);
            if (rc < 0)
                return rc;
        }
        slot = e->alarm_slots++;
        e->alarm_list[slot] = slot;
        e->alarm_list_at[slot] = slot;
        e->alarms[slot].used = false;
    }
    slot = e->alarm_list[e->alarm_used];
    rc = map_put(&e->alarm_by_id, a->id, slot);
    if (rc < 0)
        return rc;
    e->alarm_used++;
    e->alarms[slot] = (struct alarm_slot){ .alarm = *a, .used = true };
    *ret_slot = slot;
    return TCN_OK;
}

void alarm_slot_give(struct engine *e, uint32_t slot)
{
    uint32_t at = e->alarm_list_at[slot], last = e->alarm_list[e->alarm_used - 1];

    assert(e->alarms[slot].used);
    map_remove(&e->alarm_by_id, e->alarms[slot].alarm.id);
    e->alarms[slot].used = false;
    e->alarm_list[at] = last;
    e->alarm_list_at[last] = at;
    e->alarm_used--;
    e->alarm_list[e->alarm_used] = slot;
    e->alarm_list_at[slot] = e->alarm_used;
}

static void count_states(struct engine *e, const struct rule *rule, enum alarm_state from,
                         enum alarm_state to)
{
    e->stats.alarms_standing[rule->signal_class] += to != ALARM_NORMAL;
    e->stats.alarms_standing[rule->signal_class] -= from != ALARM_NORMAL;
    e->stats.alarms_unacknowledged += to == ALARM_UNACKNOWLEDGED || to == ALARM_RETURNED;
    e->stats.alarms_unacknowledged -= from == ALARM_UNACKNOWLEDGED || from == ALARM_RETURNED;
}

/* The one place where an alarm's state changes. Appends the change, and frees the slot of an
 * alarm that is over. The caller has checked that the move exists. */
static struct alarm_change *move(struct engine *e, struct tcn_now now, uint32_t slot,
                                 enum alarm_input input, struct effects *out)
{
    struct alarm *a = &e->alarms[slot].alarm;
    const struct rule *rule = &e->conf.rules->items[a->rule];
    struct alarm_change *change = effects_alarm(out);
    struct alarm_move m;
    int rc = alarm_machine_step(a->state, input, &m);

    assert(rc == TCN_OK);
    count_states(e, rule, a->state, m.to);
    a->state = m.to;
    a->changed_wall_ms = now.wall_ms;
    change->alarm = *a;
    change->transition = m.transition;
    change->seq = ++e->class_seq[rule->signal_class];
    change->actor = (struct actor){ .kind = PARTY_SYSTEM };
    if (m.to == ALARM_NORMAL) {
        uint32_t k = engine_rule_position(e, a->device, a->rule);

        assert(k != NO_SLOT && engine_point(e, a->device, k)->alarm == slot + 1);
        engine_point(e, a->device, k)->alarm = 0;
        alarm_slot_give(e, slot);
    }
    return change;
}

/* The first value that the rule's condition knows: what a person wants to see. */
static void note_value(struct engine *e, struct alarm *a)
{
    const struct expr *x = &e->conf.rules->items[a->rule].when;

    a->has_value = false;
    a->value_metric = METRIC_NONE;
    a->device_wall_ms = 0;
    for (uint16_t i = 0; i < x->metric_count; i++) {
        uint16_t slot = engine_type(e, a->device)->slot[x->metrics[i]];
        uint64_t at = e->value_base[a->device] + slot;

        if (e->values[at].heard_ms == TCN_NEVER || e->values[at].quality != QUALITY_GOOD)
            continue;
        a->has_value = true;
        a->value_metric = x->metrics[i];
        a->value = e->values[at].value;
        a->device_wall_ms = e->value_device_ms[at];
        return;
    }
}

/* Takes a slot for an alarm in state normal, ready to be raised. */
static int start(struct engine *e, uint32_t device, uint32_t rule, uint32_t *ret_slot)
{
    struct alarm a = { .device = device, .rule = rule, .state = ALARM_NORMAL };

    a.id = engine_mint_id(e);
    return alarm_slot_take(e, &a, ret_slot);
}

void alarm_raise(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                 int64_t received_us, struct effects *out)
{
    struct point *p = engine_point(e, device, k);
    uint32_t rule = engine_type(e, device)->rules[k], slot;
    struct alarm_change *change;
    struct alarm *a;

    if (p->alarm == 0) {
        if (e->alarm_used >= ENGINE_ALARMS_MAX) {
            e->stats.refused_alarms++;
            return;
        }
        if (start(e, device, rule, &slot) < 0) {
            out->failed = true;
            return;
        }
        p->alarm = slot + 1;
    }
    slot = p->alarm - 1;
    a = &e->alarms[slot].alarm;
    note_value(e, a);
    a->raised_wall_ms = now.wall_ms;
    a->acked_by = (struct actor){ .kind = PARTY_NONE };
    task_on_raise(e, now, a, out);
    change = move(e, now, slot, ALARM_IN_RAISE, out);
    change->received_us = received_us;
    e->stats.alarms_raised++;
}

void alarm_clear(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                 struct effects *out)
{
    struct point *p = engine_point(e, device, k);
    struct alarm copy;

    assert(p->alarm != 0);
    copy = e->alarms[p->alarm - 1].alarm;
    (void)move(e, now, p->alarm - 1, ALARM_IN_CLEAR, out);
    task_on_clear(e, now, &copy, out);
}

void alarm_remove(struct engine *e, struct tcn_now now, const struct alarm *a, struct effects *out)
{
    struct alarm_change *change = effects_alarm(out);

    change->alarm = *a;
    change->alarm.state = ALARM_NORMAL;
    change->alarm.changed_wall_ms = now.wall_ms;
    change->transition = TRANSITION_REMOVED;
    change->seq = ++e->class_seq[e->conf.rules->items[a->rule].signal_class];
    change->actor = (struct actor){ .kind = PARTY_SYSTEM };
    (void)tcn_text_copy(change->reason, sizeof change->reason,
                        "the rule does not cover this device any more");
    task_on_remove(e, now, a, out);
}

/* Operators may acknowledge everything; a party, what concerns it. */
static bool may_acknowledge(const struct engine *e, const struct actor *actor,
                            const struct device *d)
{
    const struct registry *r = e->conf.registry;

    switch (actor->kind) {
    case PARTY_OPERATOR:
        return true;
    case PARTY_ENTERPRISE:
        return d->enterprise != REGISTRY_NONE && d->enterprise == registry_enterprise(r, actor->id);
    case PARTY_DEPARTMENT:
        return d->department != REGISTRY_NONE && d->department == registry_department(r, actor->id);
    case PARTY_UNIT:
        return d->unit != REGISTRY_NONE && d->unit == registry_unit(r, actor->id);
    default:
        return false;
    }
}

int alarm_acknowledge(struct engine *e, struct tcn_now now, const struct command *command,
                      struct effects *out, enum alarm_state *ret_state, struct tcn_fail *reterr)
{
    struct alarm_change *change;
    struct alarm_move m;
    struct alarm *a;
    uint32_t slot;

    if (!map_get(&e->alarm_by_id, command->target, &slot))
        return tcn_fail_set(reterr, TCN_ENOENT, "no standing alarm has this id; it may be over");
    a = &e->alarms[slot].alarm;
    *ret_state = a->state;
    if (!may_acknowledge(e, &command->actor, &e->conf.registry->devices[a->device]))
        return tcn_fail_set(reterr, TCN_EDENIED, "this alarm's device is not in the care of %s %s",
                            word_of(&WORDS_PARTY_KIND, (int)command->actor.kind),
                            command->actor.id);
    if (alarm_machine_step(a->state, ALARM_IN_ACKNOWLEDGE, &m) < 0)
        return tcn_fail_set(reterr, TCN_ESTATE, "it was acknowledged by %s before",
                            a->acked_by.name[0] != '\0' ? a->acked_by.name : a->acked_by.id);
    a->acked_by = command->actor;
    change = move(e, now, slot, ALARM_IN_ACKNOWLEDGE, out);
    change->actor = command->actor;
    (void)tcn_text_copy(change->reason, sizeof change->reason, command->note); /* same size */
    *ret_state = m.to;
    return TCN_OK;
}
