#include "store/query.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/migrate.h"
#include "store/store_names.h"
#include "store/rows.h"
#include "store/sql.h"

enum query_statement {
    QUERY_STANDING,
    QUERY_ALARMS,
    QUERY_ALARM,
    QUERY_OPEN,
    QUERY_TASKS,
    QUERY_TASK,
    QUERY_STEPS,
    QUERY_EVENTS,
    QUERY_OUTBOX,
    QUERY_COUNT
};

struct query {
    struct query_conf conf;
    struct sql_db db;
    struct store_names names;
    sqlite3_stmt *statements[QUERY_COUNT];
    struct task_step steps[TASK_STEPS_MAX];
};

/* configured(device, rule) and urgency(class) are functions of this connection, so that SQLite
 * can sort and limit by itself and never holds more than `limit` rows. */
#define IS_CONFIGURED "configured(device, rule)"
#define ALARM_ORDER   " ORDER BY urgency(class), raised_wall_ms DESC, alarm DESC LIMIT ?2"
#define TASK_FILTER                                                                                \
    IS_CONFIGURED " AND (?1 = 0 OR overdue_level > 0) AND (?2 IS NULL OR enterprise = ?2)"         \
                  " AND (?3 IS NULL OR department = ?3) AND (?4 IS NULL OR unit = ?4)"
#define TASK_ORDER " ORDER BY open DESC, overdue_level > 0 DESC, deadline_ms, task LIMIT ?5"

static const char *const STATEMENTS[QUERY_COUNT] = {
    [QUERY_STANDING] = "SELECT " ROWS_ALARM " FROM alarm WHERE over = 0 AND " IS_CONFIGURED
                       " AND (?1 IS NULL OR class = ?1)" ALARM_ORDER,
    [QUERY_ALARMS] = "SELECT " ROWS_ALARM " FROM alarm WHERE " IS_CONFIGURED
                     " AND (?1 IS NULL OR class = ?1)" ALARM_ORDER,
    [QUERY_ALARM] = "SELECT " ROWS_ALARM " FROM alarm WHERE alarm = ?1 AND " IS_CONFIGURED,
    [QUERY_OPEN] = "SELECT " ROWS_TASK " FROM task WHERE open = 1 AND " TASK_FILTER TASK_ORDER,
    [QUERY_TASKS] = "SELECT " ROWS_TASK " FROM task WHERE " TASK_FILTER TASK_ORDER,
    [QUERY_TASK] = "SELECT " ROWS_TASK " FROM task WHERE task = ?1 AND " IS_CONFIGURED,
    [QUERY_STEPS] = "SELECT " ROWS_STEP " FROM task_step WHERE task = ?1 AND (number = 0"
                    " OR number > (SELECT max(number) FROM task_step WHERE task = ?1) - ?2)"
                    " ORDER BY number",
    [QUERY_EVENTS] =
        "SELECT transition, seq, reason, " ROWS_ACTOR ", " ROWS_ALARM " FROM (SELECT * FROM event"
        " WHERE " IS_CONFIGURED " ORDER BY number DESC LIMIT ?1) ORDER BY number",
    [QUERY_OUTBOX] = ROWS_OUTBOX_SELECT,
};

static void configured(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct store_names *n = sqlite3_user_data(context);
    const char *device = (const char *)sqlite3_value_text(values[0]);
    const char *rule = (const char *)sqlite3_value_text(values[1]);

    assert(count == 2);
    if (device == NULL || rule == NULL) { /* both columns are NOT NULL */
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_result_int(context, store_names_rule(n, rule) != REGISTRY_NONE &&
                                    store_names_device(n, device) != REGISTRY_NONE);
}

static void urgency(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *word = (const char *)sqlite3_value_text(values[0]);

    assert(count == 1);
    if (word == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    int value = word_find(&WORDS_SIGNAL_CLASS, word);
    sqlite3_result_int(context, value >= 0 ? value : SIGNAL_CLASS_COUNT);
}

static int open_file(struct query *q, struct tcn_fail *reterr)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int result = sqlite3_open_v2(q->conf.path, &q->db.handle,
                                 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_extended_result_codes(q->db.handle, 1);
    if (result == SQLITE_OK)
        result = sqlite3_busy_timeout(q->db.handle, STORE_BUSY_MS);
    if (result == SQLITE_OK)
        result = sqlite3_create_function_v2(q->db.handle, "configured", 2, flags, &q->names,
                                            configured, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_create_function_v2(q->db.handle, "urgency", 1, flags, NULL, urgency, NULL,
                                            NULL, NULL);
    return result == SQLITE_OK ? TCN_OK : sql_fail(&q->db, result, "open", reterr);
}

static int check_version(struct query *q, struct tcn_fail *reterr)
{
    int64_t version;
    int rc = migrate_check(&q->db, &version, reterr);

    if (rc == TCN_OK && version < migrate_version())
        rc = tcn_fail_set(reterr, TCN_EAGAIN,
                          "database %s has not been brought to this version yet; the daemon does "
                          "so when it starts",
                          q->conf.path);
    return rc;
}

int query_open(const struct query_conf *conf, struct query **ret, struct tcn_fail *reterr)
{
    assert(conf->path != NULL && conf->path[0] != '\0');
    struct query *q = calloc(1, sizeof *q);

    if (q == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out while opening database %s",
                            conf->path);
    q->conf = *conf;
    q->db.path = conf->path;
    int rc = store_names_init(&q->names, conf->metrics, conf->registry, conf->rules, reterr);
    if (rc == TCN_OK)
        rc = open_file(q, reterr);
    if (rc == TCN_OK)
        rc = sql_exec(&q->db,
                      "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;"
                      "PRAGMA temp_store = MEMORY",
                      "set up", reterr);
    if (rc == TCN_OK)
        rc = check_version(q, reterr);
    if (rc == TCN_OK)
        rc = sql_prepare(&q->db, STATEMENTS, QUERY_COUNT, q->statements, reterr);
    if (rc < 0) {
        query_close(q);
        return rc;
    }
    *ret = q;
    return TCN_OK;
}

void query_close(struct query *q)
{
    if (q == NULL)
        return;
    sql_finalize(q->statements, QUERY_COUNT);
    (void)sqlite3_close_v2(q->db.handle); /* nothing of it is in use any more */
    store_names_done(&q->names);
    free(q);
}

static int64_t bounded(uint32_t limit)
{
    return limit < QUERY_ROWS_MAX ? limit : QUERY_ROWS_MAX;
}

/* --- alarms --- */

static void start_alarms(struct query *q, const struct query_alarms *filter, struct sql *cursor)
{
    if (filter->id != 0) {
        sql_start(cursor, &q->db, q->statements[QUERY_ALARM]);
        sql_put_id(cursor, filter->id);
        return;
    }
    sql_start(cursor, &q->db, q->statements[filter->all ? QUERY_ALARMS : QUERY_STANDING]);
    if (filter->signal_class < 0)
        sql_put_null(cursor);
    else
        sql_put_word(cursor, &WORDS_SIGNAL_CLASS, filter->signal_class);
    sql_put_int(cursor, bounded(filter->limit));
}

int query_alarms_run(struct query *q, const struct query_alarms *filter,
                     bool (*fn)(void *arg, const struct alarm *a), void *arg,
                     struct tcn_fail *reterr)
{
    struct sql cursor;
    struct alarm a;
    int rc;

    start_alarms(q, filter, &cursor);
    while ((rc = sql_step(&cursor, reterr)) > 0) {
        bool known = rows_get_alarm(&cursor, &q->names, &a);
        rc = sql_check(&cursor, reterr);
        if (rc < 0)
            break;
        assert(known); /* configured() saw to it */
        if (!fn(arg, &a)) {
            sql_end(&cursor);
            break;
        }
    }
    return rc;
}

/* --- tasks --- */

static void start_tasks(struct query *q, const struct query_tasks *filter, struct sql *cursor)
{
    if (filter->id != 0) {
        sql_start(cursor, &q->db, q->statements[QUERY_TASK]);
        sql_put_id(cursor, filter->id);
        return;
    }
    sql_start(cursor, &q->db, q->statements[filter->all ? QUERY_TASKS : QUERY_OPEN]);
    sql_put_int(cursor, filter->overdue);
    sql_put_text(cursor, store_names_party_id(&q->names, PARTY_ENTERPRISE, filter->enterprise));
    sql_put_text(cursor, store_names_party_id(&q->names, PARTY_DEPARTMENT, filter->department));
    sql_put_text(cursor, store_names_party_id(&q->names, PARTY_UNIT, filter->unit));
    sql_put_int(cursor, bounded(filter->limit));
}

static int read_steps(struct query *q, uint64_t task, uint32_t *ret_count, struct tcn_fail *reterr)
{
    struct sql cursor;
    uint32_t count = 0;
    int rc;

    sql_start(&cursor, &q->db, q->statements[QUERY_STEPS]);
    sql_put_id(&cursor, task);
    sql_put_int(&cursor, TASK_STEPS_MAX - 1);
    while ((rc = sql_step(&cursor, reterr)) > 0) {
        assert(count < TASK_STEPS_MAX);
        rows_get_step(&cursor, &q->steps[count++]);
        rc = sql_check(&cursor, reterr);
        if (rc < 0)
            break;
    }
    *ret_count = count;
    return rc;
}

int query_tasks_run(struct query *q, const struct query_tasks *filter,
                    bool (*fn)(void *arg, const struct task *t, const struct task_step *steps,
                               uint32_t step_count),
                    void *arg, struct tcn_fail *reterr)
{
    struct sql cursor;
    struct task t;
    uint32_t count;
    int rc;

    start_tasks(q, filter, &cursor);
    while ((rc = sql_step(&cursor, reterr)) > 0) {
        bool known = rows_get_task(&cursor, &q->names, &t);
        rc = sql_check(&cursor, reterr);
        if (rc < 0)
            break;
        assert(known); /* configured() saw to it */
        rc = read_steps(q, t.id, &count, reterr);
        if (rc < 0 || !fn(arg, &t, q->steps, count)) {
            sql_end(&cursor);
            break;
        }
    }
    return rc;
}

/* --- events and the outbox --- */

int query_events_run(struct query *q, uint32_t limit,
                     bool (*fn)(void *arg, const struct alarm_change *c), void *arg,
                     struct tcn_fail *reterr)
{
    struct sql cursor;
    struct alarm_change c;
    int rc;

    sql_start(&cursor, &q->db, q->statements[QUERY_EVENTS]);
    sql_put_int(&cursor, bounded(limit));
    while ((rc = sql_step(&cursor, reterr)) > 0) {
        memset(&c, 0, sizeof c);
        c.transition = (enum alarm_transition)sql_get_word(&cursor, &WORDS_ALARM_TRANSITION);
        c.seq = sql_get_id(&cursor);
        sql_get_copy(&cursor, c.reason, sizeof c.reason);
        rows_get_actor(&cursor, &c.actor);
        bool known = rows_get_alarm(&cursor, &q->names, &c.alarm);
        rc = sql_check(&cursor, reterr);
        if (rc < 0)
            break;
        assert(known); /* configured() saw to it */
        if (!fn(arg, &c)) {
            sql_end(&cursor);
            break;
        }
    }
    return rc;
}

int query_outbox(struct query *q, uint64_t after, uint32_t max,
                 void (*fn)(void *arg, const struct outbox_row *row), void *arg,
                 struct tcn_fail *reterr)
{
    struct sql cursor;

    sql_start(&cursor, &q->db, q->statements[QUERY_OUTBOX]);
    return rows_each_outbox(&cursor, after, max, fn, arg, reterr);
}
