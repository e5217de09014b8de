/* engine/tasks.c - rectification tasks: issue, the sensor's side of them, commands, deadlines,
 * and who is told. */
#include "engine/state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "engine/alarm_machine.h"
#include "engine/task_machine.h"

#define TASKS_FIRST_CAP 64u

static const struct task_policy *policy_of(const struct engine *e, const struct task *t)
{
    return &e->conf.rules->items[t->rule].task;
}

static int grow(struct engine *e)
{
    uint32_t cap = e->task_cap == 0 ? TASKS_FIRST_CAP : e->task_cap * 2;
    struct task_slot *tasks = realloc(e->tasks, cap * sizeof *tasks);
    uint32_t *task_free;

    if (tasks == NULL)
        return TCN_ENOMEM;
    e->tasks = tasks;
    task_free = realloc(e->task_free, cap * sizeof *task_free);
    if (task_free == NULL)
        return TCN_ENOMEM;
    e->task_free = task_free;
    e->task_cap = cap;
    return TCN_OK;
}

int task_slot_take(struct engine *e, const struct task *t, uint32_t step_count, uint32_t *ret_slot)
{
    uint32_t slot;
    int rc;

    if (e->task_free_count == 0 && e->task_slots == e->task_cap) {
        rc = grow(e);
        if (rc < 0)
            return rc;
    }
    slot = e->task_free_count > 0 ? e->task_free[e->task_free_count - 1] : e->task_slots;
    rc = map_put(&e->task_by_id, t->id, slot);
    if (rc < 0)
        return rc;
    rc = map_put(&e->task_by_point, point_key(t->device, t->rule), slot);
    if (rc < 0)
        return rc;
    if (e->task_free_count > 0)
        e->task_free_count--;
    else
        e->task_slots++;
    e->task_used++;
    e->tasks[slot] = (struct task_slot){ .task = *t, .step_count = step_count, .used = true };
    e->stats.tasks_open++;
    e->stats.tasks_overdue += t->overdue_level > 0;
    *ret_slot = slot;
    return TCN_OK;
}

static void slot_give(struct engine *e, uint32_t slot)
{
    const struct task *t = &e->tasks[slot].task;

    if (e->tasks[slot].timer != 0)
        timers_stop(&e->timers, e->tasks[slot].timer);
    e->stats.tasks_open--;
    e->stats.tasks_overdue -= t->overdue_level > 0;
    map_remove(&e->task_by_id, t->id);
    map_remove(&e->task_by_point, point_key(t->device, t->rule));
    e->tasks[slot].used = false;
    e->task_free[e->task_free_count++] = slot;
    e->task_used--;
}

/* The clock of a task: first the reminder, then the deadline, then each escalation. */
static int64_t first_due_ms(const struct task_policy *policy, const struct task *t, int64_t now_ms)
{
    int64_t reminder = t->deadline_ms - policy->remind_before_ms;

    if (policy->remind_before_ms > 0 && reminder > now_ms)
        return reminder;
    return t->deadline_ms;
}

void task_arm(struct engine *e, uint32_t slot, struct effects *out)
{
    struct task_slot *s = &e->tasks[slot];

    if (s->timer != 0)
        timers_stop(&e->timers, s->timer);
    s->timer = 0;
    if (s->task.next_due_ms == TCN_NEVER)
        return;
    s->timer = timers_start(&e->timers, s->task.next_due_ms, TIMER_TASK, s->task.id, slot, 0);
    if (s->timer == 0)
        out->failed = true;
}

static void tell(struct engine *e, enum party_kind kind, uint32_t party, enum task_event event,
                 uint32_t change, struct effects *out)
{
    struct notice *n;

    if (party == REGISTRY_NONE)
        return;
    n = effects_notice(out);
    n->id = engine_mint_id(e);
    n->seq = ++e->party_seq[kind][party];
    n->kind = event;
    n->party_kind = kind;
    n->party = party;
    n->change = change;
}

/* Everybody concerned hears of everything, but for reminders: those go to whoever has to act. */
static void tell_all(struct engine *e, const struct task *t, enum task_event event, uint32_t change,
                     struct effects *out)
{
    tell(e, PARTY_ENTERPRISE, t->enterprise, event, change, out);
    if (event != TASK_EV_REMINDER || t->enterprise == REGISTRY_NONE)
        tell(e, PARTY_DEPARTMENT, t->department, event, change, out);
    tell(e, PARTY_UNIT, t->unit, event, change, out);
}

static const struct actor BY_SYSTEM = { .kind = PARTY_SYSTEM };

/* The one place where a task changes: state by the table, one history step, notices, the timer.
 * The caller has changed the other fields. A task that is over leaves its slot. */
static void change(struct engine *e, struct tcn_now now, uint32_t slot, enum task_event event,
                   enum task_state to, const struct actor *actor, const char *note,
                   const char *evidence, struct effects *out)
{
    struct task_slot *s = &e->tasks[slot];
    uint32_t index = out->task_count;
    struct task_change *c = effects_task(out);

    s->task.state = to;
    s->task.changed_wall_ms = now.wall_ms;
    if (!task_machine_clock_runs(to))
        s->task.next_due_ms = TCN_NEVER;
    c->step =
        (struct task_step){ .event = event, .state = to, .wall_ms = now.wall_ms, .actor = *actor };
    (void)tcn_text_copy(c->step.note, sizeof c->step.note, note); /* of the same size */
    (void)tcn_text_copy(c->step.evidence, sizeof c->step.evidence, evidence);
    c->step_number = s->step_count++;
    c->task = s->task;
    tell_all(e, &s->task, event, index, out);
    if (task_machine_over(to))
        slot_give(e, slot);
    else
        task_arm(e, slot, out);
}

/* Makes the move that must exist. */
static void must_move(struct engine *e, struct tcn_now now, uint32_t slot, enum task_event event,
                      const char *note, struct effects *out)
{
    enum task_state to = TASK_STATE_COUNT;
    int rc = task_machine_step(e->tasks[slot].task.state, event, &to);

    assert(rc == TCN_OK);
    change(e, now, slot, event, to, &BY_SYSTEM, note, "", out);
}

/* A deadline that starts to run (again): the policy's time from now, never less than was left. */
static void start_clock(struct engine *e, struct tcn_now now, struct task *t)
{
    const struct task_policy *policy = policy_of(e, t);

    if (t->deadline_ms < now.mono_ms + policy->deadline_ms) {
        t->deadline_ms = now.mono_ms + policy->deadline_ms;
        t->deadline_wall_ms = now.wall_ms + policy->deadline_ms;
    }
    t->next_due_ms = first_due_ms(policy, t, now.mono_ms);
}

static void issue(struct engine *e, struct tcn_now now, struct alarm *alarm, struct effects *out)
{
    const struct device *d = &e->conf.registry->devices[alarm->device];
    struct task t = { .alarm = alarm->id,
                      .device = alarm->device,
                      .rule = alarm->rule,
                      .enterprise = d->enterprise,
                      .department = d->department,
                      .unit = d->unit,
                      .state = TASK_ISSUED,
                      .hazard_present = true,
                      .drill = alarm->drill,
                      .issued_wall_ms = now.wall_ms };
    uint32_t slot;

    if (e->task_used >= ENGINE_TASKS_MAX) {
        e->stats.refused_tasks++;
        return;
    }
    t.id = engine_mint_id(e);
    t.level = policy_of(e, &t)->level;
    start_clock(e, now, &t);
    if (task_slot_take(e, &t, 0, &slot) < 0) {
        out->failed = true;
        return;
    }
    alarm->task = t.id;
    e->stats.tasks_issued++;
    change(e, now, slot, TASK_EV_ISSUED, TASK_ISSUED, &BY_SYSTEM, "", "", out);
}

void task_on_raise(struct engine *e, struct tcn_now now, struct alarm *alarm, struct effects *out)
{
    struct task *t;
    uint32_t slot;
    enum task_state to;

    if (!map_get(&e->task_by_point, point_key(alarm->device, alarm->rule), &slot)) {
        if (e->conf.rules->items[alarm->rule].task.enabled)
            issue(e, now, alarm, out);
        return;
    }
    t = &e->tasks[slot].task;
    alarm->task = t->id;
    t->alarm = alarm->id;
    t->hazard_present = true;
    if (t->recurrence < UINT16_MAX)
        t->recurrence++;
    to = t->state;
    if (task_machine_step(t->state, TASK_EV_RECURRED, &to) == TCN_OK)
        start_clock(e, now, t);
    change(e, now, slot, TASK_EV_RECURRED, to, &BY_SYSTEM, "the hazard came back", "", out);
}

void task_on_clear(struct engine *e, struct tcn_now now, const struct alarm *alarm,
                   struct effects *out)
{
    struct task *t;
    uint32_t slot;
    enum task_state before;

    if (!map_get(&e->task_by_point, point_key(alarm->device, alarm->rule), &slot))
        return;
    t = &e->tasks[slot].task;
    if (!t->hazard_present)
        return;
    before = t->state;
    t->hazard_present = false;
    must_move(e, now, slot, TASK_EV_RECOVERED, "the sensor is back to normal", out);
    if (before == TASK_VERIFIED)
        must_move(e, now, slot, TASK_EV_CLOSED, "verified, and the sensor is back to normal", out);
    else if (policy_of(e, t)->auto_close)
        must_move(e, now, slot, TASK_EV_CLOSED, "closed by the rule's policy", out);
}

void task_on_remove(struct engine *e, struct tcn_now now, const struct alarm *alarm,
                    struct effects *out)
{
    uint32_t slot;

    if (map_get(&e->task_by_point, point_key(alarm->device, alarm->rule), &slot))
        must_move(e, now, slot, TASK_EV_WITHDRAWN, "the rule does not cover this device any more",
                  out);
}

void task_timer_over(struct engine *e, struct tcn_now now, uint32_t slot, struct effects *out)
{
    struct task *t = &e->tasks[slot].task;
    const struct task_policy *policy = policy_of(e, t);

    e->tasks[slot].timer = 0; /* it has just ended */
    if (now.mono_ms < t->deadline_ms) {
        t->next_due_ms = t->deadline_ms;
        must_move(e, now, slot, TASK_EV_REMINDER, "the deadline is near", out);
        return;
    }
    e->stats.tasks_overdue += t->overdue_level == 0;
    t->overdue_level++;
    t->next_due_ms = policy->escalate_every_ms > 0 && t->overdue_level < OVERDUE_LEVEL_MAX
                         ? now.mono_ms + policy->escalate_every_ms
                         : TCN_NEVER;
    must_move(e, now, slot, TASK_EV_OVERDUE, "the deadline has passed", out);
}

static bool is_party(const struct engine *e, const struct actor *actor, enum party_kind kind,
                     uint32_t party)
{
    const struct registry *r = e->conf.registry;

    if (actor->kind != kind || party == REGISTRY_NONE)
        return false;
    switch (kind) {
    case PARTY_ENTERPRISE:
        return registry_enterprise(r, actor->id) == party;
    case PARTY_DEPARTMENT:
        return registry_department(r, actor->id) == party;
    case PARTY_UNIT:
        return registry_unit(r, actor->id) == party;
    default:
        return false;
    }
}

/* The enterprise rectifies, the department supervises; where the registry names none, the patrol
 * unit stands in. An operator may act for anybody, and is recorded as having done so. */
static bool may_act(const struct engine *e, const struct actor *actor, const struct task *t,
                    enum task_event event)
{
    bool rectifies = event == TASK_EV_ACCEPTED || event == TASK_EV_SUBMITTED;
    enum party_kind kind = rectifies ? PARTY_ENTERPRISE : PARTY_DEPARTMENT;
    uint32_t party = rectifies ? t->enterprise : t->department;

    if (actor->kind == PARTY_OPERATOR)
        return true;
    if (party == REGISTRY_NONE)
        return is_party(e, actor, PARTY_UNIT, t->unit);
    return is_party(e, actor, kind, party);
}

static enum task_event event_of(enum command_kind kind)
{
    switch (kind) {
    case COMMAND_ACCEPT:
        return TASK_EV_ACCEPTED;
    case COMMAND_SUBMIT:
        return TASK_EV_SUBMITTED;
    case COMMAND_VERIFY:
        return TASK_EV_VERIFIED;
    case COMMAND_RETURN:
        return TASK_EV_RETURNED;
    default:
        assert(kind == COMMAND_WITHDRAW);
        return TASK_EV_WITHDRAWN;
    }
}

/* A person concludes: what was submitted, or what the person saw, must be on record. */
static int check_conclusion(const struct task *t, const struct command *command,
                            struct tcn_fail *reterr)
{
    if (t->evidence[0] != '\0' || command->evidence[0] != '\0' || command->note[0] != '\0')
        return TCN_OK;
    return tcn_fail_set(reterr, TCN_EINPUT,
                        "nothing was submitted yet: verifying needs a note or evidence");
}

int task_command(struct engine *e, struct tcn_now now, const struct command *command,
                 struct effects *out, enum task_state *ret_state, struct tcn_fail *reterr)
{
    enum task_event event = event_of(command->kind);
    enum task_state to;
    struct task *t;
    uint32_t slot;
    int rc = TCN_OK;

    if (!map_get(&e->task_by_id, command->target, &slot))
        return tcn_fail_set(reterr, TCN_ENOENT, "no open task has this id; it may be closed");
    t = &e->tasks[slot].task;
    *ret_state = t->state;
    if (!may_act(e, &command->actor, t, event))
        return tcn_fail_set(reterr, TCN_EDENIED, "%s %s may not %s this task",
                            word_of(&WORDS_PARTY_KIND, (int)command->actor.kind), command->actor.id,
                            word_of(&WORDS_COMMAND_KIND, (int)command->kind));
    if (task_machine_step(t->state, event, &to) < 0)
        return tcn_fail_set(reterr, TCN_ESTATE, "a task that is %s can't be %s",
                            word_of(&WORDS_TASK_STATE, (int)t->state),
                            word_of(&WORDS_TASK_EVENT, (int)event));
    if (event == TASK_EV_VERIFIED)
        rc = check_conclusion(t, command, reterr);
    if (rc < 0)
        return rc;
    if (command->evidence[0] != '\0')
        (void)tcn_text_copy(t->evidence, sizeof t->evidence, command->evidence);
    if (event == TASK_EV_RETURNED)
        start_clock(e, now, t);
    *ret_state = to;
    rc = t->hazard_present; /* t is gone if the task is over now */
    change(e, now, slot, event, to, &command->actor, command->note, command->evidence, out);
    if (event == TASK_EV_VERIFIED && rc == 0) {
        must_move(e, now, slot, TASK_EV_CLOSED, "verified, and the sensor is normal", out);
        *ret_state = TASK_CLOSED;
    }
    return TCN_OK;
}
