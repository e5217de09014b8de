/* `tocsin tail`: transitions as they are committed. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"

#define LINE_MAX_BYTES 65536

enum { OPT_FOLLOW, OPT_LINES };
static const struct ctl_option OPTIONS[] = {
    [OPT_FOLLOW] = { "follow", 'f', NULL, "go on with what happens from now" },
    [OPT_LINES] = { "lines", 'n', "N", "so many past lines first (default 10, at most 1000)" },
};

struct tail {
    const struct ctl_args *args;
    struct buf line; /* a line not yet complete */
    json_t *lines;   /* --json without --follow: one document at the end */
    bool colour, broken;
};

static enum ctl_style style_of(const char *line)
{
    if (strstr(line, "class=fire") != NULL && strstr(line, "raised") != NULL)
        return STYLE_RED;
    if (strstr(line, "overdue") != NULL || strstr(line, "severity=critical") != NULL)
        return STYLE_YELLOW;
    return STYLE_NONE;
}

static void print_line(struct tail *t, const char *line)
{
    struct buf out = { 0 };

    if (t->args->json && t->lines != NULL) {
        (void)json_array_append_new(t->lines, json_string(line)); /* not UTF-8: left out */
    } else if (t->args->json) {
        json_t *json = json_pack("{s:s}", "line", line);

        if (json != NULL)
            (void)json_dumpf(json, stdout, JSON_COMPACT); /* main looks at stdout's error mark */
        json_decref(json);
        putchar('\n');
    } else {
        ctl_table_style(&out, style_of(line), t->colour, line);
        buf_text(&out, "\n");
        ctl_show_flush(&out);
    }
}

static bool on_text(void *arg, const char *text, size_t len)
{
    struct tail *t = arg;

    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        const size_t part = end != NULL ? (size_t)(end - text) : len;

        if (t->line.len + part <= LINE_MAX_BYTES)
            buf_append(&t->line, text, part);
        if (end == NULL)
            break;
        print_line(t, t->line.len > 0 ? t->line.bytes : "");
        buf_reset(&t->line);
        text += part + 1;
        len -= part + 1;
    }
    if (fflush(stdout) == 0)
        return true;
    t->broken = true; /* whoever read our output has gone, like `head` */
    return false;
}

static int run_tail(const struct ctl_args *args)
{
    const bool follow = args->value[OPT_FOLLOW] != NULL;
    struct tail t = { .args = args, .colour = ctl_show_colour() };
    struct buf path = { 0 };
    int64_t count = 10;
    int rc;

    if (!ctl_options_number(args, OPT_LINES, 0, 1000, &count))
        return CTL_USAGE;
    if (args->json && !follow)
        t.lines = json_array();
    buf_format(&path, "/v1/stream?recent=%lld&follow=%d", (long long)count, follow);
    rc = ctl_http_stream(args, path.failed ? "" : path.bytes, on_text, &t);
    if (t.lines != NULL && rc == CTL_OK) {
        json_t *json = json_pack("{s:O}", "lines", t.lines);

        ctl_show_json(json);
        json_decref(json);
    }
    if (follow && rc == CTL_OK && !t.broken) {
        ctl_http_say(args, "unreachable", "the gateway ended the stream");
        rc = CTL_UNREACHABLE;
    }
    json_decref(t.lines);
    buf_done(&path);
    buf_done(&t.line);
    return rc;
}

const struct ctl_command CTL_TAIL = {
    .words = "tail",
    .usage = "",
    .summary = "the log of alarms and tasks, a line a transition",
    .details =
        "A line is TIME EVENT KEY=VALUE..., a value with blanks in quotes. --json prints one\n"
        "document {\"lines\": [LINE, ...]}, with -f a document {\"line\": LINE} a line; LINE\n"
        "is the same text as a string.\n",
    .examples = "  tocsin tail                     the last ten\n"
                "  tocsin tail -f                  and what follows, until Ctrl-C\n"
                "  tocsin tail -f | grep class=fire\n",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .run = run_tail,
};
