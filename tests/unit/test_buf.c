/* The growing buffer, with an allocator that can be told to fail. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int allocations_left = -1; /* -1: no limit */

static void *limited_realloc(void *memory, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return realloc(memory, size);
}

#define realloc limited_realloc
#include "base/buf.c"
#undef realloc

static void appends_add_up_and_end_in_nul(void **state)
{
    (void)state;
    struct buf b = { 0 };

    buf_text(&b, "fire");
    buf_append(&b, " and\0smoke", 10);
    buf_format(&b, " %d", 42);
    assert_int_equal(b.len, 17);
    assert_memory_equal(b.bytes, "fire and\0smoke 42", 18);
    assert_false(b.failed);
    buf_done(&b);
    assert_null(b.bytes);
    assert_int_equal(b.len, 0);
}

static void empty_appends_need_no_memory(void **state)
{
    (void)state;
    struct buf b = { 0 };

    buf_append(&b, NULL, 0);
    buf_text(&b, "");
    assert_int_equal(b.len, 0);
    assert_null(b.bytes);
    buf_done(&b);
}

static void growing_loses_nothing(void **state)
{
    (void)state;
    struct buf b = { 0 };

    for (int i = 0; i < 10000; i++)
        buf_format(&b, "%04d,", i);
    assert_int_equal(b.len, 50000);
    assert_memory_equal(b.bytes + 5 * 777, "0777,", 5);
    assert_int_equal(b.bytes[b.len], '\0');
    buf_done(&b);
}

/* A formatted text that needs more than what is left is made twice, never cut. */
static void long_format_into_a_nearly_full_buffer_is_whole(void **state)
{
    (void)state;
    struct buf b = { 0 };
    char text[1000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    buf_format(&b, "%s", text);
    buf_format(&b, "<%s>", text);
    assert_int_equal(b.len, 999 + 1001);
    assert_int_equal(b.bytes[999], '<');
    assert_int_equal(b.bytes[b.len - 1], '>');
    buf_done(&b);
}

static void reset_keeps_memory_and_forgets_the_error(void **state)
{
    (void)state;
    struct buf b = { 0 };

    buf_text(&b, "something");
    char *memory = b.bytes;
    b.failed = true;
    buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_false(b.failed);
    buf_text(&b, "x");
    assert_ptr_equal(b.bytes, memory);
    assert_string_equal(b.bytes, "x");
    buf_done(&b);
}

/* What is in the buffer stays readable; nothing is added any more. */
static void failure_sticks_at_every_allocation(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++) {
        struct buf b = { 0 };
        char text[200];

        memset(text, 'y', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        allocations_left = n;
        while (!b.failed)
            buf_format(&b, "%s", text);
        size_t len = b.len;
        allocations_left = -1;
        buf_text(&b, "more");
        buf_format(&b, "%d", 1);
        assert_int_equal(b.len, len);
        assert_true(b.failed);
        if (len > 0)
            assert_int_equal(strlen(b.bytes), len);
        buf_done(&b);
        assert_false(b.failed);
    }
}

static void limit_is_kept(void **state)
{
    (void)state;
    struct buf b = { 0 };
    char *great = calloc(1, BUF_MAX);

    assert_non_null(great);
    buf_text(&b, "x");
    buf_append(&b, great, BUF_MAX - 1);
    assert_false(b.failed);
    assert_int_equal(b.len, BUF_MAX);
    buf_text(&b, "y");
    assert_true(b.failed);
    assert_int_equal(b.len, BUF_MAX);
    buf_done(&b);
    free(great);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_add_up_and_end_in_nul),
        cmocka_unit_test(empty_appends_need_no_memory),
        cmocka_unit_test(growing_loses_nothing),
        cmocka_unit_test(long_format_into_a_nearly_full_buffer_is_whole),
        cmocka_unit_test(reset_keeps_memory_and_forgets_the_error),
        cmocka_unit_test(failure_sticks_at_every_allocation),
        cmocka_unit_test(limit_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
