#include "store/rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/unit_of_measure.h"

static const char *const PENDING[] = { "none", "raise", "clear" };
static const char *const QUALITY[] = { "good", "stale", "bad" };
const struct word_list ROWS_PENDING = { PENDING, 3 };
const struct word_list ROWS_QUALITY = { QUALITY, 3 };

/* --- small parts --- */

static void put_int_or_null(struct sql *q, int64_t value, int64_t none)
{
    if (value == none)
        sql_put_null(q);
    else
        sql_put_int(q, value);
}

static void put_id_or_null(struct sql *q, uint64_t id)
{
    if (id == 0)
        sql_put_null(q);
    else
        sql_put_id(q, id);
}

void rows_put_actor(struct sql *q, const struct actor *a)
{
    if (a->kind == PARTY_NONE) {
        sql_put_null(q);
        sql_put_null(q);
        sql_put_null(q);
        return;
    }
    sql_put_word(q, &WORDS_PARTY_KIND, (int)a->kind);
    sql_put_text(q, a->id);
    sql_put_text(q, a->name);
}

void rows_get_actor(struct sql *q, struct actor *ret)
{
    bool null = sqlite3_column_type(q->statement, q->at) == SQLITE_NULL;

    if (null) {
        memset(ret, 0, sizeof *ret);
        ret->kind = PARTY_NONE;
        q->at += 3;
        return;
    }
    ret->kind = (enum party_kind)sql_get_word(q, &WORDS_PARTY_KIND);
    sql_get_copy(q, ret->id, sizeof ret->id);
    sql_get_copy(q, ret->name, sizeof ret->name);
}

/* --- values --- */

void rows_put_value(struct sql *q, const struct store_names *n, uint16_t metric, double value)
{
    assert(metric < n->metrics->count);
    const struct metric *m = &n->metrics->items[metric];

    sql_put_real(q, value);
    switch (m->type) {
    case METRIC_BOOL:
        sql_put_text(q, "bool");
        break;
    case METRIC_NUMBER:
        sql_put_text(q, unit_name(m->unit));
        break;
    case METRIC_ENUM:
        if (value >= 0 && value < m->word_count)
            sql_put_text(q, m->words[(size_t)value]);
        else
            sql_put_text(q, ""); /* bad quality: there is no value */
        break;
    }
}

static bool convert(const struct metric *m, double value, const char *unit, double *ret)
{
    int from, word;

    switch (m->type) {
    case METRIC_BOOL:
        *ret = value;
        return strcmp(unit, "bool") == 0;
    case METRIC_NUMBER:
        *ret = value;
        if (strcmp(unit, unit_name(m->unit)) == 0)
            return true;
        from = unit_find(unit, strlen(unit));
        return from >= 0 && unit_convert(from, m->unit, value, ret) == TCN_OK;
    case METRIC_ENUM:
        *ret = value;
        if (unit[0] == '\0')
            return true;
        word = metric_word(m, unit, strlen(unit));
        *ret = word;
        return word >= 0;
    }
    return false;
}

bool rows_get_value(struct sql *q, const struct store_names *n, uint16_t metric, double *ret)
{
    bool null;
    double value = sql_get_real(q, &null), converted = 0;
    const char *unit = sql_get_text(q);

    assert(metric < n->metrics->count);
    if (null)
        value = NAN;
    if (!convert(&n->metrics->items[metric], value, unit, &converted))
        return false;
    *ret = converted;
    return true;
}

/* --- alarms --- */

void rows_put_alarm(struct sql *q, const struct store_names *n, const struct alarm *a)
{
    assert(a->device < n->registry->device_count && a->rule < n->rules->count);
    const struct rule *rule = &n->rules->items[a->rule];

    sql_put_id(q, a->id);
    sql_put_text(q, n->registry->devices[a->device].id);
    sql_put_text(q, rule->id);
    sql_put_word(q, &WORDS_SIGNAL_CLASS, (int)rule->signal_class);
    sql_put_word(q, &WORDS_SEVERITY, (int)rule->severity);
    sql_put_word(q, &WORDS_ALARM_STATE, (int)a->state);
    sql_put_int(q, a->drill);
    if (a->value_metric == METRIC_NONE)
        sql_put_null(q);
    else
        sql_put_text(q, n->metrics->items[a->value_metric].name);
    if (a->has_value && a->value_metric != METRIC_NONE) {
        rows_put_value(q, n, a->value_metric, a->value);
    } else {
        sql_put_null(q);
        sql_put_null(q);
    }
    sql_put_int(q, a->raised_wall_ms);
    sql_put_int(q, a->changed_wall_ms);
    put_int_or_null(q, a->device_wall_ms, 0);
    put_id_or_null(q, a->task);
    rows_put_actor(q, &a->acked_by);
}

/* An alarm outlives its metric: then it just has no value any more. */
static void get_alarm_value(struct sql *q, const struct store_names *n, struct alarm *ret)
{
    const char *name = sql_get_text(q);
    bool null = sqlite3_column_type(q->statement, q->at) == SQLITE_NULL;

    ret->value_metric = name[0] == '\0' ? METRIC_NONE : store_names_metric(n, name);
    if (ret->value_metric == METRIC_NONE || null) {
        q->at += 2;
        return;
    }
    ret->has_value = rows_get_value(q, n, ret->value_metric, &ret->value);
}

bool rows_get_alarm(struct sql *q, const struct store_names *n, struct alarm *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->id = sql_get_id(q);
    ret->device = store_names_device(n, sql_get_text(q));
    ret->rule = store_names_rule(n, sql_get_text(q));
    q->at += 2; /* class and severity are the rule's */
    ret->state = (enum alarm_state)sql_get_word(q, &WORDS_ALARM_STATE);
    ret->drill = sql_get_bool(q);
    get_alarm_value(q, n, ret);
    ret->raised_wall_ms = sql_get_int(q);
    ret->changed_wall_ms = sql_get_int(q);
    ret->device_wall_ms = sql_get_int(q);
    ret->task = sql_get_id(q);
    rows_get_actor(q, &ret->acked_by);
    return ret->device != REGISTRY_NONE && ret->rule != REGISTRY_NONE;
}

/* --- tasks --- */

void rows_put_task(struct sql *q, const struct store_names *n, const struct task *t)
{
    assert(t->device < n->registry->device_count && t->rule < n->rules->count);
    sql_put_id(q, t->id);
    put_id_or_null(q, t->alarm);
    sql_put_text(q, n->registry->devices[t->device].id);
    sql_put_text(q, n->rules->items[t->rule].id);
    sql_put_text(q, store_names_party_id(n, PARTY_ENTERPRISE, t->enterprise));
    sql_put_text(q, store_names_party_id(n, PARTY_DEPARTMENT, t->department));
    sql_put_text(q, store_names_party_id(n, PARTY_UNIT, t->unit));
    sql_put_word(q, &WORDS_TASK_STATE, (int)t->state);
    sql_put_word(q, &WORDS_HAZARD_LEVEL, (int)t->level);
    sql_put_int(q, t->drill);
    sql_put_int(q, t->hazard_present);
    sql_put_int(q, t->overdue_level);
    sql_put_int(q, t->recurrence);
    sql_put_int(q, t->issued_wall_ms);
    sql_put_int(q, t->changed_wall_ms);
    sql_put_int(q, t->deadline_wall_ms);
    put_int_or_null(q, t->deadline_ms, TCN_NEVER);
    put_int_or_null(q, t->next_due_ms, TCN_NEVER);
    sql_put_text(q, t->evidence);
}

static int64_t get_int_or_never(struct sql *q)
{
    bool null = sqlite3_column_type(q->statement, q->at) == SQLITE_NULL;
    int64_t value = sql_get_int(q);

    return null ? TCN_NEVER : value;
}

bool rows_get_task(struct sql *q, const struct store_names *n, struct task *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->id = sql_get_id(q);
    ret->alarm = sql_get_id(q);
    ret->device = store_names_device(n, sql_get_text(q));
    ret->rule = store_names_rule(n, sql_get_text(q));
    ret->enterprise = store_names_party(n, PARTY_ENTERPRISE, sql_get_text(q));
    ret->department = store_names_party(n, PARTY_DEPARTMENT, sql_get_text(q));
    ret->unit = store_names_party(n, PARTY_UNIT, sql_get_text(q));
    ret->state = (enum task_state)sql_get_word(q, &WORDS_TASK_STATE);
    ret->level = (enum hazard_level)sql_get_word(q, &WORDS_HAZARD_LEVEL);
    ret->drill = sql_get_bool(q);
    ret->hazard_present = sql_get_bool(q);
    ret->overdue_level = (uint8_t)sql_get_u32(q);
    ret->recurrence = (uint16_t)sql_get_u32(q);
    ret->issued_wall_ms = sql_get_int(q);
    ret->changed_wall_ms = sql_get_int(q);
    ret->deadline_wall_ms = sql_get_int(q);
    ret->deadline_ms = get_int_or_never(q);
    ret->next_due_ms = get_int_or_never(q);
    sql_get_copy(q, ret->evidence, sizeof ret->evidence);
    return ret->device != REGISTRY_NONE && ret->rule != REGISTRY_NONE;
}

void rows_put_step(struct sql *q, const struct task_step *s)
{
    sql_put_word(q, &WORDS_TASK_EVENT, (int)s->event);
    sql_put_word(q, &WORDS_TASK_STATE, (int)s->state);
    sql_put_int(q, s->wall_ms);
    rows_put_actor(q, &s->actor);
    sql_put_text(q, s->note);
    sql_put_text(q, s->evidence);
}

void rows_get_step(struct sql *q, struct task_step *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->event = (enum task_event)sql_get_word(q, &WORDS_TASK_EVENT);
    ret->state = (enum task_state)sql_get_word(q, &WORDS_TASK_STATE);
    ret->wall_ms = sql_get_int(q);
    rows_get_actor(q, &ret->actor);
    sql_get_copy(q, ret->note, sizeof ret->note);
    sql_get_copy(q, ret->evidence, sizeof ret->evidence);
}

/* --- outbox --- */

void rows_put_outbox(struct sql *q, const struct outbox_row *row)
{
    assert(row->topic != NULL && (row->payload != NULL || row->payload_len == 0));
    sql_put_id(q, row->id);
    sql_put_text(q, row->topic);
    if (row->payload_len == 0)
        sql_put_null(q);
    else
        sql_put_blob(q, row->payload, row->payload_len);
    sql_put_int(q, row->retain);
    sql_put_int(q, row->priority);
    sql_put_int(q, row->queued_wall_ms);
}

int rows_each_outbox(struct sql *q, uint64_t after, uint32_t max,
                     void (*fn)(void *arg, const struct outbox_row *row), void *arg,
                     struct tcn_fail *reterr)
{
    int rc;

    sql_put_id(q, after);
    sql_put_int(q, max);
    while ((rc = sql_step(q, reterr)) > 0) {
        struct outbox_row row = { .id = sql_get_id(q) };

        row.topic = sql_get_text(q);
        row.payload = sql_get_blob(q, &row.payload_len);
        row.retain = sql_get_bool(q);
        row.priority = (uint8_t)sql_get_u32(q);
        row.queued_wall_ms = sql_get_int(q);
        rc = sql_check(q, reterr);
        if (rc < 0)
            break;
        fn(arg, &row);
    }
    return rc;
}
