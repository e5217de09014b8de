/* The hash map against a plain array, with keys that crowd together. */
#include "engine/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KEYS 512

static void behaves_like_an_array(void **state)
{
    struct map m = { 0 };
    uint32_t shadow[KEYS] = { 0 }; /* value + 1, 0: not in */
    uint64_t random = 88172645463325252u;
    uint32_t value;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint32_t key, what;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        key = (uint32_t)(random >> 11) % KEYS;
        what = (uint32_t)(random >> 40) % 3;
        if (what == 0) {
            assert_int_equal(map_remove(&m, key), shadow[key] != 0);
            shadow[key] = 0;
        } else {
            assert_int_equal(map_put(&m, key, (uint32_t)i), TCN_OK);
            shadow[key] = (uint32_t)i + 1;
        }
        key = (key * 7 + 1) % KEYS;
        assert_int_equal(map_get(&m, key, &value), shadow[key] != 0);
        if (shadow[key] != 0)
            assert_int_equal(value, shadow[key] - 1);
    }
    map_done(&m);
}

static void empty_map_has_nothing(void **state)
{
    struct map m = { 0 };

    (void)state;
    assert_false(map_get(&m, 0, NULL));
    assert_false(map_remove(&m, 0));
    assert_int_equal(map_put(&m, 0, 5), TCN_OK);
    assert_true(map_get(&m, 0, NULL));
    map_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_an_array),
        cmocka_unit_test(empty_map_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
