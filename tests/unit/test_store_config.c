/* The configuration changes between runs; what was stored keeps its meaning. links: rest */
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

/* --- the configuration changes between runs --- */

struct orphans {
    uint64_t alarm[4], task[4];
    char text[4][96];
    uint32_t count;
};

static void orphan(void *arg, const struct store_orphan *o)
{
    struct orphans *all = arg;
    uint32_t i = all->count++;

    assert_true(i < 4);
    all->alarm[i] = o->alarm;
    all->task[i] = o->task;
    (void)snprintf(all->text[i], sizeof all->text[i], "%s|%s|%s", o->device, o->rule,
                   o->signal_class);
}

static void rows_of_a_removed_device_are_kept_and_told(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    struct orphans orphans = { 0 };

    batch_story(&b);
    batch_alarm(&b, 12, DEVICE_SMOKE, RULE_FIRE, ALARM_UNACKNOWLEDGED, 1);
    batch_commit(f, &b);
    assert_int_equal(store_orphans(f->store, orphan, &orphans, NULL), TCN_OK);
    assert_int_equal(orphans.count, 0);

    f->device[DEVICE_EXIT].id = "出口#9";
    f->device[DEVICE_EXIT].address = "出口#2"; /* that name now is another's address */
    fixture_index(f);
    fixture_reopen(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 1);
    assert_int_equal(s.task_count, 0);
    assert_int_equal(s.object_count, 0);
    assert_int_equal(s.orphan_count, 3); /* alarm, task, object */
    snapshot_done(&s);
    assert_int_equal(store_orphans(f->store, orphan, &orphans, NULL), TCN_OK);
    assert_int_equal(orphans.count, 2);
    assert_true(orphans.alarm[0] == id_pack(60, 7) && orphans.task[0] == id_pack(60, 8));
    assert_string_equal(orphans.text[0], "出口#2|exit-blocked|hazard");
    assert_true(orphans.alarm[1] == 0 && orphans.task[1] == id_pack(60, 8));
    assert_string_equal(orphans.text[1], "出口#2|exit-blocked|");

    f->device[DEVICE_EXIT] = (struct device){ .id = "出口#2" };
    fixture_index(f);
    fixture_reopen(f);
    s = fixture_load(f);
    assert_int_equal(s.alarm_count, 2);
    assert_int_equal(s.orphan_count, 0);
    snapshot_done(&s);
}

static void rows_find_their_names_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_story(&b);
    batch_commit(f, &b);
    struct rule first = f->rule[0];
    f->rule[0] = f->rule[1];
    f->rule[1] = first;
    struct metric smoke = f->metric[0];
    f->metric[0] = f->metric[1];
    f->metric[1] = smoke;
    fixture_reopen(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarms[0].rule, 0);
    assert_int_equal(s.values[0].metric, 0);
    assert_int_equal(s.orphan_count, 0);
    snapshot_done(&s);
}

static void values_keep_their_meaning_when_a_metric_changes(void **state)
{
    static const char *const LEVELS[] = { "empty", "low" };
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    struct alarm_change *c = batch_alarm(&b, 7, DEVICE_PUMP, RULE_PUMP, ALARM_UNACKNOWLEDGED, 1);
    c->alarm.has_value = true;
    c->alarm.value_metric = METRIC_PRESSURE;
    c->alarm.value = 0.25;
    b.values[0] = (struct value_change){ .metric = METRIC_PRESSURE, .value = 0.25 };
    b.values[1] = (struct value_change){ .metric = METRIC_BATTERY_STATE, .value = 1 };
    b.values[2] = (struct value_change){ .metric = METRIC_SMOKE, .value = 1 };
    b.values[3] = (struct value_change){ .device = 1, .metric = METRIC_BATTERY_STATE };
    b.effects.value_count = 4;
    batch_commit(f, &b);

    f->metric[METRIC_PRESSURE].unit = unit_find("kPa", 3);
    f->metric[METRIC_BATTERY_STATE].words = LEVELS; /* "ok" is gone, "low" the second still */
    f->metric[METRIC_BATTERY_STATE].word_count = 2;
    f->metric[METRIC_SMOKE].type = METRIC_NUMBER;
    f->metric[METRIC_SMOKE].unit = unit_find("%", 1);
    fixture_reopen(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.value_count, 2); /* in order of metric names: battery_state, pressure */
    assert_int_equal(s.values[0].metric, METRIC_BATTERY_STATE);
    assert_true(s.values[0].value == 1);
    assert_true(fabs(s.values[1].value - 250) < 1e-9);
    assert_true(s.alarms[0].has_value && fabs(s.alarms[0].value - 250) < 1e-9);
    assert_int_equal(s.orphan_count, 2);
    snapshot_done(&s);
}

static void an_alarm_outlives_its_metric(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    struct alarm_change *c = batch_alarm(&b, 7, DEVICE_PUMP, RULE_PUMP, ALARM_UNACKNOWLEDGED, 1);
    c->alarm.has_value = true;
    c->alarm.value_metric = METRIC_PRESSURE;
    c->alarm.acked_by = (struct actor){ .kind = PARTY_OPERATOR, .name = "王芳" };
    batch_commit(f, &b);
    f->metric[METRIC_PRESSURE].name = "press";
    fixture_reopen(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 1);
    assert_false(s.alarms[0].has_value);
    assert_int_equal(s.alarms[0].value_metric, METRIC_NONE);
    assert_string_equal(s.alarms[0].acked_by.name, "王芳");
    assert_int_equal(s.orphan_count, 0);
    snapshot_done(&s);
}

static void a_task_outlives_its_party(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_story(&b);
    batch_commit(f, &b);
    f->enterprise[0].id = "91350200MA2XNQHF99";
    fixture_reopen(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.task_count, 1);
    assert_true(s.tasks[0].task.enterprise == REGISTRY_NONE);
    assert_int_equal(s.tasks[0].task.department, 1);
    assert_int_equal(s.orphan_count, 1); /* its topic's seq, which waits for it to come back */
    snapshot_done(&s);

    batch_init(&b);
    batch_task(&b, id_pack(60, 8), TASK_ACCEPTED, TASK_EV_ACCEPTED, 1)->task.enterprise =
        REGISTRY_NONE;
    batch_commit(f, &b);
    assert_int_equal(
        fixture_ask(f, "SELECT enterprise = '91350211M000100Y43' AND state = 'accepted' FROM task"),
        1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_of_a_removed_device_are_kept_and_told),
        TEST(rows_find_their_names_in_any_order),
        TEST(values_keep_their_meaning_when_a_metric_changes),
        TEST(an_alarm_outlives_its_metric),
        TEST(a_task_outlives_its_party),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
