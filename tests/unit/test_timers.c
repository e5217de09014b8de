/* The timer heap: order, ties, stopping, handles. */
#include "engine/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void come_out_by_deadline_then_kind_then_tie(void **state)
{
    struct timers t = { 0 };
    static const int64_t DEADLINES[] = { 50, 10, 50, 30, 10, 20 };
    static const uint32_t ORDER[] = { 4, 1, 5, 3, 2, 0 }; /* the later started has the lower tie */

    (void)state;
    assert_true(timers_deadline_ms(&t) == TCN_NEVER);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_not_equal(timers_start(&t, DEADLINES[i], TIMER_TASK, 100 - i, i, 0), 0);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(timers_deadline_ms(&t), DEADLINES[ORDER[i]]);
        assert_int_equal(timers_take(&t).a, ORDER[i]);
    }
    assert_true(timers_deadline_ms(&t) == TCN_NEVER);
    timers_done(&t);
}

/* Random starts and stops against a plain search. */
static void random_stops_leave_the_order_right(void **state)
{
    enum { MAX = 300 };
    struct timers t = { 0 };
    uint32_t handles[MAX] = { 0 };
    int64_t deadlines[MAX];
    uint64_t random = 42;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        uint32_t at;
        int64_t first = TCN_NEVER;

        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        at = (uint32_t)(random >> 33) % MAX;
        if (handles[at] != 0) {
            timers_stop(&t, handles[at]);
            handles[at] = 0;
        } else {
            deadlines[at] = (int64_t)(random >> 50);
            handles[at] = timers_start(&t, deadlines[at], TIMER_POINT, at, at, 0);
            assert_int_equal(timers_peek(&t, handles[at])->deadline_ms, deadlines[at]);
        }
        for (int j = 0; j < MAX; j++) {
            if (handles[j] != 0 && deadlines[j] < first)
                first = deadlines[j];
        }
        assert_true(timers_deadline_ms(&t) == first);
    }
    timers_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_out_by_deadline_then_kind_then_tie),
        cmocka_unit_test(random_stops_leave_the_order_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
