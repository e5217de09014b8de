/* Broken configurations: each error is told with its place and what to write. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settings_fixture.h"

struct broken {
    const char *file, *text;
    const char *place;    /* "file:line:column: " */
    const char *words[2]; /* that the message must hold */
};

#define MAIN_HEAD                                                                                  \
    "gateway: gw\nmetrics: metrics.yaml\nsources: sources.yaml\nrules: rules.yaml\n"               \
    "registry: {departments: departments.csv, sites: sites.csv, devices: devices.csv}\n"
#define DEVICES "connections:\n  devices:\n    "

static const struct broken MAIN_ROWS[] = {
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\ngatway: x\n",
      "tocsin.yaml:9:1: ",
      { "unknown key 'gatway'", "did you mean 'gateway'" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\nlog: {level: inof}\n",
      "tocsin.yaml:9:14: ",
      { "debug, info, notice, warning or error", "did you mean 'info'" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\nstatus_every: 30\n",
      "tocsin.yaml:9:15: ",
      { "needs a unit", "30s" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\nutc_offset: 8\n",
      "tocsin.yaml:9:13: ",
      { "+08:00", "'8'" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\nprefix: /a\n",
      "tocsin.yaml:9:9: ",
      { "prefix", "city/tocsin" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: tcp://h\n",
      "tocsin.yaml:8:10: ",
      { "mqtt:// instead of tcp://", "" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: \"mqtt://h:99999\"\n",
      "tocsin.yaml:8:20: ",
      { "'99999' is no port", "65535" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "user: u\n",
      "tocsin.yaml:8:5: ",
      { "needs 'url'", "mqtt://127.0.0.1" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    password: x\n",
      "tocsin.yaml:9:5: ",
      { "needs 'user'", "" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    user: u\n    password_file: no\n",
      "tocsin.yaml:10:20: ",
      { "No such file", "no" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtts://h\n    cert: tocsin.yaml\n",
      "tocsin.yaml:9:5: ",
      { "'cert' and 'key' belong together", "'key' is missing" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    ca: tocsin.yaml\n",
      "tocsin.yaml:9:5: ",
      { "TLS only", "mqtts://" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtts://h\n    ca: no.pem\n",
      "tocsin.yaml:9:9: ",
      { "no.pem", "No such file" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    version: 4\n",
      "tocsin.yaml:9:14: ",
      { "5 or 3.1.1", "" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    window: 5000\n",
      "tocsin.yaml:9:13: ",
      { "from 1 to 1000", "" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    backoff: {min: 9s, max: 2s}\n",
      "tocsin.yaml:9:14: ",
      { "min is longer than max", "" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\n    client_id: a\n  upstream: {client_id: a}\n",
      "tocsin.yaml:10:13: ",
      { "client_id 'a'", "same broker" } },
    { "tocsin.yaml",
      MAIN_HEAD "connections: devices\n",
      "tocsin.yaml:6:14: ",
      { "'connections' must be a map", "not a single value" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\ngateway: gw\n",
      "tocsin.yaml:9:1: ",
      { "'gateway' is given twice", "first in line 1" } },
    { "tocsin.yaml", "gateway: gw\n", "tocsin.yaml:1:1: ", { "needs 'registry'", "CSV files" } },
    { "tocsin.yaml", "gateway: Gw\n", "tocsin.yaml:1:10: ", { "a-z, 0-9", "nt-chengnan-01" } },
    { "tocsin.yaml",
      MAIN_HEAD DEVICES "url: mqtt://h\nlog:\n",
      "tocsin.yaml:9:1: ",
      { "'log' has no value", "" } },
};

static const struct broken FILE_ROWS[] = {
    { "tocsin.yaml",
      "metrics: metric.yaml\n",
      "tocsin.yaml:1:10: ",
      { "there is no file", "did you mean 'metrics.yaml'" } },
    { "tocsin.yaml",
      "rules: [none/*.yaml]\n",
      "tocsin.yaml:1:9: ",
      { "no file matches", "none/*.yaml" } },
    { "tocsin.yaml", "rules: .\n", "tocsin.yaml:1:8: ", { "is a folder", "" } },
    { "tocsin.yaml", "a: b\n c: d\n", "tocsin.yaml:2:3: ", { "not valid YAML", "quotes" } },
    { "tocsin.yaml", "a:\n\t- b\n", "tocsin.yaml:2:1: ", { "not valid YAML", "a tab" } },
    { "tocsin.yaml", "a: [b, c\n", "tocsin.yaml:2:1: ", { "not valid YAML", "line 1" } },
    { "tocsin.yaml", "a: *b\n", "tocsin.yaml:1:4: ", { "aliases (*b)", "quotes" } },
    { "tocsin.yaml", "{*: 1}\n", "tocsin.yaml:1:3: ", { "not valid YAML", "\"*\"" } },
    { "tocsin.yaml", "a: &b c\n", "tocsin.yaml:1:4: ", { "anchors (&b)", "" } },
    { "tocsin.yaml", "a: !!str c\n", "tocsin.yaml:1:4: ", { "tags", "leave it out" } },
    { "tocsin.yaml", "a: b\n---\nc: d\n", "tocsin.yaml:2:1: ", { "second document", "" } },
    { "tocsin.yaml", "[a]: b\n", "tocsin.yaml:1:1: ", { "a key must be plain text", "" } },
    { "tocsin.yaml", "", "tocsin.yaml:1:1: ", { "the file is empty", "" } },
    { "tocsin.yaml", "- a\n", "tocsin.yaml:1:1: ", { "must be a map of keys", "not a list" } },
    { "tocsin.yaml", "a: b\nc: 'd \xc3\xa9\xff'\n", "tocsin.yaml:2:8: ", { "not UTF-8", "0xFF" } },
    { "tocsin.yaml", "a: \x01\n", "tocsin.yaml:1:4: ", { "control characters", "" } },
};

static const struct broken METRIC_ROWS[] = {
    { "metrics.yaml",
      "metrics:\n  a: {typ: bool}\n",
      "metrics.yaml:2:7: ",
      { "unknown key 'typ'", "did you mean 'type'" } },
    { "metrics.yaml",
      "metrics:\n  a: {unit: kPa}\n",
      "metrics.yaml:2:6: ",
      { "metric a needs 'type'", "bool, number or enum" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: bool, unit: kPa}\n",
      "metrics.yaml:2:19: ",
      { "'unit' is for metrics of type number", "" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: number, unit: kpa}\n",
      "metrics.yaml:2:27: ",
      { "unknown unit 'kpa'", "did you mean 'kPa'" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: enum}\n",
      "metrics.yaml:2:6: ",
      { "needs 'words'", "[ok, low, critical]" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: enum, words: [x, x]}\n",
      "metrics.yaml:2:30: ",
      { "'x' is there twice", "" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: enum, words: [x, y], normal: z}\n",
      "metrics.yaml:2:42: ",
      { "x or y expected", "'z'" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: number, min: 2, max: 1}\n",
      "metrics.yaml:2:26: ",
      { "min is greater than max", "" } },
    { "metrics.yaml",
      "metrics:\n  Smoke: {type: bool}\n",
      "metrics.yaml:2:3: ",
      { "'Smoke' is no name", "small letters" } },
    { "metrics.yaml",
      "metrics:\n  not: {type: bool}\n",
      "metrics.yaml:2:3: ",
      { "'not' has a meaning", "" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: bool}\n  a: {type: bool}\n",
      "metrics.yaml:3:3: ",
      { "'a' is given twice", "line 2" } },
    { "metrics.yaml",
      "metrics:\n  a: {type: bool, mark: yes}\n",
      "metrics.yaml:2:25: ",
      { "true or false", "'yes'" } },
};

#define SOURCE "sources:\n  - name: s\n    codec: json\n    device: d1\n    topic: t/{device}\n"
static const struct broken SOURCE_ROWS[] = {
    { "sources.yaml",
      "sources:\n  - name: s\n    codec: jsn\n    topic: t\n",
      "sources.yaml:3:12: ",
      { "protobuf, json or text", "did you mean 'json'" } },
    { "sources.yaml",
      "sources:\n  - name: s\n    codec: json\n    topic: \"t/{a}{b}\"\n",
      "sources.yaml:4:18: ",
      { "one level can hold one capture", "" } },
    { "sources.yaml",
      SOURCE,
      "sources.yaml:2:5: ",
      { "source s needs 'readings'", "signs of life" } },
    { "sources.yaml",
      SOURCE "    readings: []\n    qos: 2\n",
      "sources.yaml:7:10: ",
      { "qos 2", "1 loses nothing" } },
    { "sources.yaml",
      SOURCE "    readings: []\n    max_size: 64 kB\n",
      "sources.yaml:7:15: ",
      { "64 KiB", "" } },
    { "sources.yaml",
      SOURCE "    readings: []\n    max_size: 64 MiB\n",
      "sources.yaml:7:15: ",
      { "out of range", "16 MiB" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smok, value: /s}]\n",
      "sources.yaml:6:25: ",
      { "unknown metric 'smok'", "did you mean 'smoke'" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: s}]\n",
      "sources.yaml:6:39: ",
      { "a path begins with '/'", "" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a/b~2}]\n",
      "sources.yaml:6:43: ",
      { "~0 for '~'", "" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: \".\"}]\n",
      "sources.yaml:6:39: ",
      { "codec text", "" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: \"{devic}\"}]\n",
      "sources.yaml:6:41: ",
      { "captures no 'devic'", "did you mean 'device'" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke}]\n",
      "sources.yaml:6:16: ",
      { "'value'", "'constant'" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a, constant: true}]\n",
      "sources.yaml:6:16: ",
      { "exclude one another", "" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a, unit: kPa}]\n",
      "sources.yaml:6:43: ",
      { "'unit' is for metrics of type number", "smoke is a bool" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: pressure, value: /a, unit: °C}]\n",
      "sources.yaml:6:52: ",
      { "can't be converted for pressure", "kPa" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a, map: {x: 1}}]\n",
      "sources.yaml:6:52: ",
      { "true or false", "" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: level, value: /a, map: {x: lo}}]\n",
      "sources.yaml:6:52: ",
      { "no value of level", "ok or low" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a, when: [{at: /b, equals: 1}]}]\n",
      "sources.yaml:6:59: ",
      { "unknown key 'equals'", "" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a, when: [{at: /b}]}]\n",
      "sources.yaml:6:50: ",
      { "one of eq, ne", "this one has 0" } },
    { "sources.yaml",
      SOURCE "    readings: [{metric: smoke, value: /a, when: [{at: /b, eq: [1, 2]}]}]\n",
      "sources.yaml:6:63: ",
      { "takes one value", "'in' for several" } },
    { "sources.yaml",
      SOURCE "    readings: []\n  - {name: s, codec: protobuf, topic: x}\n",
      "sources.yaml:7:12: ",
      { "a source 's' already", "sources.yaml:2" } },
    { "sources.yaml",
      "sources:\n  - {name: s, codec: protobuf, topic: x, readings: []}\n",
      "sources.yaml:2:42: ",
      { "not for codec protobuf", "" } },
    { "sources.yaml",
      "sources:\n  - name: s\n    codec: json\n    topic: t\n    readings: []\n"
      "    device: \"a{/b\"\n",
      "sources.yaml:6:15: ",
      { "'{' is never closed", "" } },
    { "sources.yaml",
      "sources:\n  - name: s\n    codec: json\n    topic: t\n    readings: []\n"
      "    device: \"a{/b/*}\"\n",
      "sources.yaml:6:19: ",
      { "'*' can't be used in a template", "" } },
};

#define RULE "rules:\n  - id: r\n    title: R\n    class: fire\n    severity: critical\n"
static const struct broken RULE_ROWS[] = {
    { "rules.yaml",
      RULE "    when: presure < 50 kPa\n",
      "rules.yaml:6:11: ",
      { "unknown metric 'presure'", "pressure" } },
    { "rules.yaml",
      RULE "    when: \"smoke and presure < 50 kPa\"\n",
      "rules.yaml:6:22: ",
      { "unknown metric 'presure'", "pressure" } },
    { "rules.yaml",
      RULE "    when: >\n      smoke\n      and presure < 50 kPa\n",
      "rules.yaml:8:11: ",
      { "unknown metric 'presure'", "pressure" } },
    { "rules.yaml",
      RULE "    when: |\n      smoke and 烟雾\n",
      "rules.yaml:7:17: ",
      { "unknown metric '烟雾'", "" } },
    { "rules.yaml", RULE "    when: pressure < 50 °C\n", "rules.yaml:6:25: ", { "'°C'", "kPa" } },
    { "rules.yaml", RULE "    when: smoke and\n", "rules.yaml:6:20: ", { "", "" } },
    { "rules.yaml", RULE, "rules.yaml:2:5: ", { "a rule needs 'when'", "smoke and not test" } },
    { "rules.yaml",
      RULE "    when: smoke\n    for: 30\n",
      "rules.yaml:7:10: ",
      { "needs a unit", "30s" } },
    { "rules.yaml",
      RULE "    when: smoke\n    for: 31d\n",
      "rules.yaml:7:10: ",
      { "out of range", "30d" } },
    { "rules.yaml",
      "rules:\n  - {id: r, title: R, class: fyre, severity: critical, when: smoke}\n",
      "rules.yaml:2:30: ",
      { "fire, supervisory, hazard or fault", "did you mean 'fire'" } },
    { "rules.yaml",
      "rules:\n  - {id: R 1, title: R, class: fire, severity: critical, when: smoke}\n",
      "rules.yaml:2:10: ",
      { "'R 1' is no id", "small letters" } },
    { "rules.yaml",
      RULE "    when: smoke\n  - {id: r, title: R, class: fire, severity: minor, when: smoke}\n",
      "rules.yaml:7:10: ",
      { "a rule 'r' already", "rules.yaml:2" } },
    { "rules.yaml",
      RULE "    when: smoke\n    task: {level: general}\n",
      "rules.yaml:7:11: ",
      { "needs 'deadline'", "24h" } },
    { "rules.yaml",
      RULE "    when: smoke\n    task: {deadline: 24h}\n",
      "rules.yaml:7:11: ",
      { "needs 'level'", "general or major" } },
    { "rules.yaml",
      RULE "    when: smoke\n    task: {level: major, deadline: 1h, remind_before: 2h}\n",
      "rules.yaml:7:55: ",
      { "reminder", "deadline" } },
    { "rules.yaml",
      RULE "    when: smoke\n    devices: {sites: [hom]}\n",
      "rules.yaml:7:23: ",
      { "no site 'hom'", "did you mean 'home'" } },
    { "rules.yaml",
      RULE "    when: smoke\n    devices: []\n",
      "rules.yaml:7:14: ",
      { "covers nothing", "leave the key out" } },
    { "rules.yaml",
      RULE "    when: smoke\n    devices:\n",
      "rules.yaml:7:5: ",
      { "'devices' has no value", "" } },
};

static const struct broken REGISTRY_ROWS[] = {
    { "devices.csv",
      "id,name,type,site\nd1,D,t,hom\n",
      "devices.csv:2:8: ",
      { "there is no site 'hom'", "did you mean 'home'" } },
    { "devices.csv",
      "id,name,type,site\nd1,D,t,home\n# x\n\nd1,D,t,home\n",
      "devices.csv:5:1: ",
      { "device 'd1' is there already", "devices.csv:2" } },
    { "devices.csv",
      "id,name,type,site,address\nd1,D,t,home,a\nd2,D,t,home,d1\n",
      "devices.csv:3:13: ",
      { "'d1' is the id or address of another device", "devices.csv:2" } },
    { "devices.csv",
      "id,name,type,site,zone\nd1,D,t,home,east\n",
      "devices.csv:2:13: ",
      { "zone 'east' is of site 'mill'", "'home'" } },
    { "devices.csv",
      "id,nam,type,site\nd1,D,t,home\n",
      "devices.csv:1:4: ",
      { "unknown column 'nam'", "did you mean 'name'" } },
    { "devices.csv",
      "id,name,type\nd1,D,t\n",
      "devices.csv:1:1: ",
      { "column 'site' is missing", "" } },
    { "devices.csv",
      "id;name;type;site\nd1;D;t;home\n",
      "devices.csv:1:1: ",
      { "separated by commas", "" } },
    { "devices.csv",
      "id,name,type,site\nd1,D,t\n",
      "devices.csv:2:1: ",
      { "3 fields", "the header has 4" } },
    { "devices.csv",
      "id,name,type,site\nd1,,t,home\n",
      "devices.csv:2:4: ",
      { "'name' is empty", "" } },
    { "devices.csv",
      "id,name,type,site\n设备 ,D,t,home\n",
      "devices.csv:2:1: ",
      { "begins or ends with a blank", "" } },
    { "devices.csv",
      "id,name,type,site\n\"烟感,一\",D,t,hom\n",
      "devices.csv:2:12: ",
      { "there is no site 'hom'", "" } },
    { "devices.csv",
      "id,name,type,site\nd1,\"D,t,home\n",
      "devices.csv:2:4: ",
      { "never closed", "" } },
    { "devices.csv",
      "id,name,type,site\nd1,\"D\"x,t,home\n",
      "devices.csv:2:7: ",
      { "closing quote", "" } },
    { "devices.csv",
      "id,name,type,site\nd1,D\"x\",t,home\n",
      "devices.csv:2:5: ",
      { "quote inside a field", "" } },
    { "devices.csv",
      "id,name,type,site\ngateway,D,t,home\n",
      "devices.csv:2:1: ",
      { "'gateway' is taken", "" } },
    { "devices.csv", "", "devices.csv:1:1: ", { "the file is empty", "" } },
    { "devices.csv",
      "id,name,type,site\nd1,\xd1\xcc,t,home\n",
      "devices.csv:2:4: ",
      { "not UTF-8", "CSV UTF-8" } },
    { "enterprises.csv", "id,name\n91320600MA1ABCDE07,E\n", "enterprises.csv:2:1: ", { "6", "" } },
    { "units.csv",
      "id,name,kind,department\nu,U,residental,fire\n",
      "units.csv:2:5: ",
      { "small-place or residential", "did you mean 'residential'" } },
    { "units.csv",
      "id,name,kind,department\nu,U,residential,fir\n",
      "units.csv:2:17: ",
      { "no department 'fir'", "did you mean 'fire'" } },
    { "zones.csv",
      "id,site,name\nz,none,Z\n",
      "zones.csv:2:3: ",
      { "there is no site 'none'", "" } },
};

static void check_row(struct nest *n, const struct broken *row)
{
    char entry[1400];
    bool found = false;

    nest_write(n, row->file, row->text);
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_null(n->s); /* untouched */
    assert_true(n->report.errors > 0);
    for (size_t i = 0; i < n->report.count && !found; i++) {
        (void)nest_entry(n, i, entry, sizeof entry);
        found = strncmp(entry, row->place, strlen(row->place)) == 0 &&
                strstr(entry, row->words[0]) != NULL && strstr(entry, row->words[1]) != NULL;
    }
    if (!found) {
        for (size_t i = 0; i < n->report.count; i++)
            print_error("found: %s\n", nest_entry(n, i, entry, sizeof entry));
        fail_msg("'%s ... %s ... %s' is not among them, for\n%s", row->place, row->words[0],
                 row->words[1], row->text);
    }
    for (size_t i = 0; i < NEST_FILE_COUNT; i++)
        if (strcmp(NEST_FILES[i].name, row->file) == 0)
            nest_write(n, row->file, NEST_FILES[i].text);
}

#define CHECK_ROWS(n, rows)                                                                        \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++)                                    \
    check_row(n, &(rows)[i])

static void main_file_errors_have_their_place(void **state)
{
    CHECK_ROWS(*state, MAIN_ROWS);
}

static void file_and_syntax_errors_have_their_place(void **state)
{
    CHECK_ROWS(*state, FILE_ROWS);
}

static void metric_errors_have_their_place(void **state)
{
    CHECK_ROWS(*state, METRIC_ROWS);
}

static void source_errors_have_their_place(void **state)
{
    CHECK_ROWS(*state, SOURCE_ROWS);
}

static void rule_errors_have_their_place(void **state)
{
    CHECK_ROWS(*state, RULE_ROWS);
}

static void registry_errors_have_their_place(void **state)
{
    CHECK_ROWS(*state, REGISTRY_ROWS);
}

/* What people see, to the letter. */
static void an_error_is_shown_with_a_caret_under_the_spot(void **state)
{
    struct nest *n = *state;
    struct buf out = { 0 };
    char wanted[512];

    nest_write(n, "rules.yaml", RULE "    when: presure < 50 kPa\n");
    assert_int_equal(nest_load(n), TCN_EINPUT);
    report_print(&n->report, &out);
    (void)snprintf(wanted, sizeof wanted,
                   "%s/rules.yaml:6:11: unknown metric 'presure': did you mean 'pressure'?\n"
                   "      when: presure < 50 kPa\n"
                   "            ^~~~~~~\n"
                   "1 error\n",
                   n->dir);
    assert_string_equal(out.bytes, wanted);
    buf_done(&out);
}

static void all_errors_of_all_files_are_told_at_once(void **state)
{
    static const char *const wanted[] = {
        "devices.csv:2:19: there is no site 'nowhere'",
        "devices.csv:3:1: device 'd1' is there already",
        "metrics.yaml:4:13: 'bol'",
        "rules.yaml:4:11: unknown metric 'foo'",
        "rules.yaml:5:12: 'fyre'",
        "rules.yaml:8:5: a rule needs 'title'",
        "rules.yaml:9:10: '5': ",
        "sources.yaml:3:12: 'xml'",
        "tocsin.yaml:13:1: unknown key 'rulez'",
    };
    struct nest *n = *state;
    char text[1024], entry[1400];

    (void)snprintf(text, sizeof text, "%srulez: x\n", NEST_FILES[0].text);
    nest_write(n, "tocsin.yaml", text);
    nest_write(n, "devices.csv",
               "id,name,type,site\nd1,D,smoke-detect,nowhere\nd1,D,smoke-detect,home\n");
    nest_write(n, "metrics.yaml", "metrics:\n  smoke: {type: bool}\n  b:\n    type:   bol\n");
    nest_write(n, "sources.yaml", "sources:\n  - name: s\n    codec: xml\n    topic: t\n");
    nest_write(n, "rules.yaml",
               "rules:\n  - id: r\n    title: R\n    when: foo\n    class: fyre\n"
               "    severity: minor\n\n  - id: q\n    for: 5\n    when: smoke or b\n"
               "    class: fault\n    severity: minor\n");
    assert_int_equal(nest_load(n), TCN_EINPUT);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        bool found = false;
        for (size_t k = 0; k < n->report.count && !found; k++)
            found = strncmp(nest_entry(n, k, entry, sizeof entry), wanted[i],
                            strcspn(wanted[i], "'")) == 0;
        if (!found)
            fail_msg("'%s' was not told", wanted[i]);
    }
}

/* One mistake is one error: what refers to the wrong thing is not told as well. */
static void errors_do_not_breed(void **state)
{
    struct nest *n = *state;

    nest_write(n, "metrics.yaml", "metrics:\n\t- x\n");
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_int_equal(n->report.errors, 1);
    nest_write(n, "metrics.yaml", NEST_FILES[1].text);
    nest_write(n, "sites.csv", "id,name,addres\nhome,H,x\n");
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_int_equal(n->report.errors, 1);
}

static void doubts_are_warnings_and_the_configuration_loads(void **state)
{
    struct nest *n = *state;
    char entry[1400];

    nest_write(n, "sites.csv", "id,name\nhome,H\nmill,M\n");
    nest_write(n, "rules.yaml",
               RULE "    when: smoke\n    devices: [smoke-detectr]\n    for: 2m\n"
                    "  - {id: n, title: N, class: fault, severity: minor, when: smoke,\n"
                    "     devices: {sites: mill}}\n");
    assert_int_equal(nest_load(n), TCN_OK);
    assert_int_equal(n->report.errors, 0);
    assert_int_equal(n->report.warnings, 5);
    static const char *const wanted[] = {
        "devices.csv:2:1: warning: 1 devices have no enterprise",
        "rules.yaml:8:10: warning: a fire alarm is held back",
        "rules.yaml:7:15: warning: no device has the type 'smoke-detectr': did you mean",
        "rules.yaml:7:14: warning: rule 'r' covers no device: this fire rule watches nothing",
        "rules.yaml:10:15: warning: rule 'n' covers no device",
    };
    for (size_t i = 0; i < 5; i++)
        if (strncmp(nest_entry(n, i, entry, sizeof entry), wanted[i], strlen(wanted[i])) != 0)
            fail_msg("%s", entry);
    /* A type that no device has must not make the rule cover everything. */
    assert_int_equal(n->s->rules.items[0].type_count, 1);
    assert_false(rule_covers(&n->s->rules.items[0], &n->s->registry.devices[0]));
}

static void a_fire_rule_that_watches_something_is_not_called_idle(void **state)
{
    struct nest *n = *state;
    char entry[1400];

    nest_write(n, "rules.yaml",
               RULE "    when: smoke\n    devices: [smoke-detector, smoke-detectr]\n");
    assert_int_equal(nest_load(n), TCN_OK);
    for (size_t i = 0; i < n->report.count; i++)
        assert_null(strstr(nest_entry(n, i, entry, sizeof entry), "covers no device"));
}

static void binary_files_get_advice_that_fits_their_kind(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n";
    struct nest *n = *state;

    nest_write_bytes(n, "tocsin.yaml", png, sizeof png - 1);
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_int_equal(n->report.errors, 1);
    assert_non_null(strstr(n->report.entries[0].text, "not UTF-8 (byte 0x89)"));
    assert_null(strstr(n->report.entries[0].text, "Excel"));
    nest_reset(n);
    nest_write(n, "sites.csv", "id,name\nhome,\xb3\xc7\n"); /* GB 18030 */
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_non_null(strstr(n->report.entries[0].text, "Excel"));
}

/* A wrong name never stands for a file that another line names, by itself or by a pattern. */
static void a_file_in_use_is_not_what_was_meant(void **state)
{
    static const char *const rows[][2] = {
        { "rules: [rule.yaml, rules.yaml]\n", NULL },
        { "rules: [rule.yaml, ./rules.yaml]\n", NULL },
        { "rules: [rule.yaml, 'rul*.yaml']\n", NULL },
        { "rules: rule.yaml\n", "did you mean 'rules.yaml'" },
        { "registry: {sites: site.csv, zones: sites.csv}\n", NULL },
        { "registry: {sites: site.csv}\n", "did you mean 'sites.csv'" },
        { "metrics: tocsi.yaml\n", NULL },
    };
    struct nest *n = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *told = NULL;

        nest_write(n, "tocsin.yaml", rows[i][0]);
        assert_int_equal(nest_load(n), TCN_EINPUT);
        for (size_t k = 0; k < n->report.count; k++)
            if (strstr(n->report.entries[k].text, "there is no file") != NULL)
                told = n->report.entries[k].text;
        assert_non_null(told);
        if (rows[i][1] != NULL ? strstr(told, rows[i][1]) == NULL
                               : strstr(told, "did you mean") != NULL)
            fail_msg("%s: %s", rows[i][0], told);
    }
}

static void a_missing_main_file_is_told(void **state)
{
    struct nest *n = *state;
    struct settings *s = NULL;

    assert_int_equal(settings_load("/nowhere/tocsin.yaml", NULL, &s, &n->report), TCN_EINPUT);
    assert_null(s);
    assert_non_null(strstr(n->report.entries[0].text, "/nowhere/tocsin.yaml: No such file"));
}

static void thousands_of_errors_stay_quick_and_bounded(void **state)
{
    struct nest *n = *state;
    char *text = malloc(1 << 20);
    size_t used = 0;

    assert_non_null(text);
    used += (size_t)snprintf(text, 1 << 20, "id,name,type,site\n");
    for (int i = 0; i < 20000; i++)
        used += (size_t)snprintf(text + used, (1 << 20) - used, "d%d,D,t,nowhere-%d\n", i, i);
    nest_write(n, "devices.csv", text);
    free(text);
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_int_equal(n->report.errors, 20000);
    assert_int_equal(n->report.count, REPORT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fire_rule_that_watches_something_is_not_called_idle,
                                        nest_set_up, nest_tear_down),
        cmocka_unit_test_setup_teardown(binary_files_get_advice_that_fits_their_kind, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(a_file_in_use_is_not_what_was_meant, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(main_file_errors_have_their_place, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(file_and_syntax_errors_have_their_place, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(metric_errors_have_their_place, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(source_errors_have_their_place, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(rule_errors_have_their_place, nest_set_up, nest_tear_down),
        cmocka_unit_test_setup_teardown(registry_errors_have_their_place, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(an_error_is_shown_with_a_caret_under_the_spot, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(all_errors_of_all_files_are_told_at_once, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(errors_do_not_breed, nest_set_up, nest_tear_down),
        cmocka_unit_test_setup_teardown(doubts_are_warnings_and_the_configuration_loads,
                                        nest_set_up, nest_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_main_file_is_told, nest_set_up, nest_tear_down),
        cmocka_unit_test_setup_teardown(thousands_of_errors_stay_quick_and_bounded, nest_set_up,
                                        nest_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
