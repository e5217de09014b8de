/* What the simulator has heard: each message is used once, gaps are counted.
 * links: rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ctl/simulate_ledger.h"

static const struct simulate_step RAISED = {
    .action = SIMULATE_EVENT,
    .signal_class = SIGNAL_FIRE,
    .transition = TRANSITION_RAISED,
    .device = "d1",
    .rule = "r1",
};

static void hear(struct simulate_ledger *l, const char *tail, const char *payload)
{
    simulate_ledger_hear(l, tail, payload, strlen(payload), 1000);
}

static void hear_event(struct simulate_ledger *l, unsigned seq, const char *device)
{
    char payload[256];

    (void)snprintf(
        payload, sizeof payload,
        "{\"epoch\":1,\"seq\":%u,\"transition\":\"raised\",\"alarm\":{\"alarmId\":\"a%u\","
        "\"device\":\"%s\",\"rule\":\"r1\",\"signalClass\":\"fire\"}}",
        seq, seq, device);
    hear(l, "events/fire", payload);
}

static void an_event_is_used_by_one_expectation_only(void **state)
{
    struct simulate_ledger l = { 0 };
    struct simulate_heard *h;

    (void)state;
    hear_event(&l, 1, "d2");
    hear_event(&l, 2, "d1");
    h = simulate_ledger_event(&l, &RAISED);
    assert_non_null(h);
    assert_string_equal(simulate_heard_text(h, "alarm", "alarmId"), "a2");
    assert_null(simulate_ledger_event(&l, &RAISED));
    assert_string_equal(simulate_heard_text(simulate_ledger_surprise(&l, 0), "alarm", "device"),
                        "d2");
    assert_null(simulate_ledger_surprise(&l, 1));
    assert_int_equal(l.raised[SIGNAL_FIRE], 2);
    simulate_ledger_done(&l);
}

/* QoS 1 may bring a message twice; that is no second alarm, but a hole in seq is a lost one. */
static void repeats_are_ignored_and_gaps_counted(void **state)
{
    struct simulate_ledger l = { 0 };

    (void)state;
    hear_event(&l, 7, "d1");
    hear_event(&l, 7, "d1");
    assert_int_equal(l.repeats, 1);
    assert_int_equal(l.raised[SIGNAL_FIRE], 1);
    assert_int_equal(l.gaps, 0);
    hear_event(&l, 10, "d1");
    assert_int_equal(l.gaps, 2);
    simulate_ledger_done(&l);
}

static void a_new_epoch_starts_seq_anew(void **state)
{
    struct simulate_ledger l = { 0 };

    (void)state;
    hear(&l, "events/fault", "{\"epoch\":1,\"seq\":9,\"transition\":\"raised\",\"alarm\":{}}");
    hear(&l, "events/fault", "{\"epoch\":2,\"seq\":1,\"transition\":\"raised\",\"alarm\":{}}");
    assert_int_equal(l.gaps, 0);
    assert_int_equal(l.repeats, 0);
    simulate_ledger_done(&l);
}

static void an_empty_alarm_topic_is_gone(void **state)
{
    struct simulate_ledger l = { 0 };

    (void)state;
    assert_false(simulate_ledger_standing(&l, "d1", "r1"));
    hear(&l, "alarms/d1/r1", "{}");
    hear(&l, "alarms/d2/r1", "{}");
    hear(&l, "alarms/d1/r1", "{}");
    assert_true(simulate_ledger_standing(&l, "d1", "r1"));
    hear(&l, "alarms/d1/r1", "");
    assert_false(simulate_ledger_standing(&l, "d1", "r1"));
    assert_true(simulate_ledger_standing(&l, "d2", "r1"));
    assert_int_equal(l.standing_count, 1);
    simulate_ledger_done(&l);
}

static void a_notice_matches_party_kind_and_rule(void **state)
{
    struct simulate_ledger l = { 0 };
    struct simulate_step step = { .action = SIMULATE_NOTICE,
                                  .notice = TASK_EV_ISSUED,
                                  .party = PARTY_ENTERPRISE,
                                  .party_id = "E1",
                                  .rule = "other" };

    (void)state;
    hear(&l, "tasks/enterprise/E1",
         "{\"epoch\":1,\"seq\":1,\"kind\":\"issued\",\"party\":{\"kind\":\"enterprise\"},"
         "\"task\":{\"taskId\":\"t1\",\"rule\":\"r1\"}}");
    assert_null(simulate_ledger_notice(&l, &step));
    step.rule = "r1";
    assert_string_equal(simulate_heard_text(simulate_ledger_notice(&l, &step), "task", "taskId"),
                        "t1");
    assert_int_equal(l.issued, 1);
    simulate_ledger_done(&l);
}

/* The wide subscription shows the simulator its own messages, too. */
static void other_topics_are_not_heard(void **state)
{
    struct simulate_ledger l = { 0 };

    (void)state;
    hear(&l, "readings/sprinkler-01", "\x0a\x01x");
    hear(&l, "commands/enterprise/E1", "{}");
    assert_int_equal(l.messages, 0);
    hear(&l, "events/fire", "not json");
    assert_int_equal(l.malformed, 1);
    simulate_ledger_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_used_by_one_expectation_only),
        cmocka_unit_test(repeats_are_ignored_and_gaps_counted),
        cmocka_unit_test(a_new_epoch_starts_seq_anew),
        cmocka_unit_test(an_empty_alarm_topic_is_gone),
        cmocka_unit_test(a_notice_matches_party_kind_and_rule),
        cmocka_unit_test(other_topics_are_not_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
