/* `tocsin alarms`, `tocsin alarm show`. */
#define _GNU_SOURCE
#include <stdio.h>

#include "base/text.h"
#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"

enum { OPT_ALL, OPT_CLASS, OPT_LIMIT };
static const struct ctl_option OPTIONS[] = {
    [OPT_ALL] = { "all", 'a', NULL, "also those that are over" },
    [OPT_CLASS] = { "class", 'c', "CLASS", "only fire, supervisory, hazard or fault" },
    [OPT_LIMIT] = { "limit", 'l', "N", "at most so many (default 200)" },
};

static const struct ctl_column COLUMNS[] = {
    { "ID", 0 },     { "CLASS", 0 },  { "SEVERITY", 0 }, { "STATE", 7 },
    { "RAISED", 9 }, { "WHERE", 14 }, { "ALARM", 10 },   { "VALUE", 5 },
};

static void add_row(struct ctl_table *t, const json_t *a, uint32_t epoch)
{
    const char *class = ctl_show_text(a, "signalClass"), *severity = ctl_show_text(a, "severity");
    const enum ctl_style style = ctl_show_severity(class, severity);
    char id[ID_TEXT_SIZE], when[CTL_WHEN_SIZE], value[CTL_SCALAR_SIZE];
    struct buf where = { 0 };

    ctl_show_id(ctl_show_text(a, "gateway"), epoch, ctl_show_text(a, "alarmId"), id);
    ctl_show_when(ctl_show_text(a, "raisedAt"), false, when);
    ctl_show_value(json_object_get(a, "value"), value);
    ctl_show_where(a, &where);
    ctl_table_cell(t, id, STYLE_BOLD);
    ctl_table_cell(t, class, style);
    ctl_table_cell(t, severity, style);
    ctl_table_cell(t, ctl_show_text(a, "state"), STYLE_NONE);
    ctl_table_cell(t, when, STYLE_NONE);
    ctl_table_cell(t, where.failed ? NULL : where.bytes, STYLE_NONE);
    ctl_show_title(t, a);
    ctl_table_cell(t, value, STYLE_NONE);
    buf_done(&where);
}

static int run_list(const struct ctl_args *args)
{
    struct buf path = { 0 };
    struct ctl_table table;
    json_t *json = NULL;
    const json_t *list, *item;
    uint32_t epoch;
    int64_t limit;
    size_t i;
    int rc;

    if (!ctl_options_number(args, OPT_LIMIT, 1, CTL_LIMIT_MAX, &limit))
        return CTL_USAGE;
    buf_text(&path, "/v1/alarms");
    if (args->value[OPT_ALL] != NULL)
        ctl_http_param(&path, "all", "1");
    if (args->value[OPT_CLASS] != NULL)
        ctl_http_param(&path, "class", args->value[OPT_CLASS]);
    if (args->value[OPT_LIMIT] != NULL)
        ctl_http_param(&path, "limit", args->value[OPT_LIMIT]);
    rc = ctl_http_get(args, path.failed ? "" : path.bytes, &json);
    buf_done(&path);
    if (rc != CTL_OK || json == NULL)
        return rc;
    list = json_object_get(json, "alarms");
    epoch = (uint32_t)json_integer_value(json_object_get(json, "epoch"));
    ctl_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    json_array_foreach (list, i, item)
        add_row(&table, item, epoch);
    ctl_show_list(&table, json,
                  args->value[OPT_ALL] != NULL ? "No alarms." : "No alarms are standing.");
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_ALARMS = {
    .words = "alarms",
    .usage = "",
    .summary = "alarms that stand, most urgent first",
    .examples = "  tocsin alarms                    what stands now\n"
                "  tocsin alarms --class fire       only fire\n"
                "  tocsin alarms --all --limit 20   the last ones, whether over or not\n"
                "  tocsin alarms --json | jq -r '.alarms[].alarmId'\n",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .run = run_list,
};

/* The reading that raised it, which is not what the device says now. */
static void show_cause(struct buf *out, const json_t *sample)
{
    const char *metric = ctl_show_text(sample, "metric");
    char value[CTL_SCALAR_SIZE], line[2 * CTL_SCALAR_SIZE];

    if (!json_is_object(sample))
        return;
    ctl_show_value(sample, value);
    (void)tcn_text_format(line, sizeof line, "%s%s%s", metric != NULL ? metric : "",
                          metric != NULL ? " " : "", value); /* cut is fine */
    ctl_show_line(out, "Raised by", line);
}

static void show(const json_t *a, struct buf *out)
{
    const char *class = ctl_show_text(a, "signalClass"), *severity = ctl_show_text(a, "severity");
    char when[CTL_WHEN_SIZE];

    ctl_table_style(out, ctl_show_severity(class, severity), ctl_show_colour(),
                    ctl_show_text(a, "title") != NULL ? ctl_show_text(a, "title") : "Alarm");
    buf_text(out, "\n");
    ctl_show_line(out, "Alarm", ctl_show_text(a, "alarmId"));
    ctl_show_line(out, "Class", class);
    ctl_show_line(out, "Severity", severity);
    ctl_show_line(out, "State", ctl_show_text(a, "state"));
    if (json_is_true(json_object_get(a, "drill")))
        ctl_show_line(out, "Drill", "yes");
    ctl_show_when(ctl_show_text(a, "raisedAt"), false, when);
    ctl_show_line(out, "Raised", when);
    show_cause(out, json_object_get(a, "value"));
    ctl_show_when(ctl_show_text(a, "changedAt"), false, when);
    ctl_show_line(out, "Changed", when);
    ctl_show_line(out, "Acknowledged", ctl_show_text(a, "ackedBy"));
    ctl_show_named(out, "Device", ctl_show_text(a, "deviceName"), ctl_show_text(a, "device"));
    ctl_show_named(out, "Zone", ctl_show_text(a, "zoneName"), ctl_show_text(a, "zone"));
    ctl_show_named(out, "Site", ctl_show_text(a, "siteName"), ctl_show_text(a, "site"));
    ctl_show_line(out, "Address", ctl_show_text(a, "address"));
    ctl_show_named(out, "Enterprise", ctl_show_text(a, "enterpriseName"),
                   ctl_show_text(a, "enterprise"));
    ctl_show_named(out, "Department", ctl_show_text(a, "departmentName"),
                   ctl_show_text(a, "department"));
    ctl_show_named(out, "Patrol unit", ctl_show_text(a, "patrolUnitName"),
                   ctl_show_text(a, "patrolUnit"));
    ctl_show_line(out, "Officer", ctl_show_text(a, "officer"));
    ctl_show_named(out, "Rule", ctl_show_text(a, "rule"), ctl_show_text(a, "ruleVersion"));
    ctl_show_line(out, "Task", ctl_show_text(a, "taskId"));
    ctl_show_block(out, "What to do", ctl_show_text(a, "guidance"));
}

static int run_show(const struct ctl_args *args)
{
    struct buf path = { 0 }, out = { 0 };
    json_t *json = NULL;
    int rc;

    buf_text(&path, "/v1/alarms/");
    ctl_http_encode(&path, args->positional[0]);
    rc = ctl_http_get(args, path.failed ? "" : path.bytes, &json);
    buf_done(&path);
    if (rc != CTL_OK || json == NULL)
        return rc;
    show(json_object_get(json, "alarm"), &out);
    ctl_show_flush(&out);
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_ALARM_SHOW = {
    .words = "alarm show",
    .usage = "ALARM",
    .summary = "one alarm with all that is known, and what to do",
    .details = "ALARM is an id as 'tocsin alarms' shows it, or in full.\n",
    .examples = "  tocsin alarm show 2K\n",
    .min = 1,
    .max = 1,
    .run = run_show,
};
