/* CSV records and broker URLs. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settings_fixture.h"

#include "settings/broker_url.h"
#include "settings/csv.h"

/* All records as text: fields in <>, records by their line number. */
static void expect_records(const char *text, const char *wanted, size_t wanted_errors)
{
    struct settings s = { 0 };
    struct report report = { 0 };
    struct load ld = { .s = &s, .arena = &s.arena, .report = &report, .dir = "" };
    struct text_file file = { .name = "x.csv", .bytes = text, .len = strlen(text) };
    struct buf got = { 0 };
    struct csv c;

    csv_start(&c, &ld, &file);
    while (csv_next(&c)) {
        buf_format(&got, "%u:", (unsigned)c.line);
        for (uint32_t i = 0; i < c.count; i++)
            buf_format(&got, "<%.*s>", (int)c.fields[i].len, c.fields[i].text);
    }
    assert_string_equal(got.len == 0 ? "" : got.bytes, wanted);
    assert_int_equal(report.errors, wanted_errors);
    buf_done(&got);
    report_done(&report);
    arena_done(&ld.scratch);
}

static void records_are_read_as_rfc_4180_says(void **state)
{
    (void)state;
    expect_records("", "", 0);
    expect_records("a,b\n", "1:<a><b>", 0);
    expect_records("a,b", "1:<a><b>", 0);
    expect_records("a,b\r\nc,\r\n", "1:<a><b>2:<c><>", 0);
    expect_records(",\n", "1:<><>", 0);
    expect_records("\"a,b\",c\n", "1:<a,b><c>", 0);
    expect_records("\"a \"\"b\"\"\"\n", "1:<a \"b\">", 0);
    expect_records("\"a\nb\",c\nd\n", "1:<a\nb><c>3:<d>", 0);
    expect_records("\"\",x\n", "1:<><x>", 0);
    expect_records("\"a\"\r\n\"b\"", "1:<a>2:<b>", 0);
    expect_records("# c,d\n\n \t\na\n#", "4:<a>", 0);
    expect_records(" a , b\n", "1:< a >< b>", 0);
}

static void a_wrong_record_does_not_lose_the_next(void **state)
{
    (void)state;
    expect_records("a\"b,c\nd\n", "2:<d>", 1);
    expect_records("\"a\"b,c\nd\n", "2:<d>", 1);
    expect_records("\"a\nb\"x\nd\n", "3:<d>", 1);
    expect_records("a\n\"b,c\nd\n", "1:<a>", 1);
    expect_records(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nd\n", "2:<d>", 1);
}

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool tls;
    } rows[] = {
        { "mqtt://127.0.0.1", "127.0.0.1", 1883, false },
        { "mqtts://broker.example.cn", "broker.example.cn", 8883, true },
        { "mqtt://h:1", "h", 1, false },
        { "mqtts://[2001:db8::1]:65535", "2001:db8::1", 65535, true },
        { "mqtt://[::1]", "::1", 1883, false },
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct broker_url url;
        size_t offset;
        assert_int_equal(broker_url_parse(rows[i].text, &url, &offset, NULL), TCN_OK);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.tls, rows[i].tls);
    }
}

static void wrong_urls_say_what_to_write(void **state)
{
    static const struct {
        const char *text, *word;
        size_t offset;
    } rows[] = {
        { "", "begins with mqtt://", 0 },
        { "h:1883", "begins with mqtt://", 0 },
        { "ssl://h", "mqtts:// instead of ssl://", 0 },
        { "MQTT://h", "mqtt:// instead", 0 },
        { "ws://h/mqtt", "WebSocket", 0 },
        { "mqtt://", "host is missing", 7 },
        { "mqtt://:1883", "host is missing", 7 },
        { "mqtt://u:p@h", "user and password_file", 7 },
        { "mqtt://h/x", "nothing but a port", 8 },
        { "mqtt://h:", "is no port", 9 },
        { "mqtt://h:0", "is no port", 9 },
        { "mqtt://h:70000", "is no port", 9 },
        { "mqtt://::1", "in brackets", 7 },
        { "mqtt://[::1", "never closed", 7 },
        { "mqtt://[x]", "no IPv6 address", 7 },
        { "mqtt://[::1]x", "nothing but a port", 12 },
        { "mqtt://h h", "a host is a name", 7 },
        { "mqtt://主机", "a host is a name", 7 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct broker_url url, before;
        struct tcn_fail fail;
        size_t offset;

        memset(&url, 0xA5, sizeof url);
        memcpy(&before, &url, sizeof url);
        assert_int_equal(broker_url_parse(rows[i].text, &url, &offset, &fail), TCN_EINPUT);
        if (strstr(fail.text, rows[i].word) == NULL || offset != rows[i].offset)
            fail_msg("%s: %zu: %s", rows[i].text, offset, fail.text);
        assert_memory_equal(&url, &before, sizeof url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_as_rfc_4180_says),
        cmocka_unit_test(a_wrong_record_does_not_lose_the_next),
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(wrong_urls_say_what_to_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
