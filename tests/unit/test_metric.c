/* Declared metrics: look-up and values as people read them. */
#include "model/metric.h"

#include <math.h>
#include <string.h>

#include "model/unit_of_measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const battery_words[] = { "ok", "low", "critical" };

static struct metric items[] = {
    { .name = "smoke", .type = METRIC_BOOL },
    { .name = "pressure", .type = METRIC_NUMBER },
    { .name = "battery_state", .type = METRIC_ENUM, .words = battery_words, .word_count = 3 },
    { .name = "count", .type = METRIC_NUMBER },
};
static const struct metrics metrics = { items, 4 };

static int setup(void **state)
{
    (void)state;
    items[1].unit = unit_find("MPa", 3);
    return items[1].unit > 0 ? 0 : -1;
}

static void metric_is_found_by_its_whole_name(void **state)
{
    (void)state;
    assert_int_equal(metrics_find(&metrics, "smoke", 5), 0);
    assert_int_equal(metrics_find(&metrics, "battery_state == low", 13), 2);
    assert_int_equal(metrics_find(&metrics, "smok", 4), METRIC_NONE);
    assert_int_equal(metrics_find(&metrics, "smoke2", 6), METRIC_NONE);
    assert_int_equal(metrics_find(&metrics, "", 0), METRIC_NONE);
    assert_int_equal(metrics_find(&(struct metrics){ NULL, 0 }, "smoke", 5), METRIC_NONE);
}

static void enum_word_is_found_by_its_whole_text(void **state)
{
    (void)state;
    assert_int_equal(metric_word(&items[2], "critical", 8), 2);
    assert_int_equal(metric_word(&items[2], "crit", 4), TCN_ENOENT);
    assert_int_equal(metric_word(&items[2], "LOW", 3), TCN_ENOENT);
    assert_int_equal(metric_word(&items[0], "ok", 2), TCN_ENOENT);
}

static void values_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        unsigned metric;
        double value;
        const char *text;
    } rows[] = {
        { 0, 0, "false" },
        { 0, 1, "true" },
        { 1, 0.048, "0.048 MPa" },
        { 1, 0.048f, "0.048 MPa" }, /* from a 32-bit float */
        { 1, -1, "-1 MPa" },
        { 2, 0, "ok" },
        { 2, 2, "critical" },
        { 2, 3, "?" },
        { 2, -1, "?" },
        { 2, NAN, "?" },
        { 3, 1234567, "1234567" },
    };
    char text[32];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        metric_format_value(&items[rows[i].metric], rows[i].value, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void small_buffer_is_still_terminated(void **state)
{
    (void)state;
    char text[4];

    metric_format_value(&items[2], 2, text, sizeof text);
    assert_string_equal(text, "cri");
    metric_format_value(&items[1], 0.048, text, sizeof text);
    assert_string_equal(text, "0.0");
    metric_format_value(&items[0], 1, text, 1);
    assert_string_equal(text, "");
}

static void types_have_words(void **state)
{
    (void)state;
    assert_string_equal(metric_type_word(METRIC_BOOL), "bool");
    assert_string_equal(metric_type_word(METRIC_NUMBER), "number");
    assert_string_equal(metric_type_word(METRIC_ENUM), "enum");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metric_is_found_by_its_whole_name),
        cmocka_unit_test(enum_word_is_found_by_its_whole_text),
        cmocka_unit_test(values_read_as_people_write_them),
        cmocka_unit_test(small_buffer_is_still_terminated),
        cmocka_unit_test(types_have_words),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
