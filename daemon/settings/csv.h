/* settings/csv.h - comma separated values (RFC 4180), record by record, with places.
 *
 * Blank lines and lines that begin with '#' are skipped. A record that is wrong is reported and
 * skipped; reading goes on behind it.
 * Owner:   fields borrow from the file or from the load's scratch memory.
 * Limits:  CSV_FIELDS_MAX fields a record. */
#ifndef TOCSIN_SETTINGS_CSV_H
#define TOCSIN_SETTINGS_CSV_H

#include "settings/load.h"

#define CSV_FIELDS_MAX 32

struct csv_field {
    const char *text; /* len bytes, not terminated */
    size_t len;
    size_t offset, width; /* in the file, of the text without its quotes */
};
struct csv {
    struct load *ld;
    struct text_file *file;
    size_t at;
    uint32_t line; /* of the record at hand */
    uint32_t next_line;
    struct csv_field fields[CSV_FIELDS_MAX];
    uint32_t count;
};

void csv_start(struct csv *c, struct load *ld, struct text_file *file);
/* Reads the next record that is right; false: there is none. */
bool csv_next(struct csv *c);
/* The spot of a field, for messages. */
struct place csv_place(const struct csv *c, const struct csv_field *field);

#endif
