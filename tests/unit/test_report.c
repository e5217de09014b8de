/* The list of what is wrong, as people see it. */
#include "base/report.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_printed(const struct report *r, const char *want)
{
    struct buf out = { 0 };

    report_print(r, &out);
    assert_false(out.failed);
    assert_string_equal(out.bytes, want);
    buf_done(&out);
}

static void excerpt(struct report *r, const char *line, uint32_t width)
{
    report_excerpt(r, line, strlen(line), width);
}

static void empty_report_says_so(void **state)
{
    (void)state;
    struct report r = { 0 };

    assert_printed(&r, "no errors\n");
    report_done(&r);
}

static void spot_is_underlined(void **state)
{
    (void)state;
    struct report r = { 0 };

    report_error(&r, "rules/water.yaml", 7, 11, "unknown metric '%s': did you mean 'pressure'?",
                 "presure");
    excerpt(&r, "    when: presure < 50 kPa\r\n", 7);
    assert_printed(&r, "rules/water.yaml:7:11: unknown metric 'presure': did you mean 'pressure'?\n"
                       "      when: presure < 50 kPa\n"
                       "            ^~~~~~~\n"
                       "1 error\n");
    report_done(&r);
}

/* Chinese characters are one column of the file and two of the terminal. */
static void caret_stands_under_wide_characters(void **state)
{
    (void)state;
    struct report r = { 0 };

    report_error(&r, "a.csv", 2, 4, "what is this?");
    excerpt(&r, "火警,烟x,1", 2);
    assert_printed(&r, "a.csv:2:4: what is this?\n"
                       "  火警,烟x,1\n"
                       "       ^~~\n"
                       "1 error\n");
    report_done(&r);
}

static void caret_may_stand_behind_the_end(void **state)
{
    (void)state;
    struct report r = { 0 };

    report_error(&r, "a.yaml", 1, 4, "something is missing");
    excerpt(&r, "for", 0);
    assert_printed(&r, "a.yaml:1:4: something is missing\n"
                       "  for\n"
                       "     ^\n"
                       "1 error\n");
    report_done(&r);
}

static void entries_are_ordered_by_place(void **state)
{
    (void)state;
    struct report r = { 0 };

    report_warning(&r, "b.yaml", 1, 1, "w");
    report_error(&r, "a.yaml", 10, 2, "later");
    report_error(&r, "a.yaml", 9, 0, "earlier");
    report_error(&r, "a.yaml", 10, 1, "before");
    report_error(&r, "a.yaml", 10, 1, "same spot");
    report_error(&r, "a.yaml", 0, 0, "whole file");
    report_error(&r, NULL, 0, 0, "everything");
    assert_printed(&r, "everything\n"
                       "a.yaml: whole file\n"
                       "a.yaml:9: earlier\n"
                       "a.yaml:10:1: before\n"
                       "a.yaml:10:1: same spot\n"
                       "a.yaml:10:2: later\n"
                       "b.yaml:1:1: warning: w\n"
                       "6 errors, 1 warning\n");
    report_done(&r);
}

static void warnings_alone_are_no_errors(void **state)
{
    (void)state;
    struct report r = { 0 };

    report_warning(&r, "a", 1, 1, "one");
    report_warning(&r, "a", 1, 1, "two");
    assert_int_equal(r.errors, 0);
    assert_printed(&r, "a:1:1: warning: one\na:1:1: warning: two\n2 warnings\n");
    report_done(&r);
}

static void long_report_is_cut_and_counted(void **state)
{
    (void)state;
    struct report r = { 0 };
    struct buf out = { 0 };

    for (uint32_t i = 1; i <= REPORT_MAX + 23; i++) {
        report_error(&r, "a.csv", i, 1, "bad line");
        excerpt(&r, "line", 1); /* of one that is not kept: must not land elsewhere */
    }
    assert_int_equal(r.count, REPORT_MAX);
    assert_int_equal(r.errors, REPORT_MAX + 23);
    report_print(&r, &out);
    assert_non_null(strstr(out.bytes, "and 23 more, not shown\n123 errors\n"));
    buf_done(&out);
    report_done(&r);
}

/* What makes the configuration unusable must not drown in warnings. */
static void error_takes_the_place_of_a_warning(void **state)
{
    (void)state;
    struct report r = { 0 };
    struct buf out = { 0 };

    for (uint32_t i = 1; i <= REPORT_MAX; i++)
        report_warning(&r, "a.csv", i, 1, "odd");
    report_error(&r, "z.csv", 1, 1, "wrong");
    excerpt(&r, "here", 1);
    report_print(&r, &out);
    assert_non_null(strstr(out.bytes, "z.csv:1:1: wrong\n  here\n  ^\nand 1 more"));
    assert_non_null(strstr(out.bytes, "1 error, 100 warnings\n"));
    buf_done(&out);
    report_done(&r);
}

/* A terminal must not be steered by a file's content. */
static void control_characters_are_shown_harmless(void **state)
{
    (void)state;
    struct report r = { 0 };

    report_error(&r, "a", 1, 2, "bad value '%s'", "\x1b[2J");
    excerpt(&r, "\t\x1b[2J\xFFz", 1);
    assert_printed(&r, "a:1:2: bad value '?[2J'\n"
                       "   ?[2J?z\n"
                       "   ^\n"
                       "1 error\n");
    report_done(&r);
}

static void long_line_is_shown_around_the_spot(void **state)
{
    (void)state;
    struct report r = { 0 };
    struct buf out = { 0 };
    char line[900];

    memset(line, '-', sizeof line);
    memcpy(line + 499, "WRONG", 5);
    report_error(&r, "a", 1, 500, "wrong");
    report_excerpt(&r, line, sizeof line, 5);
    report_print(&r, &out);
    const char *shown = strchr(out.bytes, '\n') + 1;
    const char *marks = strchr(shown, '\n') + 1;
    assert_memory_equal(shown, "  ...--", 7);
    assert_true(strcspn(shown, "\n") < 140);
    assert_memory_equal(strchr(shown, '\n') - 3, "...", 3);
    assert_int_equal(strcspn(shown, "W"), strcspn(marks, "^"));
    assert_memory_equal(marks + strcspn(marks, "^"), "^~~~~\n", 6);
    buf_done(&out);
    report_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_report_says_so),
        cmocka_unit_test(spot_is_underlined),
        cmocka_unit_test(caret_stands_under_wide_characters),
        cmocka_unit_test(caret_may_stand_behind_the_end),
        cmocka_unit_test(entries_are_ordered_by_place),
        cmocka_unit_test(warnings_alone_are_no_errors),
        cmocka_unit_test(long_report_is_cut_and_counted),
        cmocka_unit_test(error_takes_the_place_of_a_warning),
        cmocka_unit_test(control_characters_are_shown_harmless),
        cmocka_unit_test(long_line_is_shown_around_the_spot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
