/* ctl/ctl_table.h - rows of text as an aligned table that fits a terminal. Pure.
 *
 * Owner:   the table copies its cells; ctl_table_done() frees them. A failed allocation shows in
 *          the buffer that it is printed to. */
#ifndef TOCSIN_CTL_CTL_TABLE_H
#define TOCSIN_CTL_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define CTL_COLUMNS_MAX 12

enum ctl_style { STYLE_NONE, STYLE_RED, STYLE_YELLOW, STYLE_GREEN, STYLE_DIM, STYLE_BOLD };

struct ctl_column {
    const char *title;
    unsigned min; /* columns it may be cut down to; 0: it is never cut */
};

struct ctl_cell {
    char *text;
    enum ctl_style style;
};

struct ctl_table { /* fields are private to ctl_table.c */
    const struct ctl_column *columns;
    unsigned column_count;
    struct ctl_cell *cells; /* row by row */
    size_t count, capacity;
    bool failed;
};

/* columns: at most CTL_COLUMNS_MAX, kept. */
void ctl_table_init(struct ctl_table *t, const struct ctl_column *columns, unsigned column_count);
void ctl_table_done(struct ctl_table *t);
/* The next cell; a row is full after column_count of them. text NULL or "" shows as "-". */
void ctl_table_cell(struct ctl_table *t, const char *text, enum ctl_style style);
/* Appends title line and rows. width: columns of the terminal, 0: nothing is cut. */
void ctl_table_print(const struct ctl_table *t, unsigned width, bool colour, struct buf *out);

/* Appends text between the codes for a style, if colour. */
void ctl_table_style(struct buf *out, enum ctl_style style, bool colour, const char *text);

#endif
