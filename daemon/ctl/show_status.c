/* `tocsin status`. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"

static const char *number_text(const json_t *o, const char *name, char buf[CTL_SCALAR_SIZE])
{
    ctl_show_scalar(json_object_get(o, name), buf);
    return buf;
}

/* "up for 12 min", or why not. */
static void show_link(struct buf *out, const char *label, const json_t *link)
{
    const char *state = ctl_show_text(link, "state"), *error = ctl_show_text(link, "lastError");
    const bool up = state != NULL && strcmp(state, "up") == 0;
    const int64_t ms = (int64_t)(json_number_value(json_object_get(link, "forSeconds")) * 1000.0);
    char span[CTL_TIME_SIZE], line[512];

    if (state == NULL)
        return;
    ctl_text_span(ms, span);
    (void)tcn_text_format(line, sizeof line, "%s for %s%s%s", state, span,
                          !up && error != NULL ? ": " : "",
                          !up && error != NULL ? error : ""); /* cut is fine */
    buf_format(out, "%s:%*s", label, (int)(13 - strlen(label)), "");
    ctl_table_style(out, up ? STYLE_GREEN : STYLE_RED, ctl_show_colour(), line);
    buf_text(out, "\n");
}

static void show_alarms(struct buf *out, const json_t *s)
{
    const json_t *classes = json_object_get(s, "alarmsByClass"), *count;
    const char *class, *gap = " (";
    char n[CTL_SCALAR_SIZE], unacknowledged[CTL_SCALAR_SIZE];

    buf_format(out, "Alarms:       %s standing, %s unacknowledged",
               number_text(s, "alarmsStanding", n),
               number_text(s, "alarmsUnacknowledged", unacknowledged));
    json_object_foreach ((json_t *)classes, class, count) {
        if (json_integer_value(count) == 0)
            continue;
        ctl_show_scalar(count, n);
        buf_format(out, "%s%s %s", gap, n, class);
        gap = ", ";
    }
    buf_text(out, *gap == ',' ? ")\n" : "\n");
}

static void show_traffic(struct buf *out, const json_t *s)
{
    const json_t *fire = json_object_get(s, "fireToUpstream");
    char a[CTL_SCALAR_SIZE], b[CTL_SCALAR_SIZE], c[CTL_SCALAR_SIZE];

    buf_format(out, "Messages:     %s in, %s rejected%s\n", number_text(s, "messages", a),
               number_text(s, "rejected", b),
               json_integer_value(json_object_get(s, "rejected")) > 0
                   ? " ('tocsin rejects' shows the last)"
                   : "");
    buf_format(out, "Outbox:       %s waiting", number_text(s, "outbox", a));
    if (json_object_get(s, "delivered") != NULL)
        buf_format(out, ", %s delivered", number_text(s, "delivered", b));
    buf_text(out, "\n");
    if (json_integer_value(json_object_get(fire, "count")) > 0)
        buf_format(out,
                   "Fire:         %s reached upstream, the last in %s ms, the slowest "
                   "in %s ms\n",
                   number_text(fire, "count", a), number_text(fire, "lastMs", b),
                   number_text(fire, "maxMs", c));
    if (json_integer_value(json_object_get(s, "logDropped")) > 0)
        buf_format(out, "Log:          %s lines lost\n", number_text(s, "logDropped", a));
}

static void show(const json_t *s, struct buf *out)
{
    const char *state = ctl_show_text(s, "state"), *version = ctl_show_text(s, "version");
    char when[CTL_WHEN_SIZE], a[CTL_SCALAR_SIZE], b[CTL_SCALAR_SIZE], line[64];

    ctl_show_line(out, "Gateway", ctl_show_text(s, "gateway"));
    (void)tcn_text_format(line, sizeof line, "%s, tocsind %s", state != NULL ? state : "?",
                          version != NULL ? version : "?");
    ctl_show_line(out, "State", line);
    ctl_show_when(ctl_show_text(s, "since"), false, when);
    ctl_show_line(out, "Started", when);
    buf_format(out, "Watches:      %s devices by %s rules\n", number_text(s, "devices", a),
               number_text(s, "rules", b));
    show_link(out, "Devices", json_object_get(s, "devicesLink"));
    show_link(out, "Upstream", json_object_get(s, "upstream"));
    if (json_is_true(json_object_get(json_object_get(s, "store"), "failing"))) {
        buf_text(out, "Database:     ");
        ctl_table_style(out, STYLE_RED, ctl_show_colour(), "commits fail; see tocsind's log");
        buf_text(out, "\n");
    }
    show_alarms(out, s);
    buf_format(out, "Tasks:        %s open, %s overdue\n", number_text(s, "tasksOpen", a),
               number_text(s, "tasksOverdue", b));
    show_traffic(out, s);
}

static int run(const struct ctl_args *args)
{
    struct buf out = { 0 };
    json_t *json = NULL;
    const int rc = ctl_http_get(args, "/v1/status", &json);

    if (rc != CTL_OK || json == NULL)
        return rc;
    show(json, &out);
    ctl_show_flush(&out);
    json_decref(json);
    return CTL_OK;
}

const struct ctl_command CTL_STATUS = {
    .words = "status",
    .usage = "",
    .summary = "is the gateway well, and what stands",
    .examples = "  tocsin status\n"
                "  tocsin status --json | jq .alarmsStanding\n",
    .run = run,
};

static int run_version(const struct ctl_args *args)
{
    if (args->json)
        printf("{\"version\":\"%s\"}\n", TOCSIN_VERSION);
    else
        printf("tocsin %s\n", TOCSIN_VERSION);
    return CTL_OK;
}

const struct ctl_command CTL_VERSION = {
    .words = "version",
    .usage = "",
    .summary = "version of this program; 'tocsin status' tells the gateway's",
    .examples = "  tocsin version\n",
    .offline = true,
    .run = run_version,
};
