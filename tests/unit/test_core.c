/* app/core.h: records in, and what leaves for upstream and for people, in which order.
 * links: rest (for app and store) */
#define _GNU_SOURCE
#include "core_fixture.h"

/* ---- restating -------------------------------------------------------------------------------- */

/* The broker lost our session while the writer was busy. What happens until the next batch is lent
 * is in that batch, and the alarms told again with it must not be older than that. */
static void lost_session_restates_alarms_as_they_are_when_lent(void **state)
{
    uint32_t since;

    (void)state;
    hear(SMOKE_A, M_SMOKE, 1);
    hear(SPRINKLER, M_SMOKE, 1);
    settle();
    acknowledge(alarm_of(SMOKE_A));
    settle();
    set_gate(true);
    hear(SMOKE_B, M_SMOKE, 1);
    (void)turn();
    wait_at_gate();
    since = fed_count();
    push.session_lost = true;
    (void)turn();
    hear(SMOKE_A, M_SMOKE, 0); /* with that it is over */
    acknowledge(alarm_of(SPRINKLER));
    (void)turn();
    set_gate(false);
    settle();
    assert_non_null(state_fed(since, ALARM_A));
    assert_int_equal(state_fed(since, ALARM_A)->payload_len, 0);
    expect_state(since, ALARM_B, "unacknowledged");
    expect_state(since, ALARM_C, "acknowledged");
}

static void lost_session_restates_once(void **state)
{
    uint32_t since;

    (void)state;
    hear(SMOKE_A, M_SMOKE, 1);
    settle();
    since = fed_count();
    push.session_lost = true;
    settle();
    assert_int_equal(fed_count(), since + 1); /* the state alone: it is no new event */
    expect_state(since, ALARM_A, "unacknowledged");
    hear(SMOKE_A, M_TEST, 0);
    settle();
    assert_int_equal(fed_count(), since + 1);
}

static void lost_session_without_alarms_tells_nothing(void **state)
{
    (void)state;
    push.session_lost = true;
    settle();
    assert_int_equal(fed_count(), 0);
}

/* The broker may have lost our session while we were down, and never say so. */
static void start_restates_what_stands(void **state)
{
    uint32_t since;

    (void)state;
    hear(SMOKE_A, M_SMOKE, 1);
    settle();
    since = fed_count();
    close_core();
    open_core();
    settle();
    assert_int_equal(fed_count(), since + 1);
    expect_state(since, ALARM_A, "unacknowledged");
}

/* ---- draining --------------------------------------------------------------------------------- */

static void drain_takes_every_record(void **state)
{
    struct tcn_fail fail = { 0 };

    (void)state;
    hear(SMOKE_A, M_SMOKE, 0);
    settle();
    for (int i = 0; i < BACKLOG; i++)
        hear(SMOKE_A, M_SMOKE, 0); /* nothing to commit: a batch stays empty */
    hear(SMOKE_B, M_SMOKE, 1);
    if (core_drain(core, PATIENCE_MS, &fail) < 0)
        fail_msg("%s", fail.text);
    assert_null(intake_peek(&intake));
    assert_int_equal(intake.freed, BACKLOG + 2);
    assert_int_equal(engine_alarm_count(core_engine(core)), 1);
    assert_int_equal(ask("SELECT count(*) FROM alarm WHERE alarm = ?", (int64_t)alarm_of(SMOKE_B)),
                     1);
    expect_state(0, ALARM_B, "unacknowledged");
    assert_true(core_quiet(core));
}

static void drain_commits_what_is_lent_and_what_was_filled_meanwhile(void **state)
{
    struct tcn_fail fail = { 0 };

    (void)state;
    hear(SMOKE_A, M_SMOKE, 1);
    (void)turn(); /* lent */
    hear(SMOKE_B, M_SMOKE, 1);
    (void)turn(); /* taken, and lent only if the writer was fast */
    hear(SPRINKLER, M_SMOKE, 1);
    if (core_drain(core, PATIENCE_MS, &fail) < 0)
        fail_msg("%s", fail.text);
    assert_int_equal(ask("SELECT count(*) FROM alarm WHERE alarm > ?", 0), 3);
}

static void drain_says_when_patience_was_too_short(void **state)
{
    struct tcn_fail fail = { 0 };

    (void)state;
    set_gate(true);
    hear(SMOKE_A, M_SMOKE, 1);
    (void)turn();
    wait_at_gate();
    assert_int_equal(core_drain(core, 0, &fail), TCN_EIO);
    assert_non_null(strstr(fail.text, "within 0 ms"));
    set_gate(false);
    assert_int_equal(core_drain(core, PATIENCE_MS, &fail), TCN_OK);
}

/* ---- timers and records ----------------------------------------------------------------------- */

/* A backlog of more than one turn, taken long after all of it was stamped. */
static void hear_backlog(int64_t mono_ms)
{
    for (int i = 0; i < BACKLOG; i++)
        hear_at(mono_ms, SMOKE_A, M_SMOKE, 0);
}

/* Blocked for 20 ms, where 60 raise: an end that waits in the ring is an end in time. */
static void on_delay_that_ended_within_a_backlog_raises_nothing(void **state)
{
    (void)state;
    hear_at(started_ms, CAMERA, M_EXIT_BLOCKED, 1);
    hear_backlog(started_ms + 10);
    hear_at(started_ms + 20, CAMERA, M_EXIT_BLOCKED, 0);
    assert_true(turn());
    assert_int_equal(engine_alarm_count(core_engine(core)), 0);
    settle();
    assert_int_equal(engine_alarm_count(core_engine(core)), 0);
    assert_int_equal(fed_count(), 0);
}

/* Blocked for 60 ms: the timer comes before the record stamped at the same moment. */
static void on_delay_that_was_over_within_a_backlog_raises(void **state)
{
    (void)state;
    hear_at(started_ms, CAMERA, M_EXIT_BLOCKED, 1);
    hear_backlog(started_ms + 10);
    hear_at(started_ms + 60, CAMERA, M_EXIT_BLOCKED, 0);
    settle();
    assert_int_equal(engine_alarm_count(core_engine(core)), 1);
    assert_int_equal(engine_alarm_at(core_engine(core), 0)->state, ALARM_RETURNED);
    assert_int_equal(engine_alarm_at(core_engine(core), 0)->raised_wall_ms, started_ms + 60);
}

static void timers_run_up_to_now_when_nothing_waits(void **state)
{
    (void)state;
    hear_at(started_ms, CAMERA, M_EXIT_BLOCKED, 1);
    assert_false(turn());
    assert_int_equal(engine_alarm_count(core_engine(core)), 1);
    settle();
}

/* ---- quiet ------------------------------------------------------------------------------------ */

static void quiet_is_when_nothing_waits_anywhere(void **state)
{
    (void)state;
    settle();
    assert_true(core_quiet(core));
    set_gate(true);
    hear(SMOKE_A, M_SMOKE, 1);
    assert_false(core_quiet(core)); /* to be taken */
    (void)turn();
    wait_at_gate();
    assert_false(core_quiet(core)); /* lent */
    hear(SMOKE_B, M_SMOKE, 1);
    (void)turn();
    set_gate(false);
    wait_for_wake();
    assert_false(core_quiet(core)); /* committed, but not told; and decided, but not lent */
    settle();
    assert_true(core_quiet(core));
}

static void record_without_effect_leaves_it_quiet(void **state)
{
    (void)state;
    hear(SMOKE_A, M_SMOKE, 0);
    settle();
    hear(SMOKE_A, M_SMOKE, 0);
    assert_false(core_quiet(core));
    (void)turn();
    assert_true(core_quiet(core));
}

/* ---- after the commit ------------------------------------------------------------------------- */

/* Each time push is fed, another reader of the database finds the very rows. */
static void effects_are_fed_to_push_only_after_their_commit(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        hear(SMOKE_A, M_SMOKE, 1);
        settle();
        hear(SMOKE_A, M_SMOKE, 0);
        settle();
    }
    assert_int_equal(fed_count(), 20); /* event and state of each change */
    assert_int_equal(push.not_in_database, 0);
}

/* Until then they are all there is of the alarm: a killed process finds them again. */
static void records_are_kept_until_what_they_did_is_committed(void **state)
{
    (void)state;
    set_gate(true);
    hear(SMOKE_A, M_SMOKE, 1);
    hear(SMOKE_A, M_SMOKE, 1);
    (void)turn();
    wait_at_gate();
    hear(SMOKE_A, M_SMOKE, 1); /* changes nothing, but comes after what is not safe yet */
    hear(SMOKE_B, M_SMOKE, 1);
    (void)turn();
    assert_int_equal(intake.taken, 4);
    assert_int_equal(intake.freed, 0);
    set_gate(false);
    wait_for_wake();
    set_gate(true);
    (void)turn(); /* takes the first batch back and lends the second */
    assert_int_equal(intake.freed, 2);
    set_gate(false);
    settle();
    assert_int_equal(intake.freed, 4);
}

/* A deadline that nothing can be done about would make the loop spin for as long as a disk hangs. */
static void no_deadline_runs_on_what_only_a_wake_up_can_move(void **state)
{
    bool more;

    (void)state;
    settle();
    assert_true(core_turn(core, &more) < TCN_NEVER); /* at rest: the hourly commit */
    set_gate(true);
    hear(SMOKE_A, M_SMOKE, 1);
    (void)turn();
    wait_at_gate();
    assert_true(core_turn(core, &more) == TCN_NEVER); /* the writer is busy */
    hear_backlog(tcn_clock_now(&engine_clock).mono_ms);
    assert_true(core_turn(core, &more) == TCN_NEVER); /* records wait */
    assert_true(more);
    set_gate(false);
    settle();
}

static void records_that_did_nothing_are_not_kept(void **state)
{
    (void)state;
    hear(SMOKE_A, M_SMOKE, 0);
    settle();
    hear(SMOKE_A, M_SMOKE, 0);
    (void)turn();
    assert_int_equal(intake.freed, 2);
}

static void people_are_told_only_after_the_commit(void **state)
{
    (void)state;
    set_gate(true);
    hear(SMOKE_A, M_SMOKE, 1);
    (void)turn();
    wait_at_gate();
    (void)turn();
    assert_int_equal(console.lines, 0);
    set_gate(false);
    settle();
    assert_int_equal(console.lines, 1);
    assert_int_equal(console.told_early, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lost_session_restates_alarms_as_they_are_when_lent),
        TEST(lost_session_restates_once),
        TEST(lost_session_without_alarms_tells_nothing),
        TEST(start_restates_what_stands),
        TEST(drain_takes_every_record),
        TEST(drain_commits_what_is_lent_and_what_was_filled_meanwhile),
        TEST(drain_says_when_patience_was_too_short),
        TEST(on_delay_that_ended_within_a_backlog_raises_nothing),
        TEST(on_delay_that_was_over_within_a_backlog_raises),
        TEST(timers_run_up_to_now_when_nothing_waits),
        TEST(quiet_is_when_nothing_waits_anywhere),
        TEST(record_without_effect_leaves_it_quiet),
        TEST(effects_are_fed_to_push_only_after_their_commit),
        TEST(records_are_kept_until_what_they_did_is_committed),
        TEST(no_deadline_runs_on_what_only_a_wake_up_can_move),
        TEST(records_that_did_nothing_are_not_kept),
        TEST(people_are_told_only_after_the_commit),
    };
    const struct log_conf quiet = { .level = LEVEL_ERROR, .quiet = true };
    int rc;

    if (log_start(&quiet, NULL) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    log_stop();
    return rc;
}
