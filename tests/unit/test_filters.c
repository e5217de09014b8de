/* intake/filters.h. links: rest (the folder is not part of core.a) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "intake/filters.h"

static void filter_covers_what_it_matches(void **state)
{
    static const struct {
        const char *a, *b;
        bool covers;
    } rows[] = {
        { "a/b", "a/b", true },     { "a/b", "a/c", false },      { "a/b", "a/b/c", false },
        { "a/b/c", "a/b", false },  { "a/+", "a/b", true },       { "a/+", "a/", true },
        { "a/+", "a", false },      { "a/+", "a/b/c", false },    { "a/#", "a/b/c", true },
        { "a/#", "a", true },       { "a/#", "ab", false },       { "#", "a/b/c", true },
        { "#", "/", true },         { "+/+", "/", true },         { "+", "/", false },
        { "a/+", "a/+", true },     { "a/b", "a/+", false },      { "a/+", "a/#", false },
        { "a/#", "a/+/c", true },   { "a/#", "a/#", true },       { "a/+/c", "a/#", false },
        { "+/b", "a/b", true },     { "+/b", "+/b", true },       { "#", "$SYS/x", false },
        { "+/x", "$SYS/x", false }, { "$SYS/#", "$SYS/x", true }, { "#", "$SYS/#", false },
        { "a/+/c", "a/b/c", true }, { "a/+/+", "a/b/#", false },  { "/a", "a", false },
        { "+/#", "a", true },       { "#", "+/b", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (filter_covers(rows[i].a, rows[i].b, strlen(rows[i].b)) != rows[i].covers)
            fail_msg("'%s' over '%s'", rows[i].a, rows[i].b);
}

static void covered_filters_are_left_out(void **state)
{
    struct filters f;

    (void)state;
    assert_int_equal(filters_init(&f, 8), TCN_OK);
    filters_add(&f, "z/+/availability", 1);
    filters_add(&f, "frigate/events", 0);
    filters_add(&f, "frigate/events", 1);
    filters_add(&f, "z/a/state", 0);
    assert_int_equal(f.count, 3);
    filters_add(&f, "z/#", 0); /* takes two in, and the higher QoS of them */
    assert_int_equal(f.count, 2);
    assert_string_equal(f.items[0], "frigate/events");
    assert_int_equal(f.qos[0], 1);
    assert_string_equal(f.items[1], "z/#");
    assert_int_equal(f.qos[1], 1);
    filters_add(&f, "z/b", 1);
    assert_int_equal(f.count, 2);
    assert_true(filters_match(&f, "z/anything/at/all", 17));
    assert_false(filters_match(&f, "frigate/events/x", 16));
    filters_done(&f);
    assert_int_equal(f.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_covers_what_it_matches),
        cmocka_unit_test(covered_filters_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
