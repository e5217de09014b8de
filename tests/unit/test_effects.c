/* What steps put out: appending, emptying, and running out of memory. */
#include "model/effects.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int allocations_left = -1; /* -1: no limit */
static unsigned allocations;

static void *limited_realloc(void *memory, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    allocations++;
    return realloc(memory, size);
}

#define realloc limited_realloc
#include "model/effects.c"
#undef realloc

static void append_one_of_each(struct effects *e)
{
    (void)effects_alarm(e);
    (void)effects_task(e);
    (void)effects_notice(e);
    (void)effects_reply(e);
    (void)effects_point(e);
    (void)effects_value(e);
    (void)effects_object(e);
    (void)effects_heard(e);
}

static void appended_elements_are_zeroed_and_kept(void **state)
{
    (void)state;
    struct effects e = { 0 };

    for (uint32_t i = 0; i < 1000; i++) {
        struct value_change *v = effects_value(&e);
        assert_int_equal(v->device, 0);
        assert_int_equal(v->heard_ms, 0);
        v->device = i;
        v->heard_ms = -1;
    }
    assert_int_equal(e.value_count, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(e.values[i].device, i);
    effects_done(&e);
    assert_null(e.values);
    assert_int_equal(e.value_cap, 0);
}

/* Any single kind of content must be committed; the counters alone need not. */
static void empty_means_nothing_to_commit(void **state)
{
    (void)state;
    struct effects e = { 0 };

    e.id_counter = 7;
    e.mono_ms = 8;
    assert_true(effects_empty(&e));
#define NOT_EMPTY_WITH(append)                                                                     \
    do {                                                                                           \
        (void)append(&e);                                                                          \
        assert_false(effects_empty(&e));                                                           \
        effects_reset(&e);                                                                         \
        assert_true(effects_empty(&e));                                                            \
    } while (0)
    NOT_EMPTY_WITH(effects_alarm);
    NOT_EMPTY_WITH(effects_task);
    NOT_EMPTY_WITH(effects_notice);
    NOT_EMPTY_WITH(effects_reply);
    NOT_EMPTY_WITH(effects_point);
    NOT_EMPTY_WITH(effects_value);
    NOT_EMPTY_WITH(effects_object);
    NOT_EMPTY_WITH(effects_heard);
    assert_int_equal(e.id_counter, 0);
    assert_int_equal(e.mono_ms, 0);
    effects_done(&e);
}

static void steady_running_allocates_nothing(void **state)
{
    (void)state;
    struct effects e = { 0 };

    for (int i = 0; i < 100; i++)
        append_one_of_each(&e);
    unsigned before = allocations;
    for (int round = 0; round < 50; round++) {
        effects_reset(&e);
        for (int i = 0; i < 100; i++)
            append_one_of_each(&e);
    }
    assert_int_equal(allocations, before);
    assert_int_equal(e.alarm_count, 100);
    /* What was there before the reset must not shine through. */
    e.alarms[0].seq = 99;
    effects_reset(&e);
    assert_int_equal(effects_alarm(&e)->seq, 0);
    effects_done(&e);
}

static void growth_is_amortised(void **state)
{
    (void)state;
    struct effects e = { 0 };
    unsigned before = allocations;

    for (int i = 0; i < 100000; i++)
        (void)effects_heard(&e);
    assert_true(allocations - before < 20);
    effects_done(&e);
}

/* Whichever allocation fails: the caller can write to what it gets, and the failure is not
 * forgotten, neither by later appends that succeed nor by a reset. */
static void failure_is_safe_and_sticky_at_every_allocation(void **state)
{
    (void)state;
    for (int n = 0; n < 12; n++) {
        struct effects e = { 0 };
        allocations_left = n;
        for (int i = 0; i < 40; i++) {
            append_one_of_each(&e);
            effects_task(&e)->step_number = 1;
            effects_notice(&e)->seq = 1;
        }
        assert_true(e.failed);
        assert_true(e.alarm_count <= e.alarm_cap);
        assert_true(e.task_count <= e.task_cap);
        allocations_left = -1;
        append_one_of_each(&e);
        assert_true(e.failed);
        effects_reset(&e);
        assert_true(e.failed);
        effects_done(&e);
        assert_false(e.failed);
    }
}

static void failed_append_counts_nothing(void **state)
{
    (void)state;
    struct effects e = { 0 };

    allocations_left = 0;
    struct notice *dummy = effects_notice(&e);
    dummy->seq = 5;
    assert_int_equal(effects_notice(&e)->seq, 0); /* zeroed each time */
    allocations_left = -1;
    assert_int_equal(e.notice_count, 0);
    assert_true(effects_empty(&e));
    assert_true(e.failed);
    effects_done(&e);
}

static void snapshot_gives_back_all_its_arrays(void **state)
{
    (void)state;
    struct snapshot s = {
        .alarms = malloc(1),
        .tasks = malloc(1),
        .points = malloc(1),
        .values = malloc(1),
        .objects = malloc(1),
        .heard = malloc(1),
        .replies = malloc(1),
        .topics = malloc(1),
        .alarm_count = 1,
        .epoch = 3,
    };

    snapshot_done(&s); /* the leak check watches */
    assert_null(s.alarms);
    assert_int_equal(s.alarm_count, 0);
    snapshot_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_elements_are_zeroed_and_kept),
        cmocka_unit_test(empty_means_nothing_to_commit),
        cmocka_unit_test(steady_running_allocates_nothing),
        cmocka_unit_test(growth_is_amortised),
        cmocka_unit_test(failure_is_safe_and_sticky_at_every_allocation),
        cmocka_unit_test(failed_append_counts_nothing),
        cmocka_unit_test(snapshot_gives_back_all_its_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
