/* The mapper on plain text messages, as ESPHome and Frigate's counters send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/gauge.h"

static int set_up(void **state)
{
    struct gauge *g = malloc(sizeof *g);

    gauge_new(g);
    gauge_source(g, "node/{device}/state", CODEC_TEXT, "{device}");
    *state = g;
    return 0;
}

static int tear_down(void **state)
{
    gauge_done(*state);
    free(*state);
    return 0;
}

static void expect_one(const struct gauge *g, enum quality quality, double value)
{
    assert_false(g->result.rejected);
    assert_int_equal(g->result.count, 1);
    assert_int_equal(g->result.readings[0].device, G_SMOKE);
    assert_int_equal(g->result.readings[0].quality, quality);
    assert_float_equal(g->result.readings[0].value, value, 1e-9);
}

static void words_and_numbers_are_read_without_blanks(void **state)
{
    struct gauge *g = *state;

    gauge_reading(g, GM_SMOKE, ".");
    gauge_send(g, "node/smoke-1/state", "ON");
    expect_one(g, QUALITY_GOOD, 1);
    gauge_send(g, "node/smoke-1/state", "off\r\n");
    expect_one(g, QUALITY_GOOD, 0);
    gauge_send(g, "node/smoke-1/state", "unavailable");
    expect_one(g, QUALITY_BAD, 0);
    g->readings[0][0].metric = GM_TEMPERATURE;
    gauge_send(g, "node/smoke-1/state", " -21.5 ");
    expect_one(g, QUALITY_GOOD, -21.5);
    gauge_send(g, "node/smoke-1/state", "nan");
    expect_one(g, QUALITY_BAD, 0);
    gauge_send(g, "node/smoke-1/state", "-");
    expect_one(g, QUALITY_BAD, 0);
    gauge_send(g, "node/smoke-1/state", "99999999999999999999999999999999999999999999999999999");
    expect_one(g, QUALITY_BAD, 0);
}

static void empty_text_is_absence_and_no_sign_of_life(void **state)
{
    struct gauge *g = *state;

    g->items[0].alive = true;
    gauge_reading(g, GM_SMOKE, NULL);
    gauge_reading(g, GM_SMOKE, ".");
    gauge_send_bytes(g, "node/smoke-1/state", NULL, 0, true);
    assert_int_equal(g->result.count, 0);
    assert_false(g->result.rejected);
    g->readings[0][1].absent = ABSENT_UNKNOWN;
    gauge_send_bytes(g, "node/smoke-1/state", "", 0, false);
    expect_one(g, QUALITY_BAD, 0);
}

static void binary_on_a_text_topic_is_refused(void **state)
{
    struct gauge *g = *state;

    gauge_reading(g, GM_SMOKE, ".");
    gauge_send(g, "node/smoke-1/state", "\xFF\xD8\xFF\xE0JFIF");
    assert_int_equal(g->result.count, 0);
    assert_true(g->result.rejected);
    assert_int_equal(g->result.reason, REJECT_NOT_UTF8);
}

static void text_with_a_nul_in_it_is_no_known_word(void **state)
{
    struct gauge *g = *state;

    gauge_reading(g, GM_SMOKE, ".");
    gauge_send_bytes(g, "node/smoke-1/state", "ON\0", 3, false);
    expect_one(g, QUALITY_BAD, 0);
}

static void counter_becomes_a_state_by_conditions(void **state)
{
    static const char *const one[] = { "1", NULL };
    static const char *const zero[] = { "0", NULL };
    struct gauge *g = *state;
    struct mapped_reading *r = gauge_reading(g, GM_EXIT_BLOCKED, NULL);

    r->when = gauge_condition(g, ".", COND_GE, one);
    r->when_count = 1;
    r = gauge_reading(g, GM_EXIT_BLOCKED, NULL);
    r->constant = 0;
    r->when = gauge_condition(g, ".", COND_EQ, zero);
    r->when_count = 1;
    gauge_send(g, "node/smoke-1/state", "2");
    expect_one(g, QUALITY_GOOD, 1);
    gauge_send(g, "node/smoke-1/state", "0");
    expect_one(g, QUALITY_GOOD, 0);
    gauge_send(g, "node/smoke-1/state", "two");
    assert_int_equal(g->result.count, 0);
}

static void pointer_into_text_leads_nowhere(void **state)
{
    struct gauge *g = *state;

    gauge_reading(g, GM_SMOKE, "/s")->absent = ABSENT_UNKNOWN;
    gauge_send(g, "node/smoke-1/state", "{\"s\":true}");
    expect_one(g, QUALITY_BAD, 0);
}

static void capture_can_be_the_value(void **state)
{
    struct gauge *g = *state;

    gauge_source(g, "say/{device}/{word}", CODEC_TEXT, "{device}");
    gauge_reading(g, GM_SMOKE, "{word}");
    gauge_send(g, "say/smoke-1/ON", "whatever");
    expect_one(g, QUALITY_GOOD, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(words_and_numbers_are_read_without_blanks),
        T(empty_text_is_absence_and_no_sign_of_life),
        T(binary_on_a_text_topic_is_refused),
        T(text_with_a_nul_in_it_is_no_known_word),
        T(counter_becomes_a_state_by_conditions),
        T(pointer_into_text_leads_nowhere),
        T(capture_can_be_the_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
