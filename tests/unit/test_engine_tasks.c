/* Tasks: the closed loop of enterprise and department, deadlines, recurrence. */
#include "lib/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define POLICY                                                                                     \
    {                                                                                              \
        .enabled = true, .level = HAZARD_GENERAL, .deadline_ms = 24 * HOUR,                        \
        .remind_before_ms = 2 * HOUR, .escalate_every_ms = 24 * HOUR                               \
    }

static const struct town_rule RULES[] = {
    { .id = "exit",
      .when = "exit_blocked",
      .type = TYPE_CAMERA + 1,
      .signal_class = SIGNAL_HAZARD,
      .task = POLICY },
    { .id = "fire", .when = "smoke", .type = TYPE_SMOKE + 1, .task = POLICY },
    { .id = "water",
      .when = "pressure < 50 kPa",
      .type = TYPE_SPRINKLER + 1,
      .signal_class = SIGNAL_SUPERVISORY,
      .task = { .enabled = true, .deadline_ms = HOUR, .auto_close = true } },
    { 0 },
};

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

/* Blocks the exit and returns the id of the task. */
static uint64_t blocked(struct town *t)
{
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    assert_int_equal(t->out.task_count, 1);
    return t->out.tasks[0].task.id;
}

static void expect_step(const struct town *t, uint32_t i, enum task_event event,
                        enum task_state state)
{
    assert_true(i < t->out.task_count);
    assert_int_equal(t->out.tasks[i].step.event, event);
    assert_int_equal(t->out.tasks[i].task.state, state);
}

/* Was a notice of this kind sent to the party? Returns its seq, or 0. */
static uint64_t told(const struct town *t, enum party_kind kind, uint32_t party,
                     enum task_event event)
{
    for (uint32_t i = 0; i < t->out.notice_count; i++) {
        const struct notice *n = &t->out.notices[i];

        if (n->party_kind == kind && n->party == party && n->kind == event)
            return n->seq;
    }
    return 0;
}

static int enterprise_does(struct town *t, enum command_kind kind, uint64_t task)
{
    char id[16];
    static int number;

    (void)snprintf(id, sizeof id, "e%d", ++number);
    return town_command(t, id, kind, PARTY_ENTERPRISE, MALL, task, "cleared", "photo-1")->error;
}

static int department_does(struct town *t, enum command_kind kind, uint64_t task)
{
    char id[16];
    static int number;

    (void)snprintf(id, sizeof id, "d%d", ++number);
    return town_command(t, id, kind, PARTY_DEPARTMENT, "fire-brigade", task, "seen", "")->error;
}

static void an_alarm_issues_a_task_to_all_parties(void **state)
{
    struct town *t = *state;
    const struct task *task;

    (void)blocked(t);
    task = &t->out.tasks[0].task;
    expect_step(t, 0, TASK_EV_ISSUED, TASK_ISSUED);
    assert_int_equal(task->enterprise, ENTERPRISE_MALL);
    assert_int_equal(task->deadline_wall_ms, TOWN_START_MS + 24 * HOUR);
    assert_int_equal(t->out.alarms[0].alarm.task, task->id);
    assert_int_equal(task->alarm, t->out.alarms[0].alarm.id);
    assert_int_equal(told(t, PARTY_ENTERPRISE, ENTERPRISE_MALL, TASK_EV_ISSUED), 1);
    assert_int_equal(told(t, PARTY_DEPARTMENT, DEPARTMENT_FIRE, TASK_EV_ISSUED), 1);
    assert_int_equal(t->out.notice_count, 2); /* this device has no unit */
}

static void the_loop_closes_with_evidence_and_a_normal_sensor(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    assert_int_equal(enterprise_does(t, COMMAND_ACCEPT, task), TCN_OK);
    expect_step(t, 0, TASK_EV_ACCEPTED, TASK_ACCEPTED);
    assert_int_equal(enterprise_does(t, COMMAND_SUBMIT, task), TCN_OK);
    expect_step(t, 0, TASK_EV_SUBMITTED, TASK_SUBMITTED);
    assert_string_equal(t->out.tasks[0].task.evidence, "photo-1");
    assert_int_equal(t->out.tasks[0].step_number, 2);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    expect_step(t, 0, TASK_EV_RECOVERED, TASK_SUBMITTED);
    assert_int_equal(department_does(t, COMMAND_VERIFY, task), TCN_OK);
    assert_string_equal(t->out.replies[0].state, "closed");
    expect_step(t, 0, TASK_EV_VERIFIED, TASK_VERIFIED);
    expect_step(t, 1, TASK_EV_CLOSED, TASK_CLOSED);
    assert_true(told(t, PARTY_ENTERPRISE, ENTERPRISE_MALL, TASK_EV_CLOSED) > 0);
    assert_int_equal(department_does(t, COMMAND_RETURN, task), TCN_ENOENT);
}

static void verified_while_the_sensor_still_reports_waits_for_it(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    (void)enterprise_does(t, COMMAND_SUBMIT, task);
    assert_int_equal(department_does(t, COMMAND_VERIFY, task), TCN_OK);
    assert_int_equal(t->out.task_count, 1);
    expect_step(t, 0, TASK_EV_VERIFIED, TASK_VERIFIED);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    expect_step(t, 0, TASK_EV_RECOVERED, TASK_VERIFIED);
    expect_step(t, 1, TASK_EV_CLOSED, TASK_CLOSED);
}

static void a_normal_sensor_alone_never_closes(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    expect_step(t, 0, TASK_EV_RECOVERED, TASK_AWAITING_RECHECK);
    town_wait(t, 1000 * HOUR);
    assert_int_equal(t->out.task_count, 0);
    /* Somebody has to say how it was checked. */
    assert_int_equal(
        town_command(t, "v1", COMMAND_VERIFY, PARTY_DEPARTMENT, "fire-brigade", task, "", "")
            ->error,
        TCN_EINPUT);
    assert_int_equal(department_does(t, COMMAND_VERIFY, task), TCN_OK);
    expect_step(t, 1, TASK_EV_CLOSED, TASK_CLOSED);
}

static void the_policy_may_let_the_sensor_close(void **state)
{
    struct town *t = *state;

    town_reading(t, SPRINKLER, M_PRESSURE, 20);
    town_reading(t, SPRINKLER, M_PRESSURE, 200);
    expect_step(t, 0, TASK_EV_RECOVERED, TASK_AWAITING_RECHECK);
    expect_step(t, 1, TASK_EV_CLOSED, TASK_CLOSED);
}

static void reminder_then_overdue_then_escalation(void **state)
{
    struct town *t = *state;

    (void)blocked(t);
    town_wait(t, 22 * HOUR - 1);
    assert_int_equal(t->out.task_count, 0);
    town_wait(t, 1);
    expect_step(t, 0, TASK_EV_REMINDER, TASK_ISSUED);
    assert_true(told(t, PARTY_ENTERPRISE, ENTERPRISE_MALL, TASK_EV_REMINDER) > 0);
    assert_int_equal(told(t, PARTY_DEPARTMENT, DEPARTMENT_FIRE, TASK_EV_REMINDER), 0);
    town_wait(t, 2 * HOUR);
    expect_step(t, 0, TASK_EV_OVERDUE, TASK_ISSUED);
    assert_int_equal(t->out.tasks[0].task.overdue_level, 1);
    assert_true(told(t, PARTY_DEPARTMENT, DEPARTMENT_FIRE, TASK_EV_OVERDUE) > 0);
    town_wait(t, 24 * HOUR);
    assert_int_equal(t->out.tasks[0].task.overdue_level, 2);
    town_wait(t, 24 * HOUR);
    assert_int_equal(t->out.tasks[0].task.overdue_level, OVERDUE_LEVEL_MAX);
    town_wait(t, 1000 * HOUR);
    assert_int_equal(t->out.task_count, 0);
}

static void the_clock_stops_once_the_enterprise_has_submitted(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    (void)enterprise_does(t, COMMAND_SUBMIT, task);
    town_wait(t, 100 * HOUR);
    assert_int_equal(t->out.task_count, 0);
    /* Returned: it gets the policy's time again. */
    assert_int_equal(department_does(t, COMMAND_RETURN, task), TCN_OK);
    expect_step(t, 0, TASK_EV_RETURNED, TASK_RETURNED);
    assert_int_equal(t->out.tasks[0].task.deadline_ms, t->now.mono_ms + 24 * HOUR);
    town_wait(t, 24 * HOUR);
    expect_step(t, 0, TASK_EV_REMINDER, TASK_RETURNED);
    expect_step(t, 1, TASK_EV_OVERDUE, TASK_RETURNED);
}

static void the_hazard_coming_back_reopens_the_same_task(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    (void)enterprise_does(t, COMMAND_SUBMIT, task);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    expect_step(t, 0, TASK_EV_RECURRED, TASK_REOPENED);
    assert_int_equal(t->out.tasks[0].task.id, task);
    assert_int_equal(t->out.tasks[0].task.recurrence, 1);
    assert_int_equal(t->out.alarms[0].alarm.task, task);
}

static void a_new_alarm_after_the_old_one_ended_joins_the_open_task(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t), alarm = t->out.alarms[0].alarm.id;

    (void)town_command(t, "a1", COMMAND_ACKNOWLEDGE, PARTY_OPERATOR, "zhang", alarm, "", "");
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 0);
    assert_int_equal(engine_alarm_count(t->engine), 0);
    town_reading(t, CAMERA, M_EXIT_BLOCKED, 1);
    assert_true(t->out.alarms[0].alarm.id != alarm);
    assert_int_equal(t->out.alarms[0].alarm.task, task);
    assert_int_equal(t->out.tasks[0].task.alarm, t->out.alarms[0].alarm.id);
}

static void each_party_may_do_only_its_part(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    assert_int_equal(department_does(t, COMMAND_ACCEPT, task), TCN_EDENIED);
    assert_int_equal(
        town_command(t, "x1", COMMAND_ACCEPT, PARTY_ENTERPRISE, WORKS, task, "", "")->error,
        TCN_EDENIED);
    assert_int_equal(enterprise_does(t, COMMAND_SUBMIT, task), TCN_OK);
    assert_int_equal(enterprise_does(t, COMMAND_VERIFY, task), TCN_EDENIED);
    assert_int_equal(enterprise_does(t, COMMAND_WITHDRAW, task), TCN_EDENIED);
    assert_int_equal(department_does(t, COMMAND_WITHDRAW, task), TCN_OK);
    expect_step(t, 0, TASK_EV_WITHDRAWN, TASK_WITHDRAWN);
}

static void wrong_moves_are_refused_with_the_state(void **state)
{
    struct town *t = *state;
    const struct command_reply *reply;
    uint64_t task = blocked(t);

    reply = town_command(t, "w1", COMMAND_VERIFY, PARTY_DEPARTMENT, "fire-brigade", task, "x", "");
    assert_int_equal(reply->error, TCN_ESTATE);
    assert_string_equal(reply->state, "issued");
    assert_non_null(strstr(reply->text, "issued"));
    assert_int_equal(t->out.task_count, 0);
}

static void the_unit_stands_in_where_there_is_no_enterprise(void **state)
{
    struct town *t = *state;
    uint64_t task;

    town_reading(t, SMOKE_B, M_SMOKE, 1);
    task = t->out.tasks[0].task.id;
    assert_int_equal(t->out.notice_count, 2); /* department and unit */
    assert_int_equal(
        town_command(t, "u1", COMMAND_ACCEPT, PARTY_UNIT, "u-home", task, "", "")->error, TCN_OK);
    town_wait(t, 22 * HOUR);
    expect_step(t, 0, TASK_EV_REMINDER, TASK_ACCEPTED);
    assert_int_equal(t->out.notice_count, 2);
}

static void notices_are_numbered_within_each_party(void **state)
{
    struct town *t = *state;
    uint64_t task = blocked(t);

    town_reading(t, SMOKE_A, M_SMOKE, 1);
    assert_int_equal(told(t, PARTY_ENTERPRISE, ENTERPRISE_MALL, TASK_EV_ISSUED), 2);
    assert_int_equal(told(t, PARTY_UNIT, 0, TASK_EV_ISSUED), 1);
    (void)enterprise_does(t, COMMAND_ACCEPT, task);
    assert_int_equal(told(t, PARTY_ENTERPRISE, ENTERPRISE_MALL, TASK_EV_ACCEPTED), 3);
    assert_int_equal(told(t, PARTY_DEPARTMENT, DEPARTMENT_FIRE, TASK_EV_ACCEPTED), 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(an_alarm_issues_a_task_to_all_parties),
        T(the_loop_closes_with_evidence_and_a_normal_sensor),
        T(verified_while_the_sensor_still_reports_waits_for_it),
        T(a_normal_sensor_alone_never_closes),
        T(the_policy_may_let_the_sensor_close),
        T(reminder_then_overdue_then_escalation),
        T(the_clock_stops_once_the_enterprise_has_submitted),
        T(the_hazard_coming_back_reopens_the_same_task),
        T(a_new_alarm_after_the_old_one_ended_joins_the_open_task),
        T(each_party_may_do_only_its_part),
        T(wrong_moves_are_refused_with_the_state),
        T(the_unit_stands_in_where_there_is_no_enterprise),
        T(notices_are_numbered_within_each_party),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
