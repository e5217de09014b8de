/* The mapper's paths, conditions, objects, and several readings and devices in one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gauge.h"

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

/* One source on topic "t" for smoke-1 whose smoke is at path. */
static struct gauge *smoke_at(void **state, const char *path)
{
    struct gauge *g = *state;

    gauge_source(g, "t", CODEC_JSON, "smoke-1");
    gauge_reading(g, GM_SMOKE, path);
    return g;
}

static void expect_values(const struct gauge *g, const double *values, uint32_t count)
{
    assert_false(g->result.rejected);
    assert_int_equal(g->result.count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(g->result.readings[i].quality, QUALITY_GOOD);
        assert_float_equal(g->result.readings[i].value, values[i], 1e-9);
    }
}

static void pointer_goes_through_objects_and_arrays(void **state)
{
    struct gauge *g = smoke_at(state, "/a/1/s");

    gauge_send(g, "t", "{\"a\":[0,{\"s\":true}]}");
    expect_values(g, (double[]){ 1 }, 1);
    gauge_send(g, "t", "{\"a\":{\"1\":{\"s\":true}}}");
    expect_values(g, (double[]){ 1 }, 1);
    gauge_send(g, "t", "{\"a\":[0]}");
    expect_values(g, NULL, 0);
    gauge_send(g, "t", "{\"a\":\"text\"}");
    expect_values(g, NULL, 0);
    gauge_send(g, "t", "[1]");
    expect_values(g, NULL, 0);
}

static void index_with_leading_zero_is_no_index(void **state)
{
    struct gauge *g = smoke_at(state, "/a/01");

    gauge_send(g, "t", "{\"a\":[true,true]}");
    expect_values(g, NULL, 0);
}

static void element_is_selected_by_its_sibling(void **state)
{
    struct gauge *g = smoke_at(state, "/values/[id=y]/smoke");

    gauge_send(g, "t",
               "{\"values\":[{\"id\":\"x\",\"smoke\":false},7,{\"id\":\"y\",\"smoke\":true}]}");
    expect_values(g, (double[]){ 1 }, 1);
    gauge_send(g, "t", "{\"values\":[{\"id\":\"x\",\"smoke\":false}]}");
    expect_values(g, NULL, 0);
    gauge_send(g, "t", "{\"values\":{\"id\":\"y\",\"smoke\":true}}");
    expect_values(g, NULL, 0);
}

static void star_visits_every_element(void **state)
{
    struct gauge *g = smoke_at(state, "/a/*/s");

    gauge_send(g, "t", "{\"a\":[{\"s\":true},{\"x\":1},{\"s\":false}]}");
    expect_values(g, (double[]){ 1, 0 }, 2);
    gauge_send(g, "t", "{\"a\":{\"x\":{\"s\":false},\"y\":{\"s\":true}}}");
    expect_values(g, (double[]){ 0, 1 }, 2);
    gauge_send(g, "t", "{\"a\":[]}");
    expect_values(g, NULL, 0);
    g->readings[0][0].absent = ABSENT_VALUE;
    g->readings[0][0].constant = 0;
    gauge_send(g, "t", "{\"a\":{}}"); /* {"occupancy":{}} is all clear */
    expect_values(g, (double[]){ 0 }, 1);
}

static void nested_stars_visit_every_combination(void **state)
{
    struct gauge *g = smoke_at(state, "/*/*");

    gauge_send(g, "t", "[[1,0],[],{\"a\":1},5,[0]]");
    expect_values(g, (double[]){ 1, 0, 1, 0 }, 4);
}

static void key_of_star_names_the_device(void **state)
{
    struct gauge *g = *state;

    gauge_source(g, "t", CODEC_JSON, "{name}")->alive = true;
    gauge_reading(g, GM_SMOKE, "/*:name/0/smoke");
    gauge_send(g, "t",
               "{\"smoke-1\":[{\"smoke\":true}],\"stranger\":[{\"smoke\":true}],"
               "\"valve-1\":[{\"smoke\":false}]}");
    assert_int_equal(g->result.count, 2);
    assert_int_equal(g->result.readings[0].device, G_SMOKE);
    assert_int_equal(g->result.readings[1].device, G_VALVE);
    assert_int_equal(g->result.reason, REJECT_UNKNOWN_DEVICE);
    gauge_send(g, "t", "{}");
    expect_values(g, NULL, 0);
}

static void conditions_and_device_follow_the_element_of_the_value(void **state)
{
    static const char *const smoke_codes[] = { "192513", "192515", NULL };
    struct gauge *g = *state;
    struct mapped_reading *r;

    gauge_source(g, "t", CODEC_JSON, "{/events/*/src}");
    r = gauge_reading(g, GM_SMOKE, "/events/*/status");
    r->when = gauge_condition(g, "/events/*/type", COND_IN, smoke_codes);
    r->when_count = 1;
    gauge_send(g, "t",
               "{\"events\":[{\"type\":131591,\"status\":1,\"src\":\"smoke-1\"},"
               "{\"type\":192515,\"status\":0,\"src\":\"exit_a\"},"
               "{\"type\":\"192513\",\"status\":1,\"src\":\"valve-1\"}]}");
    expect_values(g, (double[]){ 0, 1 }, 2);
    assert_int_equal(g->result.readings[0].device, G_CAMERA);
    assert_int_equal(g->result.readings[1].device, G_VALVE);
}

static void reading_may_name_its_own_device(void **state)
{
    struct gauge *g = smoke_at(state, "/s");
    struct mapped_reading *r = gauge_reading(g, GM_CONTACT_OPEN, "/c");

    r->device = "{/valve}";
    gauge_send(g, "t", "{\"s\":true,\"c\":1,\"valve\":\"valve-1\"}");
    expect_values(g, (double[]){ 1, 1 }, 2);
    assert_int_equal(g->result.readings[1].device, G_VALVE);
}

/* Each row: the operator, its words, a payload, and whether the reading comes out. */
static void conditions_hold_or_not(void **state)
{
    static const struct {
        enum condition_op op;
        const char *words[3];
        const char *at;
        bool expected;
    } rows[] = {
        { COND_EQ, { "new" }, "\"new\"", true },
        { COND_EQ, { "new" }, "\"New\"", false },
        { COND_EQ, { "true" }, "true", true },
        { COND_EQ, { "true" }, "\"true\"", true },
        { COND_EQ, { "1" }, "1.0", true },
        { COND_EQ, { "1" }, "\"01\"", true },
        { COND_EQ, { "1" }, "true", false },
        { COND_EQ, { "x" }, "null", false },
        { COND_NE, { "end" }, "\"new\"", true },
        { COND_NE, { "end" }, "\"end\"", false },
        { COND_NE, { "end" }, "null", true },
        { COND_IN, { "bicycle", "motorcycle" }, "\"motorcycle\"", true },
        { COND_IN, { "bicycle", "motorcycle" }, "\"person\"", false },
        { COND_NOT_IN, { "bicycle", "motorcycle" }, "\"person\"", true },
        { COND_NOT_IN, { "bicycle", "motorcycle" }, "\"bicycle\"", false },
        { COND_HAS, { "exit_zone" }, "[\"landing\",\"exit_zone\"]", true },
        { COND_HAS, { "exit_zone" }, "[]", false },
        { COND_HAS, { "exit_zone" }, "\"landing exit_zone\"", true },
        { COND_HAS, { "exit_zone" }, "\"landing_exit_zone\"", false },
        { COND_HAS, { "3" }, "[1,3]", true },
        { COND_HAS, { "a", "b" }, "{\"b\":0}", true },
        { COND_HAS, { "a" }, "null", false },
        { COND_HAS_NOT, { "exit_zone" }, "[\"landing\"]", true },
        { COND_HAS_NOT, { "exit_zone" }, "[\"exit_zone\"]", false },
        { COND_EXISTS, { NULL }, "0", true },
        { COND_EXISTS, { NULL }, "[]", true },
        { COND_EXISTS, { NULL }, "null", false },
        { COND_ABSENT, { NULL }, "null", true },
        { COND_ABSENT, { NULL }, "\"\"", false },
        { COND_GE, { "180" }, "180.5", true },
        { COND_GE, { "180" }, "\"180\"", true },
        { COND_GE, { "180" }, "179", false },
        { COND_GE, { "180" }, "\"many\"", false },
        { COND_LE, { "5" }, "5", true },
        { COND_LE, { "5" }, "5.1", false },
    };
    struct gauge *g = smoke_at(state, "/s");
    char payload[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        g->readings[0][0].when = gauge_condition(g, "/at", rows[i].op, rows[i].words);
        g->readings[0][0].when_count = 1;
        (void)snprintf(payload, sizeof payload, "{\"s\":true,\"at\":%s}", rows[i].at);
        gauge_send(g, "t", payload);
        if (g->result.count != rows[i].expected)
            fail_msg("row %zu: %s", i, payload);
    }
}

static void path_to_nowhere_satisfies_only_the_negative_conditions(void **state)
{
    static const char *const words[] = { "x", NULL };
    static const struct {
        enum condition_op op;
        bool expected;
    } rows[] = { { COND_EQ, false },     { COND_NE, true },     { COND_IN, false },
                 { COND_NOT_IN, true },  { COND_HAS, false },   { COND_HAS_NOT, true },
                 { COND_EXISTS, false }, { COND_ABSENT, true }, { COND_GE, false },
                 { COND_LE, false } };
    struct gauge *g = smoke_at(state, "/s");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        g->readings[0][0].when = gauge_condition(g, "/nowhere", rows[i].op, words);
        g->readings[0][0].when_count = 1;
        gauge_send(g, "t", "{\"s\":true}");
        assert_int_equal(g->result.count, rows[i].expected);
    }
}

static void unbound_star_in_condition_means_any(void **state)
{
    static const char *const words[] = { "7", NULL };
    struct gauge *g = smoke_at(state, "/s");

    g->readings[0][0].when = gauge_condition(g, "/list/*/code", COND_EQ, words);
    g->readings[0][0].when_count = 1;
    gauge_send(g, "t", "{\"s\":true,\"list\":[{\"code\":1},{\"code\":7}]}");
    expect_values(g, (double[]){ 1 }, 1);
    gauge_send(g, "t", "{\"s\":true,\"list\":[{\"code\":1}]}");
    expect_values(g, NULL, 0);
}

static void failed_when_of_the_source_skips_the_message_silently(void **state)
{
    static const char *const words[] = { "new", "update", NULL };
    struct gauge *g = smoke_at(state, "/s");

    g->items[0].when = gauge_condition(g, "/type", COND_IN, words);
    g->items[0].when_count = 1;
    g->items[0].alive = true;
    g->items[0].device = "stranger";
    gauge_send(g, "t", "{\"s\":true,\"type\":\"end\"}");
    expect_values(g, NULL, 0);
}

static void condition_on_a_capture(void **state)
{
    static const char *const words[] = { "smoke", NULL };
    struct gauge *g = *state;

    gauge_source(g, "t/{what}", CODEC_JSON, "smoke-1");
    gauge_reading(g, GM_SMOKE, "/v");
    g->items[0].when = gauge_condition(g, "{what}", COND_EQ, words);
    g->items[0].when_count = 1;
    gauge_send(g, "t/smoke", "{\"v\":true}");
    expect_values(g, (double[]){ 1 }, 1);
    gauge_send(g, "t/heat", "{\"v\":true}");
    expect_values(g, NULL, 0);
}

static void constant_is_an_event_with_no_value(void **state)
{
    static const char *const start[] = { "Start", NULL };
    static const char *const stop[] = { "Stop", NULL };
    struct gauge *g = smoke_at(state, NULL);
    struct mapped_reading *end = gauge_reading(g, GM_SMOKE, NULL);

    g->readings[0][0].when = gauge_condition(g, "/action", COND_EQ, start);
    g->readings[0][0].when_count = 1;
    end->constant = 0;
    end->when = gauge_condition(g, "/action", COND_EQ, stop);
    end->when_count = 1;
    gauge_send(g, "t", "{\"action\":\"Start\"}");
    expect_values(g, (double[]){ 1 }, 1);
    gauge_send(g, "t", "{\"action\":\"Stop\"}");
    expect_values(g, (double[]){ 0 }, 1);
}

static void object_is_hashed_and_never_zero(void **state)
{
    struct gauge *g = smoke_at(state, "/s");
    uint64_t first;

    g->readings[0][0].object = gauge_path(g, "/after/id");
    gauge_send(g, "t", "{\"s\":true,\"after\":{\"id\":\"1767225601.12-k3\"}}");
    first = g->result.readings[0].object;
    assert_int_not_equal(first, 0);
    gauge_send(g, "t", "{\"s\":false,\"after\":{\"id\":\"1767225601.12-k4\"}}");
    assert_int_not_equal(g->result.readings[0].object, first);
    gauge_send(g, "t", "{\"s\":false,\"after\":{\"id\":\"1767225601.12-k3\"}}");
    assert_int_equal(g->result.readings[0].object, first);
    gauge_send(g, "t", "{\"s\":false}");
    assert_int_equal(g->result.readings[0].object, 0);
}

static void readings_beyond_the_limit_are_told(void **state)
{
    struct gauge *g = smoke_at(state, "/*");
    char *payload = malloc(8192);
    size_t used = 0;

    payload[used++] = '[';
    for (int i = 0; i < READINGS_PER_MESSAGE_MAX + 1; i++) {
        memcpy(payload + used, i > 0 ? ",1" : "1", 2);
        used += i > 0 ? 2 : 1;
    }
    payload[used++] = ']';
    gauge_send_bytes(g, "t", payload, used, false);
    assert_int_equal(g->result.count, READINGS_PER_MESSAGE_MAX);
    assert_int_equal(g->result.reason, REJECT_TOO_MANY);
    free(payload);
}

static size_t put(char *at, const char *text)
{
    memcpy(at, text, strlen(text));
    return strlen(text);
}

/* 30,000 values, each to be compared with 30,000 others: that is not done. */
static void work_on_one_message_is_bounded(void **state)
{
    static const char *const words[] = { "9", NULL };
    struct gauge *g = smoke_at(state, "/a/*");
    char *payload = malloc(200000);
    size_t used = 0;

    g->readings[0][0].when = gauge_condition(g, "/b/*", COND_EQ, words);
    g->readings[0][0].when_count = 1;
    used += put(payload + used, "{\"a\":[0");
    for (int i = 0; i < 30000; i++, used += 2)
        memcpy(payload + used, ",1", 2);
    used += put(payload + used, "],\"b\":[0");
    for (int i = 0; i < 30000; i++, used += 2)
        memcpy(payload + used, ",1", 2);
    used += put(payload + used, "]}");
    gauge_send_bytes(g, "t", payload, used, false);
    assert_int_equal(g->result.count, 0);
    assert_true(g->result.rejected);
    assert_int_equal(g->result.reason, REJECT_TOO_MANY);
    gauge_send(g, "t", "{\"a\":[1],\"b\":[9]}"); /* the next message starts afresh */
    expect_values(g, (double[]){ 1 }, 1);
    free(payload);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pointer_goes_through_objects_and_arrays),
        T(index_with_leading_zero_is_no_index),
        T(element_is_selected_by_its_sibling),
        T(star_visits_every_element),
        T(nested_stars_visit_every_combination),
        T(key_of_star_names_the_device),
        T(conditions_and_device_follow_the_element_of_the_value),
        T(reading_may_name_its_own_device),
        T(conditions_hold_or_not),
        T(path_to_nowhere_satisfies_only_the_negative_conditions),
        T(unbound_star_in_condition_means_any),
        T(failed_when_of_the_source_skips_the_message_silently),
        T(condition_on_a_capture),
        T(constant_is_an_event_with_no_value),
        T(object_is_hashed_and_never_zero),
        T(readings_beyond_the_limit_are_told),
        T(work_on_one_message_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
