/* What the simulator sends has the shape of the real thing.
 * links: rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "ctl/simulate_payload.h"
#include "proto/tocsin.pb-c.h"

#define GATEWAY "gw-1"
#define NOW_MS  INT64_C(1772323200000) /* 2026-03-01T08:00:00+08:00 */

static json_t *parse(const struct simulate_wire *w)
{
    json_t *json;

    assert_false(w->topic.failed || w->payload.failed);
    json = json_loadb(w->payload.bytes, w->payload.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static void smoke_repeats_the_whole_state(void **state)
{
    struct simulate_wire w = { 0 };
    json_t *json;

    (void)state;
    simulate_payload_smoke(&w, "chaodong/3-502", true, 5, NOW_MS);
    assert_string_equal(w.topic.bytes, "zigbee2mqtt/chaodong/3-502");
    json = parse(&w);
    assert_true(json_is_true(json_object_get(json, "smoke")));
    assert_true(json_is_false(json_object_get(json, "test")));
    assert_string_equal(json_string_value(json_object_get(json, "last_seen")),
                        "2026-03-01T08:00:00.000+08:00");
    json_decref(json);
    simulate_wire_done(&w);
}

static void check_bicycle(enum simulate_phase phase, const char *type, bool stationary,
                          size_t zones, bool ended)
{
    struct simulate_wire w = { 0 };
    const json_t *before, *after;
    json_t *json;

    simulate_payload_bicycle(&w, "exit_a", phase, NOW_MS, NOW_MS + 4000);
    assert_string_equal(w.topic.bytes, "frigate/events");
    json = parse(&w);
    before = json_object_get(json, "before");
    after = json_object_get(json, "after");
    assert_string_equal(json_string_value(json_object_get(json, "type")), type);
    assert_int_equal(json_object_size(before), json_object_size(after));
    assert_string_equal(json_string_value(json_object_get(before, "id")),
                        json_string_value(json_object_get(after, "id")));
    assert_int_equal(json_is_true(json_object_get(after, "stationary")), stationary);
    assert_int_equal(json_array_size(json_object_get(after, "current_zones")), zones);
    assert_int_equal(json_is_real(json_object_get(after, "end_time")), ended);
    json_decref(json);
    simulate_wire_done(&w);
}

static void a_bicycle_arrives_stands_and_leaves(void **state)
{
    (void)state;
    check_bicycle(PHASE_ARRIVES, "new", false, 0, false);
    check_bicycle(PHASE_STANDS, "update", true, 1, false);
    check_bicycle(PHASE_STILL_STANDS, "update", true, 1, false);
    check_bicycle(PHASE_LEAVES, "end", false, 0, true);
}

static void water_is_a_reading_in_protobuf(void **state)
{
    struct simulate_wire w = { 0 };
    Tocsin__V1__Reading *reading;

    (void)state;
    simulate_payload_water(&w, GATEWAY, "sprinkler-03", 42.0, true, 7, NOW_MS);
    reading = tocsin__v1__reading__unpack(NULL, w.payload.len, (const uint8_t *)w.payload.bytes);
    assert_non_null(reading);
    assert_string_equal(reading->device, "sprinkler-03");
    assert_int_equal(reading->at, NOW_MS);
    assert_int_equal(reading->seq, 7);
    assert_int_equal(reading->n_samples, 2);
    assert_string_equal(reading->samples[0]->metric, "pressure");
    assert_string_equal(reading->samples[0]->unit, "kPa");
    assert_true(reading->samples[0]->number == 42.0);
    assert_string_equal(reading->samples[1]->metric, "water_flow");
    assert_int_equal(reading->samples[1]->value_case, TOCSIN__V1__SAMPLE__VALUE_FLAG);
    assert_true(reading->samples[1]->flag);
    tocsin__v1__reading__free_unpacked(reading, NULL);
    simulate_wire_done(&w);
}

static void a_party_commands_on_its_own_topic(void **state)
{
    const struct simulate_step step = { .action = SIMULATE_COMMAND,
                                        .command = COMMAND_SUBMIT,
                                        .party = PARTY_ENTERPRISE,
                                        .party_id = "E1",
                                        .person = "陆建国",
                                        .note = "已清理",
                                        .evidence = "photo.jpg" };
    struct simulate_wire w = { 0 };
    const json_t *body;
    json_t *json;

    (void)state;
    simulate_payload_command(&w, GATEWAY, &step, "c-1", "t-1", NOW_MS);
    assert_string_equal(w.topic.bytes, "tocsin/v1/gw-1/commands/enterprise/E1");
    json = parse(&w);
    body = json_object_get(json, "submit");
    assert_string_equal(json_string_value(json_object_get(json, "commandId")), "c-1");
    assert_string_equal(json_string_value(json_object_get(body, "taskId")), "t-1");
    assert_string_equal(json_string_value(json_object_get(body, "note")), "已清理");
    assert_string_equal(json_string_value(json_object_get(body, "evidence")), "photo.jpg");
    json_decref(json);
    simulate_wire_done(&w);
}

static void an_operator_acknowledges_an_alarm(void **state)
{
    const struct simulate_step step = { .action = SIMULATE_COMMAND,
                                        .command = COMMAND_ACKNOWLEDGE,
                                        .party = PARTY_OPERATOR,
                                        .party_id = "duty-01",
                                        .person = "王敏" };
    struct simulate_wire w = { 0 };
    json_t *json;

    (void)state;
    simulate_payload_command(&w, GATEWAY, &step, "c-2", "a-1", NOW_MS);
    assert_string_equal(w.topic.bytes, "tocsin/v1/gw-1/commands");
    json = parse(&w);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "acknowledge"), "alarmId")), "a-1");
    json_decref(json);
    simulate_wire_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smoke_repeats_the_whole_state),
        cmocka_unit_test(a_bicycle_arrives_stands_and_leaves),
        cmocka_unit_test(water_is_a_reading_in_protobuf),
        cmocka_unit_test(a_party_commands_on_its_own_topic),
        cmocka_unit_test(an_operator_acknowledges_an_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
