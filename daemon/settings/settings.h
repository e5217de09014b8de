/* settings/settings.h - a configuration directory, read, checked as a whole and turned into the
 * model. Nothing is half-loaded: either all of it is right, or *report lists all that is wrong.
 *
 * Owner:   struct settings owns everything in it through its arena; settings_free().
 * Thread:  one at a time while loading; immutable after. */
#ifndef TOCSIN_SETTINGS_SETTINGS_H
#define TOCSIN_SETTINGS_SETTINGS_H

#include "base/arena.h"
#include "base/log.h"
#include "base/report.h"
#include "model/connection.h"
#include "model/metric.h"
#include "model/registry.h"
#include "model/rule.h"
#include "model/source.h"

struct settings {
    struct arena arena;
    const char *file;         /* the main file as given */
    const char *gateway;      /* ids.h */
    const char *prefix;       /* of our topics, default "tocsin" */
    int offset_min;           /* UTC offset of times in messages and log; default +08:00 */
    const char *state_dir;    /* database */
    const char *socket_path;  /* HTTP API */
    const char *socket_group; /* NULL: none */
    const char *log_file;     /* NULL: none */
    enum log_level log_level;
    struct connection_conf devices, upstream;
    int64_t status_every_ms;
    struct metrics metrics;
    struct registry registry;
    struct rules rules;
    struct sources sources;
    uint64_t fingerprint; /* over all files read, keys and passwords left out */
};

/* What is given on the command line rather than in the file; NULL: not given. */
struct settings_override {
    const char *state_dir, *socket_path, *devices_url, *upstream_url;
};

/* Reads file (tocsin.yaml) and all it names, relative to it. TCN_EINPUT: *report lists the errors;
 * *ret is untouched. Warnings may be there on success, too. over may be NULL. */
int settings_load(const char *file, const struct settings_override *over, struct settings **ret,
                  struct report *report);
void settings_free(struct settings *s);

#endif
