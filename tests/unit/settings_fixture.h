/* A configuration in a folder of its own, to be broken file by file. */
#ifndef TESTS_SETTINGS_FIXTURE_H
#define TESTS_SETTINGS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings/settings.h"

struct nest_file {
    const char *name, *text;
};

/* The smallest configuration that has one of everything. */
static const struct nest_file NEST_FILES[] = {
    { "tocsin.yaml", "gateway: gw\n"
                     "connections: {devices: {url: \"mqtt://127.0.0.1\"}}\n"
                     "metrics: metrics.yaml\n"
                     "registry:\n"
                     "  enterprises: enterprises.csv\n"
                     "  departments: departments.csv\n"
                     "  units: units.csv\n"
                     "  sites: sites.csv\n"
                     "  zones: zones.csv\n"
                     "  devices: devices.csv\n"
                     "sources: sources.yaml\n"
                     "rules: rules.yaml\n" },
    { "metrics.yaml", "metrics:\n"
                      "  smoke: {type: bool}\n"
                      "  test: {type: bool, mark: true}\n"
                      "  pressure: {type: number, unit: MPa}\n"
                      "  level: {type: enum, words: [ok, low]}\n" },
    { "enterprises.csv", "id,name\n91320600MA1ABCDE06,E\n" },
    { "departments.csv", "id,name\nfire,F\n" },
    { "units.csv", "id,name,kind\nu1,U,residential\n" },
    { "sites.csv", "id,name,department\nhome,H,fire\nmill,M,fire\n" },
    { "zones.csv", "id,site,name\neast,mill,E\n" },
    { "devices.csv", "id,name,type,site\nd1,D,smoke-detector,home\n" },
    { "sources.yaml", "sources:\n"
                      "  - name: s\n"
                      "    topic: t/{device}\n"
                      "    codec: json\n"
                      "    device: \"{device}\"\n"
                      "    readings: [{metric: smoke, value: /smoke}]\n" },
    { "rules.yaml", "rules:\n"
                    "  - id: r\n"
                    "    title: R\n"
                    "    when: smoke\n"
                    "    class: fire\n"
                    "    severity: critical\n" },
};
#define NEST_FILE_COUNT (sizeof NEST_FILES / sizeof NEST_FILES[0])

struct nest {
    char dir[64];
    char main[128];
    struct settings *s;
    struct report report;
};

static inline void nest_write_bytes(struct nest *n, const char *name, const void *bytes, size_t len)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", n->dir, name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
        abort();
}

static inline void nest_write(struct nest *n, const char *name, const char *text)
{
    nest_write_bytes(n, name, text, strlen(text));
}

static inline void nest_remove(struct nest *n, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", n->dir, name);
    (void)unlink(path);
}

static inline void nest_reset(struct nest *n)
{
    for (size_t i = 0; i < NEST_FILE_COUNT; i++)
        nest_write(n, NEST_FILES[i].name, NEST_FILES[i].text);
}

static inline int nest_set_up(void **state)
{
    struct nest *n = calloc(1, sizeof *n);

    if (n == NULL)
        return -1;
    (void)snprintf(n->dir, sizeof n->dir, "/tmp/tocsin-test-XXXXXX");
    if (mkdtemp(n->dir) == NULL)
        return -1;
    (void)snprintf(n->main, sizeof n->main, "%s/tocsin.yaml", n->dir);
    nest_reset(n);
    *state = n;
    return 0;
}

static inline void nest_unload(struct nest *n)
{
    settings_free(n->s);
    n->s = NULL;
    report_done(&n->report);
}

static inline int nest_tear_down(void **state)
{
    static const char *const more[] = { "more.yaml", "a.yaml", "b.yaml", "pass", "x.pem" };
    struct nest *n = *state;

    nest_unload(n);
    for (size_t i = 0; i < NEST_FILE_COUNT; i++)
        nest_remove(n, NEST_FILES[i].name);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        nest_remove(n, more[i]);
    (void)rmdir(n->dir);
    free(n);
    return 0;
}

static inline int nest_load(struct nest *n)
{
    nest_unload(n);
    return settings_load(n->main, NULL, &n->s, &n->report);
}

/* The entry number i as people see it, without the folder: "rules.yaml:4:11: ...". */
static inline const char *nest_entry(const struct nest *n, size_t i, char *buf, size_t size)
{
    const struct report_entry *e = &n->report.entries[i];
    const char *file = e->file == NULL ? "" : e->file;

    if (strncmp(file, n->dir, strlen(n->dir)) == 0)
        file += strlen(n->dir) + 1;
    (void)snprintf(buf, size, "%s:%u:%u: %s%s", file, (unsigned)e->line, (unsigned)e->column,
                   e->warning ? "warning: " : "", e->text);
    return buf;
}

#endif
