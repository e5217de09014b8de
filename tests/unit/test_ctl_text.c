/* ctl/ctl_text: widths on a terminal and times as people say them.  links: rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ctl/ctl_text.h"

static void chinese_takes_two_columns(void **state)
{
    (void)state;
    assert_int_equal(ctl_text_width("abc"), 3);
    assert_int_equal(ctl_text_width("烟感"), 4);
    assert_int_equal(ctl_text_width("3号楼"), 5);
    assert_int_equal(ctl_text_width("（一）"), 6); /* full-width brackets */
    assert_int_equal(ctl_text_width("°C"), 2);
    assert_int_equal(ctl_text_width("e\xCC\x81"), 1);        /* e and a combining accent */
    assert_int_equal(ctl_text_width("\xF0\xA0\x80\x80"), 2); /* a character of plane 2 */
    assert_int_equal(ctl_text_width(""), 0);
}

static void assert_fit(const char *text, unsigned max, const char *expected, unsigned width)
{
    struct buf out = { 0 };

    assert_int_equal(ctl_text_fit(text, max, &out), width);
    buf_append(&out, "", 1);
    assert_string_equal(out.bytes, expected);
    buf_done(&out);
}

static void text_is_cut_between_characters(void **state)
{
    (void)state;
    assert_fit("abcdef", 6, "abcdef", 6);
    assert_fit("abcdef", 5, "abcd…", 5);
    assert_fit("城南小区", 8, "城南小区", 8);
    assert_fit("城南小区", 7, "城南小…", 7);
    assert_fit("城南小区", 6, "城南…", 5); /* the third would take both last columns */
    assert_fit("城南小区", 0, "城南小区", 8);
    assert_fit("城", 1, "…", 1);
}

/* A device's name must not be able to move the cursor or reorder a line. */
static void what_harms_a_terminal_becomes_a_question_mark(void **state)
{
    (void)state;
    assert_fit("a\033[2Jb", 0, "a?[2Jb", 6);
    assert_fit("a\nb\tc", 0, "a?b?c", 5);
    assert_fit("a\xE2\x80\xAE"
               "b",
               0, "a?b", 3); /* right-to-left override */
    assert_fit("\xC2\x9B"
               "31m",
               0, "?31m", 4); /* a one-character CSI */
    assert_fit("a\xFF"
               "b",
               0, "a?b", 3);
    assert_fit("a\xE7\x83", 0, "a??", 3); /* cut in the middle of a character */
}

static void assert_relative(int64_t now_ms, int64_t at_ms, const char *expected)
{
    char text[CTL_TIME_SIZE];

    ctl_text_relative(now_ms, at_ms, text);
    assert_string_equal(text, expected);
}

static void times_are_told_as_people_say_them(void **state)
{
    const int64_t now_ms = INT64_C(1772323200000), min = 60000, hour = 60 * min;

    (void)state;
    assert_relative(now_ms, now_ms, "just now");
    assert_relative(now_ms, now_ms - 999, "just now");
    assert_relative(now_ms, now_ms - 59999, "59 s ago");
    assert_relative(now_ms, now_ms - 3 * min, "3 min ago");
    assert_relative(now_ms, now_ms - 25 * hour, "25 h ago");
    assert_relative(now_ms, now_ms - 49 * hour, "2 d ago");
    assert_relative(now_ms, now_ms + 2 * hour + 5, "in 2 h");
}

static void a_deadline_past_is_overdue(void **state)
{
    char text[CTL_TIME_SIZE];

    (void)state;
    ctl_text_deadline(1000000, 1000000 + 7200000, text);
    assert_string_equal(text, "in 2 h");
    ctl_text_deadline(1000000, 1000000 - 300000, text);
    assert_string_equal(text, "overdue 5 min");
    ctl_text_deadline(1000000, 1000000, text);
    assert_string_equal(text, "overdue 0 s");
}

static void the_year_is_told_only_when_it_is_another(void **state)
{
    const char *now = "2026-03-01T00:00:00.000+00:00";
    char text[CTL_TIME_SIZE];

    (void)state;
    ctl_text_time("2026-02-28T23:59:07.123+08:00", now, text);
    assert_string_equal(text, "02-28 23:59:07");
    ctl_text_time("2025-12-31T23:59:07.123+08:00", now, text);
    assert_string_equal(text, "2025-12-31 23:59:07");
    ctl_text_time(NULL, now, text);
    assert_string_equal(text, "-");
    ctl_text_time("soon", now, text);
    assert_string_equal(text, "soon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chinese_takes_two_columns),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(what_harms_a_terminal_becomes_a_question_mark),
        cmocka_unit_test(times_are_told_as_people_say_them),
        cmocka_unit_test(a_deadline_past_is_overdue),
        cmocka_unit_test(the_year_is_told_only_when_it_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
