/* Our own messages in both encodings, and their topics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "codec/message.h"
#include "model/unit_of_measure.h"
#include "proto/tocsin.pb-c.h"

#define T0      INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
#define T0_TEXT "2026-03-01T08:00:00.000+08:00"

static const struct enterprise ENTERPRISES[] = { { "91320600MA1ABCDE06", "江海机械厂", "", "" } };
static const struct department DEPARTMENTS[] = { { "fire/1", "消防大队", "", "" } };
static const struct patrol_unit UNITS[] = { { "u-1", "和平小区", UNIT_RESIDENTIAL, "王建国", "",
                                              0 } };
static const struct site SITES[] = { { "works", "一号厂房", "城南路 1 号", 0, 0, 0 } };
static const struct zone ZONES[] = { { "z1", "东区", 0 } };
static const struct device DEVICES[] = {
    { "hall/a#1", NULL, "末端压力", 0, 0, 0, 0, 0, 0 },
    { "bare", NULL, "", 0, REGISTRY_NONE, REGISTRY_NONE, REGISTRY_NONE, REGISTRY_NONE,
      REGISTRY_NONE },
};
static const char *const WORDS[] = { "ok", "low" };
static struct metric METRICS[] = {
    { .name = "pressure", .type = METRIC_NUMBER },
    { .name = "smoke", .type = METRIC_BOOL },
    { .name = "battery_state", .type = METRIC_ENUM, .words = WORDS, .word_count = 2 }
};
static const struct rule RULES[] = { { .id = "low-pressure",
                                       .title = "压力低",
                                       .guidance = "",
                                       .version = "0a1b2c3d",
                                       .signal_class = SIGNAL_SUPERVISORY,
                                       .severity = SEVERITY_MAJOR } };
static const struct metrics metrics = { METRICS, 3 };
static const struct registry registry = { .enterprises = ENTERPRISES,
                                          .departments = DEPARTMENTS,
                                          .units = UNITS,
                                          .sites = SITES,
                                          .zones = ZONES,
                                          .devices = DEVICES,
                                          .enterprise_count = 1,
                                          .department_count = 1,
                                          .unit_count = 1,
                                          .site_count = 1,
                                          .zone_count = 1,
                                          .device_count = 2 };
static const struct rules rules = { RULES, 1 };
static struct message_context context = { "gw-1",       "tocsin", 3,         480,
                                          MESSAGE_JSON, &metrics, &registry, &rules };

static struct alarm an_alarm(void)
{
    return (struct alarm){ .id = id_pack(3, 17),
                           .state = ALARM_RETURNED,
                           .has_value = true,
                           .value = 0.048,
                           .raised_wall_ms = T0,
                           .changed_wall_ms = T0 + 1500,
                           .task = id_pack(3, 18),
                           .acked_by = { PARTY_OPERATOR, "zhang", "张伟" } };
}

static struct task a_task(void)
{
    return (struct task){ .id = id_pack(3, 18),
                          .alarm = id_pack(3, 17),
                          .state = TASK_SUBMITTED,
                          .level = HAZARD_MAJOR,
                          .overdue_level = 2,
                          .recurrence = 1,
                          .hazard_present = true,
                          .issued_wall_ms = T0,
                          .deadline_wall_ms = T0 + 86400000,
                          .evidence = "photo-7.jpg" };
}

/* The member of the JSON text at out, as compact JSON. */
static void expect_member(const struct buf *out, const char *path, const char *expected)
{
    json_t *tree = json_loadb(out->bytes, out->len, JSON_DECODE_ANY, NULL);
    const json_t *at = tree;
    char name[64];
    char *dump;

    assert_non_null(tree);
    for (const char *p = path; *p != '\0';) {
        size_t len = strcspn(p, ".");

        assert_true(len < sizeof name);
        memcpy(name, p, len);
        name[len] = '\0';
        at = json_is_array(at) ? json_array_get(at, (size_t)(name[0] - '0'))
                               : json_object_get(at, name);
        if (at == NULL)
            fail_msg("no member %s", path);
        p += len + (p[len] == '.');
    }
    dump = json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert_string_equal(dump, expected);
    free(dump);
    json_decref(tree);
}

static void alarm_holds_every_field_of_the_contract(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "alarmId", "\"gw-1-000003000000H\"" },
        { "gateway", "\"gw-1\"" },
        { "device", "\"hall/a#1\"" },
        { "deviceName", "\"末端压力\"" },
        { "site", "\"works\"" },
        { "siteName", "\"一号厂房\"" },
        { "address", "\"城南路 1 号\"" },
        { "zone", "\"z1\"" },
        { "zoneName", "\"东区\"" },
        { "rule", "\"low-pressure\"" },
        { "ruleVersion", "\"0a1b2c3d\"" },
        { "signalClass", "\"supervisory\"" },
        { "severity", "\"major\"" },
        { "state", "\"returned-unacknowledged\"" },
        { "latched", "false" },
        { "shelvedUntil", "null" },
        { "drill", "false" },
        { "durable", "true" },
        { "title", "\"压力低\"" },
        { "guidance", "null" },
        { "value.number", "0.048" },
        { "value.metric", "\"pressure\"" },
        { "value.unit", "\"MPa\"" },
        { "raisedAt", "\"" T0_TEXT "\"" },
        { "changedAt", "\"2026-03-01T08:00:01.500+08:00\"" },
        { "deviceTime", "null" },
        { "ackedBy", "\"张伟\"" },
        { "enterprise", "\"91320600MA1ABCDE06\"" },
        { "enterpriseName", "\"江海机械厂\"" },
        { "department", "\"fire/1\"" },
        { "patrolUnit", "\"u-1\"" },
        { "officer", "\"王建国\"" },
        { "taskId", "\"gw-1-000003000000J\"" },
    };
    struct alarm a = an_alarm();
    struct buf out = { 0 };

    METRICS[0].unit = unit_find("MPa", 3);
    assert_int_equal(message_alarm(&context, &a, true, &out), TCN_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_member(&out, rows[i][0], rows[i][1]);
    buf_done(&out);
}

static void alarm_of_a_bare_device_writes_nulls(void **state)
{
    (void)state;
    struct alarm a = an_alarm();
    struct buf out = { 0 };

    a.device = 1;
    a.has_value = false;
    a.task = 0;
    a.acked_by = (struct actor){ 0 };
    assert_int_equal(message_alarm(&context, &a, false, &out), TCN_OK);
    expect_member(&out, "site", "null");
    expect_member(&out, "zone", "null");
    expect_member(&out, "enterprise", "null");
    expect_member(&out, "officer", "null");
    expect_member(&out, "value", "null");
    expect_member(&out, "taskId", "null");
    expect_member(&out, "ackedBy", "null");
    expect_member(&out, "durable", "false");
    buf_done(&out);
}

static void values_are_written_by_type(void **state)
{
    (void)state;
    struct alarm a = an_alarm();
    struct buf out = { 0 };

    a.value_metric = 1;
    a.value = 1;
    assert_int_equal(message_alarm(&context, &a, true, &out), TCN_OK);
    expect_member(&out, "value.flag", "true");
    expect_member(&out, "value.number", "null");
    buf_reset(&out);
    a.value_metric = 2;
    assert_int_equal(message_alarm(&context, &a, true, &out), TCN_OK);
    expect_member(&out, "value.text", "\"low\"");
    buf_reset(&out);
    a.acked_by.name[0] = '\0';
    assert_int_equal(message_alarm(&context, &a, true, &out), TCN_OK);
    expect_member(&out, "ackedBy", "\"zhang\"");
    buf_done(&out);
}

static void event_carries_epoch_seq_and_actor(void **state)
{
    (void)state;
    struct alarm_change change = { .alarm = an_alarm(),
                                   .transition = TRANSITION_RERAISED,
                                   .seq = 42,
                                   .actor = { PARTY_SYSTEM, "", "" } };
    struct buf out = { 0 };

    assert_int_equal(message_alarm_event(&context, &change, true, &out), TCN_OK);
    expect_member(&out, "epoch", "3");
    expect_member(&out, "seq", "42");
    expect_member(&out, "transition", "\"re-raised\"");
    expect_member(&out, "reason", "null");
    expect_member(&out, "actor", "{\"kind\":\"system\",\"id\":null,\"name\":null}");
    expect_member(&out, "alarm.alarmId", "\"gw-1-000003000000H\"");
    buf_done(&out);
}

static void notice_names_party_task_and_history(void **state)
{
    (void)state;
    const struct notice notice = { .id = id_pack(3, 19),
                                   .seq = 5,
                                   .kind = TASK_EV_OVERDUE,
                                   .party_kind = PARTY_DEPARTMENT,
                                   .party = 0 };
    static struct task_step steps[2];
    struct task task = a_task();
    struct buf out = { 0 };

    steps[0] = (struct task_step){ .event = TASK_EV_ISSUED, .state = TASK_ISSUED, .wall_ms = T0 };
    steps[1] = (struct task_step){ .event = TASK_EV_SUBMITTED,
                                   .state = TASK_SUBMITTED,
                                   .wall_ms = T0 + 1,
                                   .actor = { PARTY_ENTERPRISE, "91320600MA1ABCDE06", "李娜" },
                                   .note = "已修复",
                                   .evidence = "photo-7.jpg" };
    assert_int_equal(message_task_notice(&context, &notice, &task, steps, 2, &out), TCN_OK);
    expect_member(&out, "noticeId", "\"gw-1-000003000000K\"");
    expect_member(&out, "seq", "5");
    expect_member(&out, "epoch", "3");
    expect_member(&out, "kind", "\"overdue\"");
    expect_member(&out, "party",
                  "{\"kind\":\"department\",\"id\":\"fire/1\",\"name\":\"消防大队\"}");
    expect_member(&out, "task.taskId", "\"gw-1-000003000000J\"");
    expect_member(&out, "task.alarmId", "\"gw-1-000003000000H\"");
    expect_member(&out, "task.state", "\"submitted\"");
    expect_member(&out, "task.hazardLevel", "\"major\"");
    expect_member(&out, "task.overdueLevel", "2");
    expect_member(&out, "task.recurrence", "1");
    expect_member(&out, "task.deadline", "\"2026-03-02T08:00:00.000+08:00\"");
    expect_member(&out, "task.history.0.actor", "null");
    expect_member(&out, "task.history.1.actor.name", "\"李娜\"");
    expect_member(&out, "task.history.1.note", "\"已修复\"");
    buf_done(&out);
}

static void task_with_the_longest_history_is_written(void **state)
{
    (void)state;
    static struct task_step steps[TASK_STEPS_MAX];
    struct task task = a_task();
    struct buf out = { 0 };

    task.enterprise = REGISTRY_NONE;
    assert_int_equal(message_task(&context, &task, steps, TASK_STEPS_MAX, &out), TCN_OK);
    expect_member(&out, "enterprise", "null");
    expect_member(&out, "history.9.event", "\"issued\"");
    buf_done(&out);
}

static void reply_tells_success_or_error(void **state)
{
    (void)state;
    struct command_reply reply = { .id = "c-1", .state = "acknowledged" };
    struct buf out = { 0 };

    assert_int_equal(message_reply(&context, &reply, &out), TCN_OK);
    assert_string_equal(out.bytes, "{\"commandId\":\"c-1\",\"ok\":true,\"error\":null,"
                                   "\"state\":\"acknowledged\"}");
    buf_reset(&out);
    reply = (struct command_reply){ .id = "c-2", .error = TCN_ESTATE, .text = "it is closed" };
    assert_int_equal(message_reply(&context, &reply, &out), TCN_OK);
    assert_string_equal(out.bytes, "{\"commandId\":\"c-2\",\"ok\":false,\"error\":{\"code\":"
                                   "\"wrong-state\",\"message\":\"it is closed\"},"
                                   "\"state\":null}");
    buf_done(&out);
}

static void status_counts_what_is_configured(void **state)
{
    (void)state;
    const struct message_status status = {
        .state = "online", .version = "0.1.0", .since_wall_ms = T0, .messages = 12
    };
    struct buf out = { 0 };

    assert_int_equal(message_status(&context, &status, &out), TCN_OK);
    expect_member(&out, "state", "\"online\"");
    expect_member(&out, "since", "\"" T0_TEXT "\"");
    expect_member(&out, "at", "null");
    expect_member(&out, "devices", "2");
    expect_member(&out, "rules", "1");
    expect_member(&out, "messages", "12");
    buf_done(&out);
}

static void protobuf_encoding_says_the_same(void **state)
{
    (void)state;
    struct message_context binary = context;
    struct alarm_change change = { .alarm = an_alarm(), .transition = TRANSITION_RAISED, .seq = 9 };
    struct buf out = { 0 };
    Tocsin__V1__AlarmEvent *m;

    binary.encoding = MESSAGE_PROTOBUF;
    assert_int_equal(message_alarm_event(&binary, &change, true, &out), TCN_OK);
    m = tocsin__v1__alarm_event__unpack(NULL, out.len, (const uint8_t *)out.bytes);
    assert_non_null(m);
    assert_int_equal(m->seq, 9);
    assert_null(m->actor);
    assert_string_equal(m->alarm->device, "hall/a#1");
    assert_int_equal(m->alarm->raised_at, T0);
    assert_int_equal(m->alarm->value->value_case, TOCSIN__V1__SAMPLE__VALUE_NUMBER);
    assert_float_equal(m->alarm->value->number, 0.048, 0);
    tocsin__v1__alarm_event__free_unpacked(m, NULL);
    buf_done(&out);
}

static void topics_are_those_of_the_contract(void **state)
{
    (void)state;
    const struct notice notice = { .party_kind = PARTY_DEPARTMENT };
    struct alarm a = an_alarm();
    struct buf out = { 0 };

    topic_status(&context, &out);
    buf_text(&out, " ");
    topic_alarm(&context, &a, &out);
    buf_text(&out, " ");
    topic_events(&context, SIGNAL_FIRE, &out);
    buf_text(&out, " ");
    topic_task_notice(&context, &notice, &out);
    buf_text(&out, " ");
    topic_replies(&context, &out);
    buf_text(&out, " ");
    topic_commands_filter(&context, 0, &out);
    buf_text(&out, " ");
    topic_commands_filter(&context, 1, &out);
    assert_string_equal(out.bytes, "tocsin/v1/gw-1/status "
                                   "tocsin/v1/gw-1/alarms/hall%2Fa%231/low-pressure "
                                   "tocsin/v1/gw-1/events/fire "
                                   "tocsin/v1/gw-1/tasks/department/fire%2F1 "
                                   "tocsin/v1/gw-1/commands/replies "
                                   "tocsin/v1/gw-1/commands "
                                   "tocsin/v1/gw-1/commands/+/+");
    buf_done(&out);
}

static void command_topic_says_who_acts(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        int rc;
        enum party_kind kind;
        uint32_t party;
    } rows[] = {
        { "tocsin/v1/gw-1/commands", TCN_OK, PARTY_NONE, REGISTRY_NONE },
        { "tocsin/v1/gw-1/commands/enterprise/91320600MA1ABCDE06", TCN_OK, PARTY_ENTERPRISE, 0 },
        { "tocsin/v1/gw-1/commands/department/fire%2F1", TCN_OK, PARTY_DEPARTMENT, 0 },
        { "tocsin/v1/gw-1/commands/department/fire%2f1", TCN_OK, PARTY_DEPARTMENT, 0 },
        { "tocsin/v1/gw-1/commands/unit/u-1", TCN_OK, PARTY_UNIT, 0 },
        { "tocsin/v1/gw-1/commands/unit/u-2", TCN_ENOENT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/commands/unit/", TCN_ENOENT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/commands/department/fire%2", TCN_ENOENT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/commands/department/fire/1", TCN_ENOENT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/commands/operator/zhang", TCN_EINPUT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/commands/replies", TCN_EINPUT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/commandsx", TCN_EINPUT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-10/commands", TCN_EINPUT, PARTY_NONE, 0 },
        { "tocsin/v1/gw-1/status", TCN_EINPUT, PARTY_NONE, 0 },
        { "", TCN_EINPUT, PARTY_NONE, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum party_kind kind = PARTY_SYSTEM;
        uint32_t party = 77;
        int rc = topic_command_party(&context, rows[i].topic, strlen(rows[i].topic), &kind, &party);

        if (rc != rows[i].rc)
            fail_msg("%s: %d", rows[i].topic, rc);
        assert_int_equal(kind, rc == TCN_OK ? rows[i].kind : PARTY_SYSTEM);
        assert_int_equal(party, rc == TCN_OK ? rows[i].party : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_holds_every_field_of_the_contract),
        cmocka_unit_test(alarm_of_a_bare_device_writes_nulls),
        cmocka_unit_test(values_are_written_by_type),
        cmocka_unit_test(event_carries_epoch_seq_and_actor),
        cmocka_unit_test(notice_names_party_task_and_history),
        cmocka_unit_test(task_with_the_longest_history_is_written),
        cmocka_unit_test(reply_tells_success_or_error),
        cmocka_unit_test(status_counts_what_is_configured),
        cmocka_unit_test(protobuf_encoding_says_the_same),
        cmocka_unit_test(topics_are_those_of_the_contract),
        cmocka_unit_test(command_topic_says_who_acts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
