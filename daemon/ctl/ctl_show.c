#define _GNU_SOURCE
#include "ctl/ctl_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define LABEL_WIDTH 14

void ctl_show_json(const json_t *json)
{
    const size_t flags = isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT;

    /* main looks at stdout's error mark at the end. */
    if (json == NULL || json_dumpf(json, stdout, flags) != 0)
        fputs("tocsin: the JSON can't be written\n", stderr);
    putchar('\n');
}

void ctl_show_flush(struct buf *out)
{
    if (out->failed)
        fputs("tocsin: memory ran out\n", stderr);
    else if (out->len > 0)
        (void)fwrite(out->bytes, 1, out->len, stdout); /* main looks at stdout's error mark */
    buf_done(out);
}

void ctl_show_table(struct ctl_table *t, unsigned width, const char *when_empty)
{
    struct buf out = { 0 };

    if (t->count > 0 || t->failed)
        ctl_table_print(t, width, ctl_show_colour(), &out);
    else if (when_empty != NULL)
        buf_format(&out, "%s\n", when_empty);
    ctl_show_flush(&out);
    ctl_table_done(t);
}

void ctl_show_list(struct ctl_table *t, const json_t *json, const char *when_empty)
{
    const bool more = json_is_true(json_object_get(json, "more"));

    ctl_show_table(t, ctl_show_width(), more ? NULL : when_empty);
    if (more)
        fputs("There are more: --limit N shows more of them.\n", stderr);
}

bool ctl_show_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    if (!isatty(STDOUT_FILENO) || (no_color != NULL && *no_color != '\0'))
        return false;
    return term == NULL || strcmp(term, "dumb") != 0;
}

unsigned ctl_show_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return 0;
    return size.ws_col;
}

int64_t ctl_show_now_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *ctl_show_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

void ctl_show_scalar(const json_t *value, char buf[CTL_SCALAR_SIZE])
{
    if (json_is_string(value))
        (void)tcn_text_copy(buf, CTL_SCALAR_SIZE, json_string_value(value)); /* cut is fine */
    else if (json_is_integer(value))
        (void)tcn_text_format(buf, CTL_SCALAR_SIZE, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        (void)tcn_text_format(buf, CTL_SCALAR_SIZE, "%.6g", json_real_value(value));
    else if (json_is_boolean(value))
        (void)tcn_text_copy(buf, CTL_SCALAR_SIZE, json_is_true(value) ? "true" : "false");
    else
        (void)tcn_text_copy(buf, CTL_SCALAR_SIZE, "-");
}

void ctl_show_value(const json_t *sample, char buf[CTL_SCALAR_SIZE])
{
    static const char *const members[] = { "number", "flag", "text", "value" };
    const char *unit = ctl_show_text(sample, "unit");
    char text[CTL_SCALAR_SIZE];

    ctl_show_scalar(NULL, buf);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const json_t *value = json_object_get(sample, members[i]);

        if (value == NULL || json_is_null(value))
            continue;
        ctl_show_scalar(value, text);
        (void)tcn_text_format(buf, CTL_SCALAR_SIZE, "%s%s%s", text, unit != NULL ? " " : "",
                              unit != NULL ? unit : ""); /* cut is fine */
        return;
    }
}

void ctl_show_id(const char *gateway, uint32_t epoch, const char *id, char buf[ID_TEXT_SIZE])
{
    uint64_t number;

    if (id != NULL && gateway != NULL && id_parse(gateway, epoch, id, &number) == TCN_OK)
        id_format_short(epoch, number, buf);
    else
        (void)tcn_text_copy(buf, ID_TEXT_SIZE, id != NULL ? id : "-");
}

void ctl_show_when(const char *rfc3339, bool deadline, char buf[CTL_WHEN_SIZE])
{
    const int64_t now_ms = ctl_show_now_ms();
    char time[CTL_TIME_SIZE], span[CTL_TIME_SIZE], now[TCN_RFC3339_SIZE];
    int64_t at_ms;

    tcn_format_rfc3339(now_ms, 0, now);
    ctl_text_time(rfc3339, now, time);
    if (rfc3339 == NULL || tcn_parse_rfc3339(rfc3339, strlen(rfc3339), 0, &at_ms) < 0) {
        (void)tcn_text_copy(buf, CTL_WHEN_SIZE, time);
        return;
    }
    if (deadline)
        ctl_text_deadline(now_ms, at_ms, span);
    else
        ctl_text_relative(now_ms, at_ms, span);
    (void)tcn_text_format(buf, CTL_WHEN_SIZE, "%s (%s)", span, time);
}

void ctl_show_where(const json_t *object, struct buf *out)
{
    const char *device = ctl_show_text(object, "deviceName");
    const char *places[] = { ctl_show_text(object, "siteName"), ctl_show_text(object, "zoneName") };

    if (device == NULL)
        device = ctl_show_text(object, "device");
    if (device == NULL)
        device = "";
    for (size_t i = 0; i < 2; i++) {
        if (places[i] != NULL && strstr(device, places[i]) == NULL)
            buf_format(out, "%s ", places[i]);
    }
    buf_text(out, device);
}

void ctl_show_title(struct ctl_table *t, const json_t *object)
{
    const char *title = ctl_show_text(object, "title");
    struct buf text = { 0 };

    buf_format(&text, "%s%s", json_is_true(json_object_get(object, "drill")) ? "(drill) " : "",
               title != NULL ? title : "");
    ctl_table_cell(t, text.failed ? title : text.bytes, STYLE_NONE);
    buf_done(&text);
}

enum ctl_style ctl_show_severity(const char *signal_class, const char *severity)
{
    if (signal_class != NULL && strcmp(signal_class, "fire") == 0)
        return STYLE_RED;
    if (severity == NULL)
        return STYLE_NONE;
    if (strcmp(severity, "critical") == 0)
        return STYLE_RED;
    if (strcmp(severity, "major") == 0)
        return STYLE_YELLOW;
    return STYLE_NONE;
}

static void label_line(struct buf *out, const char *label)
{
    const unsigned width = (unsigned)strlen(label);

    buf_format(out, "%s:%*s", label, (int)(width + 1 < LABEL_WIDTH ? LABEL_WIDTH - width - 1 : 1),
               "");
}

void ctl_show_line(struct buf *out, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    label_line(out, label);
    (void)ctl_text_fit(text, 0, out);
    buf_text(out, "\n");
}

void ctl_show_named(struct buf *out, const char *label, const char *name, const char *id)
{
    if (name == NULL || id == NULL) {
        ctl_show_line(out, label, name != NULL ? name : id);
        return;
    }
    label_line(out, label);
    (void)ctl_text_fit(name, 0, out);
    buf_text(out, " (");
    (void)ctl_text_fit(id, 0, out);
    buf_text(out, ")\n");
}

void ctl_show_block(struct buf *out, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    buf_format(out, "%s:\n", label);
    while (*text != '\0') {
        const size_t len = strcspn(text, "\n");
        char *line = strndup(text, len);

        if (line == NULL) {
            out->failed = true;
            return;
        }
        buf_text(out, "    ");
        (void)ctl_text_fit(line, 0, out);
        buf_text(out, "\n");
        free(line);
        text += len + (text[len] == '\n');
    }
}
