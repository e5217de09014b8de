/* Commands read from bytes: what is accepted, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/message.h"
#include "proto/tocsin.pb-c.h"

static const struct enterprise ENTERPRISES[] = { { "91320600MA1ABCDE06", "江海机械厂", "", "" } };
static const struct registry registry = { .enterprises = ENTERPRISES, .enterprise_count = 1 };
static const struct metrics metrics;
static const struct rules rules;
static const struct message_context context = { "gw-1",       "tocsin", 3,         480,
                                                MESSAGE_JSON, &metrics, &registry, &rules };

static int read_as(enum party_kind kind, uint32_t party, const char *json, struct command *ret,
                   struct tcn_fail *fail)
{
    return message_read_command(&context, json, strlen(json), kind, party, ret, fail);
}

static struct command accepted(const char *json)
{
    struct command c;
    struct tcn_fail fail;

    fail.text[0] = '\0';
    if (read_as(PARTY_NONE, REGISTRY_NONE, json, &c, &fail) != TCN_OK)
        fail_msg("%s: %s", json, fail.text);
    return c;
}

static void expect_refused(const char *json, int code, const char *id, const char *sentence)
{
    struct command c;
    struct tcn_fail fail;

    assert_int_equal(read_as(PARTY_NONE, REGISTRY_NONE, json, &c, &fail), code);
    assert_string_equal(c.id, id);
    if (strstr(fail.text, sentence) == NULL)
        fail_msg("'%s' is not in '%s'", sentence, fail.text);
}

static void acknowledge_is_read_whole(void **state)
{
    (void)state;
    struct command c = accepted("{\"commandId\":\"c-1\",\"actor\":{\"id\":\"zhang\",\"name\":"
                                "\"张伟\"},\"issuedAt\":\"2026-03-01T08:00:00.250+08:00\","
                                "\"acknowledge\":{\"alarmId\":\"gw-1-000003000000H\","
                                "\"note\":\"on my way\\nnow\"}}");

    assert_int_equal(c.kind, COMMAND_ACKNOWLEDGE);
    assert_string_equal(c.id, "c-1");
    assert_int_equal(c.actor.kind, PARTY_OPERATOR);
    assert_string_equal(c.actor.id, "zhang");
    assert_string_equal(c.actor.name, "张伟");
    assert_int_equal(c.issued_wall_ms, INT64_C(1772323200250));
    assert_int_equal(c.target, id_pack(3, 17));
    assert_string_equal(c.note, "on my way\nnow");
    assert_int_equal(c.origin, 0);
}

static void actor_may_be_a_plain_text_or_left_away(void **state)
{
    (void)state;
    struct command c = accepted("{\"commandId\":\"1\",\"actor\":\"zhang\","
                                "\"accept\":{\"taskId\":\"h\"}}");

    assert_int_equal(c.kind, COMMAND_ACCEPT);
    assert_int_equal(c.actor.kind, PARTY_OPERATOR);
    assert_string_equal(c.actor.id, "zhang");
    assert_int_equal(c.issued_wall_ms, 0);
    c = accepted("{\"commandId\":\"1\",\"accept\":{\"taskId\":\"H\"}}");
    assert_int_equal(c.actor.kind, PARTY_OPERATOR);
    assert_string_equal(c.actor.id, "operator");
    c = accepted("{\"commandId\":\"1\",\"actor\":{\"kind\":\"enterprise\",\"id\":"
                 "\"91320600MA1ABCDE06\"},\"accept\":{\"taskId\":\"H\"}}");
    assert_int_equal(c.actor.kind, PARTY_ENTERPRISE);
}

static void all_kinds_are_read(void **state)
{
    (void)state;
    struct command c;

    c = accepted("{\"commandId\":\"1\",\"submit\":{\"taskId\":\"H\",\"note\":\"done\","
                 "\"evidence\":\"photo-7\"}}");
    assert_int_equal(c.kind, COMMAND_SUBMIT);
    assert_string_equal(c.evidence, "photo-7");
    c = accepted("{\"commandId\":\"1\",\"verify\":{\"taskId\":\"H\"}}");
    assert_int_equal(c.kind, COMMAND_VERIFY);
    c = accepted("{\"commandId\":\"1\",\"return\":{\"taskId\":\"H\",\"note\":\"no\"}}");
    assert_int_equal(c.kind, COMMAND_RETURN);
    c = accepted("{\"commandId\":\"1\",\"withdraw\":{\"taskId\":\"H\",\"note\":\"moot\"}}");
    assert_int_equal(c.kind, COMMAND_WITHDRAW);
}

static void refusals_teach(void **state)
{
    (void)state;
    static const struct {
        const char *json, *id, *sentence;
    } rows[] = {
        { "nonsense", "", "it is not JSON: line 1" },
        { "\"text\"", "", "it is not JSON" },
        { "[]", "", "the message: expected an object, found an array" },
        { "{}", "", "commandId is missing" },
        { "{\"commandId\":\" \"}", " ", "commandId is missing" },
        { "{\"commandId\":7}", "", "commandId: expected a text" },
        { "{\"commandId\":\"a\\u0001\"}", "", "commandId: control characters" },
        { "{\"commandId\":\"a\",\"commandId\":\"b\"}", "", "it is not JSON" },
        { "{\"commandId\":\"a\"}", "a", "it holds no command" },
        { "{\"commandId\":\"a\",\"acknowlege\":{}}", "a", "did you mean 'acknowledge'?" },
        { "{\"commandId\":\"a\",\"acknowledge\":{}}", "a", "acknowledge.alarmId is missing" },
        { "{\"commandId\":\"a\",\"acknowledge\":{\"alarmId\":\"other-000003000000H\"}}", "a",
          "acknowledge.alarmId: 'other-000003000000H' is no id of gateway 'gw-1'" },
        { "{\"commandId\":\"a\",\"accept\":{\"taskId\":\"H\"},\"verify\":{\"taskId\":\"H\"}}", "a",
          "verify: only one of its kind" },
        { "{\"commandId\":\"a\",\"accept\":{\"taskId\":\"H\"},\"issuedAt\":\"soon\"}", "a",
          "issuedAt: expected a time" },
        { "{\"commandId\":\"a\",\"return\":{\"taskId\":\"H\"}}", "a", "return.note is missing" },
        { "{\"commandId\":\"a\",\"return\":{\"taskId\":\"H\",\"note\":\" \\n\"}}", "a",
          "return.note is missing" },
        { "{\"commandId\":\"a\",\"withdraw\":{\"taskId\":\"H\"}}", "a",
          "withdraw.note is missing" },
        { "{\"commandId\":\"a\",\"submit\":{\"taskId\":\"H\",\"note\":\"done\"}}", "a",
          "submit.evidence is missing" },
        { "{\"commandId\":\"a\",\"actor\":{\"kind\":\"enterprise\",\"id\":\"x\"},"
          "\"accept\":{\"taskId\":\"H\"}}",
          "a", "actor.id: there is no enterprise 'x' in the registry" },
        { "{\"commandId\":\"a\",\"accept\":{\"taskId\":\"H\",\"evidence\":\"x\"}}", "a",
          "accept: unknown member 'evidence'" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_refused(rows[i].json, TCN_EINPUT, rows[i].id, rows[i].sentence);
    expect_refused("{\"commandId\":\"a\",\"actor\":{\"kind\":\"system\"},"
                   "\"accept\":{\"taskId\":\"H\"}}",
                   TCN_EDENIED, "a", "nobody can act as the system itself");
}

static void overlong_texts_are_refused_not_cut(void **state)
{
    (void)state;
    char json[2048], text[700];

    memset(text, 'x', sizeof text);
    text[NOTE_MAX + 1] = '\0';
    (void)snprintf(json, sizeof json,
                   "{\"commandId\":\"a\",\"accept\":{\"taskId\":\"H\",\"note\":\"%s\"}}", text);
    expect_refused(json, TCN_EINPUT, "a", "accept.note: 512 bytes, at most 511 are possible");
    text[NOTE_MAX] = '\0';
    (void)snprintf(json, sizeof json,
                   "{\"commandId\":\"a\",\"accept\":{\"taskId\":\"H\",\"note\":\"%s\"}}", text);
    assert_int_equal(strlen(accepted(json).note), NOTE_MAX);
    text[EVIDENCE_MAX] = 'x';
    text[EVIDENCE_MAX + 1] = '\0';
    (void)snprintf(json, sizeof json,
                   "{\"commandId\":\"a\",\"verify\":{\"taskId\":\"H\",\"evidence\":\"%s\"}}", text);
    expect_refused(json, TCN_EINPUT, "a", "verify.evidence: 256 bytes, at most 255");
    text[COMMAND_ID_MAX + 1] = '\0';
    (void)snprintf(json, sizeof json, "{\"commandId\":\"%s\",\"accept\":{\"taskId\":\"H\"}}", text);
    expect_refused(json, TCN_EINPUT, "", "commandId: 64 bytes, at most 63");
    text[COMMAND_ID_MAX] = '\0';
    (void)snprintf(json, sizeof json, "{\"commandId\":\"%s\",\"accept\":{\"taskId\":\"H\"}}", text);
    assert_string_equal(accepted(json).id, text);
    text[COMMAND_ID_MAX] = 'x';
    text[COMMAND_ID_MAX + 1] = '\0';
    (void)snprintf(json, sizeof json,
                   "{\"commandId\":\"a\",\"actor\":\"%s\",\"accept\":{\"taskId\":\"H\"}}", text);
    expect_refused(json, TCN_EINPUT, "a", "actor.id: 64 bytes, at most 63");
}

static void oversized_command_is_refused_unread(void **state)
{
    (void)state;
    struct command c;
    struct tcn_fail fail;
    char *big = calloc(1, 20000);

    memset(big, '[', 20000);
    assert_int_equal(message_read_command(&context, big, 20000, PARTY_NONE, 0, &c, &fail),
                     TCN_EINPUT);
    assert_int_equal(message_read_command(&context, big, 16384, PARTY_NONE, 0, &c, &fail),
                     TCN_EINPUT);
    assert_int_equal(message_read_command(&context, big, 0, PARTY_NONE, 0, &c, &fail), TCN_EINPUT);
    free(big);
}

static void on_a_partys_topic_only_that_party_acts(void **state)
{
    (void)state;
    static const struct {
        const char *actor;
        int rc;
        const char *name;
    } rows[] = {
        { "null", TCN_OK, "" },
        { "{\"name\":\"李娜\"}", TCN_OK, "李娜" },
        { "{\"kind\":\"enterprise\",\"id\":\"91320600MA1ABCDE06\"}", TCN_OK, "" },
        { "{\"id\":\"91320600MA1ABCDE07\"}", TCN_EDENIED, "" },
        { "{\"kind\":\"operator\",\"id\":\"91320600MA1ABCDE06\"}", TCN_EDENIED, "" },
        { "\"zhang\"", TCN_EDENIED, "" },
    };
    struct command c;
    struct tcn_fail fail;
    char json[256];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(json, sizeof json,
                       "{\"commandId\":\"a\",\"actor\":%s,\"accept\":{\"taskId\":\"H\"}}",
                       rows[i].actor);
        assert_int_equal(read_as(PARTY_ENTERPRISE, 0, json, &c, &fail), rows[i].rc);
        if (rows[i].rc == TCN_OK) {
            assert_int_equal(c.actor.kind, PARTY_ENTERPRISE);
            assert_string_equal(c.actor.id, "91320600MA1ABCDE06");
            assert_string_equal(c.actor.name, rows[i].name);
        } else {
            assert_non_null(strstr(fail.text, "on this topic enterprise '91320600MA1ABCDE06'"));
        }
    }
}

static void digest_is_of_the_content_not_of_the_writing(void **state)
{
    (void)state;
    static const char *const first = "{\"commandId\":\"a\",\"actor\":\"zhang\",\"submit\":{"
                                     "\"taskId\":\"H\",\"note\":\"ab\",\"evidence\":\"c\"}}";
    static const char *const same[] = {
        "{\"submit\":{\"evidence\":\"c\",\"note\":\"ab\",\"taskId\":\"gw-1-000003000000h\"},"
        "\"actor\":{\"kind\":\"operator\",\"id\":\"zhang\",\"name\":null},\"commandId\":\"a\"}",
        "{\"commandId\":\"b\",\"actor\":\"zhang\",\"issuedAt\":\"2026-03-01T00:00:00Z\","
        "\"submit\":{\"taskId\":\"H\",\"note\":\"ab\",\"evidence\":\"c\"}}",
    };
    static const char *const other[] = {
        "{\"commandId\":\"a\",\"actor\":\"zhang\",\"submit\":{\"taskId\":\"H\",\"note\":\"a\","
        "\"evidence\":\"bc\"}}",
        "{\"commandId\":\"a\",\"actor\":\"li\",\"submit\":{\"taskId\":\"H\",\"note\":\"ab\","
        "\"evidence\":\"c\"}}",
        "{\"commandId\":\"a\",\"actor\":\"zhang\",\"submit\":{\"taskId\":\"J\",\"note\":\"ab\","
        "\"evidence\":\"c\"}}",
        "{\"commandId\":\"a\",\"actor\":\"zhang\",\"verify\":{\"taskId\":\"H\",\"note\":\"ab\","
        "\"evidence\":\"c\"}}",
        "{\"commandId\":\"a\",\"actor\":{\"id\":\"zhang\",\"name\":\"Z\"},\"submit\":{\"taskId\":"
        "\"H\",\"note\":\"ab\",\"evidence\":\"c\"}}",
    };
    uint64_t digest = accepted(first).digest;

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_int_equal(accepted(same[i]).digest, digest);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_int_not_equal(accepted(other[i]).digest, digest);
}

static void protobuf_commands_read_the_same(void **state)
{
    (void)state;
    struct message_context binary = context;
    Tocsin__V1__CommandSubmit submit = TOCSIN__V1__COMMAND_SUBMIT__INIT;
    Tocsin__V1__Actor actor = TOCSIN__V1__ACTOR__INIT;
    Tocsin__V1__Command m = TOCSIN__V1__COMMAND__INIT;
    uint8_t bytes[256];
    struct tcn_fail fail;
    struct command c;
    char id[] = "a", zhang[] = "zhang", task[] = "H", note[] = "ab", evidence[] = "c";
    size_t len;

    binary.encoding = MESSAGE_PROTOBUF;
    submit.task_id = task;
    submit.note = note;
    submit.evidence = evidence;
    actor.id = zhang;
    m.command_id = id;
    m.actor = &actor;
    m.body_case = TOCSIN__V1__COMMAND__BODY_SUBMIT;
    m.submit = &submit;
    len = tocsin__v1__command__pack(&m, bytes);
    assert_int_equal(message_read_command(&binary, bytes, len, PARTY_NONE, 0, &c, &fail), TCN_OK);
    assert_int_equal(c.digest, accepted("{\"commandId\":\"a\",\"actor\":\"zhang\",\"submit\":{"
                                        "\"taskId\":\"H\",\"note\":\"ab\",\"evidence\":\"c\"}}")
                                   .digest);
    assert_int_equal(message_read_command(&binary, bytes, len - 1, PARTY_NONE, 0, &c, &fail),
                     TCN_EINPUT);
    memcpy(bytes + len, "\xA2\x06\x00", 3); /* field 100, empty */
    assert_int_equal(message_read_command(&binary, bytes, len + 3, PARTY_NONE, 0, &c, &fail),
                     TCN_EINPUT);
    assert_string_equal(c.id, "a");
    assert_non_null(strstr(fail.text, "does not know"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledge_is_read_whole),
        cmocka_unit_test(actor_may_be_a_plain_text_or_left_away),
        cmocka_unit_test(all_kinds_are_read),
        cmocka_unit_test(refusals_teach),
        cmocka_unit_test(overlong_texts_are_refused_not_cut),
        cmocka_unit_test(oversized_command_is_refused_unread),
        cmocka_unit_test(on_a_partys_topic_only_that_party_acts),
        cmocka_unit_test(digest_is_of_the_content_not_of_the_writing),
        cmocka_unit_test(protobuf_commands_read_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
