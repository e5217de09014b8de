/* settings/file_list.h - the files that a key of the main file names: one name or a list of them,
 * with wildcards. */
#ifndef TOCSIN_SETTINGS_FILE_LIST_H
#define TOCSIN_SETTINGS_FILE_LIST_H

#include "settings/yaml_doc.h"

struct file_list {
    struct text_file **files;
    size_t count, capacity;
    bool incomplete; /* one or more could not be found or read: that was reported */
};

/* Reads all files that node names, in order, those of a wildcard sorted; a file named twice counts
 * once. A name that matches nothing is an error. node NULL: none. */
void file_list_read(struct load *ld, const struct yaml_node *node, struct file_list *ret);
void file_list_done(struct file_list *l);

#endif
