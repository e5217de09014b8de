/* The mapper on JSON messages: values, unknowns, devices, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gauge.h"
#include "model/unit_of_measure.h"

static int set_up(void **state)
{
    struct gauge *g = malloc(sizeof *g);

    gauge_new(g);
    *state = g;
    return 0;
}

static int tear_down(void **state)
{
    gauge_done(*state);
    free(*state);
    return 0;
}

static struct gauge *zigbee(void **state)
{
    struct gauge *g = *state;

    gauge_source(g, "z/{device...}", CODEC_JSON, "{device}");
    return g;
}

static void expect_one(const struct gauge *g, uint32_t device, uint16_t metric,
                       enum quality quality, double value)
{
    assert_int_equal(g->result.count, 1);
    assert_int_equal(g->result.readings[0].device, device);
    assert_int_equal(g->result.readings[0].metric, metric);
    assert_int_equal(g->result.readings[0].quality, quality);
    assert_float_equal(g->result.readings[0].value, value, 1e-9);
}

static void expect_reject(const struct gauge *g, enum reject_reason reason, const char *detail)
{
    assert_true(g->result.rejected);
    assert_string_equal(reject_word(g->result.reason), reject_word(reason));
    if (strstr(g->result.detail, detail) == NULL)
        fail_msg("'%s' is not in '%s'", detail, g->result.detail);
}

static void expect_nothing(const struct gauge *g)
{
    assert_int_equal(g->result.count, 0);
    assert_false(g->result.rejected);
}

static void bool_is_understood_in_all_its_spellings(void **state)
{
    static const struct {
        const char *payload;
        enum quality quality;
        double value;
    } rows[] = {
        { "{\"s\":true}", QUALITY_GOOD, 1 },     { "{\"s\":false}", QUALITY_GOOD, 0 },
        { "{\"s\":\"true\"}", QUALITY_GOOD, 1 }, { "{\"s\":\"True\"}", QUALITY_GOOD, 1 },
        { "{\"s\":\"OFF\"}", QUALITY_GOOD, 0 },  { "{\"s\":\" ON\"}", QUALITY_GOOD, 1 },
        { "{\"s\":1}", QUALITY_GOOD, 1 },        { "{\"s\":\"1\"}", QUALITY_GOOD, 1 },
        { "{\"s\":1.0}", QUALITY_GOOD, 1 },      { "{\"s\":0}", QUALITY_GOOD, 0 },
        { "{\"s\":2}", QUALITY_BAD, 0 },         { "{\"s\":-1}", QUALITY_BAD, 0 },
        { "{\"s\":\"maybe\"}", QUALITY_BAD, 0 }, { "{\"s\":\"\"}", QUALITY_BAD, 0 },
        { "{\"s\":null}", QUALITY_BAD, 0 },
    };
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gauge_send(g, "z/smoke-1", rows[i].payload);
        expect_one(g, G_SMOKE, GM_SMOKE, rows[i].quality, rows[i].value);
        assert_false(g->result.rejected);
    }
}

static void container_is_unknown_and_told(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/smoke-1", "{\"s\":[]}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
    expect_reject(g, REJECT_WRONG_TYPE, "/s: expected one value for smoke");
}

/* A bare value answers no path: it is refused, and it does not prove that the device lives. */
static void bare_value_is_refused_and_no_sign_of_life(void **state)
{
    static const char *const rows[][2] = {
        { "true", "expected an object or array, found true" },
        { " 5\r\n", "expected an object or array, found 5" },
        { "\"x\"", "expected an object or array, found \"x\"" },
        { "null", "expected an object or array, found null" },
    };
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    g->items[0].alive = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gauge_send(g, "z/smoke-1", rows[i][0]);
        assert_int_equal(g->result.count, 0);
        expect_reject(g, REJECT_WRONG_TYPE, rows[i][1]);
    }
    gauge_send(g, "z/smoke-1", "[]");
    expect_one(g, G_SMOKE, METRIC_NONE, QUALITY_GOOD, 0);
    assert_false(g->result.rejected);
}

static void word_not_in_map_is_unknown_never_normal(void **state)
{
    static const struct value_map_entry map[] = {
        { "alarm", 1, false }, { "normal", 0, false }, { "lost", 0, true }, { "7", 0, false }
    };
    struct gauge *g = zigbee(state);
    struct mapped_reading *r = gauge_reading(g, GM_SMOKE, "/event");

    r->map = map;
    r->map_count = 4;
    gauge_send(g, "z/smoke-1", "{\"event\":\"alarm\"}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
    gauge_send(g, "z/smoke-1", "{\"event\":7.0}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 0);
    gauge_send(g, "z/smoke-1", "{\"event\":\"ALARM\"}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
    gauge_send(g, "z/smoke-1", "{\"event\":\"lost\"}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
    gauge_send(g, "z/smoke-1", "{\"event\":true}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
    gauge_send(g, "z/smoke-1", "{\"event\":null}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
    r->fold_case = true;
    gauge_send(g, "z/smoke-1", "{\"event\":\"Alarm\"}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
}

static void star_in_map_takes_the_rest_but_not_null(void **state)
{
    static const struct value_map_entry map[] = { { "*", 0, false }, { "fire", 1, false } };
    struct gauge *g = zigbee(state);
    struct mapped_reading *r = gauge_reading(g, GM_SMOKE, "/e");

    r->map = map;
    r->map_count = 2;
    gauge_send(g, "z/smoke-1", "{\"e\":\"fire\"}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
    gauge_send(g, "z/smoke-1", "{\"e\":\"clear\"}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 0);
    gauge_send(g, "z/smoke-1", "{\"e\":null}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
}

static void invert_turns_good_values_only(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_CONTACT_OPEN, "/contact")->invert = true;
    gauge_send(g, "z/smoke-1", "{\"contact\":false}");
    expect_one(g, G_SMOKE, GM_CONTACT_OPEN, QUALITY_GOOD, 1);
    gauge_send(g, "z/smoke-1", "{\"contact\":null}");
    expect_one(g, G_SMOKE, GM_CONTACT_OPEN, QUALITY_BAD, 0);
}

static void number_is_scaled_converted_and_range_checked(void **state)
{
    struct gauge *g = zigbee(state);
    struct mapped_reading *r = gauge_reading(g, GM_PRESSURE, "/p");

    gauge_send(g, "z/valve-1", "{\"p\":0.5}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_GOOD, 0.5);
    gauge_send(g, "z/valve-1", "{\"p\":\"0.5\"}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_GOOD, 0.5);
    gauge_send(g, "z/valve-1", "{\"p\":-0.001}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_BAD, 0);
    gauge_send(g, "z/valve-1", "{\"p\":10.001}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_BAD, 0);
    gauge_send(g, "z/valve-1", "{\"p\":true}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_BAD, 0);
    gauge_send(g, "z/valve-1", "{\"p\":\"nan\"}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_BAD, 0);
    gauge_send(g, "z/valve-1", "{\"p\":\"1e999\"}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_BAD, 0);
    r->unit = unit_find("kPa", 3);
    r->scale = 10;
    r->offset = 5;
    gauge_send(g, "z/valve-1", "{\"p\":86}");
    expect_one(g, G_VALVE, GM_PRESSURE, QUALITY_GOOD, 0.865);
}

static void huge_number_beside_does_not_cost_the_message(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_reading(g, GM_PRESSURE, "/p");
    gauge_send(g, "z/smoke-1", "{\"s\":true,\"p\":123456789012345678901234567890}");
    assert_int_equal(g->result.count, 2);
    assert_int_equal(g->result.readings[0].quality, QUALITY_GOOD);
    assert_int_equal(g->result.readings[1].quality, QUALITY_BAD);
}

static void enum_takes_its_own_words(void **state)
{
    struct gauge *g = zigbee(state);
    struct mapped_reading *r = gauge_reading(g, GM_BATTERY_STATE, "/b");

    gauge_send(g, "z/smoke-1", "{\"b\":\"low\"}");
    expect_one(g, G_SMOKE, GM_BATTERY_STATE, QUALITY_GOOD, 1);
    gauge_send(g, "z/smoke-1", "{\"b\":\"LOW\"}");
    expect_one(g, G_SMOKE, GM_BATTERY_STATE, QUALITY_BAD, 0);
    r->fold_case = true;
    gauge_send(g, "z/smoke-1", "{\"b\":\"LOW\"}");
    expect_one(g, G_SMOKE, GM_BATTERY_STATE, QUALITY_GOOD, 1);
    gauge_send(g, "z/smoke-1", "{\"b\":1}");
    expect_one(g, G_SMOKE, GM_BATTERY_STATE, QUALITY_BAD, 0);
}

static void absent_value_follows_its_policy(void **state)
{
    struct gauge *g = zigbee(state);
    struct mapped_reading *r = gauge_reading(g, GM_SMOKE, "/s");

    gauge_send(g, "z/smoke-1", "{}");
    expect_nothing(g);
    r->absent = ABSENT_UNKNOWN;
    gauge_send(g, "z/smoke-1", "{}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
    r->absent = ABSENT_VALUE;
    r->constant = 0;
    gauge_send(g, "z/smoke-1", "{}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 0);
    gauge_send(g, "z/smoke-1", "{\"s\":null}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_BAD, 0);
}

static void malformed_json_is_counted_as_such(void **state)
{
    static const char *const bad[] = { "{\"s\":true}{\"s\":false}",
                                       "{\"s\":true,}",
                                       "{\"s\":NaN}",
                                       "{\"s\":012}",
                                       "{\"s\":-}",
                                       "{\"s\":1e999}",
                                       "{\"s\":true,\"s\":false}",
                                       "{'s': True}",
                                       "{s:1}",
                                       "{\"s\":true",
                                       "{\"s\":\"\\u0000\"}",
                                       "   ",
                                       "]" };
    struct gauge *g = zigbee(state);

    g->items[0].alive = true;
    gauge_reading(g, GM_SMOKE, "/s");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gauge_send(g, "z/smoke-1", bad[i]);
        assert_int_equal(g->result.count, 0);
        expect_reject(g, REJECT_MALFORMED, "line ");
    }
    gauge_send_bytes(g, "z/smoke-1", "{\"s\":true}", 11, false); /* with its NUL */
    expect_reject(g, REJECT_MALFORMED, "");
}

static void not_utf8_too_deep_too_large_are_told_apart(void **state)
{
    char deep[65 + 65 + 1], *wide = malloc(600001);
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/smoke-1", "{\"s\":\"\xC0\x80\"}");
    expect_reject(g, REJECT_NOT_UTF8, "not UTF-8");

    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    gauge_send_bytes(g, "z/smoke-1", deep, 130, false);
    expect_reject(g, REJECT_TOO_DEEP, "64");
    gauge_send_bytes(g, "z/smoke-1", deep + 1, 128, false);
    expect_nothing(g);

    memset(wide, '[', 1);
    for (size_t i = 1; i < 600000; i += 2)
        memcpy(wide + i, "0,", 2);
    gauge_send_bytes(g, "z/smoke-1", wide, 600000, false);
    expect_reject(g, REJECT_TOO_LARGE, "values");

    g->items[0].max_size = 10;
    gauge_send(g, "z/smoke-1", "{\"s\":false}");
    expect_reject(g, REJECT_TOO_LARGE, "11 bytes, source 'test' allows 10");
    free(wide);
}

static void bracket_inside_text_is_no_nesting(void **state)
{
    struct gauge *g = zigbee(state);
    char text[300] = "{\"t\":\"";

    gauge_reading(g, GM_SMOKE, "/s");
    memset(text + strlen(text), '[', 200);
    strcat(text, "\\\"\",\"s\":true}");
    gauge_send(g, "z/smoke-1", text);
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
}

static void byte_order_mark_is_ignored(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/smoke-1", "\xEF\xBB\xBF{\"s\":true}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
}

static void empty_payload_means_nothing_at_all(void **state)
{
    struct gauge *g = zigbee(state);

    g->items[0].alive = true;
    gauge_reading(g, GM_SMOKE, "/s")->absent = ABSENT_UNKNOWN;
    gauge_send_bytes(g, "z/smoke-1", NULL, 0, true);
    expect_nothing(g);
    gauge_send_bytes(g, "z/smoke-1", NULL, 0, false);
    expect_nothing(g);
}

static void device_is_found_by_id_and_by_address(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/hall/smoke 1", "{\"s\":true}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
    gauge_send(g, "z/烟感 三层", "{\"s\":true}");
    expect_one(g, G_CHINESE, GM_SMOKE, QUALITY_GOOD, 1);
}

static void unregistered_device_is_rejected_or_skipped(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/stranger\x01", "{\"s\":true}");
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_UNKNOWN_DEVICE, "'stranger?' is not in the registry");
    g->items[0].skip_unknown_device = true;
    gauge_send(g, "z/stranger", "{\"s\":true}");
    expect_nothing(g);
}

static void sign_of_life_stands_in_for_readings(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/smoke-1", "{\"linkquality\":80}");
    expect_nothing(g);
    g->items[0].alive = true;
    gauge_send(g, "z/smoke-1", "{\"linkquality\":80}");
    expect_one(g, G_SMOKE, METRIC_NONE, QUALITY_GOOD, 0);
    gauge_send(g, "z/smoke-1", "{\"s\":true}");
    expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
    gauge_send(g, "z/stranger", "{\"linkquality\":80}");
    expect_reject(g, REJECT_UNKNOWN_DEVICE, "stranger");
}

static void topic_without_source_is_told_and_excluded_is_not(void **state)
{
    struct gauge *g = zigbee(state);
    static struct topic_pattern exclude;
    size_t offset;

    assert_int_equal(topic_compile("z/{d...}/set", &g->arena, &exclude, &offset, NULL), TCN_OK);
    g->items[0].exclude = &exclude;
    g->items[0].exclude_count = 1;
    g->items[0].alive = true;
    gauge_send(g, "z/smoke-1/set", "{\"s\":true}");
    expect_nothing(g);
    gauge_send(g, "other/smoke-1", "{}");
    expect_reject(g, REJECT_NO_SOURCE, "other/smoke-1");
}

static void every_matching_source_gives_its_readings(void **state)
{
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    gauge_source(g, "z/+", CODEC_JSON, "valve-1");
    gauge_reading(g, GM_PRESSURE, "/p");
    gauge_send(g, "z/smoke-1", "{\"s\":true,\"p\":1}");
    assert_int_equal(g->result.count, 2);
    assert_int_equal(g->result.readings[0].device, G_SMOKE);
    assert_int_equal(g->result.readings[1].device, G_VALVE);
}

static void flags_tell_retained_and_historical(void **state)
{
    static const char *const yes[] = { "true", NULL };
    struct gauge *g = zigbee(state);

    gauge_reading(g, GM_SMOKE, "/s");
    g->items[0].historical = gauge_condition(g, "/simulated", COND_EQ, yes);
    g->items[0].historical_count = 1;
    gauge_send(g, "z/smoke-1", "{\"s\":true}");
    assert_int_equal(g->result.readings[0].flags, 0);
    gauge_send(g, "z/smoke-1", "{\"s\":true,\"simulated\":true}");
    assert_int_equal(g->result.readings[0].flags, READING_HISTORICAL);
    gauge_send_bytes(g, "z/smoke-1", "{\"s\":true}", 10, true);
    assert_int_equal(g->result.readings[0].flags, READING_RETAINED);
}

static void device_time_counts_only_if_it_can_be_true(void **state)
{
    static const struct {
        const char *time;
        enum time_format format;
        int64_t expected;
    } rows[] = {
        { "1772323100", TIME_AUTO, INT64_C(1772323100000) },
        { "1772323100123", TIME_AUTO, INT64_C(1772323100123) },
        { "1772323100.5", TIME_AUTO, INT64_C(1772323100500) },
        { "\"1772323100123\"", TIME_AUTO, INT64_C(1772323100123) },
        { "\"2026-02-28T23:00:00.250Z\"", TIME_AUTO, INT64_C(1772319600250) },
        { "\"2026-03-01T07:00:00\"", TIME_ISO, INT64_C(1772319600000) }, /* ours: +08:00 */
        { "1772323100", TIME_EPOCH_MS, 0 },
        { "1772323100123", TIME_EPOCH_S, 0 },
        { "1772323100", TIME_EPOCH_S, INT64_C(1772323100000) },
        { "1000", TIME_AUTO, 0 }, /* seconds since boot */
        { "-1", TIME_AUTO, 0 },
        { "18446744073709551615", TIME_AUTO, 0 },
        { "\"1900-01-00T00:00:00Z\"", TIME_AUTO, 0 },
        { "\"2024-01-22T11:47:0500:00\"", TIME_AUTO, 0 },
        { "1772409600", TIME_AUTO, INT64_C(1772409600000) }, /* a day ahead, just */
        { "1772409601", TIME_AUTO, 0 },
        { "1420070400", TIME_AUTO, INT64_C(1420070400000) },
        { "1420070399", TIME_AUTO, 0 },
        { "null", TIME_AUTO, 0 },
        { "[1]", TIME_AUTO, 0 },
    };
    struct gauge *g = zigbee(state);
    char payload[128];

    gauge_reading(g, GM_SMOKE, "/s");
    g->items[0].time = gauge_path(g, "/t");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        g->items[0].time_format = rows[i].format;
        (void)snprintf(payload, sizeof payload, "{\"s\":true,\"t\":%s}", rows[i].time);
        gauge_send(g, "z/smoke-1", payload);
        expect_one(g, G_SMOKE, GM_SMOKE, QUALITY_GOOD, 1);
        assert_int_equal(g->result.readings[0].device_ms, rows[i].expected);
    }
}

static void quiet_source_without_device_complains_once(void **state)
{
    struct gauge *g = *state;

    gauge_source(g, "z/#", CODEC_JSON, "{/id}");
    gauge_reading(g, GM_SMOKE, "/s");
    gauge_reading(g, GM_CONTACT_OPEN, "/s");
    gauge_send(g, "z/x", "{\"s\":true}");
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_NO_DEVICE, "/id: no device's name is there");
}

static void number_names_a_device_as_text_does(void **state)
{
    struct gauge *g = *state;

    gauge_source(g, "z/#", CODEC_JSON, "valve-{/id}");
    gauge_reading(g, GM_SMOKE, "/s");
    gauge_send(g, "z/x", "{\"s\":true,\"id\":1}");
    expect_one(g, G_VALVE, GM_SMOKE, QUALITY_GOOD, 1);
}

static void overlong_device_name_is_unknown(void **state)
{
    struct gauge *g = zigbee(state);
    char topic[400] = "z/";

    gauge_reading(g, GM_SMOKE, "/s");
    memset(topic + 2, 'x', 300);
    gauge_send(g, topic, "{\"s\":true}");
    expect_reject(g, REJECT_UNKNOWN_DEVICE, "longer than any device's id");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bool_is_understood_in_all_its_spellings),
        T(container_is_unknown_and_told),
        T(bare_value_is_refused_and_no_sign_of_life),
        T(word_not_in_map_is_unknown_never_normal),
        T(star_in_map_takes_the_rest_but_not_null),
        T(invert_turns_good_values_only),
        T(number_is_scaled_converted_and_range_checked),
        T(huge_number_beside_does_not_cost_the_message),
        T(enum_takes_its_own_words),
        T(absent_value_follows_its_policy),
        T(malformed_json_is_counted_as_such),
        T(not_utf8_too_deep_too_large_are_told_apart),
        T(bracket_inside_text_is_no_nesting),
        T(byte_order_mark_is_ignored),
        T(empty_payload_means_nothing_at_all),
        T(device_is_found_by_id_and_by_address),
        T(unregistered_device_is_rejected_or_skipped),
        T(sign_of_life_stands_in_for_readings),
        T(topic_without_source_is_told_and_excluded_is_not),
        T(every_matching_source_gives_its_readings),
        T(flags_tell_retained_and_historical),
        T(device_time_counts_only_if_it_can_be_true),
        T(quiet_source_without_device_complains_once),
        T(number_names_a_device_as_text_does),
        T(overlong_device_name_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
