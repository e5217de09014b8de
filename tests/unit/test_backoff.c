/* link/backoff.h. links: rest (the folder is not part of core.a) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "link/backoff.h"

static void first_retry_is_quick(void **state)
{
    (void)state;
    for (uint64_t r = 0; r < 5000; r++) {
        int64_t d = backoff_delay_ms(1000, 60000, 0, r);
        assert_in_range(d, BACKOFF_FLOOR_MS, BACKOFF_QUICK_MS);
    }
}

static int64_t longest(int64_t min_ms, int64_t max_ms, unsigned attempt)
{
    int64_t most = 0;
    for (uint64_t r = 0; r < 200000; r++) {
        int64_t d = backoff_delay_ms(min_ms, max_ms, attempt, r);
        most = d > most ? d : most;
    }
    return most;
}

static void bound_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    assert_int_equal(longest(1000, 60000, 1), 1000);
    assert_int_equal(longest(1000, 60000, 2), 2000);
    assert_int_equal(longest(1000, 60000, 3), 4000);
    assert_int_equal(longest(1000, 60000, 7), 60000);
    assert_int_equal(longest(1000, 60000, 4000000000u), 60000);
}

static void jitter_is_full(void **state)
{
    (void)state;
    assert_int_equal(backoff_delay_ms(1000, 60000, 7, 0), BACKOFF_FLOOR_MS);
}

static void odd_settings_stay_in_bounds(void **state)
{
    (void)state;
    assert_in_range(backoff_delay_ms(0, 0, 5, UINT64_MAX), BACKOFF_FLOOR_MS, BACKOFF_FLOOR_MS);
    assert_in_range(backoff_delay_ms(5000, 100, 3, UINT64_MAX), BACKOFF_FLOOR_MS, 100);
    assert_in_range(backoff_delay_ms(100, INT64_MAX / 2, 900, UINT64_MAX), BACKOFF_FLOOR_MS,
                    INT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_retry_is_quick),
        cmocka_unit_test(bound_doubles_up_to_the_maximum),
        cmocka_unit_test(jitter_is_full),
        cmocka_unit_test(odd_settings_stay_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
