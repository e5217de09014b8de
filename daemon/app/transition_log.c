#include "app/transition_log.h"

#include "base/text.h"
#include "model/ids.h"

/* A line that is put together pair by pair; what does not fit is cut, never overruns. */
struct pairs {
    char *text;
    size_t size, len;
};

static void add(struct pairs *p, const char *key, const char *value)
{
    char quoted[LOG_QUOTE_SIZE];

    if (value == NULL || value[0] == '\0' || p->len + 1 >= p->size)
        return;
    (void)tcn_text_format(p->text + p->len, p->size - p->len, "%s%s=%s", p->len > 0 ? " " : "", key,
                          log_quote(value, quoted)); /* a cut is meant */
    while (p->text[p->len] != '\0')
        p->len++;
}

static void add_id(struct pairs *p, const struct message_context *c, const char *key, uint64_t id)
{
    char text[ID_TEXT_SIZE];

    if (id == 0)
        return;
    id_format(c->gateway, id, text);
    add(p, key, text);
}

static void add_actor(struct pairs *p, const struct actor *actor)
{
    if (actor->kind == PARTY_SYSTEM || actor->kind == PARTY_NONE)
        return;
    add(p, "by", word_of(&WORDS_PARTY_KIND, (int)actor->kind));
    add(p, "actor", actor->id);
    add(p, "person", actor->name);
}

static void add_place(struct pairs *p, const struct message_context *c, uint32_t device)
{
    const struct registry *r = c->registry;
    const struct device *d = &r->devices[device];

    add(p, "device", d->id);
    add(p, "name", d->name);
    if (d->site != REGISTRY_NONE)
        add(p, "site", r->sites[d->site].name);
    if (d->zone != REGISTRY_NONE)
        add(p, "zone", r->zones[d->zone].name);
}

static enum log_level level_of(const struct rule *rule, bool raised)
{
    if (!raised)
        return LEVEL_NOTICE;
    return rule->signal_class == SIGNAL_FIRE || rule->severity == SEVERITY_CRITICAL ? LEVEL_ERROR
                                                                                    : LEVEL_WARNING;
}

void transition_alarm(const struct message_context *c, const struct alarm_change *change,
                      struct transition_line *ret)
{
    const struct alarm *a = &change->alarm;
    const struct rule *rule = &c->rules->items[a->rule];
    struct pairs p = { ret->text, sizeof ret->text, 0 };
    char value[64];

    ret->text[0] = '\0';
    ret->level = level_of(rule, change->transition == TRANSITION_RAISED ||
                                    change->transition == TRANSITION_RERAISED);
    (void)tcn_text_format(ret->event, sizeof ret->event, "alarm %s",
                          word_of(&WORDS_ALARM_TRANSITION, (int)change->transition));
    add(&p, "class", word_of(&WORDS_SIGNAL_CLASS, (int)rule->signal_class));
    add(&p, "severity", word_of(&WORDS_SEVERITY, (int)rule->severity));
    add(&p, "rule", rule->id);
    add(&p, "title", rule->title);
    add_place(&p, c, a->device);
    if (a->has_value && ret->level >= LEVEL_WARNING) { /* what raised it */
        const struct metric *m = &c->metrics->items[a->value_metric];

        metric_format_value(m, a->value, value, sizeof value);
        add(&p, m->name, value);
    }
    add(&p, "state", word_of(&WORDS_ALARM_STATE, (int)a->state));
    add_actor(&p, &change->actor);
    add(&p, "reason", change->reason);
    add_id(&p, c, "task", a->task);
    add_id(&p, c, "id", a->id);
}

void transition_task(const struct message_context *c, const struct task_change *change,
                     struct transition_line *ret)
{
    const struct task *t = &change->task;
    const struct registry *r = c->registry;
    struct pairs p = { ret->text, sizeof ret->text, 0 };
    char deadline[TCN_RFC3339_SIZE], level[8];

    ret->text[0] = '\0';
    ret->level = change->step.event == TASK_EV_OVERDUE ? LEVEL_WARNING : LEVEL_NOTICE;
    (void)tcn_text_format(ret->event, sizeof ret->event, "task %s",
                          word_of(&WORDS_TASK_EVENT, (int)change->step.event));
    add(&p, "state", word_of(&WORDS_TASK_STATE, (int)t->state));
    add(&p, "title", c->rules->items[t->rule].title);
    add_place(&p, c, t->device);
    if (t->enterprise != REGISTRY_NONE)
        add(&p, "enterprise", r->enterprises[t->enterprise].name);
    if (t->department != REGISTRY_NONE)
        add(&p, "department", r->departments[t->department].name);
    if (t->unit != REGISTRY_NONE)
        add(&p, "officer", r->units[t->unit].officer);
    tcn_format_rfc3339(t->deadline_wall_ms, c->offset_min, deadline);
    add(&p, "deadline", deadline);
    (void)tcn_text_format(level, sizeof level, "%u", t->overdue_level);
    if (t->overdue_level > 0)
        add(&p, "overdue", level);
    add_actor(&p, &change->step.actor);
    add(&p, "note", change->step.note);
    add(&p, "evidence", change->step.evidence);
    add_id(&p, c, "alarm", t->alarm);
    add_id(&p, c, "id", t->id);
}
