/* `tocsin devices`, `tocsin rejects`. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"

enum { OPT_LIMIT };
static const struct ctl_option OPTIONS[] = {
    [OPT_LIMIT] = { "limit", 'l', "N", "at most so many (default 200)" },
};

static const struct ctl_column DEVICE_COLUMNS[] = {
    { "DEVICE", 10 }, { "NAME", 8 },        { "TYPE", 8 },
    { "SITE", 8 },    { "LAST HEARD", 10 }, { "VALUES", 12 },
};

static void say_values(const json_t *values, struct buf *out)
{
    const char *name;
    const json_t *value;

    json_object_foreach ((json_t *)values, name, value) {
        char text[CTL_SCALAR_SIZE];

        if (json_is_object(value))
            ctl_show_value(value, text);
        else
            ctl_show_scalar(value, text);
        buf_format(out, "%s%s=%s", out->len > 0 ? " " : "", name, json_is_null(value) ? "?" : text);
    }
}

static void add_device(struct ctl_table *t, const json_t *d)
{
    const char *heard = ctl_show_text(d, "lastHeard");
    char when[CTL_WHEN_SIZE] = "never";
    struct buf values = { 0 };

    if (heard != NULL)
        ctl_show_when(heard, false, when);
    say_values(json_object_get(d, "values"), &values);
    ctl_table_cell(t, ctl_show_text(d, "device"), STYLE_BOLD);
    ctl_table_cell(t, ctl_show_text(d, "name"), STYLE_NONE);
    ctl_table_cell(t, ctl_show_text(d, "type"), STYLE_NONE);
    ctl_table_cell(t, ctl_show_text(d, "siteName"), STYLE_NONE);
    ctl_table_cell(t, when, heard == NULL ? STYLE_DIM : STYLE_NONE);
    ctl_table_cell(t, values.failed ? NULL : values.bytes, STYLE_NONE);
    buf_done(&values);
}

static int run_devices(const struct ctl_args *args)
{
    struct buf path = { 0 };
    struct ctl_table table;
    json_t *json = NULL;
    const json_t *item;
    int64_t limit;
    size_t i;
    int rc;

    if (!ctl_options_number(args, OPT_LIMIT, 1, CTL_LIMIT_MAX, &limit))
        return CTL_USAGE;
    buf_text(&path, "/v1/devices");
    if (args->count > 0)
        ctl_http_param(&path, "query", args->positional[0]);
    if (args->value[OPT_LIMIT] != NULL)
        ctl_http_param(&path, "limit", args->value[OPT_LIMIT]);
    rc = ctl_http_get(args, path.failed ? "" : path.bytes, &json);
    buf_done(&path);
    if (rc != CTL_OK || json == NULL)
        return rc;
    ctl_table_init(&table, DEVICE_COLUMNS, sizeof DEVICE_COLUMNS / sizeof DEVICE_COLUMNS[0]);
    json_array_foreach (json_object_get(json, "devices"), i, item)
        add_device(&table, item);
    ctl_show_list(&table, json, args->count > 0 ? "No device matches." : "No devices.");
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_DEVICES = {
    .words = "devices",
    .usage = "[TEXT]",
    .summary = "devices, when they were last heard and what they said",
    .details =
        "TEXT is looked for in ids, names, types, addresses, sites, zones and enterprises.\n",
    .examples = "  tocsin devices\n"
                "  tocsin devices sprinkler\n"
                "  tocsin devices 城南小区 --limit 1000\n",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .max = 1,
    .run = run_devices,
};

#define REJECTS_WIDTH      160 /* columns where there is no terminal */
#define REJECTS_DETAIL_MIN 60  /* where there is so much room, topic and payload give first */
#define REJECT_DETAIL      4
static const struct ctl_column REJECT_COLUMNS[] = {
    { "WHEN", 10 },
    { "SOURCE", 8 },
    { "REASON", 0 },
    { "TOPIC", 10 },
    [REJECT_DETAIL] = { "DETAIL", 12 },
    { "BYTES", 0 },
    { "BEGINS", 10 },
};

static int run_rejects(const struct ctl_args *args)
{
    struct ctl_table table;
    json_t *json = NULL;
    const json_t *item;
    size_t i;
    /* Topics and payloads are a stranger's: in a pipe, too, they must not run away. */
    const unsigned terminal = ctl_show_width(), width = terminal != 0 ? terminal : REJECTS_WIDTH;
    struct ctl_column columns[sizeof REJECT_COLUMNS / sizeof REJECT_COLUMNS[0]];
    const int rc = ctl_http_get(args, "/v1/rejects", &json);

    if (rc != CTL_OK || json == NULL)
        return rc;
    memcpy(columns, REJECT_COLUMNS, sizeof columns);
    if (width >= REJECTS_WIDTH)
        columns[REJECT_DETAIL].min = REJECTS_DETAIL_MIN;
    ctl_table_init(&table, columns, sizeof columns / sizeof columns[0]);
    json_array_foreach (json_object_get(json, "rejects"), i, item) {
        char when[CTL_WHEN_SIZE], bytes[CTL_SCALAR_SIZE];

        ctl_show_when(ctl_show_text(item, "at"), false, when);
        ctl_show_scalar(json_object_get(item, "payloadBytes"), bytes);
        ctl_table_cell(&table, when, STYLE_NONE);
        ctl_table_cell(&table, ctl_show_text(item, "source"), STYLE_NONE);
        ctl_table_cell(&table, ctl_show_text(item, "reason"), STYLE_YELLOW);
        ctl_table_cell(&table, ctl_show_text(item, "topic"), STYLE_NONE);
        ctl_table_cell(&table, ctl_show_text(item, "detail"), STYLE_NONE);
        ctl_table_cell(&table, bytes, STYLE_NONE);
        ctl_table_cell(&table, ctl_show_text(item, "payload"), STYLE_NONE);
    }
    ctl_show_table(&table, width, "No message was rejected.");
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_REJECTS = {
    .words = "rejects",
    .usage = "",
    .summary = "the last messages that could not be understood, newest first",
    .details = "Long texts are cut to the terminal, or to 160 columns in a pipe; --json has them "
               "whole.\n",
    .examples = "  tocsin rejects\n"
                "  tocsin rejects --json | jq -r '.rejects[].topic' | sort | uniq -c\n",
    .run = run_rejects,
};
