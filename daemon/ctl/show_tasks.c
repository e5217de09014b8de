/* `tocsin tasks`, `tocsin task show`. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"

enum { OPT_ALL, OPT_OVERDUE, OPT_ENTERPRISE, OPT_DEPARTMENT, OPT_UNIT, OPT_LIMIT, OPT_COUNT };
static const struct ctl_option OPTIONS[] = {
    [OPT_ALL] = { "all", 'a', NULL, "also closed and withdrawn ones" },
    [OPT_OVERDUE] = { "overdue", 'o', NULL, "only those past their deadline" },
    [OPT_ENTERPRISE] = { "enterprise", 0, "ID", "only of this enterprise" },
    [OPT_DEPARTMENT] = { "department", 0, "ID", "only of this department" },
    [OPT_UNIT] = { "unit", 0, "ID", "only of this patrol unit" },
    [OPT_LIMIT] = { "limit", 'l', "N", "at most so many (default 200)" },
};

static const struct ctl_column COLUMNS[] = {
    { "ID", 0 },     { "STATE", 8 }, { "DEADLINE", 12 },   { "LEVEL", 0 },
    { "WHERE", 14 }, { "TASK", 10 }, { "ENTERPRISE", 10 },
};

static bool is_over(const json_t *t)
{
    const char *state = ctl_show_text(t, "state");

    return state != NULL && (strcmp(state, "closed") == 0 || strcmp(state, "withdrawn") == 0);
}

/* The deadline of an open task counts down; that of one that is over is just a time. */
static enum ctl_style say_deadline(const json_t *t, char buf[CTL_WHEN_SIZE])
{
    const char *deadline = ctl_show_text(t, "deadline");
    char now[TCN_RFC3339_SIZE], time[CTL_TIME_SIZE];

    if (is_over(t)) {
        tcn_format_rfc3339(ctl_show_now_ms(), 0, now);
        ctl_text_time(deadline, now, time);
        (void)tcn_text_copy(buf, CTL_WHEN_SIZE, time); /* fits */
        return STYLE_DIM;
    }
    ctl_show_when(deadline, true, buf);
    return strstr(buf, "overdue") != NULL ? STYLE_RED : STYLE_NONE;
}

static void add_row(struct ctl_table *table, const json_t *t, uint32_t epoch)
{
    const char *enterprise = ctl_show_text(t, "enterpriseName");
    char id[ID_TEXT_SIZE], when[CTL_WHEN_SIZE];
    struct buf where = { 0 };
    enum ctl_style style;

    ctl_show_id(ctl_show_text(t, "gateway"), epoch, ctl_show_text(t, "taskId"), id);
    style = say_deadline(t, when);
    ctl_show_where(t, &where);
    ctl_table_cell(table, id, STYLE_BOLD);
    ctl_table_cell(table, ctl_show_text(t, "state"), is_over(t) ? STYLE_DIM : STYLE_NONE);
    ctl_table_cell(table, when, style);
    ctl_table_cell(table, ctl_show_text(t, "hazardLevel"), STYLE_NONE);
    ctl_table_cell(table, where.failed ? NULL : where.bytes, STYLE_NONE);
    ctl_show_title(table, t);
    ctl_table_cell(table, enterprise != NULL ? enterprise : ctl_show_text(t, "enterprise"),
                   STYLE_NONE);
    buf_done(&where);
}

static int run_list(const struct ctl_args *args)
{
    struct buf path = { 0 };
    struct ctl_table table;
    json_t *json = NULL;
    const json_t *item;
    uint32_t epoch;
    int64_t limit;
    size_t i;
    int rc;

    if (!ctl_options_number(args, OPT_LIMIT, 1, CTL_LIMIT_MAX, &limit))
        return CTL_USAGE;
    buf_text(&path, "/v1/tasks");
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        if (args->value[o] != NULL)
            ctl_http_param(&path, OPTIONS[o].name, OPTIONS[o].arg != NULL ? args->value[o] : "1");
    }
    rc = ctl_http_get(args, path.failed ? "" : path.bytes, &json);
    buf_done(&path);
    if (rc != CTL_OK || json == NULL)
        return rc;
    epoch = (uint32_t)json_integer_value(json_object_get(json, "epoch"));
    ctl_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    json_array_foreach (json_object_get(json, "tasks"), i, item)
        add_row(&table, item, epoch);
    ctl_show_list(&table, json,
                  args->value[OPT_OVERDUE] != NULL ? "No task is overdue."
                  : args->value[OPT_ALL] != NULL   ? "No tasks."
                                                   : "No tasks are open.");
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_TASKS = {
    .words = "tasks",
    .usage = "",
    .summary = "rectification tasks, overdue ones first, then by deadline",
    .examples = "  tocsin tasks                       what is open\n"
                "  tocsin tasks --overdue             who is late\n"
                "  tocsin tasks --enterprise 91320600MA1N4P8R2X --all\n"
                "  tocsin tasks --json | jq -r '.tasks[] | [.taskId,.deadline] | @tsv'\n",
    .options = OPTIONS,
    .option_count = OPT_COUNT,
    .run = run_list,
};

/* "operator 王强", "enterprise 9132…", "system" */
static void say_actor(const json_t *actor, struct buf *out)
{
    const char *kind = ctl_show_text(actor, "kind"), *name = ctl_show_text(actor, "name");

    if (name == NULL)
        name = ctl_show_text(actor, "id");
    buf_text(out, kind != NULL ? kind : "");
    if (name != NULL)
        buf_format(out, " %s", name);
}

static void show_history(const json_t *history, struct buf *out)
{
    static const struct ctl_column columns[] = {
        { "WHEN", 10 }, { "WHAT", 0 }, { "STATE", 8 }, { "WHO", 8 }, { "NOTE", 10 },
    };
    struct ctl_table table;
    const json_t *step;
    size_t i;

    ctl_table_init(&table, columns, sizeof columns / sizeof columns[0]);
    json_array_foreach (history, i, step) {
        const char *note = ctl_show_text(step, "note");
        const char *evidence = ctl_show_text(step, "evidence");
        char when[CTL_WHEN_SIZE];
        struct buf who = { 0 }, text = { 0 };

        ctl_show_when(ctl_show_text(step, "at"), false, when);
        say_actor(json_object_get(step, "actor"), &who);
        buf_format(&text, "%s%s%s%s", note != NULL ? note : "",
                   note != NULL && evidence != NULL ? " " : "",
                   evidence != NULL ? "evidence: " : "", evidence != NULL ? evidence : "");
        ctl_table_cell(&table, when, STYLE_NONE);
        ctl_table_cell(&table, ctl_show_text(step, "event"), STYLE_NONE);
        ctl_table_cell(&table, ctl_show_text(step, "state"), STYLE_NONE);
        ctl_table_cell(&table, who.failed ? NULL : who.bytes, STYLE_NONE);
        ctl_table_cell(&table, text.failed ? NULL : text.bytes, STYLE_NONE);
        buf_done(&who);
        buf_done(&text);
    }
    buf_text(out, "\n");
    ctl_table_print(&table, ctl_show_width(), ctl_show_colour(), out);
    ctl_table_done(&table);
}

static void show_number(struct buf *out, const char *label, const json_t *number)
{
    char text[CTL_SCALAR_SIZE];

    if (json_integer_value(number) == 0)
        return;
    ctl_show_scalar(number, text);
    ctl_show_line(out, label, text);
}

static void show(const json_t *t, struct buf *out)
{
    const char *title = ctl_show_text(t, "title");
    char when[CTL_WHEN_SIZE];

    ctl_table_style(out, STYLE_BOLD, ctl_show_colour(), title != NULL ? title : "Task");
    buf_text(out, "\n");
    ctl_show_line(out, "Task", ctl_show_text(t, "taskId"));
    ctl_show_line(out, "State", ctl_show_text(t, "state"));
    ctl_show_line(out, "Hazard level", ctl_show_text(t, "hazardLevel"));
    ctl_show_line(out, "Hazard",
                  json_is_true(json_object_get(t, "hazardPresent")) ? "still reported by the sensor"
                                                                    : "no longer reported");
    if (json_is_true(json_object_get(t, "drill")))
        ctl_show_line(out, "Drill", "yes");
    (void)say_deadline(t, when);
    ctl_show_line(out, "Deadline", when);
    show_number(out, "Overdue level", json_object_get(t, "overdueLevel"));
    show_number(out, "Came back", json_object_get(t, "recurrence"));
    ctl_show_when(ctl_show_text(t, "issuedAt"), false, when);
    ctl_show_line(out, "Issued", when);
    ctl_show_named(out, "Device", ctl_show_text(t, "deviceName"), ctl_show_text(t, "device"));
    ctl_show_named(out, "Site", ctl_show_text(t, "siteName"), ctl_show_text(t, "site"));
    ctl_show_line(out, "Address", ctl_show_text(t, "address"));
    ctl_show_named(out, "Enterprise", ctl_show_text(t, "enterpriseName"),
                   ctl_show_text(t, "enterprise"));
    ctl_show_named(out, "Department", ctl_show_text(t, "departmentName"),
                   ctl_show_text(t, "department"));
    ctl_show_named(out, "Patrol unit", ctl_show_text(t, "patrolUnitName"),
                   ctl_show_text(t, "patrolUnit"));
    ctl_show_line(out, "Officer", ctl_show_text(t, "officer"));
    ctl_show_line(out, "Evidence", ctl_show_text(t, "evidence"));
    ctl_show_line(out, "Alarm", ctl_show_text(t, "alarmId"));
    ctl_show_block(out, "What to do", ctl_show_text(t, "guidance"));
    if (json_array_size(json_object_get(t, "history")) > 0)
        show_history(json_object_get(t, "history"), out);
}

static int run_show(const struct ctl_args *args)
{
    struct buf path = { 0 }, out = { 0 };
    json_t *json = NULL;
    int rc;

    buf_text(&path, "/v1/tasks/");
    ctl_http_encode(&path, args->positional[0]);
    rc = ctl_http_get(args, path.failed ? "" : path.bytes, &json);
    buf_done(&path);
    if (rc != CTL_OK || json == NULL)
        return rc;
    show(json_object_get(json, "task"), &out);
    ctl_show_flush(&out);
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_TASK_SHOW = {
    .words = "task show",
    .usage = "TASK",
    .summary = "one task with its history",
    .details = "TASK is an id as 'tocsin tasks' shows it, or in full.\n",
    .examples = "  tocsin task show 2M\n",
    .min = 1,
    .max = 1,
    .run = run_show,
};
