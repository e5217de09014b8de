/* Conditions and topics when memory runs out: an arena of this test's own takes the place of
 * base/arena.c and fails at the n-th request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/expr.h"
#include "model/topic.h"
#include "unit/expr_metrics.h"

static int until_failure;
static void *given[64];
static size_t given_count;

void arena_done(struct arena *a)
{
    (void)a;
    while (given_count > 0)
        free(given[--given_count]);
}

void *arena_alloc(struct arena *a, size_t size)
{
    (void)a;
    if (until_failure-- == 0)
        return NULL;
    assert_true(given_count < sizeof given / sizeof given[0]);
    return given[given_count++] = calloc(1, size > 0 ? size : 1);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    return arena_alloc(a, count * size);
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

static void condition_is_untouched_when_memory_runs_out(void **state)
{
    const struct metrics m = expr_metrics();
    int rc = TCN_ENOMEM, tries;

    (void)state;
    for (tries = 0; rc == TCN_ENOMEM; tries++) {
        struct arena arena = { 0 };
        struct expr_error error = { 0 };
        struct expr e, before;

        memset(&e, 0xA5, sizeof e);
        memcpy(&before, &e, sizeof e);
        until_failure = tries;
        rc = expr_compile("smoke and not test or missing for 5h", &m, &arena, &e, &error);
        if (rc != TCN_OK) {
            assert_int_equal(rc, TCN_ENOMEM);
            assert_string_equal(error.text, "memory ran out");
            assert_memory_equal(&e, &before, sizeof e);
        }
        arena_done(&arena);
    }
    assert_int_equal(rc, TCN_OK);
    assert_in_range(tries, 4, 10); /* each request failed once */
}

static void pattern_is_untouched_when_memory_runs_out(void **state)
{
    int rc = TCN_ENOMEM, tries;

    (void)state;
    for (tries = 0; rc == TCN_ENOMEM; tries++) {
        struct arena arena = { 0 };
        struct tcn_fail fail = { 0 };
        struct topic_pattern p, before;

        memset(&p, 0xA5, sizeof p);
        memcpy(&before, &p, sizeof p);
        until_failure = tries;
        rc = topic_compile("a/x-{id}-y/+/{rest...}/#", &arena, &p, NULL, &fail);
        if (rc != TCN_OK) {
            assert_int_equal(rc, TCN_ENOMEM);
            assert_int_equal(fail.code, TCN_ENOMEM);
            assert_memory_equal(&p, &before, sizeof p);
        }
        arena_done(&arena);
    }
    assert_int_equal(rc, TCN_OK);
    assert_in_range(tries, 8, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(condition_is_untouched_when_memory_runs_out),
        cmocka_unit_test(pattern_is_untouched_when_memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
