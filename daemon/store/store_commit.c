/* One batch of effects becomes one transaction: what changed, the messages that tell of it, and
 * the deletion of messages that arrived. */
#include <assert.h>

#include "store/store_private.h"

/* Deleting keeps pace with adding and catches up, without ever making one commit long. */
#define PURGE_STEP_MAX 16

static const char *device_id(const struct store *s, uint32_t device)
{
    assert(device < s->conf.registry->device_count);
    return s->conf.registry->devices[device].id;
}

static const char *rule_id(const struct store *s, uint32_t rule)
{
    assert(rule < s->conf.rules->count);
    return s->conf.rules->items[rule].id;
}

static const char *metric_name(const struct store *s, uint16_t metric)
{
    assert(metric < s->conf.metrics->count);
    return s->conf.metrics->items[metric].name;
}

static int put_seq(struct store *s, const char *kind, const char *name, uint64_t seq,
                   struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_PUT_SEQ, &q);
    sql_put_text(&q, kind);
    sql_put_text(&q, name);
    sql_put_id(&q, seq);
    return sql_run(&q, reterr);
}

static int put_alarm(struct store *s, const struct alarm_change *c, struct tcn_fail *reterr)
{
    bool over = c->alarm.state == ALARM_NORMAL || c->transition == TRANSITION_REMOVED;
    struct sql q;

    store_start(s, STMT_PUT_ALARM, &q);
    rows_put_alarm(&q, &s->names, &c->alarm);
    sql_put_int(&q, over);
    int rc = sql_run(&q, reterr);
    if (rc < 0)
        return rc;

    store_start(s, STMT_PUT_EVENT, &q);
    sql_put_int(&q, s->meta.epoch);
    sql_put_id(&q, c->seq);
    sql_put_word(&q, &WORDS_ALARM_TRANSITION, (int)c->transition);
    sql_put_text(&q, c->reason);
    rows_put_actor(&q, &c->actor);
    rows_put_alarm(&q, &s->names, &c->alarm);
    rc = sql_run(&q, reterr);
    if (rc < 0)
        return rc;
    enum signal_class signal_class = s->conf.rules->items[c->alarm.rule].signal_class;
    return put_seq(s, "events", word_of(&WORDS_SIGNAL_CLASS, (int)signal_class), c->seq, reterr);
}

static int put_task(struct store *s, const struct task_change *c, struct tcn_fail *reterr)
{
    bool open = c->task.state != TASK_CLOSED && c->task.state != TASK_WITHDRAWN;
    struct sql q;

    store_start(s, STMT_PUT_TASK, &q);
    rows_put_task(&q, &s->names, &c->task);
    sql_put_int(&q, open);
    int rc = sql_run(&q, reterr);
    if (rc < 0)
        return rc;

    store_start(s, STMT_PUT_STEP, &q);
    sql_put_id(&q, c->task.id);
    sql_put_int(&q, c->step_number);
    rows_put_step(&q, &c->step);
    return sql_run(&q, reterr);
}

static int put_notice(struct store *s, const struct effects *e, const struct notice *n,
                      struct tcn_fail *reterr)
{
    assert(n->change < e->task_count);
    const struct task_change *change = &e->tasks[n->change];
    const char *kind = word_of(&WORDS_PARTY_KIND, (int)n->party_kind);
    const char *party = store_names_party_id(&s->names, n->party_kind, n->party);
    struct sql q;

    assert(party != NULL);
    store_start(s, STMT_PUT_NOTICE, &q);
    sql_put_id(&q, n->id);
    sql_put_text(&q, kind);
    sql_put_text(&q, party);
    sql_put_int(&q, s->meta.epoch);
    sql_put_id(&q, n->seq);
    sql_put_word(&q, &WORDS_TASK_EVENT, (int)n->kind);
    sql_put_id(&q, change->task.id);
    sql_put_int(&q, change->step_number);
    int rc = sql_run(&q, reterr);
    return rc < 0 ? rc : put_seq(s, kind, party, n->seq, reterr);
}

/* A conflict is the answer to another command than the one that is on record under this id, and
 * an empty id can't be recognised again. */
static bool is_kept(const struct command_reply *r)
{
    return !r->repeated && r->error != TCN_ECONFLICT && r->id[0] != '\0';
}

static int put_reply(struct store *s, const struct command_reply *r, struct tcn_fail *reterr)
{
    struct sql q;

    if (!is_kept(r))
        return TCN_OK;
    store_start(s, STMT_PUT_COMMAND, &q);
    sql_put_text(&q, r->id);
    sql_put_id(&q, r->digest);
    sql_put_text(&q, tcn_err_word(r->error));
    sql_put_text(&q, r->text);
    sql_put_text(&q, r->state);
    sql_put_int(&q, r->wall_ms);
    sql_put_int(&q, r->mono_ms);
    return sql_run(&q, reterr);
}

static int purge_commands(struct store *s, const struct effects *e, int64_t mono_ms,
                          struct tcn_fail *reterr)
{
    struct sql q;

    if (e->reply_count == 0)
        return TCN_OK;
    store_start(s, STMT_PURGE_COMMANDS, &q);
    sql_put_int(&q, (int64_t)e->reply_count + PURGE_STEP_MAX);
    sql_put_int(&q, mono_ms - COMMAND_KEPT_MS);
    sql_put_int(&q, COMMANDS_KEPT_MAX);
    return sql_run(&q, reterr);
}

static int put_point(struct store *s, const struct point_change *c, struct tcn_fail *reterr)
{
    bool none = c->pending == PENDING_NONE;
    struct sql q;

    store_start(s, none ? STMT_DELETE_POINT : STMT_PUT_POINT, &q);
    sql_put_text(&q, device_id(s, c->device));
    sql_put_text(&q, rule_id(s, c->rule));
    if (!none) {
        sql_put_word(&q, &ROWS_PENDING, c->pending);
        sql_put_int(&q, c->deadline_ms);
    }
    return sql_run(&q, reterr);
}

static int put_value(struct store *s, const struct value_change *c, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_PUT_VALUE, &q);
    sql_put_text(&q, device_id(s, c->device));
    sql_put_text(&q, metric_name(s, c->metric));
    sql_put_word(&q, &ROWS_QUALITY, c->quality);
    rows_put_value(&q, &s->names, c->metric, c->value);
    sql_put_int(&q, c->heard_ms);
    sql_put_int(&q, c->device_ms);
    return sql_run(&q, reterr);
}

static int put_object(struct store *s, const struct object_change *c, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, c->present ? STMT_PUT_OBJECT : STMT_DELETE_OBJECT, &q);
    sql_put_text(&q, device_id(s, c->device));
    sql_put_text(&q, metric_name(s, c->metric));
    sql_put_id(&q, c->object);
    return sql_run(&q, reterr);
}

static int put_heard(struct store *s, const struct heard_change *c, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_PUT_HEARD, &q);
    sql_put_text(&q, device_id(s, c->device));
    sql_put_int(&q, c->heard_ms);
    return sql_run(&q, reterr);
}

/* Alarms and tasks go first: events, steps and notices refer to them. */
static int put_effects(struct store *s, const struct effects *e, int64_t mono_ms,
                       struct tcn_fail *reterr)
{
    int rc = TCN_OK;

    for (uint32_t i = 0; rc == TCN_OK && i < e->alarm_count; i++)
        rc = put_alarm(s, &e->alarms[i], reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->task_count; i++)
        rc = put_task(s, &e->tasks[i], reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->notice_count; i++)
        rc = put_notice(s, e, &e->notices[i], reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->reply_count; i++)
        rc = put_reply(s, &e->replies[i], reterr);
    if (rc == TCN_OK)
        rc = purge_commands(s, e, mono_ms, reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->point_count; i++)
        rc = put_point(s, &e->points[i], reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->value_count; i++)
        rc = put_value(s, &e->values[i], reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->object_count; i++)
        rc = put_object(s, &e->objects[i], reterr);
    for (uint32_t i = 0; rc == TCN_OK && i < e->heard_count; i++)
        rc = put_heard(s, &e->heard[i], reterr);
    return rc;
}

static int put_outbox(struct store *s, const struct store_batch *b, struct tcn_fail *reterr)
{
    struct sql q;
    int rc = TCN_OK;

    for (uint32_t i = 0; rc == TCN_OK && i < b->row_count; i++) {
        store_start(s, STMT_PUT_OUTBOX, &q);
        rows_put_outbox(&q, &b->rows[i]);
        rc = sql_run(&q, reterr);
    }
    for (uint32_t i = 0; rc == TCN_OK && i < b->delivered_count; i++) {
        store_start(s, STMT_DELETE_OUTBOX, &q);
        sql_put_id(&q, b->delivered[i]);
        rc = sql_run(&q, reterr);
    }
    return rc;
}

static int put_meta(struct store *s, const struct store_meta *m, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_PUT_META, &q);
    sql_put_id(&q, m->id_counter);
    sql_put_id(&q, m->outbox_counter);
    sql_put_int(&q, m->mono_ms);
    sql_put_int(&q, m->wall_ms);
    sql_put_id(&q, m->ring);
    sql_put_id(&q, m->ring_position);
    return sql_run(&q, reterr);
}

static void assign_ids(struct store *s, struct store_batch *b)
{
    for (uint32_t i = 0; i < b->row_count; i++)
        if (b->rows[i].id == 0)
            b->rows[i].id = ++s->outbox_counter;
}

/* Counters and times never go back, whatever a batch says. */
static struct store_meta meta_after(const struct store *s, const struct store_batch *b)
{
    struct store_meta m = s->meta;

    if (b->effects != NULL && b->effects->id_counter > m.id_counter)
        m.id_counter = b->effects->id_counter;
    if (b->effects != NULL && b->effects->mono_ms > m.mono_ms)
        m.mono_ms = b->effects->mono_ms;
    if (b->mono_ms > m.mono_ms)
        m.mono_ms = b->mono_ms;
    if (b->wall_ms > m.wall_ms)
        m.wall_ms = b->wall_ms;
    if (b->ring != 0) {
        m.ring = b->ring;
        m.ring_position = b->ring_position;
    }
    m.outbox_counter = s->outbox_counter;
    return m;
}

static int run(struct store *s, enum store_statement which, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, which, &q);
    return sql_run(&q, reterr);
}

/* SQLite rolls back by itself on some errors (disk full, I/O), so ask it rather than remember: a
 * second ROLLBACK would be an error of its own. */
static void roll_back(struct store *s)
{
    if (!sqlite3_get_autocommit(s->db.handle))
        (void)run(s, STMT_ROLLBACK, NULL); /* tried again before the next batch */
}

int store_commit(struct store *s, struct store_batch *batch, struct tcn_fail *reterr)
{
    assert(s != NULL && batch != NULL);
    assert(batch->effects == NULL || !batch->effects->failed);
    roll_back(s);
    assign_ids(s, batch);
    const struct store_meta meta = meta_after(s, batch);

    int rc = run(s, STMT_BEGIN, reterr);
    if (rc < 0)
        return rc;
    if (batch->effects != NULL)
        rc = put_effects(s, batch->effects, meta.mono_ms, reterr);
    if (rc == TCN_OK)
        rc = put_outbox(s, batch, reterr);
    if (rc == TCN_OK)
        rc = put_meta(s, &meta, reterr);
    if (rc == TCN_OK)
        rc = run(s, STMT_COMMIT, reterr);
    if (rc < 0) {
        roll_back(s);
        return rc;
    }
    s->meta = meta;
    return TCN_OK;
}
