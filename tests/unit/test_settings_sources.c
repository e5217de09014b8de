/* The shipped source files against messages that real devices send. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settings_fixture.h"

#include "codec/mapping.h"

#define NOW_MS INT64_C(1767312000000) /* 2026-01-02 */

static const char DEVICES_CSV[] = "id,name,type,site,address\n"
                                  "a,A,t,home,smoke_3f_east\n"
                                  "b,B,t,home,Smoke/Aqara 01\n"
                                  "c,C,t,home,烟感 三层\n"
                                  "cam,Cam,t,home,exit_a\n"
                                  "spot,S,t,home,charging_spot\n"
                                  "exit,E,t,home,exit_zone\n"
                                  "nvr,N,t,home,frigate\n"
                                  "zone1,Z,t,home,panel-b1/smoke_zone_1\n"
                                  "panel-b1,P,t,home,\n";

static int set_up(void **state)
{
    char cwd[512], text[2048];
    struct nest *n;

    if (nest_set_up(state) != 0 || getcwd(cwd, sizeof cwd) == NULL)
        return -1;
    n = *state;
    (void)snprintf(
        text, sizeof text,
        "gateway: gw\nconnections: {devices: {url: \"mqtt://127.0.0.1\"}}\n"
        "metrics: %s/config/metrics.yaml\n"
        "registry: {departments: departments.csv, sites: sites.csv, devices: devices.csv}\n"
        "sources: %s/config/sources/*.yaml\nrules: rules.yaml\n",
        cwd, cwd);
    nest_write(n, "tocsin.yaml", text);
    nest_write(n, "devices.csv", DEVICES_CSV);
    return nest_load(n) == TCN_OK ? 0 : -1;
}

/* "device metric=value ...", an unknown value as '?', a mere sign of life as '+', a reject as
 * "!reason". */
static void put_result(const struct nest *n, const struct mapping_result *r, struct buf *out)
{
    buf_append(out, "", 0);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct reading *x = &r->readings[i];
        buf_format(out, "%s%s ", out->len > 0 ? " " : "", n->s->registry.devices[x->device].id);
        if (x->metric == METRIC_NONE)
            buf_text(out, "+");
        else if (x->quality != QUALITY_GOOD)
            buf_format(out, "%s=?", n->s->metrics.items[x->metric].name);
        else
            buf_format(out, "%s=%g", n->s->metrics.items[x->metric].name, x->value);
        if (x->object != 0)
            buf_text(out, "@");
    }
    if (r->rejected)
        buf_format(out, "%s!%s", out->len > 0 ? " " : "", reject_word(r->reason));
}

struct row {
    const char *topic, *payload, *wanted;
};

static void check_rows(struct nest *n, const struct row *rows, size_t count)
{
    const struct mapper_conf conf = { .metrics = &n->s->metrics, .registry = &n->s->registry };
    struct mapper *m;

    assert_int_equal(mapper_new(&conf, &m), TCN_OK);
    for (size_t i = 0; i < count; i++) {
        const struct mapping_message message = {
            .topic = rows[i].topic,
            .topic_len = strlen(rows[i].topic),
            .payload = rows[i].payload,
            .payload_len = strlen(rows[i].payload),
            .wall_ms = NOW_MS,
        };
        struct mapping_result result;
        struct buf got = { 0 };

        mapper_run(m, &n->s->sources, &message, &result);
        put_result(n, &result, &got);
        if (strcmp(got.len == 0 ? "" : got.bytes, rows[i].wanted) != 0)
            fail_msg("%s %s\n gives  %s\n wanted %s", rows[i].topic, rows[i].payload,
                     got.len == 0 ? "" : got.bytes, rows[i].wanted);
        buf_done(&got);
    }
    mapper_free(m);
}

#define CHECK(state, rows) check_rows(*(state), rows, sizeof(rows) / sizeof(rows)[0])

static void zigbee_detectors_are_understood(void **state)
{
    static const struct row rows[] = {
        { "zigbee2mqtt/smoke_3f_east",
          "{\"smoke\":false,\"tamper\":false,\"battery_low\":true,\"supervision_reports\":true,"
          "\"trouble\":false,\"ac_status\":false,\"test\":false,\"battery_defect\":false,"
          "\"linkquality\":120}",
          "a smoke=0 a test=0 a fault=0 a tamper=0 a battery_low=1 a battery_defect=0" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":true,\"test\":true}", "a smoke=1 a test=1" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":true,\"trouble\":true}", "a smoke=1 a fault=1" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"self_test\":false,\"smoke\":true,\"siren_state\":\"fire\",\"linkquality\":120}",
          "a smoke=1 a test=0 a silence=0" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"self_test\":false,\"smoke\":false,\"siren_state\":\"silenced\"}",
          "a smoke=0 a test=0 a silence=1" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"self_test\":true,\"smoke\":false,\"siren_state\":\"self_test\"}",
          "a smoke=0 a test=1 a silence=0" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"smoke\":false,\"battery_state\":\"low\",\"battery\":12,\"silence\":\"ON\","
          "\"self_test\":\"check_failure\"}",
          "a smoke=0 a test=0 a silence=1 a self_test_failed=1 a battery=12 a battery_low=1" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"battery\":100,\"voltage\":3075,\"device\":{\"status\":\"online\"},\"smoke\":false}",
          "a smoke=0 a battery=100 a voltage=3.075" },
        { "zigbee2mqtt/Smoke/Aqara 01",
          "{\"smoke\":true,\"smoke_density\":7,\"smoke_density_dbm\":0.11}",
          "b smoke=1 b smoke_density=0.11" },
        { "zigbee2mqtt/烟感 三层", "{\"smoke\":true}", "c smoke=1" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":null}", "a smoke=?" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":\" ON \"}", "a smoke=1" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":\"maybe\"}", "a smoke=?" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":true,}", "!malformed" },
        { "zigbee2mqtt/smoke_3f_east", "{\"smoke\":true}{\"smoke\":false}", "!malformed" },
    };

    CHECK(state, rows);
}

static void zigbee_water_gas_and_contacts_are_understood(void **state)
{
    static const struct row rows[] = {
        { "zigbee2mqtt/smoke_3f_east", "{\"water_leak\":true,\"battery_low\":false}",
          "a water_leak=1 a battery_low=0" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"water_leak\":false,\"tamper\":true,\"battery_low\":true}",
          "a water_leak=0 a tamper=1 a battery_low=1" },
        { "zigbee2mqtt/smoke_3f_east",
          "{\"state\":\"ON\",\"flow\":1.4,\"current_device_status\":\"water_leakage\"}",
          "a water_leak=1" },
        { "zigbee2mqtt/smoke_3f_east", "{\"contact\":false,\"tamper\":true}",
          "a contact_open=1 a tamper=1" },
        { "zigbee2mqtt/smoke_3f_east", "{\"gas\":true}", "a gas=1" },
        { "zigbee2mqtt/smoke_3f_east", "{\"carbon_monoxide\":true,\"tamper\":false}",
          "a carbon_monoxide=1 a tamper=0" },
        { "zigbee2mqtt/smoke_3f_east", "{\"alarm\":true,\"tamper\":false}",
          "a siren=1 a tamper=0" },
        { "zigbee2mqtt/smoke_3f_east", "{\"battery\":93,\"linkquality\":120}", "a battery=93" },
        /* barometric: no water pressure, only a sign of life */
        { "zigbee2mqtt/smoke_3f_east", "{\"pressure\":1013}", "a +" },
        { "zigbee2mqtt/smoke_3f_east", "{\"pressure\":null}", "a +" },
    };

    CHECK(state, rows);
}

static void zigbee_side_topics_are_told_apart(void **state)
{
    static const struct row rows[] = {
        { "zigbee2mqtt/Smoke/Aqara 01/availability", "{\"state\":\"offline\"}", "b online=0" },
        { "zigbee2mqtt/Smoke/Aqara 01/availability", "{\"state\":\"online\"}", "b online=1" },
        { "zigbee2mqtt/smoke_3f_east/availability", "online", "a online=1" },
        { "zigbee2mqtt/smoke_3f_east/availability", "offline", "a online=0" },
        { "zigbee2mqtt/smoke_3f_east/availability", "?", "a online=?" },
        { "zigbee2mqtt/smoke_3f_east/availability", "", "" },
        { "zigbee2mqtt/bridge/logging", "{\"level\":\"info\",\"message\":\"x\"}", "" },
        { "zigbee2mqtt/bridge/state", "{\"state\":\"offline\"}", "" },
        { "zigbee2mqtt/smoke_3f_east/set", "{\"smoke\":true}", "" },
        { "zigbee2mqtt/smoke_3f_east/get/smoke", "", "" },
        { "zigbee2mqtt/smoke_3f_east", "", "" }, /* removed: an empty retained message */
        { "zigbee2mqtt/smoke_3f_east/smoke", "true", "a smoke=1" },
        { "zigbee2mqtt/smoke_3f_east/contact", "false", "a contact_open=1" },
        { "zigbee2mqtt/smoke_3f_east/battery", "97", "a battery=97" },
        { "zigbee2mqtt/smoke_3f_east/battery", "", "a battery=?" },
        { "zigbee2mqtt/nobody", "{\"smoke\":true}", "!unknown-device" },
    };

    CHECK(state, rows);
}

#define EVENT(type, label, zones, entered, still, wrong)                                           \
    "{\"type\":\"" type "\",\"before\":{\"id\":\"1.2-x\"},\"after\":{\"id\":\"1.2-x\","            \
    "\"camera\":\"exit_a\",\"frame_time\":1767311999.5,\"label\":\"" label                         \
    "\",\"sub_label\":null,\"false_positive\":" wrong ",\"current_zones\":" zones                  \
    ",\"entered_zones\":" entered ",\"stationary\":" still ",\"motionless_count\":812}}"

static void frigate_objects_block_exits(void **state)
{
    static const struct row rows[] = {
        { "frigate/events",
          EVENT("update", "bicycle", "[\"exit_zone\"]", "[\"exit_zone\"]", "true", "false"),
          "cam exit_blocked=1@" },
        { "frigate/events",
          EVENT("new", "motorcycle", "[\"yard\",\"fire_lane\"]", "[\"fire_lane\"]", "true",
                "false"),
          "cam exit_blocked=1@" },
        /* it moves on, leaves, was none, ends */
        { "frigate/events",
          EVENT("update", "bicycle", "[\"exit_zone\"]", "[\"exit_zone\"]", "false", "false"),
          "cam exit_blocked=0@" },
        { "frigate/events",
          EVENT("update", "bicycle", "[\"yard\"]", "[\"exit_zone\"]", "true", "false"),
          "cam exit_blocked=0@" },
        { "frigate/events",
          EVENT("update", "bicycle", "[\"exit_zone\"]", "[\"exit_zone\"]", "true", "true"),
          "cam exit_blocked=0@" },
        { "frigate/events",
          EVENT("end", "bicycle", "[\"exit_zone\"]", "[\"exit_zone\"]", "true", "false"),
          "cam exit_blocked=0@" },
        /* nothing for us: not there yet, a person, another zone */
        { "frigate/events", EVENT("new", "bicycle", "[]", "[]", "false", "false"), "cam +" },
        { "frigate/events",
          EVENT("update", "person", "[\"exit_zone\"]", "[\"exit_zone\"]", "false", "false"),
          "cam +" },
        { "frigate/events", EVENT("update", "bicycle", "[\"yard\"]", "[\"yard\"]", "true", "false"),
          "cam +" },
        { "frigate/events",
          EVENT("update", "motorcycle", "[\"charging_spot\"]", "[\"landing\",\"charging_spot\"]",
                "true", "false"),
          "cam ebike_present=1@" },
        { "frigate/events",
          EVENT("update", "car", "[\"charging_spot\"]", "[\"charging_spot\"]", "true", "false"),
          "cam +" },
        { "frigate/events",
          EVENT("end", "motorcycle", "[]", "[\"charging_spot\"]", "false", "false"),
          "cam ebike_present=0@ cam ebike_present=0@" },
        { "frigate/events", "{\"type\":\"update\",\"after\":{\"camera\":\"other\"}}", "" },
    };

    CHECK(state, rows);
}

static void frigate_states_and_counts_are_understood(void **state)
{
    static const struct row rows[] = {
        { "frigate/available", "online", "nvr online=1" },
        { "frigate/available", "stopped", "nvr online=0" },
        { "frigate/available", "offline", "nvr online=0" },
        { "frigate/exit_a/status/detect", "online", "cam online=1" },
        { "frigate/exit_a/status/detect", "disabled", "cam online=0" },
        { "frigate/charging_spot/motorcycle", "1", "spot ebike_present=1@" },
        { "frigate/charging_spot/motorcycle", "0", "spot ebike_present=0@" },
        { "frigate/exit_zone/motorcycle/active", "1", "exit exit_blocked=1@" },
        { "frigate/exit_zone/motorcycle/active", "0", "" }, /* no all-clear */
        { "frigate/exit_zone/motorcycle", "0", "exit exit_blocked=0@" },
        { "frigate/exit_zone/all/active", "0", "" },
        { "frigate/exit_a/bicycle", "1", "" }, /* a camera, not a zone */
    };

    CHECK(state, rows);
}

static void esphome_states_are_understood(void **state)
{
    static const struct row rows[] = {
        { "panel-b1/binary_sensor/smoke_zone_1/state", "ON", "zone1 smoke=1" },
        { "panel-b1/binary_sensor/smoke_zone_1/state", "OFF", "zone1 smoke=0" },
        { "panel-b1/binary_sensor/smoke_zone_1/state", "", "zone1 smoke=?" },
        { "panel-b1/binary_sensor/smoke_zone_9/state", "ON", "" },
        { "panel-b1/binary_sensor/flow/state", "ON", "panel-b1 water_flow=1" },
        { "panel-b1/binary_sensor/door/state", "ON", "" },
        { "panel-b1/status", "offline", "panel-b1 online=0" },
        { "panel-b1/status", "online", "panel-b1 online=1" },
        { "panel-b1/sensor/temperature/state", "71.5", "panel-b1 temperature=71.5" },
        { "panel-b1/sensor/sprinkler_pressure/state", "48", "panel-b1 pressure=0.048" },
        { "panel-b1/sensor/sprinkler_pressure/state", "nan", "panel-b1 pressure=?" },
    };

    CHECK(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zigbee_detectors_are_understood),
        cmocka_unit_test(zigbee_water_gas_and_contacts_are_understood),
        cmocka_unit_test(zigbee_side_topics_are_told_apart),
        cmocka_unit_test(frigate_objects_block_exits),
        cmocka_unit_test(frigate_states_and_counts_are_understood),
        cmocka_unit_test(esphome_states_are_understood),
    };

    return cmocka_run_group_tests(tests, set_up, nest_tear_down);
}
