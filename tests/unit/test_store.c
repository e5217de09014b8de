/* What goes into the database and comes back. links: rest */
#define _GNU_SOURCE
#include "lib/store_fixture.h"

#include <math.h>

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fixture_init(f);
    fixture_open(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_done(*state);
    free(*state);
    return 0;
}

/* --- a new database --- */

static void new_database_is_empty_and_dated(void **state)
{
    struct fixture *f = *state;
    struct snapshot s = fixture_load(f);

    assert_int_equal(s.epoch, 1 + 59 * 86400); /* 2026-03-01 is 59 days into the year */
    assert_int_equal(s.id_counter, 0);
    assert_int_equal(s.mono_ms, 0);
    assert_int_equal(s.alarm_count + s.task_count + s.point_count + s.value_count + s.object_count +
                         s.heard_count + s.reply_count + s.topic_count + s.orphan_count,
                     0);
    snapshot_done(&s);
    assert_int_equal(fixture_ask(f, "SELECT created_wall_ms FROM meta"), FIXTURE_WALL_MS);
    assert_int_equal(fixture_ask(f, "PRAGMA user_version"), 1);
    assert_int_equal(fixture_ask(f, "PRAGMA application_id"), 0x5443534E);
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                    " AND sql NOT LIKE '%STRICT%'"),
                     0);
    assert_int_equal(fixture_ask(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

/* Each row: wall time of the loss, and the epoch that follows. */
static void epoch_is_the_second_of_creation(void **state)
{
    static const struct {
        int64_t wall_ms;
        uint32_t epoch;
    } ROWS[] = {
        { INT64_C(1767225600000), 1 }, /* 2026-01-01 00:00 */
        { INT64_C(1767225601999), 2 }, /* within the next second */
        { INT64_C(1767225602000), 3 },
        { INT64_C(1767225599999), 1 }, /* before: a clock that is wrong */
        { 0, 1 },                      /* no clock at all */
        { INT64_C(1767225600000) + INT64_C(86400000), 86401 },
        { INT64_C(1767225600000) + (INT64_C(1) << 30) * 1000, 2 }, /* after a full round */
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        fixture_close(f);
        fixture_lose(f);
        f->conf.wall_ms = ROWS[i].wall_ms;
        fixture_open(f);
        struct snapshot s = fixture_load(f);
        assert_int_equal(s.epoch, ROWS[i].epoch);
        snapshot_done(&s);
    }
    f->conf.wall_ms = FIXTURE_WALL_MS;
    fixture_reopen(f); /* an existing one keeps its epoch */
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.epoch, 2);
    snapshot_done(&s);
}

/* Ids carry the gateway's name: another gateway must not go on with them. */
static void a_database_goes_with_its_gateway(void **state)
{
    struct fixture *f = *state;
    struct tcn_fail fail = { 0 };
    struct store *s = NULL;

    f->conf.gateway = "one";
    fixture_reopen(f);
    fixture_reopen(f);
    fixture_close(f);
    f->conf.gateway = "two";
    assert_int_equal(store_open(&f->conf, &s, &fail), TCN_ECONFLICT);
    assert_null(s);
    assert_non_null(strstr(fail.text, "'one'"));
    f->conf.gateway = NULL;
    fixture_open(f);
}

/* --- state comes back --- */

static struct actor officer(void)
{
    struct actor a = { .kind = PARTY_OPERATOR };

    assert_int_equal(tcn_text_copy(a.id, sizeof a.id, "值班-1"), TCN_OK);
    assert_int_equal(tcn_text_copy(a.name, sizeof a.name, "王芳 'O\"Brien; DROP TABLE alarm"),
                     TCN_OK);
    return a;
}

static void assert_actor(const struct actor *a, const struct actor *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
}

static void every_field_of_an_alarm_comes_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    struct alarm_change *c =
        batch_alarm(&b, id_pack(4094, 5), DEVICE_PUMP, RULE_PUMP, ALARM_ACKNOWLEDGED, 41);
    c->alarm.drill = true;
    c->alarm.has_value = true;
    c->alarm.value_metric = METRIC_PRESSURE;
    c->alarm.value = 0.1; /* has no exact binary form: must come back bit for bit */
    c->alarm.device_wall_ms = 123456789;
    c->alarm.task = id_pack(4094, 6);
    c->alarm.acked_by = officer();
    batch_alarm(&b, id_pack(4094, 7), DEVICE_SMOKE, RULE_FIRE, ALARM_RETURNED, 1);
    batch_commit(f, &b);
    fixture_reopen(f);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 2);
    const struct alarm *a = &s.alarms[0];
    assert_true(a->id == id_pack(4094, 5));
    assert_int_equal(a->device, DEVICE_PUMP);
    assert_int_equal(a->rule, RULE_PUMP);
    assert_int_equal(a->state, ALARM_ACKNOWLEDGED);
    assert_true(a->drill && a->has_value);
    assert_int_equal(a->value_metric, METRIC_PRESSURE);
    assert_true(a->value == 0.1);
    assert_int_equal(a->raised_wall_ms, c->alarm.raised_wall_ms);
    assert_int_equal(a->changed_wall_ms, c->alarm.changed_wall_ms);
    assert_int_equal(a->device_wall_ms, 123456789);
    assert_true(a->task == id_pack(4094, 6));
    assert_actor(&a->acked_by, &c->alarm.acked_by);
    a = &s.alarms[1];
    assert_int_equal(a->state, ALARM_RETURNED);
    assert_false(a->drill || a->has_value);
    assert_int_equal(a->value_metric, METRIC_NONE);
    assert_int_equal(a->device_wall_ms, 0);
    assert_true(a->task == 0);
    assert_int_equal(a->acked_by.kind, PARTY_NONE);
    assert_int_equal(s.orphan_count, 0);
    snapshot_done(&s);
}

static void every_field_of_a_task_comes_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    batch_task(&b, 8, TASK_ISSUED, TASK_EV_ISSUED, 0);
    struct task_change *c = batch_task(&b, 8, TASK_REOPENED, TASK_EV_RECURRED, 1);
    c->task.alarm = 7;
    c->task.enterprise = 1;
    c->task.department = 0;
    c->task.level = HAZARD_MAJOR;
    c->task.drill = c->task.hazard_present = true;
    c->task.overdue_level = 3;
    c->task.recurrence = 65535;
    c->task.next_due_ms = 99;
    (void)tcn_text_copy(c->task.evidence, sizeof c->task.evidence, "照片-1.jpg");
    batch_commit(f, &b);
    fixture_reopen(f);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.task_count, 1);
    assert_int_equal(s.tasks[0].step_count, 2);
    const struct task *t = &s.tasks[0].task;
    assert_true(t->id == 8 && t->alarm == 7);
    assert_int_equal(t->device, DEVICE_EXIT);
    assert_int_equal(t->rule, RULE_EXIT);
    assert_int_equal(t->enterprise, 1);
    assert_int_equal(t->department, 0);
    assert_int_equal(t->unit, 0);
    assert_int_equal(t->state, TASK_REOPENED);
    assert_int_equal(t->level, HAZARD_MAJOR);
    assert_true(t->drill && t->hazard_present);
    assert_int_equal(t->overdue_level, 3);
    assert_int_equal(t->recurrence, 65535);
    assert_int_equal(t->issued_wall_ms, c->task.issued_wall_ms);
    assert_int_equal(t->changed_wall_ms, c->task.changed_wall_ms);
    assert_int_equal(t->deadline_wall_ms, c->task.deadline_wall_ms);
    assert_int_equal(t->deadline_ms, c->task.deadline_ms);
    assert_int_equal(t->next_due_ms, 99);
    assert_string_equal(t->evidence, "照片-1.jpg");
    snapshot_done(&s);
}

static void a_task_without_parties_and_deadlines_comes_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    struct task_change *c = batch_task(&b, 8, TASK_SUBMITTED, TASK_EV_SUBMITTED, 0);
    c->task.enterprise = c->task.department = c->task.unit = REGISTRY_NONE;
    c->task.deadline_ms = TCN_NEVER;
    batch_commit(f, &b);

    struct snapshot s = fixture_load(f);
    const struct task *t = &s.tasks[0].task;
    assert_true(t->enterprise == REGISTRY_NONE && t->department == REGISTRY_NONE);
    assert_true(t->unit == REGISTRY_NONE);
    assert_true(t->deadline_ms == TCN_NEVER && t->next_due_ms == TCN_NEVER);
    snapshot_done(&s);
}

static void the_rest_of_the_state_comes_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_story(&b);
    b.replies[0].error = TCN_ESTATE;
    (void)tcn_text_copy(b.replies[0].text, sizeof b.replies[0].text, "已关闭");
    (void)tcn_text_copy(b.replies[0].state, sizeof b.replies[0].state, "closed");
    batch_commit(f, &b);
    fixture_reopen(f);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.id_counter, 9);
    assert_int_equal(s.mono_ms, FIXTURE_MONO_MS);
    assert_int_equal(s.point_count, 1);
    assert_int_equal(s.points[0].device, DEVICE_PUMP);
    assert_int_equal(s.points[0].rule, RULE_PUMP);
    assert_int_equal(s.points[0].pending, PENDING_RAISE);
    assert_int_equal(s.points[0].deadline_ms, 77);
    assert_int_equal(s.value_count, 1);
    assert_int_equal(s.values[0].metric, METRIC_PRESSURE);
    assert_int_equal(s.values[0].quality, QUALITY_GOOD);
    assert_true(s.values[0].value == 0.25);
    assert_int_equal(s.values[0].heard_ms, 5);
    assert_int_equal(s.object_count, 1);
    assert_true(s.objects[0].present && s.objects[0].object == UINT64_MAX);
    assert_int_equal(s.heard_count, 1);
    assert_int_equal(s.heard[0].device, DEVICE_SMOKE);
    assert_int_equal(s.heard[0].heard_ms, 1);
    assert_int_equal(s.reply_count, 1);
    assert_string_equal(s.replies[0].id, "命令-1");
    assert_true(s.replies[0].digest == UINT64_C(0xF000000000000001));
    assert_int_equal(s.replies[0].error, TCN_ESTATE);
    assert_string_equal(s.replies[0].text, "已关闭");
    assert_string_equal(s.replies[0].state, "closed");
    assert_int_equal(s.replies[0].mono_ms, FIXTURE_MONO_MS);
    assert_false(s.replies[0].repeated);
    assert_int_equal(s.topic_count, 2);
    assert_false(s.topics[0].is_class);
    assert_int_equal(s.topics[0].party_kind, PARTY_ENTERPRISE);
    assert_int_equal(s.topics[0].party, 0);
    assert_true(s.topics[1].is_class && s.topics[1].signal_class == SIGNAL_HAZARD);
    assert_int_equal(s.topics[1].seq, 1);
    snapshot_done(&s);
}

static void what_is_over_or_gone_does_not_come_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_story(&b);
    batch_commit(f, &b);
    batch_sequel(&b);
    batch_commit(f, &b);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 1); /* the fire; the exit is free */
    assert_int_equal(s.alarms[0].rule, RULE_FIRE);
    assert_int_equal(s.point_count, 0);
    assert_int_equal(s.object_count, 0);
    assert_int_equal(s.value_count, 1);
    assert_true(s.values[0].value == 0.5);
    assert_int_equal(s.heard[0].heard_ms, 2);
    assert_int_equal(s.tasks[0].step_count, 2);
    assert_int_equal(s.reply_count, 2);
    snapshot_done(&s);
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM event"), 3);
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM notice"), 2);

    batch_init(&b);
    batch_task(&b, id_pack(60, 8), TASK_CLOSED, TASK_EV_CLOSED, 2);
    batch_alarm(&b, id_pack(60, 10), DEVICE_SMOKE, RULE_FIRE, ALARM_UNACKNOWLEDGED, 2)->transition =
        TRANSITION_REMOVED;
    batch_commit(f, &b);
    s = fixture_load(f);
    assert_int_equal(s.alarm_count + s.task_count, 0);
    snapshot_done(&s);
}

static void the_last_change_in_a_batch_counts(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    batch_alarm(&b, 7, DEVICE_SMOKE, RULE_FIRE, ALARM_UNACKNOWLEDGED, 1);
    batch_alarm(&b, 7, DEVICE_SMOKE, RULE_FIRE, ALARM_ACKNOWLEDGED, 2);
    b.points[0] = (struct point_change){ .pending = PENDING_RAISE, .deadline_ms = 1 };
    b.points[1] = (struct point_change){ .pending = PENDING_CLEAR, .deadline_ms = 2 };
    b.effects.point_count = 2;
    batch_commit(f, &b);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 1);
    assert_int_equal(s.alarms[0].state, ALARM_ACKNOWLEDGED);
    assert_int_equal(s.point_count, 1);
    assert_int_equal(s.points[0].pending, PENDING_CLEAR);
    assert_int_equal(s.topics[0].seq, 2);
    snapshot_done(&s);
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM event"), 2);
}

static void counters_never_go_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_story(&b);
    batch_commit(f, &b);
    batch_init(&b);
    b.effects.id_counter = 3;
    b.batch.mono_ms = 4;
    batch_commit(f, &b);
    b.batch.effects = NULL; /* deliveries alone */
    b.delivered[0] = 1;
    b.batch.delivered_count = 1;
    batch_commit(f, &b);

    fixture_reopen(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.id_counter, 9);
    assert_int_equal(s.mono_ms, FIXTURE_MONO_MS);
    snapshot_done(&s);
}

/* A number that is not one must not make the whole batch fail. */
static void odd_numbers_come_back(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    b.values[0] = (struct value_change){ .metric = METRIC_PRESSURE, .value = NAN };
    b.values[1] = (struct value_change){ .metric = METRIC_SMOKE, .quality = QUALITY_BAD };
    b.values[2] = (struct value_change){
        .device = 1, .metric = METRIC_PRESSURE, .value = -INFINITY, .quality = QUALITY_STALE
    };
    b.effects.value_count = 3;
    batch_commit(f, &b);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.value_count, 3); /* in order of ids: smoke/1, then 出口#2 */
    assert_true(isnan(s.values[0].value));
    assert_int_equal(s.values[1].quality, QUALITY_BAD);
    assert_true(isinf(s.values[2].value) && s.values[2].value < 0);
    assert_int_equal(s.values[2].quality, QUALITY_STALE);
    snapshot_done(&s);
}

/* --- failure leaves nothing behind --- */

static void a_seq_used_twice_is_refused_as_a_whole(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    struct tcn_fail fail = { 0 };

    batch_story(&b);
    batch_commit(f, &b);
    uint64_t before = fixture_digest(f->path);
    batch_sequel(&b);
    b.alarms[0].seq = 1;
    assert_int_equal(store_commit(f->store, &b.batch, &fail), TCN_ECORRUPT);
    assert_int_equal(fail.code, TCN_ECORRUPT);
    assert_non_null(strstr(fail.text, "UNIQUE constraint failed: event.class"));
    assert_true(fixture_digest(f->path) == before);
}

static void a_locked_database_is_told_and_tried_again(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    struct tcn_fail fail = { 0 };

    batch_story(&b);
    sqlite3 *other = fixture_raw(f->path, SQLITE_OPEN_READWRITE);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_commit(f->store, &b.batch, &fail), TCN_EAGAIN);
    assert_non_null(strstr(fail.text, "another process has it locked"));
    assert_non_null(strstr(fail.text, f->path));
    assert_true(b.rows[0].id == 1 && b.rows[1].id == 2);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    batch_commit(f, &b);
    assert_true(b.rows[0].id == 1 && b.rows[1].id == 2);
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM outbox"), 2);
}

static void nonsense_in_a_row_is_named(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    struct tcn_fail fail = { 0 };
    struct snapshot s;

    batch_story(&b);
    batch_commit(f, &b);
    fixture_exec(f, "UPDATE alarm SET state = 'burning'");
    memset(&s, 0xA5, sizeof s);
    assert_int_equal(store_load(f->store, &s, &fail), TCN_ECORRUPT);
    assert_non_null(strstr(fail.text, "column 'state' holds 'burning'"));
    static const struct snapshot EMPTY;
    assert_memory_equal(&s, &EMPTY, sizeof s);
}

/* What is committed is in the files, whatever becomes of the process. */
static void a_killed_process_loses_nothing_committed(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    char to[160], from[160];

    batch_story(&b);
    batch_commit(f, &b);
    batch_sequel(&b);
    batch_commit(f, &b);
    uint64_t live = fixture_digest(f->path);
    (void)snprintf(to, sizeof to, "%s.copy", f->path);
    fixture_copy_file(f->path, to);
    (void)snprintf(from, sizeof from, "%s-wal", f->path);
    (void)snprintf(to, sizeof to, "%s.copy-wal", f->path);
    fixture_copy_file(from, to);

    struct store_conf conf = f->conf;
    struct store *copy = NULL;
    struct snapshot s;
    (void)snprintf(to, sizeof to, "%s.copy", f->path);
    conf.path = to;
    assert_int_equal(store_open(&conf, &copy, NULL), TCN_OK);
    assert_true(fixture_digest(to) == live);
    assert_int_equal(store_load(copy, &s, NULL), TCN_OK);
    assert_int_equal(s.alarm_count, 1);
    assert_int_equal(s.id_counter, 11);
    snapshot_done(&s);
    store_close(copy);
}

static void thousands_of_rows_go_in_one_batch(void **state)
{
    enum { COUNT = 5000 };
    struct fixture *f = *state;
    struct effects e = { 0 };
    struct outbox_row *rows = calloc(COUNT, sizeof *rows);
    struct store_batch batch = { .effects = &e, .rows = rows, .row_count = COUNT };
    uint64_t count = 0;

    assert_non_null(rows);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct alarm_change *c = effects_alarm(&e);
        c->alarm.id = id_pack(60, i + 1);
        c->alarm.device = i % 3;
        c->alarm.state = ALARM_UNACKNOWLEDGED;
        c->alarm.value_metric = METRIC_NONE;
        c->seq = i + 1;
        rows[i].topic = "tocsin/v1/g/events/fire";
        rows[i].payload = "{}";
        rows[i].payload_len = 2;
    }
    e.id_counter = COUNT;
    assert_false(e.failed);
    assert_int_equal(store_commit(f->store, &batch, NULL), TCN_OK);
    assert_int_equal(rows[COUNT - 1].id, COUNT);
    assert_int_equal(store_outbox_count(f->store, &count, NULL), TCN_OK);
    assert_int_equal(count, COUNT);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, COUNT);
    assert_true(s.alarms[COUNT - 1].id == id_pack(60, COUNT));
    snapshot_done(&s);
    effects_done(&e);
    free(rows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_database_is_empty_and_dated),
        TEST(epoch_is_the_second_of_creation),
        TEST(a_database_goes_with_its_gateway),
        TEST(every_field_of_an_alarm_comes_back),
        TEST(every_field_of_a_task_comes_back),
        TEST(a_task_without_parties_and_deadlines_comes_back),
        TEST(the_rest_of_the_state_comes_back),
        TEST(what_is_over_or_gone_does_not_come_back),
        TEST(the_last_change_in_a_batch_counts),
        TEST(counters_never_go_back),
        TEST(odd_numbers_come_back),
        TEST(a_seq_used_twice_is_refused_as_a_whole),
        TEST(a_locked_database_is_told_and_tried_again),
        TEST(nonsense_in_a_row_is_named),
        TEST(a_killed_process_loses_nothing_committed),
        TEST(thousands_of_rows_go_in_one_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
