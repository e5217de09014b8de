/* Questions to the database: what is told, in which order, how much of it. links: rest */
#define _GNU_SOURCE
#include "lib/store_fixture.h"

struct env {
    struct fixture f;
    struct query_conf conf;
    struct query *q;
};

static void open_query(struct env *e)
{
    struct tcn_fail fail = { 0 };

    e->conf = (struct query_conf){ e->f.path, &e->f.metrics, &e->f.registry, &e->f.rules };
    if (query_open(&e->conf, &e->q, &fail) < 0)
        fail_msg("%s", fail.text);
}

static int setup(void **state)
{
    struct env *e = calloc(1, sizeof *e);

    assert_non_null(e);
    fixture_init(&e->f);
    fixture_open(&e->f);
    open_query(e);
    *state = e;
    return 0;
}

static int teardown(void **state)
{
    struct env *e = *state;

    query_close(e->q);
    fixture_done(&e->f);
    free(e);
    return 0;
}

/* Ids in the order in which they were told, as text: "3 1 2". */
struct told {
    char ids[128];
    unsigned left; /* stop when 0 */
    uint32_t step_count;
    struct task_step first, last;
    struct alarm_change change;
};

static struct told told_all(void)
{
    return (struct told){ .left = 1000 };
}

static bool tell(struct told *t, uint64_t id)
{
    size_t len = strlen(t->ids);

    (void)snprintf(t->ids + len, sizeof t->ids - len, "%s%llu", len > 0 ? " " : "",
                   (unsigned long long)id);
    return --t->left > 0;
}

static bool tell_alarm(void *arg, const struct alarm *a)
{
    return tell(arg, a->id);
}

static bool tell_task(void *arg, const struct task *t, const struct task_step *steps,
                      uint32_t step_count)
{
    struct told *told = arg;

    told->step_count = step_count;
    told->first = steps[0];
    told->last = steps[step_count - 1];
    return tell(told, t->id);
}

static bool tell_event(void *arg, const struct alarm_change *c)
{
    struct told *told = arg;

    told->change = *c;
    return tell(told, c->alarm.id);
}

static void assert_alarms(struct env *e, struct query_alarms filter, const char *ids)
{
    struct told t = told_all();

    assert_int_equal(query_alarms_run(e->q, &filter, tell_alarm, &t, NULL), TCN_OK);
    assert_string_equal(t.ids, ids);
}

static void assert_tasks(struct env *e, struct query_tasks filter, const char *ids)
{
    struct told t = told_all();

    assert_int_equal(query_tasks_run(e->q, &filter, tell_task, &t, NULL), TCN_OK);
    assert_string_equal(t.ids, ids);
}

static void assert_events(struct env *e, uint32_t limit, const char *ids)
{
    struct told t = told_all();

    assert_int_equal(query_events_run(e->q, limit, tell_event, &t, NULL), TCN_OK);
    assert_string_equal(t.ids, ids);
}

/* --- alarms --- */

static void six_alarms(struct env *e)
{
    struct fixture_batch b;

    batch_init(&b);
    batch_alarm(&b, 1, DEVICE_PUMP, RULE_BATTERY, ALARM_UNACKNOWLEDGED, 1);
    batch_alarm(&b, 2, DEVICE_SMOKE, RULE_FIRE, ALARM_UNACKNOWLEDGED, 2);
    batch_alarm(&b, 3, DEVICE_EXIT, RULE_EXIT, ALARM_ACKNOWLEDGED, 3);
    batch_alarm(&b, 4, DEVICE_PUMP, RULE_PUMP, ALARM_RETURNED, 4);
    batch_alarm(&b, 5, DEVICE_EXIT, RULE_FIRE, ALARM_UNACKNOWLEDGED, 5);
    batch_alarm(&b, 6, DEVICE_SMOKE, RULE_EXIT, ALARM_NORMAL, 6);
    batch_commit(&e->f, &b);
}

static void alarms_come_most_urgent_then_newest_first(void **state)
{
    six_alarms(*state);
    assert_alarms(*state, (struct query_alarms){ .signal_class = -1, .limit = 10 }, "5 2 4 3 1");
    assert_alarms(*state, (struct query_alarms){ .all = true, .signal_class = -1, .limit = 10 },
                  "5 2 4 6 3 1");
}

static void alarms_are_filtered_and_limited(void **state)
{
    six_alarms(*state);
    assert_alarms(*state, (struct query_alarms){ .signal_class = SIGNAL_FIRE, .limit = 10 }, "5 2");
    assert_alarms(*state, (struct query_alarms){ .signal_class = SIGNAL_HAZARD, .limit = 10 }, "3");
    assert_alarms(*state,
                  (struct query_alarms){ .all = true, .signal_class = SIGNAL_HAZARD, .limit = 10 },
                  "6 3");
    assert_alarms(*state, (struct query_alarms){ .signal_class = -1, .limit = 2 }, "5 2");
    assert_alarms(*state, (struct query_alarms){ .signal_class = -1, .limit = 0 }, "");
    assert_alarms(*state, (struct query_alarms){ .signal_class = -1, .limit = UINT32_MAX },
                  "5 2 4 3 1");
    assert_alarms(*state, (struct query_alarms){ .id = 6 }, "6");
    assert_alarms(*state, (struct query_alarms){ .id = 7, .all = true, .limit = 10 }, "");
}

static void a_callback_can_stop_and_ask_again(void **state)
{
    struct env *e = *state;
    const struct query_alarms filter = { .signal_class = -1, .limit = 10 };
    struct told t = { .left = 2 };

    six_alarms(e);
    assert_int_equal(query_alarms_run(e->q, &filter, tell_alarm, &t, NULL), TCN_OK);
    assert_string_equal(t.ids, "5 2");
    assert_alarms(e, filter, "5 2 4 3 1");
}

static void only_what_is_committed_is_seen_and_at_once(void **state)
{
    struct env *e = *state;
    const struct query_alarms filter = { .signal_class = -1, .limit = 10 };

    assert_alarms(e, filter, "");
    six_alarms(e);
    assert_alarms(e, filter, "5 2 4 3 1");
}

static void alarms_of_what_is_not_configured_take_no_room(void **state)
{
    struct env *e = *state;

    six_alarms(e);
    e->f.device[DEVICE_EXIT].id = "exit-new";
    fixture_index(&e->f);
    query_close(e->q);
    open_query(e);
    assert_alarms(e, (struct query_alarms){ .signal_class = -1, .limit = 2 }, "2 4");
    assert_alarms(e, (struct query_alarms){ .id = 5 }, "");
    assert_events(e, 3, "2 4 6");
}

/* --- tasks --- */

static void five_tasks(struct env *e)
{
    struct fixture_batch b;

    batch_init(&b);
    batch_task(&b, 1, TASK_ISSUED, TASK_EV_ISSUED, 0)->task.deadline_ms = 500;
    batch_task(&b, 2, TASK_ACCEPTED, TASK_EV_ISSUED, 0)->task.deadline_ms = 300;
    struct task_change *c = batch_task(&b, 3, TASK_SUBMITTED, TASK_EV_ISSUED, 0);
    c->task.deadline_ms = 900;
    c->task.overdue_level = 1;
    c->task.enterprise = 1;
    c = batch_task(&b, 4, TASK_CLOSED, TASK_EV_ISSUED, 0);
    c->task.deadline_ms = 100;
    c->task.overdue_level = 3;
    c = batch_task(&b, 5, TASK_ISSUED, TASK_EV_ISSUED, 0);
    c->task.deadline_ms = 800;
    c->task.overdue_level = 2;
    c->task.department = 0;
    c->task.unit = REGISTRY_NONE;
    batch_commit(&e->f, &b);
}

static const struct query_tasks ANY = {
    .enterprise = REGISTRY_NONE, .department = REGISTRY_NONE, .unit = REGISTRY_NONE, .limit = 10
};

static void tasks_come_overdue_first_then_by_deadline(void **state)
{
    struct query_tasks filter = ANY;

    five_tasks(*state);
    assert_tasks(*state, filter, "5 3 2 1");
    filter.all = true;
    assert_tasks(*state, filter, "5 3 2 1 4");
    filter.limit = 3;
    assert_tasks(*state, filter, "5 3 2");
}

static void tasks_are_filtered_by_party_and_mark(void **state)
{
    struct query_tasks filter = ANY;

    five_tasks(*state);
    filter.overdue = true;
    assert_tasks(*state, filter, "5 3");
    filter.enterprise = 1;
    assert_tasks(*state, filter, "3");
    filter = ANY;
    filter.department = 0;
    assert_tasks(*state, filter, "5");
    filter = ANY;
    filter.unit = 0;
    assert_tasks(*state, filter, "3 2 1");
    filter.enterprise = 0;
    filter.all = true;
    assert_tasks(*state, filter, "2 1 4");
    filter = (struct query_tasks){ .id = 4 };
    assert_tasks(*state, filter, "4");
}

/* The issue and the newest steps matter most when not all fit into a message. */
static void a_long_history_keeps_its_first_step_and_the_newest(void **state)
{
    struct env *e = *state;
    struct fixture_batch b;

    for (uint32_t n = 0; n < TASK_STEPS_MAX + 1; n++) {
        batch_init(&b);
        batch_task(&b, 1, TASK_ISSUED, n == 0 ? TASK_EV_ISSUED : TASK_EV_REMINDER, n);
        batch_commit(&e->f, &b);
        struct told t = told_all();
        const struct query_tasks filter = { .id = 1 };
        assert_int_equal(query_tasks_run(e->q, &filter, tell_task, &t, NULL), TCN_OK);
        assert_int_equal(t.step_count, n < TASK_STEPS_MAX ? n + 1 : TASK_STEPS_MAX);
        assert_int_equal(t.first.event, TASK_EV_ISSUED);
        assert_int_equal(t.last.wall_ms, FIXTURE_WALL_MS + n);
    }
}

/* --- events, outbox --- */

static void events_are_the_newest_oldest_first(void **state)
{
    struct env *e = *state;
    struct fixture_batch b;

    six_alarms(e);
    assert_events(e, 3, "4 5 6");
    assert_events(e, 10, "1 2 3 4 5 6");
    assert_events(e, 0, "");

    batch_init(&b);
    struct alarm_change *c = batch_alarm(&b, 2, DEVICE_SMOKE, RULE_FIRE, ALARM_ACKNOWLEDGED, 6);
    c->transition = TRANSITION_ACKNOWLEDGED;
    c->actor.kind = PARTY_OPERATOR;
    (void)tcn_text_copy(c->actor.name, sizeof c->actor.name, "王芳");
    (void)tcn_text_copy(c->reason, sizeof c->reason, "现场确认");
    c->alarm.acked_by = c->actor;
    batch_commit(&e->f, &b);
    struct told t = told_all();
    assert_int_equal(query_events_run(e->q, 1, tell_event, &t, NULL), TCN_OK);
    assert_string_equal(t.ids, "2");
    assert_int_equal(t.change.transition, TRANSITION_ACKNOWLEDGED);
    assert_int_equal(t.change.seq, 6);
    assert_int_equal(t.change.actor.kind, PARTY_OPERATOR);
    assert_string_equal(t.change.actor.name, "王芳");
    assert_string_equal(t.change.reason, "现场确认");
    assert_int_equal(t.change.alarm.state, ALARM_ACKNOWLEDGED);
    assert_string_equal(t.change.alarm.acked_by.name, "王芳");
    assert_int_equal(t.change.received_us, 0);
}

static void count_row(void *arg, const struct outbox_row *row)
{
    assert_string_equal(row->topic, "t");
    ++*(int *)arg;
}

static void outbox_is_read_without_a_configuration(void **state)
{
    struct env *e = *state;
    const struct query_conf conf = { .path = e->f.path };
    struct fixture_batch b;
    struct query *q;
    int rows = 0;

    batch_init(&b);
    batch_row(&b, "t", "1");
    batch_row(&b, "t", NULL);
    batch_commit(&e->f, &b);
    assert_int_equal(query_open(&conf, &q, NULL), TCN_OK);
    assert_int_equal(query_outbox(q, 0, 10, count_row, &rows, NULL), TCN_OK);
    assert_int_equal(rows, 2);
    query_close(q);
}

/* --- opening --- */

static void assert_refused(struct env *e, int code, const char *text)
{
    struct query *const untouched = (struct query *)(void *)e;
    struct query *q = untouched;
    struct tcn_fail fail = { 0 };

    assert_int_equal(query_open(&e->conf, &q, &fail), code);
    assert_ptr_equal(q, untouched);
    assert_non_null(strstr(fail.text, text));
}

static void a_database_that_is_not_there_is_not_made(void **state)
{
    struct env *e = *state;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/none.db", e->f.dir);
    e->conf.path = path;
    assert_refused(e, TCN_EIO, "unable to open database file");
    assert_int_equal(access(path, F_OK), -1);
}

static void other_schemas_are_refused(void **state)
{
    struct env *e = *state;

    fixture_exec(&e->f, "PRAGMA user_version = 99");
    assert_refused(e, TCN_ECORRUPT, "newer version");
    fixture_exec(&e->f, "PRAGMA user_version = -1");
    assert_refused(e, TCN_ECORRUPT, "another program");
}

static void an_empty_database_is_not_ready_yet(void **state)
{
    struct env *e = *state;

    query_close(e->q);
    e->q = NULL;
    fixture_close(&e->f);
    assert_int_equal(truncate(e->f.path, 0), 0);
    assert_refused(e, TCN_EAGAIN, "not been brought to this version");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alarms_come_most_urgent_then_newest_first),
        TEST(alarms_are_filtered_and_limited),
        TEST(a_callback_can_stop_and_ask_again),
        TEST(only_what_is_committed_is_seen_and_at_once),
        TEST(alarms_of_what_is_not_configured_take_no_room),
        TEST(tasks_come_overdue_first_then_by_deadline),
        TEST(tasks_are_filtered_by_party_and_mark),
        TEST(a_long_history_keeps_its_first_step_and_the_newest),
        TEST(events_are_the_newest_oldest_first),
        TEST(outbox_is_read_without_a_configuration),
        TEST(a_database_that_is_not_there_is_not_made),
        TEST(other_schemas_are_refused),
        TEST(an_empty_database_is_not_ready_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
