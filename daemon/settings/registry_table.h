/* settings/registry_table.h - one CSV file of the registry: its columns by name, its cells checked.
 *
 * Getters report what is wrong and go on with something harmless. */
#ifndef TOCSIN_SETTINGS_REGISTRY_TABLE_H
#define TOCSIN_SETTINGS_REGISTRY_TABLE_H

#include "settings/csv.h"
#include "settings/file_list.h"
#include "settings/names.h"

struct table_column {
    const char *name;
    bool required; /* the column must be there and its cells filled */
};

/* Where an item was declared: enough to tell people, small enough for millions. */
struct origin {
    struct text_file *file;
    uint32_t line;
};

/* All items of one kind, over all its files. */
struct kind_table {
    const char *what; /* "a site" */
    struct names names;
    struct origin *origins;
    size_t count, capacity;
    bool incomplete; /* some file could not be read: a reference may be right nevertheless */
};

struct table {
    struct csv csv;
    const struct table_column *columns;
    size_t column_count;
    int32_t position[CSV_FIELDS_MAX]; /* of each column in the file, -1: not there */
    uint32_t width;                   /* fields in the header */
};

/* Reads the header. False: it was reported, the file can't be used. */
bool registry_table_open(struct table *t, struct load *ld, struct text_file *file,
                         const struct table_column *columns, size_t count);
/* The next record with the right number of fields. */
bool registry_table_next(struct table *t);

/* The cell's field, or NULL when the column is not there or the cell is empty. */
const struct csv_field *registry_table_cell(const struct table *t, size_t column);
/* Text of at most REGISTRY_NAME_MAX bytes; "" for an empty cell. */
const char *registry_table_text(struct table *t, size_t column);
/* An id of at most REGISTRY_ID_MAX bytes, or NULL. */
const char *registry_table_id(struct table *t, size_t column);
/* Enters an item's id. False: there is one already, or no memory. */
bool registry_table_enter(struct table *t, struct kind_table *kind, const char *id, size_t column);
/* The item that the cell names, or REGISTRY_NONE for an empty cell or one that names nothing. */
uint32_t registry_table_reference(struct table *t, size_t column, const struct kind_table *kind);

void kind_table_done(struct kind_table *k);

#endif
