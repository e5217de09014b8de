#include "app/outgoing.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST_CAP 64u
/* Notices and replies wait behind alarms of their class, and before nothing more urgent. */
#define PRIORITY_REPLY 0

void outgoing_reset(struct outgoing *o)
{
    arena_done(&o->arena);
    o->count = 0;
}

void outgoing_done(struct outgoing *o)
{
    outgoing_reset(o);
    buf_done(&o->topic);
    buf_done(&o->payload);
    free(o->rows);
    *o = (struct outgoing){ 0 };
}

static struct outbox_row *add_row(struct outgoing *o)
{
    if (o->count == o->cap) {
        uint32_t cap = o->cap == 0 ? ROWS_FIRST_CAP : o->cap * 2;
        struct outbox_row *rows = realloc(o->rows, cap * sizeof *rows);

        if (rows == NULL)
            return NULL;
        o->rows = rows;
        o->cap = cap;
    }
    o->rows[o->count] = (struct outbox_row){ 0 };
    return &o->rows[o->count++];
}

static void start(struct outgoing *o)
{
    buf_reset(&o->topic);
    buf_reset(&o->payload);
}

/* Makes a row of what stands in the two scratch buffers. */
static int finish(struct outgoing *o, bool retain, uint8_t priority, int64_t wall_ms,
                  int64_t received_us)
{
    struct outbox_row *row;
    char *topic, *payload = NULL;

    if (o->topic.failed || o->payload.failed)
        return TCN_ENOMEM;
    topic = arena_text(&o->arena, o->topic.bytes, o->topic.len);
    if (o->payload.len > 0)
        payload = arena_text(&o->arena, o->payload.bytes, o->payload.len);
    if (topic == NULL || (payload == NULL && o->payload.len > 0))
        return TCN_ENOMEM;
    row = add_row(o);
    if (row == NULL)
        return TCN_ENOMEM;
    *row = (struct outbox_row){ .topic = topic,
                                .payload = payload,
                                .payload_len = o->payload.len,
                                .retain = retain,
                                .priority = priority,
                                .queued_wall_ms = wall_ms,
                                .received_us = received_us };
    return TCN_OK;
}

static uint8_t priority_of(const struct message_context *c, uint32_t rule)
{
    return (uint8_t)c->rules->items[rule].signal_class;
}

static int put_alarm_state(struct outgoing *o, const struct message_context *c,
                           const struct alarm *a, bool over, int64_t wall_ms)
{
    int rc = TCN_OK;

    start(o);
    topic_alarm(c, a, &o->topic);
    if (!over)
        rc = message_alarm(c, a, true, &o->payload);
    if (rc < 0)
        return rc;
    return finish(o, true, priority_of(c, a->rule), wall_ms, 0);
}

static int put_alarm(struct outgoing *o, const struct message_context *c,
                     const struct alarm_change *change, int64_t wall_ms)
{
    const struct alarm *a = &change->alarm;
    enum signal_class signal_class = c->rules->items[a->rule].signal_class;
    bool over = a->state == ALARM_NORMAL || change->transition == TRANSITION_REMOVED;
    int rc;

    /* The event first: it is what upstream acts on. */
    start(o);
    topic_events(c, signal_class, &o->topic);
    rc = message_alarm_event(c, change, true, &o->payload);
    if (rc == TCN_OK)
        rc = finish(o, false, (uint8_t)signal_class, wall_ms, change->received_us);
    if (rc < 0)
        return rc;
    return put_alarm_state(o, c, a, over, wall_ms);
}

/* The history of a task up to and including change number `upto` of this batch: what is committed,
 * then the batch's own steps. */
static int history(struct store *store, const struct effects *effects, uint32_t upto,
                   struct task_step steps[TASK_STEPS_MAX], uint32_t *ret_count,
                   struct tcn_fail *reterr)
{
    uint64_t task = effects->tasks[upto].task.id;
    uint32_t own = 0, count = 0;
    int rc = TCN_OK;

    for (uint32_t i = 0; i <= upto; i++)
        own += effects->tasks[i].task.id == task;
    if (own > TASK_STEPS_MAX)
        own = TASK_STEPS_MAX;
    /* A task whose first step is in this batch has nothing in the database yet. */
    if (own <= effects->tasks[upto].step_number)
        rc = store_task_steps(store, task, steps, TASK_STEPS_MAX - own, &count, reterr);
    if (rc < 0)
        return rc;
    *ret_count = count + own;
    for (uint32_t i = upto + 1; i > 0 && own > 0; i--) {
        if (effects->tasks[i - 1].task.id == task)
            steps[count + --own] = effects->tasks[i - 1].step;
    }
    return TCN_OK;
}

static int put_notices(struct outgoing *o, const struct message_context *c,
                       const struct effects *effects, struct store *store, int64_t wall_ms,
                       struct tcn_fail *reterr)
{
    struct task_step *steps = malloc(TASK_STEPS_MAX * sizeof *steps);
    uint32_t known = UINT32_MAX, count = 0;
    int rc = steps == NULL ? TCN_ENOMEM : TCN_OK;

    for (uint32_t i = 0; rc == TCN_OK && i < effects->notice_count; i++) {
        const struct notice *n = &effects->notices[i];
        const struct task *t = &effects->tasks[n->change].task;

        if (n->change != known)
            rc = history(store, effects, n->change, steps, &count, reterr);
        known = n->change;
        if (rc < 0)
            break;
        start(o);
        topic_task_notice(c, n, &o->topic);
        rc = message_task_notice(c, n, t, steps, count, &o->payload);
        if (rc == TCN_OK)
            rc = finish(o, false, priority_of(c, t->rule), wall_ms, 0);
    }
    free(steps);
    return rc;
}

static int put_reply(struct outgoing *o, const struct message_context *c,
                     const struct command_reply *reply, int64_t wall_ms)
{
    int rc;

    start(o);
    topic_replies(c, &o->topic);
    rc = message_reply(c, reply, &o->payload);
    if (rc < 0)
        return rc;
    return finish(o, false, PRIORITY_REPLY, wall_ms, 0);
}

int outgoing_build(struct outgoing *o, const struct message_context *context,
                   const struct effects *effects, struct store *store, int64_t wall_ms,
                   struct tcn_fail *reterr)
{
    int rc = TCN_OK;

    for (uint32_t i = 0; rc == TCN_OK && i < effects->alarm_count; i++)
        rc = put_alarm(o, context, &effects->alarms[i], wall_ms);
    if (rc == TCN_OK)
        rc = put_notices(o, context, effects, store, wall_ms, reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < effects->reply_count; i++) {
        if (effects->replies[i].origin == 0)
            rc = put_reply(o, context, &effects->replies[i], wall_ms);
    }
    if (rc == TCN_ENOMEM)
        return tcn_fail_set(reterr, rc, "no memory for the messages of a batch");
    return rc;
}

int outgoing_standing(struct outgoing *o, const struct message_context *context,
                      const struct alarm *alarms, uint32_t count, int64_t wall_ms,
                      struct tcn_fail *reterr)
{
    for (uint32_t i = 0; i < count; i++) {
        int rc = put_alarm_state(o, context, &alarms[i], false, wall_ms);

        if (rc < 0)
            return tcn_fail_set(reterr, rc, "no memory for %u standing alarms", count);
    }
    return TCN_OK;
}
