/* settings/main_file.h - tocsin.yaml: the gateway itself, its connections, and the names of the
 * other files. */
#ifndef TOCSIN_SETTINGS_MAIN_FILE_H
#define TOCSIN_SETTINGS_MAIN_FILE_H

#include "settings/file_list.h"
#include "settings/yaml_doc.h"

/* The files that the main file names; each list is in order and without doubles. */
struct main_files {
    struct file_list metrics, enterprises, departments, units, sites, zones, devices, sources,
        rules;
};

/* Fills ld->s as far as the main file goes, and *ret with the files it names. False: it could not
 * be read at all. */
bool main_file_read(struct load *ld, struct text_file *file, const struct settings_override *over,
                    struct main_files *ret);

/* connections_file.c: the connections: section; node NULL when it is absent. */
void connections_read(struct load *ld, const struct yaml_node *node,
                      const struct settings_override *over);

#endif
