/* settings/sources_file.h - the files that say how messages become readings. */
#ifndef TOCSIN_SETTINGS_SOURCES_FILE_H
#define TOCSIN_SETTINGS_SOURCES_FILE_H

#include "settings/file_list.h"

/* Fills ld->s->sources. Metrics must stand. */
void sources_file_read(struct load *ld, const struct file_list *files);

/* What the parts of one source need to know of each other. */
struct source_reader {
    struct load *ld;
    struct source *source;
    struct path value; /* of the reading at hand: its '*:name' steps capture, too */
};

/* source_paths.c: paths, templates and conditions of a source. Each reports what is wrong. */
bool source_paths_read(struct source_reader *r, const struct yaml_node *node, struct path *ret);
bool source_paths_template(struct source_reader *r, const struct yaml_node *node, const char **ret);
bool source_paths_conditions(struct source_reader *r, const struct yaml_node *list,
                             const struct condition **ret, uint16_t *ret_count);

/* source_readings.c: the readings: list. */
void source_readings_read(struct source_reader *r, const struct yaml_node *list);

#endif
