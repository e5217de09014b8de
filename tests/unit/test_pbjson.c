/* JSON for protobuf messages: names, absence, times, and what is refused on the way in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "codec/pbjson.h"
#include "proto/tocsin.pb-c.h"

static char *text(const char *s)
{
    return (char *)(uintptr_t)s; /* writing only reads */
}

static void expect_json(const ProtobufCMessage *m, const char *expected)
{
    struct buf out = { 0 };

    assert_int_equal(pbjson_write(m, 480, &out), TCN_OK);
    assert_string_equal(out.bytes, expected);
    buf_done(&out);
}

static int read_text(const ProtobufCMessageDescriptor *d, const char *json, ProtobufCMessage **ret,
                     struct tcn_fail *fail)
{
    json_t *tree = json_loads(json, 0, NULL);
    int rc;

    assert_non_null(tree);
    rc = pbjson_read(d, tree, 480, ret, fail);
    json_decref(tree);
    return rc;
}

static void expect_refused(const ProtobufCMessageDescriptor *d, const char *json,
                           const char *sentence)
{
    ProtobufCMessage *m = NULL;
    struct tcn_fail fail;

    assert_int_equal(read_text(d, json, &m, &fail), TCN_EINPUT);
    assert_null(m);
    assert_string_equal(fail.text, sentence);
}

static void every_field_is_written_and_absent_is_null(void **state)
{
    (void)state;
    Tocsin__V1__Command m = TOCSIN__V1__COMMAND__INIT;

    expect_json(&m.base, "{\"commandId\":null,\"actor\":null,\"issuedAt\":null,"
                         "\"acknowledge\":null,\"accept\":null,\"submit\":null,\"verify\":null,"
                         "\"return\":null,\"withdraw\":null}");
}

static void only_the_set_member_of_a_oneof_is_written(void **state)
{
    (void)state;
    Tocsin__V1__Sample m = TOCSIN__V1__SAMPLE__INIT;

    m.metric = text("pressure");
    m.value_case = TOCSIN__V1__SAMPLE__VALUE_NUMBER;
    m.number = 0.048;
    m.unit = text("MPa");
    expect_json(&m.base, "{\"metric\":\"pressure\",\"number\":0.048,\"flag\":null,\"text\":null,"
                         "\"unit\":\"MPa\"}");
    m.number = NAN;
    m.unit = text("");
    expect_json(&m.base, "{\"metric\":\"pressure\",\"number\":null,\"flag\":null,\"text\":null,"
                         "\"unit\":null}");
    m.value_case = TOCSIN__V1__SAMPLE__VALUE_FLAG;
    m.flag = false;
    expect_json(&m.base, "{\"metric\":\"pressure\",\"number\":null,\"flag\":false,\"text\":null,"
                         "\"unit\":null}");
}

static void times_enums_numbers_and_lists(void **state)
{
    (void)state;
    Tocsin__V1__Actor actor = TOCSIN__V1__ACTOR__INIT;
    Tocsin__V1__TaskStep m = TOCSIN__V1__TASK_STEP__INIT;
    Tocsin__V1__Reading reading = TOCSIN__V1__READING__INIT;

    actor.kind = TOCSIN__V1__PARTY_KIND__PARTY_KIND_UNIT;
    actor.id = text("u-1");
    actor.name = text("王\"建国\"");
    m.event = TOCSIN__V1__TASK_EVENT__TASK_EVENT_RECOVERED;
    m.state = TOCSIN__V1__TASK_STATE__TASK_STATE_AWAITING_RECHECK;
    m.at = INT64_C(1772323200007);
    m.actor = &actor;
    expect_json(&m.base, "{\"event\":\"recovered\",\"state\":\"awaiting-recheck\","
                         "\"at\":\"2026-03-01T08:00:00.007+08:00\",\"actor\":{\"kind\":\"unit\","
                         "\"id\":\"u-1\",\"name\":\"王\\\"建国\\\"\"},\"note\":null,"
                         "\"evidence\":null}");
    reading.seq = (UINT64_C(1) << 53) - 1;
    expect_json(&reading.base,
                "{\"device\":null,\"at\":null,\"seq\":9007199254740991,\"samples\":[]}");
}

static void what_was_written_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const json =
        "{\"device\":\"valve-1\",\"at\":\"2026-03-01T08:00:00.500+08:00\",\"seq\":7,\"samples\":["
        "{\"metric\":\"pressure\",\"number\":0.5,\"flag\":null,\"text\":null,\"unit\":\"MPa\"},"
        "{\"metric\":\"smoke\",\"number\":null,\"flag\":true,\"text\":null,\"unit\":null}]}";
    ProtobufCMessage *m = NULL;

    assert_int_equal(read_text(&tocsin__v1__reading__descriptor, json, &m, NULL), TCN_OK);
    expect_json(m, json);
    protobuf_c_message_free_unpacked(m, NULL);
}

static void missing_and_null_members_are_absent(void **state)
{
    (void)state;
    ProtobufCMessage *m = NULL;
    const Tocsin__V1__Command *c;

    assert_int_equal(read_text(&tocsin__v1__command__descriptor,
                               "{\"actor\":null,\"accept\":null,\"submit\":{\"note\":null}}", &m,
                               NULL),
                     TCN_OK);
    c = (const Tocsin__V1__Command *)m;
    assert_null(c->actor);
    assert_int_equal(c->issued_at, 0);
    assert_int_equal(c->body_case, TOCSIN__V1__COMMAND__BODY_SUBMIT);
    assert_string_equal(c->submit->note, "");
    protobuf_c_message_free_unpacked(m, NULL);
}

static void unknown_members_are_refused_with_path_and_suggestion(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *d = &tocsin__v1__command__descriptor;

    expect_refused(d, "{\"acknowlege\":{}}",
                   "the message: unknown member 'acknowlege': did you mean 'acknowledge'?");
    expect_refused(d, "{\"acknowledge\":{\"alarmID\":\"1\"}}",
                   "acknowledge: unknown member 'alarmID': did you mean 'alarmId'?");
    expect_refused(d, "{\"acknowledge\":{\"urgency\":\"1\"}}",
                   "acknowledge: unknown member 'urgency': it is one of alarmId, note");
}

static void wrong_types_words_and_ranges_are_refused(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *d = &tocsin__v1__command__descriptor;
    const ProtobufCMessageDescriptor *reading = &tocsin__v1__reading__descriptor;

    expect_refused(d, "[]", "the message: expected an object, found an array");
    expect_refused(d, "{\"commandId\":5}", "commandId: expected a text, found a number");
    expect_refused(d, "{\"actor\":{\"kind\":\"enterprize\"}}",
                   "actor.kind: unknown word 'enterprize': did you mean 'enterprise'?");
    expect_refused(d, "{\"actor\":{\"kind\":\"zzzzzz\"}}",
                   "actor.kind: unknown word 'zzzzzz': it is one of enterprise, department, unit, "
                   "operator, system");
    expect_refused(d, "{\"issuedAt\":1772323200}",
                   "issuedAt: expected a time like 2026-03-01T08:00:00+08:00, found a number");
    expect_refused(d, "{\"issuedAt\":\"yesterday\"}",
                   "issuedAt: expected a time like 2026-03-01T08:00:00+08:00, found 'yesterday'");
    expect_refused(d, "{\"accept\":{},\"submit\":{}}", "submit: only one of its kind can be given");
    expect_refused(reading, "{\"seq\":-1}", "seq: -1 is out of range, 0 to 9007199254740992");
    expect_refused(reading, "{\"seq\":1.5}", "seq: expected a whole number, found a number");
    expect_refused(reading, "{\"samples\":[{\"metric\":\"a\"},{\"flag\":1}]}",
                   "samples.flag: expected true or false, found a number");
    expect_refused(reading, "{\"samples\":{}}", "samples: expected an array, found an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_written_and_absent_is_null),
        cmocka_unit_test(only_the_set_member_of_a_oneof_is_written),
        cmocka_unit_test(times_enums_numbers_and_lists),
        cmocka_unit_test(what_was_written_reads_back_the_same),
        cmocka_unit_test(missing_and_null_members_are_absent),
        cmocka_unit_test(unknown_members_are_refused_with_path_and_suggestion),
        cmocka_unit_test(wrong_types_words_and_ranges_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
