/* A right configuration becomes exactly the right model. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "settings_fixture.h"

#include "model/unit_of_measure.h"

#define GOOD "tests/data/settings/good/"

static int load_good(void **state)
{
    struct nest *n = calloc(1, sizeof *n);

    (void)unsetenv("STATE_DIRECTORY");
    (void)unsetenv("RUNTIME_DIRECTORY");
    if (n == NULL || settings_load(GOOD "tocsin.yaml", NULL, &n->s, &n->report) < 0)
        return -1;
    *state = n;
    return 0;
}

static int free_good(void **state)
{
    nest_unload(*state);
    free(*state);
    return 0;
}

static struct settings *good(void **state)
{
    return ((struct nest *)*state)->s;
}

static void gateway_and_paths_are_taken(void **state)
{
    const struct settings *s = good(state);

    assert_string_equal(s->file, GOOD "tocsin.yaml");
    assert_string_equal(s->gateway, "gw-test-01");
    assert_string_equal(s->prefix, "city/tocsin");
    assert_int_equal(s->offset_min, -210);
    assert_string_equal(s->state_dir, GOOD "state");
    assert_string_equal(s->socket_path, GOOD "run/tocsin.sock");
    assert_string_equal(s->socket_group, "operators");
    assert_int_equal(s->log_level, LEVEL_WARNING);
    assert_string_equal(s->log_file, GOOD "log/alarms.log");
    assert_int_equal(s->status_every_ms, 90000);
    assert_true(s->fingerprint != 0);
}

static void connections_are_taken(void **state)
{
    const struct connection_conf *d = &good(state)->devices, *u = &good(state)->upstream;

    assert_string_equal(d->name, "devices");
    assert_string_equal(d->url, "mqtts://broker.example.cn");
    assert_string_equal(d->host, "broker.example.cn");
    assert_int_equal(d->port, 8883);
    assert_true(d->tls);
    assert_int_equal(d->mqtt_version, 3);
    assert_string_equal(d->client_id, "my-devices");
    assert_string_equal(d->user, "gw");
    assert_string_equal(d->password, "s3cret pass");
    assert_string_equal(d->ca_file, GOOD "secret/ca.pem");
    assert_string_equal(d->cert_file, GOOD "secret/client.pem");
    assert_string_equal(d->key_file, GOOD "secret/client.key");
    assert_int_equal(d->keep_alive_ms, 20000);
    assert_int_equal(d->session_expiry_ms, 172800000);
    assert_int_equal(d->backoff_min_ms, 500);
    assert_int_equal(d->backoff_max_ms, 30000);
    assert_int_equal(d->encoding, MESSAGE_PROTOBUF);
    assert_int_equal(d->window, 50);

    /* Another broker: nothing of the first one's login is meant for it. */
    assert_string_equal(u->host, "::1");
    assert_int_equal(u->port, 2883);
    assert_false(u->tls);
    assert_int_equal(u->mqtt_version, 5);
    assert_string_equal(u->client_id, "tocsin-gw-test-01-upstream");
    assert_null(u->user);
    assert_null(u->password);
    assert_null(u->ca_file);
    assert_int_equal(u->keep_alive_ms, 30000);
    assert_int_equal(u->session_expiry_ms, 604800000);
    assert_int_equal(u->backoff_min_ms, 1000);
    assert_int_equal(u->backoff_max_ms, 10000);
    assert_int_equal(u->encoding, MESSAGE_JSON);
    assert_int_equal(u->window, 200);
}

static void metrics_keep_their_order_and_limits(void **state)
{
    const struct metrics *m = &good(state)->metrics;

    assert_int_equal(m->count, 6);
    assert_string_equal(m->items[0].name, "smoke");
    assert_true(m->items[0].has_normal);
    assert_false(m->items[0].mark);
    assert_int_equal(m->items[0].stale_after_ms, TCN_NEVER);
    assert_true(m->items[1].mark);
    assert_false(m->items[1].has_normal);
    assert_int_equal(m->items[2].type, METRIC_NUMBER);
    assert_int_equal(m->items[2].unit, unit_find("MPa", 3));
    assert_float_equal(m->items[2].max, 10, 0);
    assert_float_equal(m->items[2].normal, 0.4, 1e-12);
    assert_int_equal(m->items[2].stale_after_ms, 90000000);
    assert_int_equal(m->items[3].word_count, 3);
    assert_string_equal(m->items[3].words[2], "very-low");
    assert_float_equal(m->items[3].normal, 0, 0);
    assert_true(isinf(m->items[4].min) && m->items[4].min < 0);
    assert_true(isinf(m->items[4].max));
    assert_int_equal(m->items[4].unit, UNIT_NONE);
}

static void registry_is_linked_and_filled_in(void **state)
{
    const struct registry *r = &good(state)->registry;

    assert_int_equal(r->enterprise_count, 2);
    assert_string_equal(r->enterprises[0].name, "工厂 \"甲\", 一号");
    assert_string_equal(r->enterprises[0].phone, "1");
    assert_string_equal(r->enterprises[1].contact, "");
    assert_string_equal(r->departments[0].id, "fire");
    assert_string_equal(r->departments[0].phone, "110");
    assert_int_equal(r->unit_count, 2);
    assert_int_equal(r->units[1].kind, UNIT_SMALL_PLACE);
    assert_int_equal(r->units[1].department, REGISTRY_NONE);
    assert_int_equal(r->units[0].department, 0);
    assert_string_equal(r->sites[0].address, "城南路1号, 东");
    assert_int_equal(r->sites[0].enterprise, REGISTRY_NONE);
    assert_int_equal(r->sites[1].unit, 1);
    assert_int_equal(r->zones[0].site, 1);

    assert_int_equal(r->device_count, 3);
    const struct device *point = &r->devices[registry_device(r, "point-1", 7)];
    assert_int_equal(point->zone, 0);
    assert_int_equal(point->enterprise, 1); /* its own */
    assert_int_equal(point->department, 0); /* its site's */
    assert_int_equal(point->unit, 0);       /* its own */
    assert_null(point->address);
    const struct device *smoke = &r->devices[registry_device(r, "Smoke/Aqara 01", 14)];
    assert_string_equal(smoke->id, "smoke-1");
    assert_int_equal(smoke->enterprise, REGISTRY_NONE);
    assert_string_equal(r->types[r->devices[2].type], "exit-camera");
    assert_string_equal(r->devices[2].id, "cam-1"); /* the second file, columns in other order */
    assert_int_equal(r->devices[2].zone, REGISTRY_NONE);
    assert_int_equal(r->type_count, 3);
}

static void check_source_head(const struct source *s)
{
    assert_string_equal(s->name, "everything");
    assert_string_equal(s->topic.text, "t/{device...}/x");
    assert_int_equal(s->exclude_count, 2);
    assert_string_equal(s->exclude[1].text, "t/a/x");
    assert_int_equal(s->codec, CODEC_JSON);
    assert_int_equal(s->qos, 0);
    assert_int_equal(s->max_size, 65536);
    assert_string_equal(s->device, "{device}-{/meta/id}");
    assert_int_equal(s->time_format, TIME_EPOCH_MS);
    assert_string_equal(s->time.steps[0].key, "ts");
    assert_int_equal(s->when_count, 2);
    assert_int_equal(s->when[0].op, COND_IN);
    assert_int_equal(s->when[0].word_count, 2);
    assert_string_equal(s->when[0].words[1], "update");
    assert_int_equal(s->when[1].op, COND_GE);
    assert_string_equal(s->when[1].words[0], "1.5");
    assert_int_equal(s->historical_count, 1);
    assert_false(s->alive);
    assert_true(s->skip_unknown_device);
    assert_int_equal(s->reading_count, 3);
}

static void sources_say_what_was_written(void **state)
{
    const struct sources *all = &good(state)->sources;
    const struct mapped_reading *r = all->items[0].readings;

    assert_int_equal(all->count, 3);
    check_source_head(&all->items[0]);
    assert_int_equal(r->value.step_count, 4);
    assert_string_equal(r->value.steps[0].key, "a/b");
    assert_int_equal(r->value.steps[1].kind, STEP_EACH);
    assert_string_equal(r->value.steps[1].capture, "key");
    assert_int_equal(r->value.steps[2].kind, STEP_WHERE);
    assert_string_equal(r->value.steps[2].key, "id");
    assert_string_equal(r->value.steps[2].equals, "x~y");
    assert_string_equal(r->value.steps[3].key, "v");
    assert_int_equal(r->map_count, 4);
    assert_string_equal(r->map[0].word, "alarm");
    assert_float_equal(r->map[0].value, 1, 0);
    assert_true(r->map[2].unknown);
    assert_string_equal(r->map[3].word, "*");
    assert_true(r->fold_case && r->invert);
    assert_int_equal(r->absent, ABSENT_UNKNOWN);
    assert_string_equal(r->device, "{key}");
    assert_int_equal(r->object.from, FROM_DOCUMENT);
    assert_int_equal(r->when_count, 4);
    assert_int_equal(r->when[0].op, COND_HAS);
    assert_int_equal(r->when[0].word_count, 2);
    assert_int_equal(r->when[1].op, COND_HAS_NOT);
    assert_int_equal(r->when[2].at.from, FROM_CAPTURE);
    assert_string_equal(r->when[2].words[0], "");
    assert_int_equal(r->when[3].op, COND_ABSENT); /* exists: false */

    assert_int_equal(r[1].unit, unit_find("kPa", 3));
    assert_float_equal(r[1].scale, 0.1, 0);
    assert_float_equal(r[1].offset, -1, 0);
    assert_int_equal(r[1].absent, ABSENT_VALUE);
    assert_float_equal(r[1].constant, 0.2, 0);
    assert_int_equal(r[2].value.from, FROM_NOTHING);
    assert_float_equal(r[2].constant, 2, 0);
    assert_float_equal(r[2].scale, 1, 0);
}

static void short_sources_get_defaults(void **state)
{
    const struct source *plain = &good(state)->sources.items[1], *native = plain + 1;

    assert_int_equal(plain->codec, CODEC_TEXT);
    assert_int_equal(plain->qos, 1);
    assert_int_equal(plain->max_size, MAPPING_PAYLOAD_MAX);
    assert_true(plain->alive);
    assert_false(plain->skip_unknown_device);
    assert_int_equal(plain->time.from, FROM_TEXT);
    assert_int_equal(plain->time_format, TIME_AUTO);
    assert_int_equal(plain->readings[0].value.from, FROM_TEXT);
    assert_int_equal(native->codec, CODEC_PROTOBUF);
    assert_null(native->device);
    assert_int_equal(native->reading_count, 0);
    assert_int_equal(native->time_format, TIME_NONE);
}

static void rules_keep_the_order_of_the_list(void **state)
{
    const struct settings *s = good(state);
    const struct rule *low = &s->rules.items[0];

    assert_int_equal(s->rules.count, 3); /* b.yaml counts once though the wildcard names it, too */
    assert_string_equal(low->id, "low");
    assert_string_equal(low->when.text, "pressure < 50 kPa or missing for 25h");
    assert_int_equal(low->when.missing_ms, 90000000);
    assert_int_equal(low->signal_class, SIGNAL_SUPERVISORY);
    assert_int_equal(low->severity, SEVERITY_MAJOR);
    assert_int_equal(low->on_delay_ms, 60000);
    assert_int_equal(low->off_delay_ms, 0);
    assert_int_equal(low->type_count, 2);
    assert_string_equal(s->registry.types[low->types[1]], "exit-camera");
    assert_int_equal(low->site_count, 1);
    assert_int_equal(low->sites[0], 1);
    assert_true(low->task.enabled && low->task.auto_close);
    assert_int_equal(low->task.level, HAZARD_MAJOR);
    assert_int_equal(low->task.deadline_ms, 86400000);
    assert_int_equal(low->task.remind_before_ms, 10800000);
    assert_int_equal(low->task.escalate_every_ms, 43200000);
    assert_string_equal(s->rules.items[2].guidance, "一\n二");
    assert_int_equal(s->rules.items[2].off_delay_ms, 10000);
    assert_false(s->rules.items[2].task.enabled);
}

static void a_short_deadline_halves_the_reminder(void **state)
{
    const struct rule *quick = &good(state)->rules.items[1];

    assert_int_equal(quick->task.deadline_ms, 3600000);
    assert_int_equal(quick->task.remind_before_ms, 1800000);
    assert_int_equal(quick->task.escalate_every_ms, 86400000);
    assert_false(quick->task.auto_close);
    assert_string_equal(quick->guidance, "");
    assert_int_equal(quick->type_count, 0);
}

static void the_command_line_overrides_the_file(void **state)
{
    const struct settings_override over = { "/s", "/k.sock", "mqtt://127.0.0.1:1", "mqtt://h:2" };
    struct settings *s;
    struct report report = { 0 };
    (void)state;

    assert_int_equal(settings_load(GOOD "tocsin.yaml", &over, &s, &report), TCN_OK);
    assert_string_equal(s->state_dir, "/s");
    assert_string_equal(s->socket_path, "/k.sock");
    assert_string_equal(s->devices.host, "127.0.0.1");
    assert_int_equal(s->devices.port, 1);
    assert_false(s->devices.tls);
    assert_null(s->devices.ca_file); /* not needed without TLS */
    assert_string_equal(s->devices.user, "gw");
    assert_string_equal(s->upstream.host, "h");
    settings_free(s);
    report_done(&report);
}

static void without_upstream_the_devices_broker_serves(void **state)
{
    struct nest *n = *state;

    nest_write(n, "pass", "x\n");
    nest_write(n, "tocsin.yaml",
               "gateway: gw\n"
               "connections:\n"
               "  devices: {url: 'mqtt://b:7', user: u, password_file: pass, client_id: c}\n"
               "metrics: metrics.yaml\n"
               "registry: {departments: departments.csv, sites: sites.csv, devices: devices.csv}\n"
               "sources: sources.yaml\nrules: rules.yaml\n");
    assert_int_equal(nest_load(n), TCN_OK);
    assert_string_equal(n->s->upstream.host, "b");
    assert_int_equal(n->s->upstream.port, 7);
    assert_string_equal(n->s->upstream.user, "u");
    assert_string_equal(n->s->upstream.password, "x");
    assert_string_equal(n->s->upstream.client_id, "tocsin-gw-upstream");
    assert_string_equal(n->s->devices.client_id, "c");
}

static void systemd_folders_are_the_defaults(void **state)
{
    struct nest *n = *state;

    assert_int_equal(setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1), 0);
    assert_int_equal(setenv("RUNTIME_DIRECTORY", "/run/a", 1), 0);
    assert_int_equal(nest_load(n), TCN_OK);
    assert_string_equal(n->s->state_dir, "/var/lib/a");
    assert_string_equal(n->s->socket_path, "/run/a/tocsin.sock");
    assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
    assert_int_equal(unsetenv("RUNTIME_DIRECTORY"), 0);
    assert_int_equal(nest_load(n), TCN_OK);
    assert_string_equal(n->s->state_dir, "/var/lib/tocsin");
    assert_string_equal(n->s->socket_path, "/run/tocsin/tocsin.sock");
    assert_int_equal(n->s->offset_min, 480);
    assert_string_equal(n->s->prefix, "tocsin");
    assert_int_equal(n->s->status_every_ms, 60000);
}

static void the_version_of_a_rule_follows_its_meaning(void **state)
{
    static const char *const rests[] = {
        "smoke and not test\n",
        "smoke  and\n      not test # a comment\n",
        "\"smoke and\n      not test\"\n    for: 0s\n",
        "smoke and not test\n    for: 1s\n",
        "smoke\n",
    };
    struct nest *n = *state;
    char versions[5][16], text[512];

    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(text, sizeof text,
                       "rules:\n  - id: r\n    title: R\n    class: fire\n"
                       "    severity: critical\n    when: %s",
                       rests[i]);
        nest_write(n, "rules.yaml", text);
        assert_int_equal(nest_load(n), TCN_OK);
        assert_int_equal(strlen(n->s->rules.items[0].version), 8);
        (void)snprintf(versions[i], sizeof versions[i], "%s", n->s->rules.items[0].version);
    }
    assert_string_equal(versions[0], versions[1]);
    assert_string_equal(versions[0], versions[2]);
    assert_string_not_equal(versions[0], versions[3]);
    assert_string_not_equal(versions[0], versions[4]);
}

static void the_fingerprint_covers_every_file(void **state)
{
    struct nest *n = *state;
    char text[2048];

    assert_int_equal(nest_load(n), TCN_OK);
    uint64_t whole = n->s->fingerprint;
    for (size_t i = 0; i < NEST_FILE_COUNT; i++) {
        (void)snprintf(text, sizeof text, "%s\n", NEST_FILES[i].text);
        nest_write(n, NEST_FILES[i].name, text);
        assert_int_equal(nest_load(n), TCN_OK);
        assert_true(n->s->fingerprint != whole);
        nest_write(n, NEST_FILES[i].name, NEST_FILES[i].text);
    }
    assert_int_equal(nest_load(n), TCN_OK);
    assert_true(n->s->fingerprint == whole);
}

static void the_shipped_configuration_is_right(void **state)
{
    struct settings *s;
    struct report report = { 0 };
    (void)state;

    assert_int_equal(settings_load("config/tocsin.yaml", NULL, &s, &report), TCN_OK);
    assert_int_equal(report.errors, 0);
    assert_int_equal(report.warnings, 0);
    assert_true(s->rules.count >= 20);
    for (uint32_t i = 0; i < s->rules.count; i++)
        assert_true(strlen(s->rules.items[i].guidance) > 0);
    settings_free(s);
    report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateway_and_paths_are_taken),
        cmocka_unit_test(connections_are_taken),
        cmocka_unit_test(metrics_keep_their_order_and_limits),
        cmocka_unit_test(registry_is_linked_and_filled_in),
        cmocka_unit_test(sources_say_what_was_written),
        cmocka_unit_test(short_sources_get_defaults),
        cmocka_unit_test(rules_keep_the_order_of_the_list),
        cmocka_unit_test(a_short_deadline_halves_the_reminder),
        cmocka_unit_test(the_command_line_overrides_the_file),
        cmocka_unit_test(the_shipped_configuration_is_right),
    };
    const struct CMUnitTest nested[] = {
        cmocka_unit_test_setup_teardown(without_upstream_the_devices_broker_serves, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(systemd_folders_are_the_defaults, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(the_version_of_a_rule_follows_its_meaning, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(the_fingerprint_covers_every_file, nest_set_up,
                                        nest_tear_down),
    };
    int failed = cmocka_run_group_tests(tests, load_good, free_good);

    return failed + cmocka_run_group_tests(nested, NULL, NULL);
}
