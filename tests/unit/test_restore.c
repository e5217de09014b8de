/* engine_restore(): what a new engine makes of the committed state of the last one, kept here by
 * lib/mirror.h. */
#include "lib/mirror.h"
#include "lib/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

enum { RULE_EXIT, RULE_DRY, RULE_SILENT, RULE_FIRE, RULE_COUNT };
static const struct town_rule RULES[RULE_COUNT + 1] = {
    [RULE_EXIT] = { .id = "exit",
                    .when = "exit_blocked",
                    .signal_class = SIGNAL_HAZARD,
                    .task = { .enabled = true, .deadline_ms = 24 * HOUR } },
    /* Smoke where there is no water: a way to see whether the pressure is known (1 h). */
    [RULE_DRY] = { .id = "dry", .when = "smoke and pressure < 50 kPa", .type = TYPE_SPRINKLER + 1 },
    [RULE_SILENT] = { .id = "silent",
                      .when = "missing for 25h",
                      .type = TYPE_SMOKE + 1,
                      .signal_class = SIGNAL_FAULT },
    [RULE_FIRE] = { .id = "fire", .when = "smoke and not test", .type = TYPE_SMOKE + 1 },
};

struct gateway {
    struct town town;
    struct mirror mirror;
    struct rule rules[RULE_COUNT]; /* a changed configuration */
};

static int set_up(void **state)
{
    static struct gateway g;

    memset(&g, 0, sizeof g);
    town_new(&g.town, RULES);
    memcpy(g.rules, g.town.rules.items, sizeof g.rules);
    g.town.rules.items = g.rules;
    *state = &g;
    return 0;
}

static int tear_down(void **state)
{
    struct gateway *g = *state;

    mirror_done(&g->mirror);
    town_done(&g->town);
    return 0;
}

static void commit(struct gateway *g)
{
    mirror_apply(&g->mirror, &g->town.out, &g->town.rules, g->town.now.mono_ms);
}

static void hear(struct gateway *g, uint32_t device, uint16_t metric, double value)
{
    town_reading(&g->town, device, metric, value);
    commit(g);
}

static void live(struct gateway *g, int64_t ms)
{
    town_wait(&g->town, ms);
    commit(g);
}

static enum task_state do_command(struct gateway *g, enum command_kind kind, uint64_t target)
{
    static const char *const IDS[COMMAND_KIND_COUNT] = { "c0", "c1", "c2", "c3", "c4", "c5" };
    const struct command_reply *reply =
        town_command(&g->town, IDS[kind], kind, PARTY_OPERATOR, "op", target, "note", "photo");

    assert_int_equal(reply->error, TCN_OK);
    commit(g);
    return g->town.out.task_count > 0 ? g->town.out.tasks[0].task.state : TASK_STATE_COUNT;
}

/* The gateway is down for so long, and then there is a new engine, which has made no step yet. */
static void restart(struct gateway *g, int64_t down_ms)
{
    struct tcn_fail fail = { 0 };

    engine_free(g->town.engine);
    g->town.now.mono_ms += down_ms;
    g->town.now.wall_ms += down_ms;
    g->town.engine = town_engine(&g->town);
    if (engine_restore(g->town.engine, g->town.now, &g->mirror.s, &fail) < 0)
        fail_msg("restore: %s", fail.text);
}

/* ---- values that grow stale ------------------------------------------------------------------- */

/* Low pressure, told again every 5 minutes: after the first time nothing changes by it. */
static void stay_dry(struct gateway *g, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += 5 * MINUTE) {
        live(g, 5 * MINUTE);
        hear(g, SPRINKLER, M_PRESSURE, 40 + (double)(passed % 7));
    }
}

/* Smoke now: an alarm if and only if the pressure is known. */
static uint32_t alarms_by_smoke(struct gateway *g)
{
    hear(g, SPRINKLER, M_SMOKE, 1);
    return g->town.out.alarm_count;
}

static void value_refreshed_by_quiet_readings_is_not_stale(void **state)
{
    struct gateway *g = *state;

    hear(g, SPRINKLER, M_PRESSURE, 40);
    stay_dry(g, 3 * HOUR);
    restart(g, 0);
    live(g, 53 * MINUTE); /* told at a tenth of the limit: at most 6 minutes are lost */
    assert_int_equal(alarms_by_smoke(g), 1);
}

static void value_not_refreshed_is_stale_in_time(void **state)
{
    struct gateway *g = *state;

    hear(g, SPRINKLER, M_PRESSURE, 40);
    stay_dry(g, 3 * HOUR);
    restart(g, 0);
    live(g, HOUR + 1);
    assert_int_equal(alarms_by_smoke(g), 0);
}

/* The database must not be written for each of them. */
static void quiet_readings_are_told_coarsely(void **state)
{
    struct gateway *g = *state;
    uint32_t told = 0;

    hear(g, SPRINKLER, M_PRESSURE, 40);
    for (int i = 0; i < 600; i++) { /* ten hours */
        live(g, MINUTE);
        hear(g, SPRINKLER, M_PRESSURE, 41);
        told += g->town.out.value_count;
    }
    assert_int_equal(told, 100); /* every 6 minutes */
}

/* While it was down it could not listen: the value is as old as it was, not older. */
static void down_time_is_given_back_to_values(void **state)
{
    struct gateway *g = *state;

    hear(g, SPRINKLER, M_PRESSURE, 40);
    live(g, 30 * MINUTE);
    restart(g, 10 * HOUR);
    live(g, 30 * MINUTE);
    assert_int_equal(alarms_by_smoke(g), 1);
}

static void the_rest_of_its_age_counts_on(void **state)
{
    struct gateway *g = *state;

    hear(g, SPRINKLER, M_PRESSURE, 40);
    live(g, 30 * MINUTE);
    restart(g, 10 * HOUR);
    live(g, 30 * MINUTE + 1);
    assert_int_equal(alarms_by_smoke(g), 0);
}

static void down_time_is_given_back_over_several_restarts(void **state)
{
    struct gateway *g = *state;

    hear(g, SPRINKLER, M_PRESSURE, 40);
    for (int i = 0; i < 4; i++) {
        live(g, 15 * MINUTE);
        restart(g, 10 * HOUR);
    }
    assert_int_equal(alarms_by_smoke(g), 1);
}

/* ---- rules that do not cover a device any more ------------------------------------------------ */

/* The exit rule is now for smoke detectors, and so is gone from the camera. */
static void uncover_the_camera(struct gateway *g)
{
    static const uint32_t SMOKE_ONLY[] = { TYPE_SMOKE };

    g->rules[RULE_EXIT].types = SMOKE_ONLY;
    g->rules[RULE_EXIT].type_count = 1;
}

static void expect_removed(const struct town *t, uint64_t alarm, uint64_t seq)
{
    const struct alarm_change *c = &t->out.alarms[0];

    assert_int_equal(t->out.alarm_count, 1);
    assert_int_equal(c->alarm.id, alarm);
    assert_int_equal(c->transition, TRANSITION_REMOVED);
    assert_int_equal(c->alarm.state, ALARM_NORMAL);
    assert_int_equal(c->alarm.changed_wall_ms, t->now.wall_ms);
    assert_int_equal(c->seq, seq);
    assert_int_equal(c->actor.kind, PARTY_SYSTEM);
    assert_non_null(strstr(c->reason, "does not cover"));
}

static void expect_withdrawn(const struct town *t, uint64_t task)
{
    const struct task_change *c = &t->out.tasks[0];

    assert_int_equal(t->out.task_count, 1);
    assert_int_equal(c->task.id, task);
    assert_int_equal(c->task.state, TASK_WITHDRAWN);
    assert_int_equal(c->step.event, TASK_EV_WITHDRAWN);
    assert_int_equal(c->step.actor.kind, PARTY_SYSTEM);
    assert_non_null(strstr(c->step.note, "does not cover"));
    assert_int_equal(t->out.notice_count, 2); /* enterprise, department */
    assert_int_equal(t->out.notices[0].kind, TASK_EV_WITHDRAWN);
}

/* It would stand for ever otherwise: no reading can clear it. */
static void uncovered_alarm_is_removed_and_its_task_withdrawn(void **state)
{
    struct gateway *g = *state;
    struct engine_stats stats;
    uint64_t alarm, task;

    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    alarm = g->town.out.alarms[0].alarm.id;
    task = g->town.out.tasks[0].task.id;
    uncover_the_camera(g);
    restart(g, MINUTE);
    assert_int_equal(engine_alarm_count(g->town.engine), 0);
    live(g, 0);
    expect_removed(&g->town, alarm, 2);
    expect_withdrawn(&g->town, task);
    engine_get_stats(g->town.engine, &stats);
    assert_int_equal(stats.alarms_standing[SIGNAL_HAZARD] + stats.tasks_open, 0);
    assert_int_equal(g->mirror.s.alarm_count + g->mirror.s.task_count, 0);
}

static void removal_happens_once(void **state)
{
    struct gateway *g = *state;

    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    uncover_the_camera(g);
    restart(g, MINUTE);
    live(g, 0);
    assert_int_equal(g->town.out.alarm_count, 1);
    live(g, HOUR);
    assert_int_equal(g->town.out.alarm_count + g->town.out.task_count, 0);
    restart(g, MINUTE);
    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    assert_int_equal(g->town.out.alarm_count + g->town.out.task_count, 0);
}

/* Whatever the first step is, the removal comes before it, and others keep their numbers. */
static void removal_goes_before_what_the_first_step_brings(void **state)
{
    struct gateway *g = *state;
    uint64_t alarm;

    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    alarm = g->town.out.alarms[0].alarm.id;
    (void)do_command(g, COMMAND_ACKNOWLEDGE, alarm);
    uncover_the_camera(g);
    restart(g, MINUTE);
    hear(g, SMOKE_A, M_EXIT_BLOCKED, 1);
    assert_int_equal(g->town.out.alarm_count, 2);
    assert_int_equal(g->town.out.alarms[0].alarm.id, alarm);
    assert_int_equal(g->town.out.alarms[0].transition, TRANSITION_REMOVED);
    assert_int_equal(g->town.out.alarms[0].seq, 3);
    assert_int_equal(g->town.out.alarms[1].transition, TRANSITION_RAISED);
    assert_int_equal(g->town.out.alarms[1].seq, 4);
}

/* An alarm that had returned already waits for nobody's acknowledgement, either. */
static void uncovered_alarm_without_a_task_is_removed(void **state)
{
    struct gateway *g = *state;
    uint64_t alarm;

    g->rules[RULE_EXIT].task.enabled = false;
    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    alarm = g->town.out.alarms[0].alarm.id;
    hear(g, CAMERA, M_EXIT_BLOCKED, 0);
    assert_int_equal(g->town.out.alarms[0].alarm.state, ALARM_RETURNED);
    uncover_the_camera(g);
    restart(g, MINUTE);
    live(g, 0);
    expect_removed(&g->town, alarm, 3);
    assert_int_equal(g->town.out.task_count, 0);
}

/* ---- state that contradicts itself ------------------------------------------------------------ */

/* A row of a delay that the engine never wrote. The device has said nothing a rule asks for, so
 * that no look at its values makes up for it. */
static void slip_in_pending(struct gateway *g, enum pending pending)
{
    struct effects e = { 0 };

    *effects_point(&e) = (struct point_change){ .device = SMOKE_A,
                                                .rule = RULE_SILENT,
                                                .pending = (uint8_t)pending,
                                                .deadline_ms = g->town.now.mono_ms + HOUR };
    assert_false(e.failed);
    mirror_apply(&g->mirror, &e, &g->town.rules, g->town.now.mono_ms);
    effects_done(&e);
}

static void off_delay_without_an_alarm_is_dropped(void **state)
{
    struct gateway *g = *state;

    live(g, MINUTE);
    slip_in_pending(g, PENDING_CLEAR);
    restart(g, MINUTE);
    live(g, 2 * HOUR);
    assert_int_equal(g->town.out.alarm_count, 0);
}

static void off_delay_of_an_alarm_that_returned_is_dropped(void **state)
{
    struct gateway *g = *state;

    live(g, 25 * HOUR);
    hear(g, SMOKE_A, METRIC_NONE, 0);
    assert_int_equal(g->town.out.alarms[0].alarm.state, ALARM_RETURNED);
    slip_in_pending(g, PENDING_CLEAR);
    restart(g, MINUTE);
    live(g, 2 * HOUR);
    assert_int_equal(g->town.out.alarm_count, 0);
}

static void on_delay_of_an_active_alarm_is_dropped(void **state)
{
    struct gateway *g = *state;

    live(g, 25 * HOUR);
    assert_int_equal(g->town.out.alarm_count, 2); /* both smoke detectors */
    slip_in_pending(g, PENDING_RAISE);
    restart(g, MINUTE);
    live(g, 2 * HOUR);
    assert_int_equal(g->town.out.alarm_count, 0);
    assert_int_equal(engine_alarm_count(g->town.engine), 2);
}

/* What fits is kept: the alarm is raised when the delay that was running ends. */
static void delay_that_fits_is_kept(void **state)
{
    struct gateway *g = *state;
    int64_t deadline_ms;

    g->rules[RULE_EXIT].on_delay_ms = HOUR;
    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    deadline_ms = g->town.now.mono_ms + HOUR;
    live(g, MINUTE);
    restart(g, MINUTE);
    assert_int_equal(engine_deadline_ms(g->town.engine), deadline_ms);
    live(g, 58 * MINUTE - 1);
    assert_int_equal(g->town.out.alarm_count, 0);
    live(g, 1);
    assert_int_equal(g->town.out.alarm_count, 1);
}

/* The clock of a submitted task stands: a time in its row would make it overdue, which it can't
 * be. */
static void due_time_of_a_submitted_task_is_dropped(void **state)
{
    struct gateway *g = *state;

    hear(g, CAMERA, M_EXIT_BLOCKED, 1);
    assert_int_equal(do_command(g, COMMAND_SUBMIT, g->town.out.tasks[0].task.id), TASK_SUBMITTED);
    assert_int_equal(g->mirror.s.task_count, 1);
    g->mirror.s.tasks[0].task.next_due_ms = g->town.now.mono_ms + HOUR;
    restart(g, MINUTE);
    live(g, 48 * HOUR);
    assert_int_equal(g->town.out.task_count, 0);
}

/* ---- silence ---------------------------------------------------------------------------------- */

static void shorten_silence(struct gateway *g, const char *when)
{
    struct expr_error error;

    assert_int_equal(
        expr_compile(when, &g->town.metrics, &g->town.arena, &g->rules[RULE_SILENT].when, &error),
        TCN_OK);
}

/* Nobody acknowledged the last silence, which is over; now there is a new one. */
static void silence_raises_again_though_the_last_one_is_unacknowledged(void **state)
{
    struct gateway *g = *state;

    live(g, 25 * HOUR);
    hear(g, SMOKE_A, METRIC_NONE, 0);
    assert_int_equal(g->town.out.alarms[0].alarm.state, ALARM_RETURNED);
    live(g, 2 * HOUR);
    shorten_silence(g, "missing for 1h");
    restart(g, 10 * HOUR);
    live(g, 0);
    assert_int_equal(g->town.out.alarm_count, 1);
    assert_int_equal(g->town.out.alarms[0].alarm.device, SMOKE_A);
    assert_int_equal(g->town.out.alarms[0].transition, TRANSITION_RERAISED);
}

static void silence_that_is_known_is_not_told_again(void **state)
{
    struct gateway *g = *state;

    live(g, 25 * HOUR);
    assert_int_equal(g->town.out.alarm_count, 2);
    restart(g, 10 * HOUR);
    live(g, 100 * HOUR);
    assert_int_equal(g->town.out.alarm_count, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(value_refreshed_by_quiet_readings_is_not_stale),
        T(value_not_refreshed_is_stale_in_time),
        T(quiet_readings_are_told_coarsely),
        T(down_time_is_given_back_to_values),
        T(the_rest_of_its_age_counts_on),
        T(down_time_is_given_back_over_several_restarts),
        T(uncovered_alarm_is_removed_and_its_task_withdrawn),
        T(removal_happens_once),
        T(removal_goes_before_what_the_first_step_brings),
        T(uncovered_alarm_without_a_task_is_removed),
        T(off_delay_without_an_alarm_is_dropped),
        T(off_delay_of_an_alarm_that_returned_is_dropped),
        T(on_delay_of_an_active_alarm_is_dropped),
        T(delay_that_fits_is_kept),
        T(due_time_of_a_submitted_task_is_dropped),
        T(silence_raises_again_though_the_last_one_is_unacknowledged),
        T(silence_that_is_known_is_not_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
