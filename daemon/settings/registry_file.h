/* settings/registry_file.h - the CSV files of the registry, read and checked as a whole. */
#ifndef TOCSIN_SETTINGS_REGISTRY_FILE_H
#define TOCSIN_SETTINGS_REGISTRY_FILE_H

#include "settings/main_file.h"
#include "settings/registry_table.h"

/* What is needed while the registry and then the rules are read; a zeroed struct is empty. */
struct registry_reader {
    struct load *ld;
    struct kind_table enterprises, departments, units, sites, zones, devices;
    struct names types;
    const char **type_list;
    size_t type_count, type_capacity;
};

/* Fills ld->s->registry except for its types. */
void registry_file_read(struct registry_reader *r, struct load *ld, const struct main_files *files);
/* The number of a device type; a new one is added (rules may name types that no device has).
 * *ret_new tells so. False: no memory or too many. */
bool registry_file_type(struct registry_reader *r, const char *text, size_t len, uint32_t *ret,
                        bool *ret_new);
/* Hands the types to the registry, when no more will come. */
void registry_file_finish(struct registry_reader *r);
void registry_reader_done(struct registry_reader *r);

/* registry_devices.c */
void registry_devices_read(struct registry_reader *r, const struct file_list *files);

#endif
