/* intake/intake.h: messages become records, bad ones become rejects, a full ring waits.
 * links: rest */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/log.h"
#include "intake/intake.h"
#include "intake/rejects.h"
#include "lib/gauge.h"

static struct gauge gauge;
static struct intake *intake;
static struct tcn_clock engine_clock;
static struct message_context context;
static const struct rules no_rules;
static const struct enterprise enterprises[] = { { "91320600MA1ABCDE06", "江海机械厂", "", "" } };
static _Atomic uint32_t woken;

static void on_wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&woken, 1);
}

/* Three sources: JSON smoke detectors, plain text contacts, and one with a fixed tail. */
static int set_up(void **state)
{
    struct intake_conf conf;

    (void)state;
    gauge_new(&gauge);
    gauge.registry.enterprises = enterprises;
    gauge.registry.enterprise_count = 1;
    gauge_source(&gauge, "z/{device}/state", CODEC_JSON, "{device}")->name = "smoke";
    gauge_reading(&gauge, GM_SMOKE, "/smoke");
    gauge_source(&gauge, "t/{device}", CODEC_TEXT, "{device}")->name = "contacts";
    gauge_reading(&gauge, GM_CONTACT_OPEN, ".");
    gauge_source(&gauge, "y/{device...}/online", CODEC_TEXT, "{device}")->name = "tail";
    gauge_reading(&gauge, GM_CONTACT_OPEN, ".");
    tcn_clock_init(&engine_clock, 0, 0);
    context = (struct message_context){
        .gateway = "gw-1",
        .prefix = "tocsin",
        .epoch = 1,
        .offset_min = 480,
        .encoding = MESSAGE_JSON,
        .metrics = &gauge.metrics,
        .registry = &gauge.registry,
        .rules = &no_rules,
    };
    conf = (struct intake_conf){
        .metrics = &gauge.metrics,
        .registry = &gauge.registry,
        .sources = &gauge.sources,
        .message = &context,
        .clock = &engine_clock,
        .wake = on_wake,
    };
    atomic_store(&woken, 0);
    assert_int_equal(intake_new(&conf, &intake, NULL), TCN_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    intake_free(intake);
    gauge_done(&gauge);
    return 0;
}

static struct link_message message(const char *topic, const char *payload)
{
    return (struct link_message){ .topic = topic,
                                  .topic_len = strlen(topic),
                                  .payload = payload,
                                  .payload_len = strlen(payload) };
}

static void device(const char *topic, const char *payload)
{
    struct link_message m = message(topic, payload);

    intake_device_message(intake, &m);
}

static void command(const char *topic, const char *payload, bool retained)
{
    struct link_message m = message(topic, payload);

    m.retained = retained;
    intake_command_message(intake, &m);
}

static struct intake_stats stats(void)
{
    struct intake_stats s;

    intake_get_stats(intake, &s);
    return s;
}

static void reading_becomes_a_record(void **state)
{
    const struct record *r;

    (void)state;
    device("z/smoke-1/state", "{\"smoke\":true}");
    assert_int_equal(atomic_load(&woken), 1);
    r = intake_peek(intake);
    assert_non_null(r);
    assert_int_equal(r->kind, RECORD_READINGS);
    assert_int_equal(r->count, 1);
    assert_int_equal(r->readings[0].device, G_SMOKE);
    assert_int_equal(r->readings[0].metric, GM_SMOKE);
    assert_true(r->readings[0].value == 1);
    assert_true(r->now.mono_ms > 0 && r->now.wall_ms > 0 && r->received_us > 0);
    intake_take(intake);
    intake_free_space(intake, intake_position(intake));
    assert_null(intake_peek(intake));
    assert_int_equal(stats().messages, 1);
    assert_int_equal(stats().readings, 1);
}

static void garbage_is_counted_by_source_and_reason(void **state)
{
    struct reject kept[REJECTS_KEPT_MAX];

    (void)state;
    device("z/smoke-1/state", "{\"smoke\":");
    device("z/nobody/state", "{\"smoke\":true}");
    assert_null(intake_peek(intake));
    assert_int_equal(stats().rejected, 2);
    assert_int_equal(intake_rejected(intake, 0, REJECT_MALFORMED), 1);
    assert_int_equal(intake_rejected(intake, 0, REJECT_UNKNOWN_DEVICE), 1);
    assert_int_equal(intake_rejected(intake, 1, REJECT_MALFORMED), 0);
    assert_int_equal(stats().rejected_by_reason[REJECT_MALFORMED], 1);
    assert_int_equal(intake_rejects(intake, kept, REJECTS_KEPT_MAX), 2);
    assert_int_equal(kept[0].reason, REJECT_UNKNOWN_DEVICE); /* newest first */
    assert_string_equal(kept[0].source, "smoke");
    assert_string_equal(kept[0].topic, "z/nobody/state");
    assert_string_equal(kept[1].payload, "{\"smoke\":");
    assert_int_equal(kept[1].payload_len, 9);
}

static void only_the_last_rejects_are_kept(void **state)
{
    struct reject kept[REJECTS_KEPT_MAX + 1];

    (void)state;
    for (int i = 0; i < REJECTS_KEPT_MAX + 7; i++) {
        char payload[16];

        (void)snprintf(payload, sizeof payload, "[%d", i);
        device("z/smoke-1/state", payload);
    }
    assert_int_equal(intake_rejects(intake, kept, REJECTS_KEPT_MAX + 1), REJECTS_KEPT_MAX);
    assert_string_equal(kept[0].payload, "[106");
    assert_string_equal(kept[REJECTS_KEPT_MAX - 1].payload, "[7");
    assert_int_equal(intake_rejects(intake, kept, 3), 3);
    assert_string_equal(kept[2].payload, "[104");
    assert_int_equal(stats().rejected, REJECTS_KEPT_MAX + 7);
}

/* "y/{device...}/online" can only be had by asking for "y/#": the rest of it is not garbage. */
static void what_comes_with_a_wide_filter_is_ignored(void **state)
{
    (void)state;
    device("y/smoke-1/battery", "17");
    assert_int_equal(stats().ignored, 1);
    assert_int_equal(stats().rejected, 0);
    device("z/smoke-1/state", "{\"else\":1}"); /* nothing in it for us */
    assert_int_equal(stats().ignored, 2);
}

static void topic_of_no_source_is_a_reject(void **state)
{
    (void)state;
    device("who/asked/for/this", "1");
    assert_int_equal(stats().rejected, 1);
    assert_int_equal(intake_rejected(intake, gauge.sources.count + 1u, REJECT_NO_SOURCE), 1);
}

static void filters_are_those_of_the_sources(void **state)
{
    const char *const *filters;
    const uint8_t *qos;
    uint32_t count;

    (void)state;
    intake_device_filters(intake, &filters, &qos, &count);
    assert_int_equal(count, 3);
    assert_string_equal(filters[0], "z/+/state");
    assert_string_equal(filters[2], "y/#");
    intake_command_filters(intake, &filters, &qos, &count);
    assert_int_equal(count, 2);
    assert_string_equal(filters[0], "tocsin/v1/gw-1/commands");
    assert_int_equal(qos[0], 1);
}

static void unreadable_bytes_are_made_printable(void **state)
{
    char text[64], small[8];

    (void)state;
    rejects_printable(text, sizeof text,
                      "a\x01\xff"
                      "烟\x7f",
                      7);
    assert_string_equal(text, "a\\x01\\xff烟\\x7f");
    rejects_printable(small, sizeof small, "烟感烟感", 12);
    assert_string_equal(small, "烟感");
    rejects_printable(small, sizeof small, "abc\xe7\x83", 5);
    assert_string_equal(small, "abc\\xe7");
    rejects_printable(small, sizeof small, NULL, 0);
    assert_string_equal(small, "");
}

/* ---- commands -------------------------------------------------------------------------------- */

#define ACK                                                                                        \
    "{\"commandId\":\"c-1\",\"actor\":{\"id\":\"zhang\"},"                                         \
    "\"acknowledge\":{\"alarmId\":\"gw-1-000001000000H\"}}"

static void command_becomes_a_record(void **state)
{
    const struct record *r;

    (void)state;
    command("tocsin/v1/gw-1/commands", ACK, false);
    r = intake_peek(intake);
    assert_non_null(r);
    assert_int_equal(r->kind, RECORD_COMMAND);
    assert_int_equal(r->command.kind, COMMAND_ACKNOWLEDGE);
    assert_string_equal(r->command.id, "c-1");
    assert_int_equal(r->command.origin, 0);
    assert_int_equal(r->command.actor.kind, PARTY_OPERATOR);
    intake_take(intake);
    intake_free_space(intake, intake_position(intake));
    assert_int_equal(stats().commands, 1);
}

static void command_on_a_party_topic_is_that_partys(void **state)
{
    const struct record *r;

    (void)state;
    command("tocsin/v1/gw-1/commands/enterprise/91320600MA1ABCDE06",
            "{\"commandId\":\"c-2\",\"accept\":{\"taskId\":\"gw-1-000001000000H\"}}", false);
    r = intake_peek(intake);
    assert_non_null(r);
    assert_int_equal(r->kind, RECORD_COMMAND);
    assert_int_equal(r->command.actor.kind, PARTY_ENTERPRISE);
    intake_take(intake);
    intake_free_space(intake, intake_position(intake));
}

static void expect_refusal(const char *id, int error, const char *words)
{
    const struct record *r = intake_peek(intake);

    assert_non_null(r);
    assert_int_equal(r->kind, RECORD_REPLY);
    assert_string_equal(r->refused.id, id);
    assert_int_equal(r->refused.error, error);
    if (strstr(r->refused.text, words) == NULL)
        fail_msg("'%s' is not in '%s'", words, r->refused.text);
    intake_take(intake);
    intake_free_space(intake, intake_position(intake));
}

static void refused_commands_are_answered(void **state)
{
    (void)state;
    command("tocsin/v1/gw-1/commands", "{\"commandId\":\"c-3\",\"dance\":{}}", false);
    expect_refusal("c-3", TCN_EINPUT, "dance");
    command("tocsin/v1/gw-1/commands", ACK, true);
    expect_refusal("c-1", TCN_EINPUT, "retain");
    command("tocsin/v1/gw-1/commands/enterprise/nobody", ACK, false);
    expect_refusal("c-1", TCN_EDENIED, "nobody");
    assert_int_equal(intake_rejected(intake, gauge.sources.count, REJECT_BAD_COMMAND), 3);
    assert_int_equal(stats().commands, 0);
}

static void expect_not_to_be_stored(int error)
{
    const struct record *r = intake_peek(intake);

    assert_non_null(r);
    assert_int_equal(r->kind, RECORD_REPLY);
    assert_string_equal(r->refused.id, "c-1");
    assert_int_equal(r->refused.error, error);
    assert_int_equal(r->refused.origin, 0);
    assert_true(r->refused.repeated);
    intake_take(intake);
    intake_free_space(intake, intake_position(intake));
}

/* Nothing was done, and a command of this id may have been done before: its answer must stand, or
 * a copy of the command that comes once more would be done again. */
static void refusal_replaces_no_earlier_answer(void **state)
{
    (void)state;
    command("tocsin/v1/gw-1/commands", ACK, false);
    assert_int_equal(intake_peek(intake)->kind, RECORD_COMMAND);
    intake_take(intake);
    intake_free_space(intake, intake_position(intake));
    command("tocsin/v1/gw-1/commands", ACK, true); /* the broker's retained copy */
    expect_not_to_be_stored(TCN_EINPUT);
    command("tocsin/v1/gw-1/commands", "{\"commandId\":\"c-1\",\"dance\":{}}", false);
    expect_not_to_be_stored(TCN_EINPUT);
    command("tocsin/v1/gw-1/commands/enterprise/nobody", ACK, false);
    expect_not_to_be_stored(TCN_EDENIED);
}

static void garbage_without_an_id_is_only_counted(void **state)
{
    char *large = calloc(1, INTAKE_COMMAND_MAX + 2);

    (void)state;
    memset(large, ' ', INTAKE_COMMAND_MAX + 1);
    command("tocsin/v1/gw-1/commands", "", false);
    command("tocsin/v1/gw-1/commands", "\xff\xfe", false);
    command("tocsin/v1/gw-1/commands", large, false);
    command("tocsin/v1/gw-1/elsewhere", ACK, false);
    free(large);
    assert_null(intake_peek(intake));
    assert_int_equal(intake_rejected(intake, gauge.sources.count, REJECT_BAD_COMMAND), 3);
    assert_int_equal(intake_rejected(intake, gauge.sources.count + 1u, REJECT_NO_SOURCE), 1);
}

/* A broker that did not get our acknowledgement sends again; what it sends for the first time may
 * look the same. */
static void repeated_delivery_is_taken_once(void **state)
{
    static const char ON[] = "{\"smoke\":true}";
    struct link_message m = { .topic = "z/smoke-1/state",
                              .topic_len = strlen("z/smoke-1/state"),
                              .payload = ON,
                              .payload_len = sizeof ON - 1,
                              .packet_id = 7 };

    (void)state;
    intake_device_message(intake, &m);
    m.repeated = true;
    intake_device_message(intake, &m);
    assert_int_equal(stats().repeats, 1);
    assert_int_equal(stats().readings, 1);
    m.packet_id = 8; /* sent before, but it never came */
    intake_device_message(intake, &m);
    assert_int_equal(stats().readings, 2);
    m.repeated = false; /* a new message under an old id */
    intake_device_message(intake, &m);
    assert_int_equal(stats().readings, 3);
    m.repeated = true;
    intake_device_up(intake, true);
    intake_device_message(intake, &m);
    assert_int_equal(stats().readings, 3);
    intake_device_up(intake, false); /* ids began anew */
    intake_device_message(intake, &m);
    assert_int_equal(stats().readings, 4);
}

/* ---- a full ring ------------------------------------------------------------------------------ */

#define FLOOD 120000 /* records: about twice the ring */

static void *flood(void *arg)
{
    (void)arg;
    for (int i = 0; i < FLOOD; i++)
        device("z/smoke-1/state", i % 2 == 0 ? "{\"smoke\":true}" : "{\"smoke\":false}");
    return NULL;
}

static void wait_until_waiting(void)
{
    const struct timespec step = { .tv_nsec = 1000000 };

    while (stats().ring_waits == 0)
        (void)nanosleep(&step, NULL);
}

static void full_ring_waits_and_loses_nothing(void **state)
{
    const struct timespec step = { .tv_nsec = 100000 };
    pthread_t p;
    uint32_t seen = 0;

    (void)state;
    assert_int_equal(pthread_create(&p, NULL, flood, NULL), 0);
    wait_until_waiting();
    assert_true(stats().ring_used > INTAKE_RING_BYTES / 2);
    while (seen < FLOOD) {
        const struct record *r = intake_peek(intake);

        if (r == NULL) {
            (void)nanosleep(&step, NULL);
            continue;
        }
        assert_true(r->readings[0].value == (seen % 2 == 0 ? 1 : 0)); /* in order */
        intake_take(intake);
        intake_free_space(intake, intake_position(intake));
        seen++;
    }
    pthread_join(p, NULL);
    assert_null(intake_peek(intake));
    assert_int_equal(stats().readings, FLOOD);
}

static void stop_ends_the_wait(void **state)
{
    pthread_t p;

    (void)state;
    assert_int_equal(pthread_create(&p, NULL, flood, NULL), 0);
    wait_until_waiting();
    intake_stop(intake);
    pthread_join(p, NULL);
    assert_true(stats().readings < FLOOD);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reading_becomes_a_record),
        TEST(garbage_is_counted_by_source_and_reason),
        TEST(only_the_last_rejects_are_kept),
        TEST(what_comes_with_a_wide_filter_is_ignored),
        TEST(topic_of_no_source_is_a_reject),
        TEST(filters_are_those_of_the_sources),
        TEST(unreadable_bytes_are_made_printable),
        TEST(command_becomes_a_record),
        TEST(command_on_a_party_topic_is_that_partys),
        TEST(refused_commands_are_answered),
        TEST(refusal_replaces_no_earlier_answer),
        TEST(garbage_without_an_id_is_only_counted),
        TEST(repeated_delivery_is_taken_once),
        TEST(full_ring_waits_and_loses_nothing),
        TEST(stop_ends_the_wait),
    };
    const struct log_conf quiet = { .level = LEVEL_ERROR, .quiet = true };
    int rc;

    if (log_start(&quiet, NULL) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    log_stop();
    return rc;
}
