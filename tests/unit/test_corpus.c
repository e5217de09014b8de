/* The shipped source files against what real devices send (tests/data/payloads/README.md).
 * links: rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/mapping.h"
#include "model/unit_of_measure.h"
#include "settings/settings.h"

#define CONFIG_FILE    "tests/data/corpus/tocsin.yaml"
#define CORPUS_FILE    "tests/data/payloads/corpus.jsonl"
#define NOW_MS         INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
#define LINE_MAX_BYTES 200000

struct line { /* one message of the corpus */
    json_t *json;
    const char *id, *family;
    const json_t *expect;
    char topic[1024];
    unsigned char *payload;
    size_t payload_len;
};

struct corpus {
    struct settings *settings;
    struct mapper *mapper;
    struct mapping_result result;
    char *text; /* one line of the file */
    unsigned failures;
    unsigned checked; /* expectations looked at */
};

static int set_up(void **state)
{
    struct corpus *c = calloc(1, sizeof *c);
    struct report report = { 0 };
    struct buf text = { 0 };
    struct mapper_conf conf;

    if (settings_load(CONFIG_FILE, NULL, &c->settings, &report) != TCN_OK) {
        report_print(&report, &text);
        print_error("%s\n", text.bytes);
        buf_done(&text);
        report_done(&report);
        free(c);
        return -1;
    }
    report_done(&report);
    conf = (struct mapper_conf){ &c->settings->metrics, &c->settings->registry, 480 };
    assert_int_equal(mapper_new(&conf, &c->mapper), TCN_OK);
    c->text = malloc(LINE_MAX_BYTES);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct corpus *c = *state;

    mapper_free(c->mapper);
    settings_free(c->settings);
    free(c->text);
    free(c);
    return 0;
}

static void complain(struct corpus *c, const struct line *l, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_error("%s: %s", l->id, text);
    if (c->result.rejected)
        print_error(" (%s: %s)", reject_word(c->result.reason), c->result.detail);
    print_error("\n");
    c->failures++;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static size_t decode_base64(const char *text, unsigned char *out)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;

    for (; base64_digit(*text) >= 0; text++) {
        bits = bits << 6 | (uint32_t)base64_digit(*text);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[len++] = (unsigned char)(bits >> have);
        }
    }
    return len;
}

static void read_line(const char *text, struct line *l)
{
    const char *payload, *topic;

    l->json = json_loads(text, 0, NULL);
    assert_non_null(l->json);
    l->id = json_string_value(json_object_get(l->json, "id"));
    l->family = json_string_value(json_object_get(l->json, "family"));
    l->expect = json_object_get(l->json, "expect");
    topic = json_string_value(json_object_get(l->json, "topic"));
    payload = json_string_value(json_object_get(l->json, "payload_b64"));
    assert_non_null(l->expect);
    /* One owner called his base topic "zigbee": he would say so in his source file. */
    if (strncmp(topic, "zigbee/", 7) == 0)
        (void)snprintf(l->topic, sizeof l->topic, "zigbee2mqtt/%s", topic + 7);
    else
        (void)snprintf(l->topic, sizeof l->topic, "%s", topic);
    l->payload = malloc(strlen(payload) + 1);
    l->payload_len = decode_base64(payload, l->payload);
}

static void run(struct corpus *c, const struct line *l, const char *topic)
{
    const struct mapping_message m = {
        .topic = topic,
        .topic_len = strlen(topic),
        .payload = l->payload,
        .payload_len = l->payload_len,
        .retained = json_is_true(json_object_get(l->json, "retain")),
        .wall_ms = NOW_MS,
    };

    mapper_run(c->mapper, &c->settings->sources, &m, &c->result);
}

static void each_line(struct corpus *c, void (*visit)(struct corpus *c, const struct line *l))
{
    FILE *f = fopen(CORPUS_FILE, "r");
    unsigned count = 0;

    if (f == NULL)
        fail_msg("%s: run this from the top of the tree", CORPUS_FILE);
    while (fgets(c->text, LINE_MAX_BYTES, f) != NULL) {
        struct line l;

        read_line(c->text, &l);
        visit(c, &l);
        free(l.payload);
        json_decref(l.json);
        count++;
    }
    (void)fclose(f);
    assert_true(count > 150);
    assert_int_equal(c->failures, 0);
}

/* The metric that a kind of the corpus is called here, or METRIC_NONE. */
static uint16_t metric_of(const struct corpus *c, const char *kind)
{
    static const char *const names[][2] = {
        { "waterflow", "water_flow" }, { "leak", "water_leak" },     { "availability", "online" },
        { "co", "carbon_monoxide" },   { "ebike", "ebike_present" }, { "valve", "valve_open" },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(kind, names[i][0]) == 0)
            kind = names[i][1];
    return metrics_find(&c->settings->metrics, kind, strlen(kind));
}

/* What a value of the corpus is as a double of the metric. */
static double wanted_value(const struct metric *metric, const json_t *value, const json_t *unit)
{
    double number = json_number_value(value);

    if (json_is_boolean(value))
        return json_is_true(value) ? 1 : 0;
    if (json_is_string(value))
        return strcmp(json_string_value(value), "online") == 0 ? 1 : 0;
    if (json_is_string(unit))
        assert_int_equal(unit_convert(unit_find(json_string_value(unit), json_string_length(unit)),
                                      metric->unit, number, &number),
                         TCN_OK);
    return number;
}

static const struct reading *find_reading(const struct corpus *c, uint16_t metric)
{
    for (uint32_t i = c->result.count; i > 0; i--)
        if (c->result.readings[i - 1].metric == metric)
            return &c->result.readings[i - 1];
    return NULL;
}

static void check_device(struct corpus *c, const struct line *l, const struct reading *r)
{
    const char *wanted = json_string_value(json_object_get(l->expect, "device"));
    const struct device *d = &c->settings->registry.devices[r->device];

    if (wanted != NULL && strcmp(d->id, wanted) != 0 &&
        (d->address == NULL || strcmp(d->address, wanted) != 0))
        complain(c, l, "device '%s' instead of '%s'", d->id, wanted);
}

static void check_time(struct corpus *c, const struct line *l, const struct reading *r)
{
    const json_t *text = json_object_get(l->expect, "event_ts");
    int64_t wanted = 0;

    if (json_is_string(text))
        assert_int_equal(
            tcn_parse_rfc3339(json_string_value(text), json_string_length(text), 0, &wanted),
            TCN_OK);
    else if (json_object_get(l->expect, "event_ts_ms") == NULL)
        return; /* the other times of the corpus are not possible ones: 0 is right */
    if (r->device_ms != wanted)
        complain(c, l, "device time %lld", (long long)r->device_ms);
}

/* One expected kind and value. */
static void check_kind(struct corpus *c, const struct line *l, const json_t *expect)
{
    const char *kind = json_string_value(json_object_get(expect, "kind"));
    const json_t *value = json_object_get(expect, "value");
    uint16_t metric = metric_of(c, kind);
    const struct reading *r = find_reading(c, metric);
    double wanted;

    if (metric == METRIC_NONE)
        return;                /* something we have no use for, such as the stage of a siren */
    if (json_is_null(value)) { /* unknown: nothing or bad, but never a value */
        if (r != NULL && r->quality == QUALITY_GOOD)
            complain(c, l, "%s is %g, not unknown", kind, r->value);
        return;
    }
    c->checked++;
    wanted =
        wanted_value(&c->settings->metrics.items[metric], value, json_object_get(expect, "unit"));
    if (r == NULL || r->quality != QUALITY_GOOD)
        complain(c, l, "no %s", kind);
    else if (fabs(r->value - wanted) > 1e-9)
        complain(c, l, "%s is %g, not %g", kind, r->value, wanted);
    else {
        check_device(c, l, r);
        check_time(c, l, r);
    }
}

static bool has_values(const struct corpus *c)
{
    for (uint32_t i = 0; i < c->result.count; i++)
        if (c->result.readings[i].metric != METRIC_NONE)
            return true;
    return false;
}

static void check_line(struct corpus *c, const struct line *l)
{
    const json_t *also = json_object_get(l->expect, "also");
    bool malformed = json_is_true(json_object_get(l->expect, "malformed"));

    if (malformed && c->result.count > 0)
        complain(c, l, "readings from a malformed message");
    if (malformed && !c->result.rejected)
        complain(c, l, "it is malformed, but was not refused");
    if (malformed)
        return;
    if (json_is_true(json_object_get(l->expect, "ignore")) && has_values(c)) {
        complain(c, l, "readings from a message to be ignored");
        return;
    }
    check_kind(c, l, l->expect);
    for (size_t i = 0; i < json_array_size(also); i++)
        check_kind(c, l, json_array_get(also, i));
}

static void visit_shipped(struct corpus *c, const struct line *l)
{
    static const char *const families[] = { "zigbee2mqtt", "frigate", "esphome", "nasty_json",
                                            "nasty_topic" };
    bool ours = false;

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        ours = ours || strcmp(l->family, families[i]) == 0;
    /* Two broken payloads are about paths that no shipped source has. */
    if (!ours || strcmp(l->id, "nj-057") == 0 || strcmp(l->id, "nj-059") == 0)
        return;
    run(c, l, l->topic);
    check_line(c, l);
}

static void shipped_families_are_understood(void **state)
{
    const struct corpus *c = *state;

    each_line(*state, visit_shipped);
    assert_true(c->checked > 40); /* of known values; it looks at something */
}

/* A message like those of the corpus, of a kind that nobody recorded yet. */
static void zigbee2mqtt_heat_is_understood(void **state)
{
    static const char *const rows[][2] = {
        { "zigbee2mqtt/smoke_detector", "{\"heat\":true,\"battery\":90}" },
        { "zigbee2mqtt/smoke_detector/heat", "true" },
    };
    struct corpus *c = *state;
    const uint16_t heat = metric_of(c, "heat");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mapping_message m = { .topic = rows[i][0],
                                           .topic_len = strlen(rows[i][0]),
                                           .payload = rows[i][1],
                                           .payload_len = strlen(rows[i][1]),
                                           .wall_ms = NOW_MS };
        const struct reading *r;

        mapper_run(c->mapper, &c->settings->sources, &m, &c->result);
        assert_false(c->result.rejected);
        r = find_reading(c, heat);
        assert_non_null(r);
        assert_int_equal(r->quality, QUALITY_GOOD);
        assert_float_equal(r->value, 1, 0);
        assert_string_equal(c->settings->registry.devices[r->device].id, "smoke_detector");
    }
}

static void check_sane(struct corpus *c, const struct line *l)
{
    for (uint32_t i = 0; i < c->result.count; i++) {
        const struct reading *r = &c->result.readings[i];

        if (r->device >= c->settings->registry.device_count ||
            (r->metric != METRIC_NONE && r->metric >= c->settings->metrics.count) ||
            !isfinite(r->value) || (r->quality != QUALITY_GOOD && r->value != 0))
            complain(c, l, "reading %u makes no sense", i);
    }
}

static void visit_anywhere(struct corpus *c, const struct line *l)
{
    static const char *const topics[] = {
        "zigbee2mqtt/smoke_3f_east",
        "zigbee2mqtt/smoke_3f_east/availability",
        "zigbee2mqtt/smoke_3f_east/smoke",
        "frigate/events",
        "frigate/exit_zone/bicycle",
        "frigate/available",
        "panel-b1/binary_sensor/smoke_zone_1/state",
        "panel-b1/sensor/pressure/state",
        "tocsin/v1/corpus/readings/exit_a",
    };

    run(c, l, l->topic);
    check_sane(c, l);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        run(c, l, topics[i]);
        check_sane(c, l);
    }
}

/* Whatever arrives on whatever topic, nothing but sane readings comes out. */
static void any_payload_on_any_topic_does_no_harm(void **state)
{
    each_line(*state, visit_anywhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_families_are_understood),
        cmocka_unit_test(zigbee2mqtt_heat_is_understood),
        cmocka_unit_test(any_payload_on_any_topic_does_no_harm),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
