#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "settings/load.h"
#include "settings/main_file.h"
#include "settings/metrics_file.h"
#include "settings/registry_file.h"
#include "settings/rules_file.h"
#include "settings/sources_file.h"

static void set_defaults(struct settings *s)
{
    s->prefix = "tocsin";
    s->offset_min = 8 * 60;
    s->log_level = LEVEL_INFO;
    s->status_every_ms = 60000;
}

static void files_done(struct main_files *f)
{
    file_list_done(&f->metrics);
    file_list_done(&f->enterprises);
    file_list_done(&f->departments);
    file_list_done(&f->units);
    file_list_done(&f->sites);
    file_list_done(&f->zones);
    file_list_done(&f->devices);
    file_list_done(&f->sources);
    file_list_done(&f->rules);
}

/* Goes through everything whatever is wrong, so that all errors are told at once. */
static void read_everything(struct load *ld, const char *file, const struct settings_override *over)
{
    struct registry_reader registry = { 0 };
    struct main_files files = { 0 };
    const char *slash = strrchr(file, '/');

    ld->s->file = load_text(ld, file, strlen(file));
    ld->dir = load_text(ld, file, slash == NULL ? 0 : (size_t)(slash + 1 - file));
    if (ld->no_memory)
        return;
    struct place nowhere = { 0 };
    struct text_file *main_file = load_file(ld, file, nowhere);
    if (main_file == NULL)
        return;
    if (main_file_read(ld, main_file, over, &files)) {
        metrics_file_read(ld, &files.metrics);
        registry_file_read(&registry, ld, &files);
        sources_file_read(ld, &files.sources);
        rules_file_read(ld, &files.rules, &registry);
        registry_file_finish(&registry);
    }
    registry_reader_done(&registry);
    files_done(&files);
}

int settings_load(const char *file, const struct settings_override *over, struct settings **ret,
                  struct report *report)
{
    struct settings *s = calloc(1, sizeof *s);
    int rc = TCN_OK;

    if (s == NULL)
        return TCN_ENOMEM;
    set_defaults(s);
    size_t before = report->errors;
    struct load ld = { .s = s, .arena = &s->arena, .report = report, .fingerprint = TCN_HASH_SEED };
    read_everything(&ld, file, over);
    s->fingerprint = ld.fingerprint;
    if (ld.no_memory)
        rc = TCN_ENOMEM;
    else if (report->errors != before)
        rc = TCN_EINPUT;
    arena_done(&ld.scratch);
    if (rc < 0)
        settings_free(s);
    else
        *ret = s;
    return rc;
}

void settings_free(struct settings *s)
{
    if (s == NULL)
        return;
    arena_done(&s->arena);
    free(s);
}
