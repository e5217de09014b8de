/* The mapper on native protobuf readings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gauge.h"
#include "proto/tocsin.pb-c.h"

static int set_up(void **state)
{
    struct gauge *g = malloc(sizeof *g);

    gauge_new(g);
    gauge_source(g, "dev/{device}/reading", CODEC_PROTOBUF, "{device}");
    gauge_source(g, "any", CODEC_PROTOBUF, NULL);
    *state = g;
    return 0;
}

static int tear_down(void **state)
{
    gauge_done(*state);
    free(*state);
    return 0;
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s; /* packing only reads */
}

static void send(struct gauge *g, const char *topic, Tocsin__V1__Reading *r)
{
    size_t size = tocsin__v1__reading__get_packed_size(r);
    uint8_t *bytes = malloc(size + 1);

    (void)tocsin__v1__reading__pack(r, bytes);
    gauge_send_bytes(g, topic, bytes, size, false);
    free(bytes);
}

static void send_sample(struct gauge *g, Tocsin__V1__Sample *s)
{
    Tocsin__V1__Reading r = TOCSIN__V1__READING__INIT;
    Tocsin__V1__Sample *list[] = { s };

    r.device = text("valve-1");
    r.n_samples = 1;
    r.samples = list;
    send(g, "any", &r);
}

static Tocsin__V1__Sample number(const char *metric, double value, const char *unit)
{
    Tocsin__V1__Sample s = TOCSIN__V1__SAMPLE__INIT;

    s.metric = text(metric);
    s.value_case = TOCSIN__V1__SAMPLE__VALUE_NUMBER;
    s.number = value;
    s.unit = text(unit);
    return s;
}

static Tocsin__V1__Sample flag(const char *metric, bool value)
{
    Tocsin__V1__Sample s = TOCSIN__V1__SAMPLE__INIT;

    s.metric = text(metric);
    s.value_case = TOCSIN__V1__SAMPLE__VALUE_FLAG;
    s.flag = value;
    return s;
}

static Tocsin__V1__Sample word(const char *metric, const char *value)
{
    Tocsin__V1__Sample s = TOCSIN__V1__SAMPLE__INIT;

    s.metric = text(metric);
    s.value_case = TOCSIN__V1__SAMPLE__VALUE_TEXT;
    s.text = text(value);
    return s;
}

static void expect_one(const struct gauge *g, uint16_t metric, enum quality quality, double value)
{
    assert_int_equal(g->result.count, 1);
    assert_int_equal(g->result.readings[0].device, G_VALVE);
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

static void samples_of_all_types_come_out(void **state)
{
    Tocsin__V1__Sample a = flag("smoke", true), b = number("pressure", 48, "kPa"),
                       c = word("battery_state", "low");
    Tocsin__V1__Sample *list[] = { &a, &b, &c };
    Tocsin__V1__Reading r = TOCSIN__V1__READING__INIT;
    struct gauge *g = *state;

    r.device = text("valve-1");
    r.at = GAUGE_NOW_MS - 500;
    r.n_samples = 3;
    r.samples = list;
    send(g, "any", &r);
    assert_false(g->result.rejected);
    assert_int_equal(g->result.count, 3);
    assert_float_equal(g->result.readings[0].value, 1, 0);
    assert_float_equal(g->result.readings[1].value, 0.048, 1e-12);
    assert_float_equal(g->result.readings[2].value, 1, 0);
    assert_int_equal(g->result.readings[2].device_ms, GAUGE_NOW_MS - 500);
}

static void number_takes_the_metrics_unit_by_default_and_its_range(void **state)
{
    struct gauge *g = *state;
    Tocsin__V1__Sample s = number("pressure", 0.5, "");

    send_sample(g, &s);
    expect_one(g, GM_PRESSURE, QUALITY_GOOD, 0.5);
    s.number = 11;
    send_sample(g, &s);
    expect_one(g, GM_PRESSURE, QUALITY_BAD, 0);
    s.number = NAN;
    send_sample(g, &s);
    expect_one(g, GM_PRESSURE, QUALITY_BAD, 0);
    s.number = -INFINITY;
    send_sample(g, &s);
    expect_one(g, GM_PRESSURE, QUALITY_BAD, 0);
    assert_false(g->result.rejected);
}

static void wrong_unit_type_and_metric_are_told_and_the_rest_counts(void **state)
{
    struct gauge *g = *state;
    Tocsin__V1__Sample s = number("pressure", 1, "°C");

    send_sample(g, &s);
    expect_one(g, GM_PRESSURE, QUALITY_BAD, 0);
    expect_reject(g, REJECT_WRONG_TYPE, "pressure: unit '°C' does not convert to 'MPa'");
    s = flag("pressure", true);
    send_sample(g, &s);
    expect_one(g, GM_PRESSURE, QUALITY_BAD, 0);
    expect_reject(g, REJECT_WRONG_TYPE, "pressure: it is a number, found a flag");
    s = flag("presure", true);
    send_sample(g, &s);
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_UNKNOWN_METRIC, "'presure' is no declared metric");
}

static void value_not_set_or_unknown_word_is_unknown(void **state)
{
    struct gauge *g = *state;
    Tocsin__V1__Sample s = TOCSIN__V1__SAMPLE__INIT;

    s.metric = text("smoke");
    send_sample(g, &s);
    expect_one(g, GM_SMOKE, QUALITY_BAD, 0);
    assert_false(g->result.rejected);
    s = word("battery_state", "weak");
    send_sample(g, &s);
    expect_one(g, GM_BATTERY_STATE, QUALITY_BAD, 0);
    assert_false(g->result.rejected);
}

static void device_comes_from_topic_or_message_and_they_must_agree(void **state)
{
    struct gauge *g = *state;
    Tocsin__V1__Sample s = flag("smoke", true);
    Tocsin__V1__Sample *list[] = { &s };
    Tocsin__V1__Reading r = TOCSIN__V1__READING__INIT;

    r.n_samples = 1;
    r.samples = list;
    send(g, "dev/valve-1/reading", &r);
    expect_one(g, GM_SMOKE, QUALITY_GOOD, 1);
    send(g, "any", &r);
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_NO_DEVICE, "neither the topic nor the message");
    r.device = text("smoke-1");
    send(g, "dev/valve-1/reading", &r);
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_NO_DEVICE,
                  "the topic is of device 'valve-1', the message says "
                  "'smoke-1'");
    r.device = text("nobody");
    send(g, "any", &r);
    expect_reject(g, REJECT_UNKNOWN_DEVICE, "'nobody' is not in the registry");
}

static void garbage_and_emptiness_are_refused(void **state)
{
    struct gauge *g = *state;

    gauge_send(g, "any", "{\"smoke\":true}");
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_MALFORMED, "not a tocsin.v1.Reading");
    gauge_send_bytes(g, "any", "\x0a\x07valve", 7, false); /* cut */
    expect_reject(g, REJECT_MALFORMED, "");
    gauge_send_bytes(g, "any", NULL, 0, false);
    expect_reject(g, REJECT_NO_DEVICE, "it is empty");
    g->items[0].alive = true;
    gauge_send_bytes(g, "dev/valve-1/reading", NULL, 0, true);
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_NO_DEVICE, "it is empty");
}

static void impossible_time_is_dropped(void **state)
{
    struct gauge *g = *state;
    Tocsin__V1__Sample s = flag("smoke", true);
    Tocsin__V1__Sample *list[] = { &s };
    Tocsin__V1__Reading r = TOCSIN__V1__READING__INIT;

    r.device = text("valve-1");
    r.n_samples = 1;
    r.samples = list;
    r.at = INT64_MAX;
    send(g, "any", &r);
    expect_one(g, GM_SMOKE, QUALITY_GOOD, 1);
    assert_int_equal(g->result.readings[0].device_ms, 0);
    r.at = INT64_MIN;
    send(g, "any", &r);
    assert_int_equal(g->result.readings[0].device_ms, 0);
}

static void reading_without_samples_is_a_sign_of_life(void **state)
{
    struct gauge *g = *state;
    Tocsin__V1__Reading r = TOCSIN__V1__READING__INIT;

    r.device = text("valve-1");
    send(g, "any", &r);
    assert_int_equal(g->result.count, 0);
    g->items[1].alive = true;
    send(g, "any", &r);
    expect_one(g, METRIC_NONE, QUALITY_GOOD, 0);
}

/* Half a million empty samples in 1 MB, each of which would need memory. */
static void message_that_would_blow_up_is_refused(void **state)
{
    struct gauge *g = *state;
    size_t size = (size_t)1 << 20;
    char *bytes = malloc(size);

    for (size_t i = 0; i < size; i += 2)
        memcpy(bytes + i, "\x22\x00", 2);
    gauge_send_bytes(g, "any", bytes, size, false);
    assert_int_equal(g->result.count, 0);
    expect_reject(g, REJECT_TOO_MANY, "when unpacked");
    free(bytes);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(samples_of_all_types_come_out),
        T(number_takes_the_metrics_unit_by_default_and_its_range),
        T(wrong_unit_type_and_metric_are_told_and_the_rest_counts),
        T(value_not_set_or_unknown_word_is_unknown),
        T(device_comes_from_topic_or_message_and_they_must_agree),
        T(garbage_and_emptiness_are_refused),
        T(impossible_time_is_dropped),
        T(reading_without_samples_is_a_sign_of_life),
        T(message_that_would_blow_up_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
