/* Topic patterns: what is subscribed to, what matches and what is captured, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "model/topic.h"

static struct topic_pattern compile(const char *text, struct arena *arena)
{
    struct topic_pattern p = { 0 };
    struct tcn_fail fail = { 0 };

    if (topic_compile(text, arena, &p, NULL, &fail) != TCN_OK)
        fail_msg("'%s' was refused: %s", text, fail.text);
    return p;
}

static void filter_is_what_a_broker_understands(void **state)
{
    static const struct {
        const char *pattern, *filter;
    } rows[] = {
        { "zigbee2mqtt/{device...}", "zigbee2mqtt/#" },
        { "zigbee2mqtt/{device...}/availability", "zigbee2mqtt/#" },
        { "zigbee2mqtt/{d...}/set/#", "zigbee2mqtt/#" },
        { "{d...}/state", "#" },
        { "shellies/shellysmoke-{id}/sensor/smoke", "shellies/+/sensor/smoke" },
        { "frigate/+/status/#", "frigate/+/status/#" },
        { "#", "#" },
        { "+", "+" },
        { "{a}", "+" },
        { "a", "a" },
        { "/", "/" },
        { "/#", "/#" },
        { "/{product}/{device}/user/update", "/+/+/user/update" },
        { "a//b/", "a//b/" },
        { "$SYS/broker/{what...}", "$SYS/broker/#" },
        { "楼宇/{n}号/烟雾", "楼宇/+/烟雾" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = { 0 };
        struct topic_pattern p = compile(rows[i].pattern, &arena);

        assert_string_equal(p.filter, rows[i].filter);
        assert_string_equal(p.text, rows[i].pattern);
        arena_done(&arena);
    }
}

/* ---- matching ---- */

struct row {
    const char *pattern, *topic;
    const char *captured; /* "name=text name=text", "" for none, NULL: no match */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena = { 0 };
        struct topic_pattern p = compile(rows[i].pattern, &arena);
        struct topic_match m, before;
        char got[512] = "";
        size_t len = strlen(rows[i].topic);
        char *topic = malloc(len > 0 ? len : 1); /* not terminated: reading on is an error */

        assert_non_null(topic);
        memcpy(topic, rows[i].topic, len);
        memset(&m, 0xA5, sizeof m);
        memcpy(&before, &m, sizeof m);
        if (topic_match(&p, topic, len, NULL) != (rows[i].captured != NULL))
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].topic);
        assert_true(topic_match(&p, topic, len, &m) == (rows[i].captured != NULL));
        if (rows[i].captured == NULL) {
            assert_memory_equal(&m, &before, sizeof m);
        } else {
            for (uint16_t k = 0; k < m.count; k++) {
                size_t at = strlen(got);

                assert_in_range(m.captures[k].text - topic, 0, len);
                (void)tcn_text_format(got + at, sizeof got - at, "%s%s=%.*s", k > 0 ? " " : "",
                                      m.captures[k].name, (int)m.captures[k].len,
                                      m.captures[k].text);
            }
            assert_string_equal(got, rows[i].captured);
        }
        free(topic);
        arena_done(&arena);
    }
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void text_and_wildcards_match_as_in_mqtt(void **state)
{
    static const struct row rows[] = {
        { "a/b", "a/b", "" },         { "a/b", "a/b/", NULL },
        { "a/b", "a", NULL },         { "a/b", "a/B", NULL },
        { "a/b", "a/bc", NULL },      { "a/+", "a/x", "" },
        { "a/+", "a/", "" }, /* an empty level is a level */
        { "a/+", "a", NULL },         { "a/+", "a/x/y", NULL },
        { "+/+", "/", "" },           { "/+", "/x", "" },
        { "+", "/x", NULL },          { "a/#", "a", "" }, /* as in MQTT: the parent level, too */
        { "a/#", "a/", "" },          { "a/#", "a/b/c", "" },
        { "a/#", "ab", NULL },        { "a/#", "", NULL },
        { "#", "a/b", "" },           { "#", "/", "" },
        { "/#", "/a/b", "" },         { "/#", "a", NULL },
        { "a/+/c/#", "a/b/c", "" },   { "a/+/c/#", "a/b/c/d/e", "" },
        { "a/+/c/#", "a/b/d", NULL }, { "a//b", "a//b", "" },
        { "a//b", "a/x/b", NULL },
    };

    (void)state;
    CHECK(rows);
}

static void system_topics_need_their_first_level_written_out(void **state)
{
    static const struct row rows[] = {
        { "#", "$SYS/broker/uptime", NULL },
        { "+/broker/uptime", "$SYS/broker/uptime", NULL },
        { "{a}/broker/uptime", "$SYS/broker/uptime", NULL },
        { "{a...}", "$SYS/broker/uptime", NULL },
        { "{a...}/uptime", "$SYS/broker/uptime", NULL },
        { "$SYS/#", "$SYS/broker/uptime", "" },
        { "$SYS/{what...}", "$SYS/broker/uptime", "what=broker/uptime" },
        { "a/+", "a/$x", "" },
        { "a/{b}", "a/$x", "b=$x" },
    };

    (void)state;
    CHECK(rows);
}

static void one_level_is_captured_whole_or_in_part(void **state)
{
    static const struct row rows[] = {
        { "{a}", "x", "a=x" },
        { "{a}", "x/y", NULL },
        { "{a}/{b}", "x/y", "a=x b=y" },
        { "a/{b}/c", "a/烟感-01/c", "b=烟感-01" },
        { "a/{b}/c", "a//c", NULL }, /* a device without a name is none */
        { "/{product}/{device}/user/update", "/a1Xy/dev07/user/update",
          "product=a1Xy device=dev07" },
        { "/{product}/{device}/user/update", "a1Xy/dev07/user/update", NULL },
        { "s/shellysmoke-{id}/x", "s/shellysmoke-84CCA8/x", "id=84CCA8" },
        { "s/shellysmoke-{id}/x", "s/shellysmoke-/x", NULL },
        { "s/shellysmoke-{id}/x", "s/shellyflood-84CCA8/x", NULL },
        { "s/{id}_smoke", "s/hall_smoke", "id=hall" },
        { "s/{id}_smoke", "s/_smoke", NULL },
        { "s/{id}_smoke", "s/hall_smoke_x", NULL },
        { "s/a{id}a", "s/aa", NULL }, /* prefix and suffix don't overlap */
        { "s/a{id}a", "s/aba", "id=b" },
        { "s/a{id}a", "s/aaa", "id=a" },
        { "a/{b}/#", "a/x", "b=x" },
        { "a/{b}/#", "a/x/y/z", "b=x" },
        { "a/{b}/#", "a", NULL },
        { "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", "1/2/3/4/5/6/7/8", "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8" },
    };

    (void)state;
    CHECK(rows);
}

static void several_levels_are_captured_before_a_fixed_tail(void **state)
{
    static const struct row rows[] = {
        { "z/{d...}", "z/hall", "d=hall" },
        { "z/{d...}", "z/2F/hall/smoke", "d=2F/hall/smoke" },
        { "z/{d...}", "z", NULL },
        { "z/{d...}", "z/", NULL },
        { "z/{d...}", "z//x", "d=/x" },
        { "z/{d...}/availability", "z/hall/availability", "d=hall" },
        { "z/{d...}/availability", "z/2F/hall/availability", "d=2F/hall" },
        { "z/{d...}/availability", "z/availability", NULL },
        { "z/{d...}/availability", "z//availability", NULL },
        { "z/{d...}/availability", "z/hall/availability/x", NULL },
        { "z/{d...}/availability", "z/availability/availability", "d=availability" },
        { "{d...}/a/b", "a/b/a/b", "d=a/b" },
        { "{d...}/a/b", "a/b", NULL },
        { "{a}/{d...}/{z}", "1/2/3/4", "a=1 d=2/3 z=4" },
        { "{a}/{d...}/{z}", "1/2/3", "a=1 d=2 z=3" },
        { "{a}/{d...}/{z}", "1/2", NULL },
        { "{a}/{d...}/x-{z}/s", "1/2/x-3/x-4/s", "a=1 d=2/x-3 z=4" },
        { "z/{d...}/set/#", "z/hall/set", "d=hall" },
        { "z/{d...}/set/#", "z/2F/hall/set/state/x", "d=2F/hall" },
        { "z/{d...}/set/#", "z/set/set/set", "d=set" }, /* as few levels as it can */
        { "z/{d...}/set/#", "z/hall/get", NULL },
        { "z/{d...}/#", "z/a/b/c", "d=a" },
        { "{d...}", "/", "d=/" },
        { "/{d...}/x", "/a/b/x", "d=a/b" },
    };

    (void)state;
    CHECK(rows);
}

static void captures_are_found_by_name(void **state)
{
    struct arena arena = { 0 };
    struct topic_pattern p = compile("{site}/{device...}/state", &arena);
    struct topic_match m;
    const char *topic = "nt/2F/hall/state", *text;
    size_t len = 0;

    (void)state;
    assert_true(topic_match(&p, topic, strlen(topic), &m));
    text = topic_capture(&m, "device", &len);
    assert_ptr_equal(text, topic + 3);
    assert_int_equal(len, 7);
    assert_null(topic_capture(&m, "devic", &len));
    assert_int_equal(len, 7);
    arena_done(&arena);
}

static void topics_longer_than_the_limit_don_t_match(void **state)
{
    struct arena arena = { 0 };
    struct topic_pattern p = compile("#", &arena);
    char topic[TOPIC_MAX + 1];

    (void)state;
    memset(topic, 'a', sizeof topic);
    assert_true(topic_match(&p, topic, TOPIC_MAX, NULL));
    assert_false(topic_match(&p, topic, TOPIC_MAX + 1, NULL));
    arena_done(&arena);
}

/* Thousands of empty levels against a pattern full of them end quickly and rightly. */
static void many_empty_levels_are_no_trouble(void **state)
{
    struct arena arena = { 0 };
    char text[TOPIC_MAX], topic[TOPIC_MAX];
    struct topic_pattern p;

    (void)state;
    memset(text, '/', sizeof text);
    memcpy(text, "{d...}", 6);
    memcpy(text + 500, "/x", 3);
    p = compile(text, &arena);
    memset(topic, '/', sizeof topic);
    assert_false(topic_match(&p, topic, sizeof topic, NULL));
    topic[sizeof topic - 1] = 'x';
    assert_true(topic_match(&p, topic, sizeof topic, NULL));
    arena_done(&arena);
}

/* ---- what is refused ---- */

static void bad_patterns_are_refused_at_the_spot(void **state)
{
    static const struct {
        const char *pattern;
        size_t offset;
        const char *says;
    } rows[] = {
        { "", 0, "the topic is empty" },
        { "a/#/b", 2, "nothing can follow it" },
        { "#/", 0, "nothing can follow it" },
        { "a/b#", 3, "'#' must be a level of its own" },
        { "a/b+/c", 3, "'+' must be a level of its own" },
        { "a/{b}+", 5, "'+' must be a level of its own" },
        { "a/{b", 2, "not closed" },
        { "a/{b/c}", 2, "not closed" },
        { "a/b}", 3, "'}' closes nothing" },
        { "a/{b}}", 5, "'}' closes nothing" },
        { "a/}b{", 2, "'}' closes nothing" },
        { "a/{}", 2, "needs a name" },
        { "a/{...}", 2, "needs a name" },
        { "a/{ b }", 3, "can't name a capture" },
        { "a/{b-c}", 3, "'b-c' can't name a capture" },
        { "a/{1b}", 3, "can't name a capture" },
        { "a/{b..}", 3, "with three dots" },
        { "a/{b…}", 3, "with three dots" },
        { "楼宇/{栋}", 8, "can't name a capture" },
        { "a/{b{c}", 3, "can't name a capture" },
        { "a/{b}-{c}", 6, "one level can hold one capture" },
        { "{a}/{a}", 5, "captured twice" },
        { "{a...}/x/{b...}", 9, "only one capture may take several levels" },
        { "z/x-{a...}", 4, "can't share one with 'x-'" },
        { "z/{a...}-x/y", 2, "can't share one with '-x'" },
        { "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", 33, "at most 8 names" },
        { "$x-{a}/b", 3, "begins with '$'" },
        { "$share/group/a", 0, "shared subscriptions" },
        { "a/b\n", 3, "control character 0x0a" },
        { "a/\x7f", 2, "control character 0x7f" },
        { "a/\xe4\xb8\xad\xff", 5, "not UTF-8" },
        { "a/\xe4\xb8", 2, "not UTF-8" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = { 0 };
        struct topic_pattern p, before;
        struct tcn_fail fail = { 0 };
        size_t offset = 9999;

        memset(&p, 0xA5, sizeof p);
        memcpy(&before, &p, sizeof p);
        assert_int_equal(topic_compile(rows[i].pattern, &arena, &p, &offset, &fail), TCN_EINPUT);
        assert_memory_equal(&p, &before, sizeof p);
        if (strstr(fail.text, rows[i].says) == NULL || offset != rows[i].offset)
            fail_msg("'%s': at %zu: %s", rows[i].pattern, offset, fail.text);
        arena_done(&arena);
    }
}

static void pattern_length_is_limited(void **state)
{
    struct arena arena = { 0 };
    struct topic_pattern p;
    struct tcn_fail fail;
    size_t offset;
    char text[TOPIC_MAX + 2];

    (void)state;
    memset(text, 'a', sizeof text);
    text[TOPIC_MAX] = '\0';
    assert_int_equal(topic_compile(text, &arena, &p, &offset, &fail), TCN_OK);
    text[TOPIC_MAX] = 'a';
    text[TOPIC_MAX + 1] = '\0';
    assert_int_equal(topic_compile(text, &arena, &p, &offset, &fail), TCN_EINPUT);
    assert_int_equal(offset, TOPIC_MAX);
    assert_non_null(strstr(fail.text, "1024 bytes, this one has 1025"));
    arena_done(&arena);
}

/* ---- publishing ---- */

static void levels_are_encoded_where_mqtt_demands_it(void **state)
{
    static const struct {
        const char *level, *encoded;
    } rows[] = {
        { "hall-1", "hall-1" },
        { "", "" },
        { "2F/hall", "2F%2Fhall" },
        { "a+b#c%d", "a%2Bb%23c%25d" },
        { "#", "%23" },
        { "zone:楼梯间 3", "zone:楼梯间 3" },
        { "a\nb\x7f", "a%0Ab%7F" },
        { "\xc2\x85", "%C2%85" }, /* a control character, U+0085 */
        { "a\xff", "a%FF" },
        { "\xe4\xb8", "%E4%B8" },
        { "\xed\xa0\x80", "%ED%A0%80" },
        { "%2F", "%252F" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf topic = { 0 };

        buf_text(&topic, "alarms/");
        topic_append_level(&topic, rows[i].level);
        assert_false(topic.failed);
        assert_true(tcn_text_is_utf8(topic.bytes, topic.len));
        assert_string_equal(topic.bytes + 7, rows[i].encoded);
        buf_done(&topic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_is_what_a_broker_understands),
        cmocka_unit_test(text_and_wildcards_match_as_in_mqtt),
        cmocka_unit_test(system_topics_need_their_first_level_written_out),
        cmocka_unit_test(one_level_is_captured_whole_or_in_part),
        cmocka_unit_test(several_levels_are_captured_before_a_fixed_tail),
        cmocka_unit_test(captures_are_found_by_name),
        cmocka_unit_test(topics_longer_than_the_limit_don_t_match),
        cmocka_unit_test(many_empty_levels_are_no_trouble),
        cmocka_unit_test(bad_patterns_are_refused_at_the_spot),
        cmocka_unit_test(pattern_length_is_limited),
        cmocka_unit_test(levels_are_encoded_where_mqtt_demands_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
