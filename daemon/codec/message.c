#include "codec/message.h"

#include <assert.h>

#include "codec/message_private.h"
#include "model/unit_of_measure.h"

/* A schema message and the small things it points to, so that all of it lives on the stack. */
struct alarm_parts {
    Tocsin__V1__Alarm message;
    Tocsin__V1__Sample value;
    char id[ID_TEXT_SIZE], task[ID_TEXT_SIZE];
};
struct task_parts {
    Tocsin__V1__Task message;
    Tocsin__V1__TaskStep steps[TASK_STEPS_MAX];
    Tocsin__V1__TaskStep *history[TASK_STEPS_MAX];
    Tocsin__V1__Actor actors[TASK_STEPS_MAX];
    char id[ID_TEXT_SIZE], alarm[ID_TEXT_SIZE];
};

/* Fills the message and returns it; NULL for nobody. */
static Tocsin__V1__Actor *fill_actor(const struct actor *a, Tocsin__V1__Actor *ret)
{
    if (a->kind == PARTY_NONE)
        return NULL;
    tocsin__v1__actor__init(ret);
    ret->kind = message_party_kind(a->kind);
    ret->id = message_text(a->id);
    ret->name = message_text(a->name);
    return ret;
}

static Tocsin__V1__Sample *fill_value(const struct message_context *c, const struct alarm *a,
                                      Tocsin__V1__Sample *ret)
{
    const struct metric *metric;

    if (!a->has_value || a->value_metric >= c->metrics->count)
        return NULL;
    metric = &c->metrics->items[a->value_metric];
    tocsin__v1__sample__init(ret);
    ret->metric = message_text(metric->name);
    switch (metric->type) {
    case METRIC_BOOL:
        ret->value_case = TOCSIN__V1__SAMPLE__VALUE_FLAG;
        ret->flag = a->value != 0;
        break;
    case METRIC_NUMBER:
        ret->value_case = TOCSIN__V1__SAMPLE__VALUE_NUMBER;
        ret->number = a->value;
        ret->unit = message_text(unit_name(metric->unit));
        break;
    case METRIC_ENUM:
        if (a->value >= 0 && a->value < metric->word_count) {
            ret->value_case = TOCSIN__V1__SAMPLE__VALUE_TEXT;
            ret->text = message_text(metric->words[(unsigned)a->value]);
        }
        break;
    }
    return ret;
}

static const struct device *device_at(const struct message_context *c, uint32_t i)
{
    assert(i < c->registry->device_count);
    return &c->registry->devices[i];
}

static const struct rule *rule_at(const struct message_context *c, uint32_t i)
{
    assert(i < c->rules->count);
    return &c->rules->items[i];
}

/* Where the device stands. */
static void fill_alarm_place(const struct message_context *c, const struct device *d,
                             Tocsin__V1__Alarm *m)
{
    const struct registry *r = c->registry;

    if (d->site < r->site_count) {
        m->site = message_text(r->sites[d->site].id);
        m->site_name = message_text(r->sites[d->site].name);
        m->address = message_text(r->sites[d->site].address);
    }
    if (d->zone < r->zone_count) {
        m->zone = message_text(r->zones[d->zone].id);
        m->zone_name = message_text(r->zones[d->zone].name);
    }
}

/* Who answers for it. */
static void fill_alarm_parties(const struct message_context *c, const struct device *d,
                               Tocsin__V1__Alarm *m)
{
    const struct registry *r = c->registry;

    m->enterprise = message_text(message_party_id(r, PARTY_ENTERPRISE, d->enterprise));
    m->enterprise_name = message_text(message_party_name(r, PARTY_ENTERPRISE, d->enterprise));
    m->department = message_text(message_party_id(r, PARTY_DEPARTMENT, d->department));
    m->department_name = message_text(message_party_name(r, PARTY_DEPARTMENT, d->department));
    m->patrol_unit = message_text(message_party_id(r, PARTY_UNIT, d->unit));
    m->patrol_unit_name = message_text(message_party_name(r, PARTY_UNIT, d->unit));
    if (d->unit < r->unit_count)
        m->officer = message_text(r->units[d->unit].officer);
}

static void fill_alarm(const struct message_context *c, const struct alarm *a, bool durable,
                       struct alarm_parts *p)
{
    const struct device *device = device_at(c, a->device);
    const struct rule *rule = rule_at(c, a->rule);
    Tocsin__V1__Alarm *m = &p->message;

    tocsin__v1__alarm__init(m);
    id_format(c->gateway, a->id, p->id);
    m->alarm_id = p->id;
    m->gateway = message_text(c->gateway);
    m->device = message_text(device->id);
    m->device_name = message_text(device->name);
    m->rule = message_text(rule->id);
    m->rule_version = message_text(rule->version);
    m->signal_class = message_signal_class(rule->signal_class);
    m->severity = message_severity(rule->severity);
    m->title = message_text(rule->title);
    m->guidance = message_text(rule->guidance);
    m->state = message_alarm_state(a->state);
    m->drill = a->drill;
    m->durable = durable;
    m->value = fill_value(c, a, &p->value);
    m->raised_at = a->raised_wall_ms;
    m->changed_at = a->changed_wall_ms;
    m->device_time = a->device_wall_ms;
    if (a->acked_by.kind != PARTY_NONE)
        m->acked_by = message_text(a->acked_by.name[0] != '\0' ? a->acked_by.name : a->acked_by.id);
    if (a->task != 0) {
        id_format(c->gateway, a->task, p->task);
        m->task_id = p->task;
    }
    fill_alarm_place(c, device, m);
    fill_alarm_parties(c, device, m);
}

int message_alarm(const struct message_context *c, const struct alarm *a, bool durable,
                  struct buf *out)
{
    struct alarm_parts parts;

    fill_alarm(c, a, durable, &parts);
    return message_encode(c, &parts.message.base, out);
}

int message_alarm_event(const struct message_context *c, const struct alarm_change *a, bool durable,
                        struct buf *out)
{
    Tocsin__V1__AlarmEvent m = TOCSIN__V1__ALARM_EVENT__INIT;
    struct alarm_parts parts;
    Tocsin__V1__Actor actor;

    fill_alarm(c, &a->alarm, durable, &parts);
    m.epoch = c->epoch;
    m.seq = a->seq;
    m.transition = message_transition(a->transition);
    m.reason = message_text(a->reason);
    m.actor = fill_actor(&a->actor, &actor);
    m.alarm = &parts.message;
    return message_encode(c, &m.base, out);
}

static void fill_step(const struct task_step *s, Tocsin__V1__TaskStep *ret,
                      Tocsin__V1__Actor *actor)
{
    tocsin__v1__task_step__init(ret);
    ret->event = message_task_event(s->event);
    ret->state = message_task_state(s->state);
    ret->at = s->wall_ms;
    ret->actor = fill_actor(&s->actor, actor);
    ret->note = message_text(s->note);
    ret->evidence = message_text(s->evidence);
}

static void fill_task_place(const struct message_context *c, const struct task *t,
                            Tocsin__V1__Task *m)
{
    const struct registry *r = c->registry;
    const struct device *d = device_at(c, t->device);

    m->device = message_text(d->id);
    m->device_name = message_text(d->name);
    if (d->site < r->site_count) {
        m->site = message_text(r->sites[d->site].id);
        m->site_name = message_text(r->sites[d->site].name);
        m->address = message_text(r->sites[d->site].address);
    }
    m->enterprise = message_text(message_party_id(r, PARTY_ENTERPRISE, t->enterprise));
    m->enterprise_name = message_text(message_party_name(r, PARTY_ENTERPRISE, t->enterprise));
    m->department = message_text(message_party_id(r, PARTY_DEPARTMENT, t->department));
    m->department_name = message_text(message_party_name(r, PARTY_DEPARTMENT, t->department));
    m->patrol_unit = message_text(message_party_id(r, PARTY_UNIT, t->unit));
    m->patrol_unit_name = message_text(message_party_name(r, PARTY_UNIT, t->unit));
    if (t->unit < r->unit_count)
        m->officer = message_text(r->units[t->unit].officer);
}

static void fill_task(const struct message_context *c, const struct task *t,
                      const struct task_step *steps, uint32_t step_count, struct task_parts *p)
{
    const struct rule *rule = rule_at(c, t->rule);
    Tocsin__V1__Task *m = &p->message;

    assert(step_count <= TASK_STEPS_MAX);
    tocsin__v1__task__init(m);
    id_format(c->gateway, t->id, p->id);
    m->task_id = p->id;
    if (t->alarm != 0) {
        id_format(c->gateway, t->alarm, p->alarm);
        m->alarm_id = p->alarm;
    }
    m->gateway = message_text(c->gateway);
    m->rule = message_text(rule->id);
    m->signal_class = message_signal_class(rule->signal_class);
    m->title = message_text(rule->title);
    m->guidance = message_text(rule->guidance);
    m->state = message_task_state(t->state);
    m->hazard_level = message_hazard_level(t->level);
    m->issued_at = t->issued_wall_ms;
    m->deadline = t->deadline_wall_ms;
    m->overdue_level = t->overdue_level;
    m->recurrence = t->recurrence;
    m->drill = t->drill;
    m->hazard_present = t->hazard_present;
    m->evidence = message_text(t->evidence);
    fill_task_place(c, t, m);
    for (uint32_t i = 0; i < step_count; i++) {
        fill_step(&steps[i], &p->steps[i], &p->actors[i]);
        p->history[i] = &p->steps[i];
    }
    m->n_history = step_count;
    m->history = p->history;
}

int message_task(const struct message_context *c, const struct task *t,
                 const struct task_step *steps, uint32_t step_count, struct buf *out)
{
    struct task_parts parts;

    fill_task(c, t, steps, step_count, &parts);
    return message_encode(c, &parts.message.base, out);
}

int message_task_notice(const struct message_context *c, const struct notice *n,
                        const struct task *t, const struct task_step *steps, uint32_t step_count,
                        struct buf *out)
{
    Tocsin__V1__TaskNotice m = TOCSIN__V1__TASK_NOTICE__INIT;
    Tocsin__V1__Actor party = TOCSIN__V1__ACTOR__INIT;
    struct task_parts parts;
    char id[ID_TEXT_SIZE];

    fill_task(c, t, steps, step_count, &parts);
    id_format(c->gateway, n->id, id);
    party.kind = message_party_kind(n->party_kind);
    party.id = message_text(message_party_id(c->registry, n->party_kind, n->party));
    party.name = message_text(message_party_name(c->registry, n->party_kind, n->party));
    m.epoch = c->epoch;
    m.seq = n->seq;
    m.notice_id = id;
    m.kind = message_task_event(n->kind);
    m.party = &party;
    m.task = &parts.message;
    return message_encode(c, &m.base, out);
}

int message_reply(const struct message_context *c, const struct command_reply *r, struct buf *out)
{
    Tocsin__V1__CommandReply m = TOCSIN__V1__COMMAND_REPLY__INIT;
    Tocsin__V1__Error error = TOCSIN__V1__ERROR__INIT;

    m.command_id = message_text(r->id);
    m.ok = r->error == TCN_OK;
    m.state = message_text(r->state);
    if (r->error != TCN_OK) {
        error.code = message_text(tcn_err_word(r->error));
        error.message = message_text(r->text);
        m.error = &error;
    }
    return message_encode(c, &m.base, out);
}

int message_status(const struct message_context *c, const struct message_status *s, struct buf *out)
{
    Tocsin__V1__Status m = TOCSIN__V1__STATUS__INIT;

    m.gateway = message_text(c->gateway);
    m.state = message_text(s->state);
    m.version = message_text(s->version);
    m.since = s->since_wall_ms;
    m.at = s->at_wall_ms;
    m.epoch = c->epoch;
    m.devices = c->registry->device_count;
    m.rules = c->rules->count;
    m.alarms_standing = s->alarms_standing;
    m.alarms_unacknowledged = s->alarms_unacknowledged;
    m.tasks_open = s->tasks_open;
    m.tasks_overdue = s->tasks_overdue;
    m.messages = s->messages;
    m.rejected = s->rejected;
    m.outbox = s->outbox;
    m.log_dropped = s->log_dropped;
    m.store_failing = s->store_failing;
    return message_encode(c, &m.base, out);
}
