/* `tocsin check`: reads a configuration as tocsind would, and says everything that is wrong. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"
#include "settings/settings.h"

#define FILE_NAME_SIZE 4096

static json_t *summary(const struct settings *s)
{
    const struct registry *g = &s->registry;
    unsigned with_task = 0;

    for (uint32_t i = 0; i < s->rules.count; i++)
        with_task += s->rules.items[i].task.enabled;
    return json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "gateway", s->gateway,
                     "devices", (int)g->device_count, "deviceTypes", (int)g->type_count, "sites",
                     (int)g->site_count, "zones", (int)g->zone_count, "enterprises",
                     (int)g->enterprise_count, "departments", (int)g->department_count, "units",
                     (int)g->unit_count, "metrics", (int)s->metrics.count, "sources",
                     (int)s->sources.count, "rules", (int)s->rules.count, "rulesWithTask",
                     (int)with_task);
}

static json_t *entries(const struct report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct report_entry *e = &r->entries[i];
        json_t *entry =
            json_pack("{s:s?,s:i,s:i,s:s,s:s,s:s?}", "file", e->file, "line", (int)e->line,
                      "column", (int)e->column, "level", e->warning ? "warning" : "error",
                      "message", e->text, "excerpt", e->excerpt);

        if (entry == NULL) /* what it quotes is not UTF-8 */
            entry = json_pack("{s:s?,s:i,s:i,s:s,s:s}", "file", e->file, "line", (int)e->line,
                              "column", (int)e->column, "level", e->warning ? "warning" : "error",
                              "message", "this line is not UTF-8");
        (void)json_array_append_new(list, entry); /* NULL only when memory ran out */
    }
    return list;
}

static void say_json(const struct settings *s, const struct report *r)
{
    json_t *json = json_pack("{s:b,s:i,s:i,s:o,s:o}", "ok", s != NULL, "errors", (int)r->errors,
                             "warnings", (int)r->warnings, "entries", entries(r), "loaded",
                             s != NULL ? summary(s) : json_null());

    ctl_show_json(json);
    json_decref(json);
}

static const char *plural(uint32_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

static void say_text(const char *file, const struct settings *s, const struct report *r)
{
    struct buf out = { 0 };
    const struct registry *g;

    if (r->errors + r->warnings > 0)
        report_print(r, &out);
    if (s == NULL) {
        ctl_show_flush(&out);
        return;
    }
    g = &s->registry;
    buf_format(&out, "%s is right: gateway %s\n", file, s->gateway);
    buf_format(&out, "  %u %s of %u %s at %u %s (%u %s)\n", g->device_count,
               plural(g->device_count, "device", "devices"), g->type_count,
               plural(g->type_count, "type", "types"), g->site_count,
               plural(g->site_count, "site", "sites"), g->zone_count,
               plural(g->zone_count, "zone", "zones"));
    buf_format(&out, "  %u %s, %u %s, %u patrol %s\n", g->enterprise_count,
               plural(g->enterprise_count, "enterprise", "enterprises"), g->department_count,
               plural(g->department_count, "department", "departments"), g->unit_count,
               plural(g->unit_count, "unit", "units"));
    buf_format(&out, "  %u %s on %u %s from %u %s\n", s->rules.count,
               plural(s->rules.count, "rule", "rules"), s->metrics.count,
               plural(s->metrics.count, "metric", "metrics"), s->sources.count,
               plural(s->sources.count, "source", "sources"));
    ctl_show_flush(&out);
}

/* The main file that is meant: of a folder the one in it. Returns TCN_*. */
static int main_file_of(const char *given, char file[FILE_NAME_SIZE])
{
    size_t len = strlen(given);
    struct stat st;

    if (stat(given, &st) < 0 || !S_ISDIR(st.st_mode))
        return tcn_text_copy(file, FILE_NAME_SIZE, given);
    while (len > 0 && given[len - 1] == '/') /* messages shall not say config//tocsin.yaml */
        len--;
    if (len >= FILE_NAME_SIZE)
        return TCN_EINPUT;
    return tcn_text_format(file, FILE_NAME_SIZE, "%.*s/tocsin.yaml", (int)len, given);
}

static int run(const struct ctl_args *args)
{
    const char *given = args->count > 0 ? args->positional[0] : CTL_DEFAULT_CONFIG;
    char file[FILE_NAME_SIZE];
    struct settings *settings = NULL;
    struct report report = { 0 };
    int rc;

    if (given[0] == '\0')
        return ctl_options_wrong(args->command, "CONFIG is empty");
    if (main_file_of(given, file) < 0)
        return ctl_options_wrong(args->command, "the file name is too long");
    rc = settings_load(file, NULL, &settings, &report);
    if (rc < 0)
        settings = NULL;
    if (args->json)
        say_json(settings, &report);
    else
        say_text(file, settings, &report);
    settings_free(settings);
    report_done(&report);
    return rc < 0 ? CTL_USAGE : CTL_OK;
}

const struct ctl_command CTL_CHECK = {
    .words = "check",
    .usage = "[CONFIG]",
    .summary = "read a configuration and say everything that is wrong with it",
    .details = "CONFIG is a tocsin.yaml or the folder that has one; default\n" CTL_DEFAULT_CONFIG
               ". Works without a gateway. Warnings don't fail.\n",
    .examples = "  tocsin check\n"
                "  tocsin check config/demo && systemctl restart tocsind\n",
    .max = 1,
    .offline = true,
    .run = run,
};
