/* Alarms: what raises, holds and clears them. */
#include "lib/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct town_rule RULES[] = {
    { .id = "fire", .when = "smoke and not test", .type = TYPE_SMOKE + 1, .off_ms = 10000 },
    { .id = "exit",
      .when = "exit_blocked",
      .type = TYPE_CAMERA + 1,
      .on_ms = 30000,
      .signal_class = SIGNAL_HAZARD },
    { .id = "water",
      .when = "pressure < 50 kPa",
      .type = TYPE_SPRINKLER + 1,
      .signal_class = SIGNAL_SUPERVISORY },
    { .id = "silent",
      .when = "missing for 25h",
      .type = TYPE_SMOKE + 1,
      .signal_class = SIGNAL_FAULT },
    { .id = "battery", .when = "battery < 15 %", .signal_class = SIGNAL_FAULT },
    { 0 },
};
#define HOUR INT64_C(3600000)

static int set_up(void **state)
{
    static struct town town;

    town_new(&town, RULES);
    town_wait(&town, 0);
    *state = &town;
    return 0;
}

static int tear_down(void **state)
{
    town_done(*state);
    return 0;
}

static void expect_alarm(const struct town *t, uint32_t i, enum alarm_transition transition,
                         enum alarm_state to, uint64_t seq)
{
    assert_true(i < t->out.alarm_count);
    assert_int_equal(t->out.alarms[i].transition, transition);
    assert_int_equal(t->out.alarms[i].alarm.state, to);
    assert_int_equal(t->out.alarms[i].seq, seq);
}

static void smoke_raises_at_once(void **state)
{
    struct town *t = *state;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    assert_int_equal(t->out.alarm_count, 1);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 1);
    assert_int_equal(t->out.alarms[0].alarm.device, SMOKE_A);
    assert_true(t->out.alarms[0].alarm.has_value);
    assert_int_equal(t->out.alarms[0].alarm.value_metric, M_SMOKE);
    assert_int_equal(t->out.alarms[0].alarm.raised_wall_ms, t->now.wall_ms);
    assert_int_equal(engine_alarm_count(t->engine), 1);
}

/* Battery reports repeat smoke:true; state, not messages, makes an alarm. */
static void repeats_raise_nothing(void **state)
{
    struct town *t = *state;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    for (int i = 0; i < 5; i++) {
        t->now.mono_ms += 60000;
        town_reading(t, SMOKE_A, M_SMOKE, 1);
        assert_int_equal(t->out.alarm_count + t->out.value_count, 0);
    }
}

/* One message with smoke and test both true is a test, in whichever order they come. */
static void values_of_one_message_are_judged_together(void **state)
{
    struct town *t = *state;
    const struct reading both[2] = { { .device = SMOKE_A, .metric = M_SMOKE, .value = 1 },
                                     { .device = SMOKE_A, .metric = M_TEST, .value = 1 } };

    town_readings(t, both, 2);
    assert_int_equal(t->out.alarm_count, 0);
    town_reading(t, SMOKE_A, M_TEST, 0);
    assert_int_equal(t->out.alarm_count, 1);
}

static void both_values_of_one_metric_count_in_order(void **state)
{
    struct town *t = *state;
    const struct reading pulse[2] = { { .device = SMOKE_A, .metric = M_SMOKE, .value = 1 },
                                      { .device = SMOKE_A, .metric = M_SMOKE, .value = 0 } };

    town_readings(t, pulse, 2);
    assert_int_equal(t->out.alarm_count, 1);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 1);
    town_wait(t, 10000);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 2);
}

static void clears_after_the_off_delay_only(void **state)
{
    struct town *t = *state;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    town_reading(t, SMOKE_A, M_SMOKE, 0);
    assert_int_equal(t->out.alarm_count, 0);
    town_wait(t, 9999);
    assert_int_equal(t->out.alarm_count, 0);
    town_reading(t, SMOKE_A, M_SMOKE, 1);
    town_wait(t, 20000);
    assert_int_equal(t->out.alarm_count, 0);
    town_reading(t, SMOKE_A, M_SMOKE, 0);
    town_wait(t, 10000);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 2);
    assert_int_equal(engine_alarm_count(t->engine), 1);
}

static void on_delay_ignores_a_short_spike(void **state)
{
    struct town *t = *state;

    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    assert_int_equal(t->out.point_count, 1);
    assert_int_equal(t->out.points[0].pending, PENDING_RAISE);
    town_wait(t, 29999);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    assert_int_equal(t->out.points[0].pending, PENDING_NONE);
    town_wait(t, HOUR);
    assert_int_equal(t->out.alarm_count, 0);
}

static void on_delay_raises_by_itself_at_its_deadline(void **state)
{
    struct town *t = *state;
    int64_t start = t->now.mono_ms;

    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    assert_int_equal(engine_deadline_ms(t->engine), start + 30000);
    town_wait(t, 60000);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 1);
    /* The step of a timer has its deadline as now. */
    assert_int_equal(t->out.alarms[0].alarm.raised_wall_ms, TOWN_START_MS + 30000);
}

static void unknown_ends_a_delay_and_never_clears(void **state)
{
    struct town *t = *state;
    const struct reading unknown = { .device = CAMERA,
                                     .metric = M_EXIT_BLOCKED,
                                     .quality = QUALITY_BAD };

    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    town_readings(t, &unknown, 1);
    town_wait(t, HOUR);
    assert_int_equal(t->out.alarm_count, 0);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    town_wait(t, 30000);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 1);
    town_readings(t, &unknown, 1);
    town_wait(t, HOUR);
    assert_int_equal(t->out.alarm_count, 0);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 2);
}

static void retained_copy_raises_but_clears_only_with_a_newer_time(void **state)
{
    struct town *t = *state;
    struct reading r = {
        .device = SPRINKLER, .metric = M_PRESSURE, .value = 20, .device_ms = 1000
    };

    town_readings(t, &r, 1);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 1);
    r.value = 300;
    r.flags = READING_RETAINED;
    town_readings(t, &r, 1); /* as old as what was heard live */
    assert_int_equal(t->out.alarm_count, 0);
    r.device_ms = 0;
    town_readings(t, &r, 1); /* no time at all */
    assert_int_equal(t->out.alarm_count, 0);
    r.device_ms = 2000;
    town_readings(t, &r, 1);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 2);
}

static void retained_state_of_a_device_never_heard_raises(void **state)
{
    struct town *t = *state;
    const struct reading r = {
        .device = SMOKE_B, .metric = M_SMOKE, .value = 1, .flags = READING_RETAINED
    };

    town_readings(t, &r, 1);
    assert_int_equal(t->out.alarm_count, 1);
    assert_true(engine_device_heard_ms(t->engine, SMOKE_B) == TCN_NEVER);
}

static void historical_values_raise_nothing_but_prove_life(void **state)
{
    struct town *t = *state;
    const struct reading r = {
        .device = SMOKE_B, .metric = M_SMOKE, .value = 1, .flags = READING_HISTORICAL
    };

    t->now.mono_ms += 1000;
    town_readings(t, &r, 1);
    assert_int_equal(t->out.alarm_count, 0);
    assert_int_equal(engine_device_heard_ms(t->engine, SMOKE_B), t->now.mono_ms);
}

static void silence_raises_without_any_message_and_speech_clears(void **state)
{
    struct town *t = *state;

    town_wait(t, 24 * HOUR);
    town_reading(t, SMOKE_A, M_SMOKE, 0);
    town_wait(t, HOUR);
    assert_int_equal(t->out.alarm_count, 1);
    assert_int_equal(t->out.alarms[0].alarm.device, SMOKE_B);
    assert_false(t->out.alarms[0].alarm.has_value);
    town_wait(t, 24 * HOUR - 1);
    assert_int_equal(t->out.alarm_count, 0);
    town_wait(t, 1);
    assert_int_equal(t->out.alarm_count, 1);
    assert_int_equal(t->out.alarms[0].alarm.device, SMOKE_A);
    town_reading(t, SMOKE_A, M_BATTERY, 90);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 3);
    /* And its silence is watched again. */
    town_wait(t, 25 * HOUR);
    expect_alarm(t, 0, TRANSITION_RERAISED, ALARM_UNACKNOWLEDGED, 4);
}

static void stale_values_satisfy_nothing(void **state)
{
    struct town *t = *state;

    town_reading(t, SPRINKLER, M_PRESSURE, 300);
    town_wait(t, 2 * HOUR);
    town_reading(t, SPRINKLER, M_PRESSURE, 49);
    assert_int_equal(t->out.alarm_count, 1);
}

static void blocked_while_any_object_stands(void **state)
{
    struct town *t = *state;
    struct reading r = { .device = CAMERA, .metric = M_EXIT_BLOCKED, .value = 1, .object = 11 };

    town_readings(t, &r, 1);
    r.object = 22;
    town_readings(t, &r, 1);
    town_wait(t, 30000);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 1);
    r.value = 0;
    town_readings(t, &r, 1);
    assert_int_equal(t->out.alarm_count, 0);
    town_readings(t, &r, 1); /* the same end again counts once */
    assert_int_equal(t->out.alarm_count, 0);
    r.object = 11;
    town_readings(t, &r, 1);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 2);
}

static void objects_are_bounded_and_counted(void **state)
{
    struct town *t = *state;
    struct reading r = { .device = CAMERA, .metric = M_EXIT_BLOCKED, .value = 1 };
    struct engine_stats stats;

    for (uint64_t i = 1; i <= ENGINE_OBJECTS_PER_METRIC_MAX + 3; i++) {
        r.object = i;
        town_readings(t, &r, 1);
    }
    engine_get_stats(t->engine, &stats);
    assert_int_equal(stats.objects, ENGINE_OBJECTS_PER_METRIC_MAX);
    assert_int_equal(stats.refused_objects, 3);
}

static void acknowledging_names_the_person(void **state)
{
    struct town *t = *state;
    const struct command_reply *reply;
    uint64_t id;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    id = t->out.alarms[0].alarm.id;
    reply =
        town_command(t, "c1", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "zhang", id, "on my way", "");
    assert_int_equal(reply->error, TCN_OK);
    assert_string_equal(reply->state, "acknowledged");
    expect_alarm(t, 0, TRANSITION_ACKNOWLEDGED, ALARM_ACKNOWLEDGED, 2);
    assert_string_equal(t->out.alarms[0].alarm.acked_by.id, "zhang");
    assert_string_equal(t->out.alarms[0].reason, "on my way");
    reply = town_command(t, "c2", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "li", id, "", "");
    assert_int_equal(reply->error, TCN_ESTATE);
    assert_non_null(strstr(reply->text, "zhang"));
    town_reading(t, SMOKE_A, M_SMOKE, 0);
    town_wait(t, 10000);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_NORMAL, 3);
    assert_int_equal(engine_alarm_count(t->engine), 0);
}

static void returned_alarm_ends_when_acknowledged(void **state)
{
    struct town *t = *state;
    uint64_t id;

    town_reading(t, SPRINKLER, M_PRESSURE, 20);
    id = t->out.alarms[0].alarm.id;
    town_reading(t, SPRINKLER, M_PRESSURE, 200);
    expect_alarm(t, 0, TRANSITION_CLEARED, ALARM_RETURNED, 2);
    (void)town_command(t, "c1", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "zhang", id, "", "");
    expect_alarm(t, 0, TRANSITION_ACKNOWLEDGED, ALARM_NORMAL, 3);
    /* The next one is a new alarm. */
    town_reading(t, SPRINKLER, M_PRESSURE, 20);
    expect_alarm(t, 0, TRANSITION_RAISED, ALARM_UNACKNOWLEDGED, 4);
    assert_true(t->out.alarms[0].alarm.id > id);
}

static void strangers_may_not_acknowledge(void **state)
{
    struct town *t = *state;
    uint64_t id;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    id = t->out.alarms[0].alarm.id;
    assert_int_equal(
        town_command(t, "c1", COMMAND_ACKNOWLEDGE, PARTY_ENTERPRISE, WORKS, id, "", "")->error,
        TCN_EDENIED);
    assert_int_equal(
        town_command(t, "c2", COMMAND_ACKNOWLEDGE, PARTY_ENTERPRISE, MALL, id, "", "")->error,
        TCN_OK);
}

static void a_repeated_command_is_answered_and_not_done_again(void **state)
{
    struct town *t = *state;
    const struct command_reply *reply;
    uint64_t id;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    id = t->out.alarms[0].alarm.id;
    (void)town_command(t, "c1", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "zhang", id, "", "");
    reply = town_command(t, "c1", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "zhang", id, "", "");
    assert_int_equal(reply->error, TCN_OK);
    assert_string_equal(reply->state, "acknowledged");
    assert_true(reply->repeated);
    assert_int_equal(t->out.alarm_count, 0);
    reply = town_command(t, "c1", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "zhang", id, "other", "");
    assert_int_equal(reply->error, TCN_ECONFLICT);
}

static void commands_are_forgotten_after_seven_days(void **state)
{
    struct town *t = *state;

    (void)town_command(t, "c1", COMMAND_ACCEPT, PARTY_OPERATOR, "zhang", 99, "", "");
    town_wait(t, COMMAND_KEPT_MS + 1);
    (void)town_command(t, "c2", COMMAND_ACCEPT, PARTY_OPERATOR, "zhang", 99, "", "");
    assert_false(
        town_command(t, "c1", COMMAND_ACCEPT, PARTY_OPERATOR, "zhang", 99, "", "")->repeated);
    assert_true(
        town_command(t, "c2", COMMAND_ACCEPT, PARTY_OPERATOR, "zhang", 99, "", "")->repeated);
}

static void old_and_future_commands_are_refused(void **state)
{
    struct town *t = *state;
    struct command c = { .kind = COMMAND_ACKNOWLEDGE, .target = 1, .id = "c1" };
    const struct engine_event event = { .kind = EVENT_COMMAND, .command = &c };

    c.issued_wall_ms = t->now.wall_ms - COMMAND_TOO_OLD_MS - 1;
    effects_reset(&t->out);
    engine_run(t->engine, t->now, &event, &t->out);
    assert_int_equal(t->out.replies[0].error, TCN_EEXPIRED);
    c.id[1] = '2';
    c.issued_wall_ms = t->now.wall_ms + COMMAND_AHEAD_MAX_MS + 1;
    effects_reset(&t->out);
    engine_run(t->engine, t->now, &event, &t->out);
    assert_int_equal(t->out.replies[0].error, TCN_EINPUT);
}

static void numbering_is_gapless_within_each_class(void **state)
{
    struct town *t = *state;

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    assert_int_equal(t->out.alarms[0].seq, 1);
    town_reading(t, SPRINKLER, M_PRESSURE, 20);
    assert_int_equal(t->out.alarms[0].seq, 1);
    town_reading(t, SMOKE_B, M_SMOKE, 1);
    assert_int_equal(t->out.alarms[0].seq, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(smoke_raises_at_once),
        T(repeats_raise_nothing),
        T(values_of_one_message_are_judged_together),
        T(both_values_of_one_metric_count_in_order),
        T(clears_after_the_off_delay_only),
        T(on_delay_ignores_a_short_spike),
        T(on_delay_raises_by_itself_at_its_deadline),
        T(unknown_ends_a_delay_and_never_clears),
        T(retained_copy_raises_but_clears_only_with_a_newer_time),
        T(retained_state_of_a_device_never_heard_raises),
        T(historical_values_raise_nothing_but_prove_life),
        T(silence_raises_without_any_message_and_speech_clears),
        T(stale_values_satisfy_nothing),
        T(blocked_while_any_object_stands),
        T(objects_are_bounded_and_counted),
        T(acknowledging_names_the_person),
        T(returned_alarm_ends_when_acknowledged),
        T(strangers_may_not_acknowledge),
        T(a_repeated_command_is_answered_and_not_done_again),
        T(commands_are_forgotten_after_seven_days),
        T(old_and_future_commands_are_refused),
        T(numbering_is_gapless_within_each_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
