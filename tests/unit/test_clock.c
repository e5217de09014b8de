/* base/clock.h: the one place that reads clocks, so that its test has to read them, too.
 * links: rest (clock.c is not part of core.a) */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"

#define HOUR        INT64_C(3600000)
#define MANY        200000
#define ROUNDING_MS 1 /* two clocks are cut to milliseconds, each on its own */

static int64_t wall_clock_ms(void)
{
    struct timespec t;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void expect_between(int64_t value, int64_t low, int64_t high)
{
    if (value < low - ROUNDING_MS || value > high + ROUNDING_MS)
        fail_msg("%lld is not between %lld and %lld", (long long)value, (long long)low,
                 (long long)high);
}

static void engine_time_starts_at_the_wall_clock(void **state)
{
    int64_t before = wall_clock_ms();
    struct tcn_clock c;
    struct tcn_now now;

    (void)state;
    tcn_clock_init(&c, before - HOUR, 0); /* the last run ended an hour ago */
    now = tcn_clock_now(&c);
    expect_between(now.mono_ms, before, wall_clock_ms());
    expect_between(now.wall_ms, before, wall_clock_ms());
}

/* A box that boots with its wall clock in the past: engine time goes on where it was. */
static void engine_time_starts_at_the_last_committed_one_if_later(void **state)
{
    int64_t before = wall_clock_ms(), last = before + HOUR;
    struct tcn_clock c;
    struct tcn_now now;

    (void)state;
    tcn_clock_init(&c, last, 0);
    now = tcn_clock_now(&c);
    expect_between(now.mono_ms, last, last + wall_clock_ms() - before);
    expect_between(now.wall_ms, before, wall_clock_ms()); /* has its own floor */
}

static void wall_time_is_not_shown_below_its_floor(void **state)
{
    int64_t before = wall_clock_ms();
    struct tcn_clock c;
    struct tcn_now now;

    (void)state;
    tcn_clock_init(&c, 0, before + HOUR);
    now = tcn_clock_now(&c);
    assert_int_equal(now.wall_ms, before + HOUR);
    expect_between(now.mono_ms, before, wall_clock_ms()); /* has its own start */
}

/* Over many calls, and across the moment in which the wall clock passes the floor. */
static void neither_time_goes_back(void **state)
{
    struct tcn_clock c;
    struct tcn_now last, now;
    int64_t floor_ms = wall_clock_ms() + 5;

    (void)state;
    tcn_clock_init(&c, 0, floor_ms);
    last = tcn_clock_now(&c);
    assert_true(last.wall_ms >= floor_ms);
    for (int i = 0; i < MANY || now.wall_ms == floor_ms; i++) {
        now = tcn_clock_now(&c);
        assert_true(now.mono_ms >= last.mono_ms);
        assert_true(now.wall_ms >= last.wall_ms);
        last = now;
    }
    assert_true(now.wall_ms > floor_ms);
}

/* A second clock of the same process, as after store_load(), does not go behind the first. */
static void a_clock_set_again_goes_on(void **state)
{
    struct tcn_clock first, second;
    struct tcn_now committed, now;

    (void)state;
    tcn_clock_init(&first, wall_clock_ms() + 24 * HOUR, wall_clock_ms() + 48 * HOUR);
    committed = tcn_clock_now(&first);
    tcn_clock_init(&second, committed.mono_ms, committed.wall_ms);
    now = tcn_clock_now(&second);
    assert_true(now.mono_ms >= committed.mono_ms);
    assert_true(now.wall_ms >= committed.wall_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_time_starts_at_the_wall_clock),
        cmocka_unit_test(engine_time_starts_at_the_last_committed_one_if_later),
        cmocka_unit_test(wall_time_is_not_shown_below_its_floor),
        cmocka_unit_test(neither_time_goes_back),
        cmocka_unit_test(a_clock_set_again_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
