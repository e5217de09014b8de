/* Reading back: the state that has to live on, orphans, histories, the outbox. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/* Room for one more element, zeroed, in a growing array; NULL when memory ran out. */
static void *grow(void **items, uint32_t *count, uint32_t *cap, size_t size)
{
    if (*count == *cap) {
        uint32_t more = *cap == 0 ? 16 : *cap * 2;
        void *grown = *cap <= UINT32_MAX / 2 ? realloc(*items, more * size) : NULL;
        if (grown == NULL)
            return NULL;
        *items = grown;
        *cap = more;
    }
    void *item = (char *)*items + *count * size;
    memset(item, 0, size);
    ++*count;
    return item;
}

/* Each takes the row that q stands on into *item, or returns false: an orphan. */
struct kind {
    enum store_statement statement;
    size_t size;
    bool (*take)(struct store *s, struct sql *q, void *item);
    const int64_t *parameter; /* NULL: the statement has none */
};

static int load(struct store *s, const struct kind *kind, void **items, uint32_t *ret_count,
                uint32_t *orphan_count, struct tcn_fail *reterr)
{
    uint32_t count = 0, cap = 0;
    struct sql q;
    int rc;

    store_start(s, kind->statement, &q);
    if (kind->parameter != NULL)
        sql_put_int(&q, *kind->parameter);
    while ((rc = sql_step(&q, reterr)) > 0) {
        void *item = grow(items, &count, &cap, kind->size);
        if (item == NULL) {
            sql_end(&q);
            rc = tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out while reading database %s",
                              s->conf.path);
            break;
        }
        bool known = kind->take(s, &q, item);
        rc = sql_check(&q, reterr);
        if (rc < 0)
            break;
        if (!known) {
            count--;
            ++*orphan_count;
        }
    }
    *ret_count = count;
    return rc;
}

static bool take_alarm(struct store *s, struct sql *q, void *item)
{
    return rows_get_alarm(q, &s->names, item);
}

static bool take_task(struct store *s, struct sql *q, void *item)
{
    struct snapshot_task *t = item;
    bool known = rows_get_task(q, &s->names, &t->task);

    t->step_count = sql_get_u32(q);
    return known;
}

static bool take_point(struct store *s, struct sql *q, void *item)
{
    struct point_change *p = item;

    p->device = store_names_device(&s->names, sql_get_text(q));
    p->rule = store_names_rule(&s->names, sql_get_text(q));
    p->pending = (uint8_t)sql_get_word(q, &ROWS_PENDING);
    p->deadline_ms = sql_get_int(q);
    return p->device != REGISTRY_NONE && p->rule != REGISTRY_NONE;
}

static bool take_value(struct store *s, struct sql *q, void *item)
{
    struct value_change *v = item;

    v->device = store_names_device(&s->names, sql_get_text(q));
    v->metric = store_names_metric(&s->names, sql_get_text(q));
    if (v->device == REGISTRY_NONE || v->metric == METRIC_NONE)
        return false;
    v->quality = (uint8_t)sql_get_word(q, &ROWS_QUALITY);
    bool known = rows_get_value(q, &s->names, v->metric, &v->value);
    v->heard_ms = sql_get_int(q);
    v->device_ms = sql_get_int(q);
    return known;
}

static bool take_object(struct store *s, struct sql *q, void *item)
{
    struct object_change *o = item;

    o->device = store_names_device(&s->names, sql_get_text(q));
    o->metric = store_names_metric(&s->names, sql_get_text(q));
    o->object = sql_get_id(q);
    o->present = true;
    return o->device != REGISTRY_NONE && o->metric != METRIC_NONE;
}

static bool take_heard(struct store *s, struct sql *q, void *item)
{
    struct heard_change *h = item;

    h->device = store_names_device(&s->names, sql_get_text(q));
    h->heard_ms = sql_get_int(q);
    return h->device != REGISTRY_NONE;
}

static bool take_command(struct store *s, struct sql *q, void *item)
{
    struct command_reply *r = item;

    (void)s;
    sql_get_copy(q, r->id, sizeof r->id);
    r->digest = sql_get_id(q);
    const char *error = sql_get_text(q);
    r->error = strcmp(error, tcn_err_word(TCN_OK)) == 0 ? TCN_OK : tcn_err_code(error);
    sql_get_copy(q, r->text, sizeof r->text);
    sql_get_copy(q, r->state, sizeof r->state);
    r->wall_ms = sql_get_int(q);
    r->mono_ms = sql_get_int(q);
    return true;
}

static bool take_seq(struct store *s, struct sql *q, void *item)
{
    struct snapshot_topic *t = item;

    t->is_class = strcmp(sql_get_text(q), "events") == 0;
    if (t->is_class) {
        q->at = 1;
        t->signal_class = (enum signal_class)sql_get_word(q, &WORDS_SIGNAL_CLASS);
    } else {
        q->at = 0;
        t->party_kind = (enum party_kind)sql_get_word(q, &WORDS_PARTY_KIND);
        t->party = store_names_party(&s->names, t->party_kind, sql_get_text(q));
    }
    t->seq = sql_get_id(q);
    return t->is_class || t->party != REGISTRY_NONE;
}

static int load_all(struct store *s, struct snapshot *r, struct tcn_fail *reterr)
{
    const int64_t commands_since = s->meta.mono_ms - COMMAND_KEPT_MS;
    const struct {
        struct kind kind;
        void **items;
        uint32_t *count;
    } all[] = {
        { { STMT_GET_ALARMS, sizeof *r->alarms, take_alarm, NULL },
          (void **)&r->alarms,
          &r->alarm_count },
        { { STMT_GET_TASKS, sizeof *r->tasks, take_task, NULL },
          (void **)&r->tasks,
          &r->task_count },
        { { STMT_GET_POINTS, sizeof *r->points, take_point, NULL },
          (void **)&r->points,
          &r->point_count },
        { { STMT_GET_VALUES, sizeof *r->values, take_value, NULL },
          (void **)&r->values,
          &r->value_count },
        { { STMT_GET_OBJECTS, sizeof *r->objects, take_object, NULL },
          (void **)&r->objects,
          &r->object_count },
        { { STMT_GET_HEARD, sizeof *r->heard, take_heard, NULL },
          (void **)&r->heard,
          &r->heard_count },
        { { STMT_GET_COMMANDS, sizeof *r->replies, take_command, &commands_since },
          (void **)&r->replies,
          &r->reply_count },
        { { STMT_GET_SEQS, sizeof *r->topics, take_seq, NULL },
          (void **)&r->topics,
          &r->topic_count },
    };
    int rc = TCN_OK;

    for (size_t i = 0; rc == TCN_OK && i < sizeof all / sizeof all[0]; i++) {
        void *items = NULL;
        rc = load(s, &all[i].kind, &items, all[i].count, &r->orphan_count, reterr);
        memcpy(all[i].items, &items, sizeof items);
    }
    return rc;
}

int store_load(struct store *s, struct snapshot *ret, struct tcn_fail *reterr)
{
    memset(ret, 0, sizeof *ret);
    int rc = load_all(s, ret, reterr);
    if (rc < 0) {
        snapshot_done(ret);
        memset(ret, 0, sizeof *ret);
        return rc;
    }
    ret->id_counter = s->meta.id_counter;
    ret->epoch = s->meta.epoch;
    ret->mono_ms = s->meta.mono_ms;
    ret->wall_ms = s->meta.wall_ms;
    ret->ring = s->meta.ring;
    ret->ring_position = s->meta.ring_position;
    return TCN_OK;
}

int store_orphans(struct store *s, void (*fn)(void *arg, const struct store_orphan *o), void *arg,
                  struct tcn_fail *reterr)
{
    struct sql q;
    int rc;

    store_start(s, STMT_GET_ORPHANS, &q);
    while ((rc = sql_step(&q, reterr)) > 0) {
        struct store_orphan o = { .alarm = sql_get_id(&q) };

        o.task = sql_get_id(&q);
        o.device = sql_get_text(&q);
        o.rule = sql_get_text(&q);
        o.signal_class = sql_get_text(&q);
        rc = sql_check(&q, reterr);
        if (rc < 0)
            break;
        if (store_names_device(&s->names, o.device) == REGISTRY_NONE ||
            store_names_rule(&s->names, o.rule) == REGISTRY_NONE)
            fn(arg, &o);
    }
    return rc;
}

int store_task_steps(struct store *s, uint64_t task, struct task_step *steps, uint32_t max,
                     uint32_t *ret_count, struct tcn_fail *reterr)
{
    uint32_t count = 0;
    struct sql q;
    int rc;

    store_start(s, STMT_GET_STEPS, &q);
    sql_put_id(&q, task);
    sql_put_int(&q, max);
    while ((rc = sql_step(&q, reterr)) > 0) {
        assert(count < max);
        rows_get_step(&q, &steps[count++]);
        rc = sql_check(&q, reterr);
        if (rc < 0)
            break;
    }
    if (rc == TCN_OK)
        *ret_count = count;
    return rc;
}

int store_outbox(struct store *s, uint64_t after, uint32_t max,
                 void (*fn)(void *arg, const struct outbox_row *row), void *arg,
                 struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_GET_OUTBOX, &q);
    return rows_each_outbox(&q, after, max, fn, arg, reterr);
}

int store_outbox_count(struct store *s, uint64_t *ret_count, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_COUNT_OUTBOX, &q);
    int rc = sql_step(&q, reterr);
    if (rc < 0)
        return rc;
    *ret_count = sql_get_id(&q);
    sql_end(&q);
    return TCN_OK;
}
