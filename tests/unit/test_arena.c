/* The arena, with an allocator that can be told to fail. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int allocations_left = -1; /* -1: no limit */

static void *limited_calloc(size_t count, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return calloc(count, size);
}

#define calloc limited_calloc
#include "base/arena.c"
#undef calloc

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a = { 0 };
    unsigned char *last = NULL;

    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *piece = arena_alloc(&a, size);
        assert_non_null(piece);
        assert_ptr_not_equal(piece, last);
        assert_int_equal((uintptr_t)piece & 7, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(piece[i], 0);
        memset(piece, 0xA5, size); /* the sanitizer and the next check watch the borders */
        last = piece;
    }
    arena_done(&a);
    assert_null(a.blocks);
}

static void great_and_small_pieces_mix(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char *small = arena_text(&a, "small", 5);
    char *great = arena_alloc(&a, 1000000);
    char *next = arena_text(&a, "next", 4);

    assert_non_null(great);
    memset(great, 'x', 1000000);
    assert_string_equal(small, "small");
    assert_string_equal(next, "next");
    assert_ptr_equal(next, small + 8); /* the first block stays in use */
    arena_done(&a);
}

static void text_is_copied_and_terminated(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char text[] = "zone-1,rest";
    char *copy = arena_text(&a, text, 6);

    memset(text, '?', sizeof text);
    assert_string_equal(copy, "zone-1");
    assert_string_equal(arena_text(&a, NULL, 0), "");
    arena_done(&a);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(arena_array(&a, SIZE_MAX, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 7));
    assert_null(arena_text(&a, "x", SIZE_MAX));
    assert_non_null(arena_array(&a, 0, 8));
    arena_done(&a);
}

static void running_out_of_memory_keeps_what_there_is(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char *text = arena_text(&a, "kept", 4);

    allocations_left = 0;
    assert_null(arena_alloc(&a, 100000));
    assert_null(arena_array(&a, 1000, 1000));
    assert_non_null(arena_alloc(&a, 100)); /* the first block still has room */
    allocations_left = -1;
    assert_string_equal(text, "kept");
    arena_done(&a);
    arena_done(&a); /* twice is harmless */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(great_and_small_pieces_mix),
        cmocka_unit_test(text_is_copied_and_terminated),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(running_out_of_memory_keeps_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
