/* The two state tables, move by move. */
#include "engine/alarm_machine.h"
#include "engine/task_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* domain.md 3.1, row by row; what is not in the list is refused. */
static void alarm_moves_are_those_of_isa_18_2(void **state)
{
    static const struct {
        enum alarm_state from;
        enum alarm_input input;
        enum alarm_state to;
    } ROWS[] = {
        { ALARM_NORMAL, ALARM_IN_RAISE, ALARM_UNACKNOWLEDGED },
        { ALARM_UNACKNOWLEDGED, ALARM_IN_ACKNOWLEDGE, ALARM_ACKNOWLEDGED },
        { ALARM_UNACKNOWLEDGED, ALARM_IN_CLEAR, ALARM_RETURNED },
        { ALARM_ACKNOWLEDGED, ALARM_IN_CLEAR, ALARM_NORMAL },
        { ALARM_RETURNED, ALARM_IN_ACKNOWLEDGE, ALARM_NORMAL },
        { ALARM_RETURNED, ALARM_IN_RAISE, ALARM_UNACKNOWLEDGED },
    };
    int allowed = 0;

    (void)state;
    for (int from = 0; from < ALARM_STATE_COUNT; from++) {
        for (int input = 0; input < ALARM_INPUT_COUNT; input++) {
            struct alarm_move m;

            allowed +=
                alarm_machine_step((enum alarm_state)from, (enum alarm_input)input, &m) == TCN_OK;
        }
    }
    assert_int_equal(allowed, sizeof ROWS / sizeof ROWS[0]);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct alarm_move m;

        assert_int_equal(alarm_machine_step(ROWS[i].from, ROWS[i].input, &m), TCN_OK);
        assert_int_equal(m.to, ROWS[i].to);
    }
}

static void refused_alarm_moves_leave_the_output_untouched(void **state)
{
    struct alarm_move m = { ALARM_RETURNED, TRANSITION_REMOVED };

    (void)state;
    assert_int_equal(alarm_machine_step(ALARM_NORMAL, ALARM_IN_CLEAR, &m), TCN_ESTATE);
    assert_int_equal(m.to, ALARM_RETURNED);
    assert_int_equal(m.transition, TRANSITION_REMOVED);
}

static void task_walks_through_the_closed_loop(void **state)
{
    static const struct {
        enum task_event event;
        enum task_state to;
    } STEPS[] = {
        { TASK_EV_ACCEPTED, TASK_ACCEPTED },   { TASK_EV_SUBMITTED, TASK_SUBMITTED },
        { TASK_EV_RETURNED, TASK_RETURNED },   { TASK_EV_SUBMITTED, TASK_SUBMITTED },
        { TASK_EV_RECOVERED, TASK_SUBMITTED }, { TASK_EV_RECURRED, TASK_REOPENED },
        { TASK_EV_OVERDUE, TASK_REOPENED },    { TASK_EV_RECOVERED, TASK_AWAITING_RECHECK },
        { TASK_EV_VERIFIED, TASK_VERIFIED },   { TASK_EV_CLOSED, TASK_CLOSED },
    };
    enum task_state s = TASK_ISSUED;

    (void)state;
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        assert_int_equal(task_machine_step(s, STEPS[i].event, &s), TCN_OK);
        assert_int_equal(s, STEPS[i].to);
    }
}

static void what_is_over_stays_over(void **state)
{
    static const enum task_state OVER[] = { TASK_CLOSED, TASK_WITHDRAWN };

    (void)state;
    for (int i = 0; i < 2; i++) {
        for (int event = 0; event < TASK_EVENT_COUNT; event++) {
            enum task_state to = TASK_ISSUED;

            assert_int_equal(task_machine_step(OVER[i], (enum task_event)event, &to), TCN_ESTATE);
            assert_int_equal(to, TASK_ISSUED);
        }
    }
}

static void marks_never_change_the_state_and_need_a_running_clock(void **state)
{
    (void)state;
    for (int from = 0; from < TASK_STATE_COUNT; from++) {
        enum task_state to = TASK_STATE_COUNT;
        int rc = task_machine_step((enum task_state)from, TASK_EV_OVERDUE, &to);

        assert_int_equal(rc == TCN_OK, task_machine_clock_runs((enum task_state)from));
        if (rc == TCN_OK)
            assert_int_equal(to, from);
    }
}

static void only_submitted_work_or_a_normal_sensor_can_be_verified(void **state)
{
    (void)state;
    for (int from = 0; from < TASK_STATE_COUNT; from++) {
        enum task_state to;
        bool may = from == TASK_SUBMITTED || from == TASK_AWAITING_RECHECK;

        assert_int_equal(task_machine_step((enum task_state)from, TASK_EV_VERIFIED, &to) == TCN_OK,
                         may);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_moves_are_those_of_isa_18_2),
        cmocka_unit_test(refused_alarm_moves_leave_the_output_untouched),
        cmocka_unit_test(task_walks_through_the_closed_loop),
        cmocka_unit_test(what_is_over_stays_over),
        cmocka_unit_test(marks_never_change_the_state_and_need_a_running_clock),
        cmocka_unit_test(only_submitted_work_or_a_normal_sensor_can_be_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
