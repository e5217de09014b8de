#define _GNU_SOURCE
#include "ctl/ctl_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl_text.h"

#define GAP 2

static const char *const STYLE_CODES[] = {
    [STYLE_NONE] = "",          [STYLE_RED] = "\033[1;31m", [STYLE_YELLOW] = "\033[33m",
    [STYLE_GREEN] = "\033[32m", [STYLE_DIM] = "\033[2m",    [STYLE_BOLD] = "\033[1m",
};

void ctl_table_init(struct ctl_table *t, const struct ctl_column *columns, unsigned column_count)
{
    assert(column_count > 0 && column_count <= CTL_COLUMNS_MAX);
    *t = (struct ctl_table){ .columns = columns, .column_count = column_count };
}

void ctl_table_done(struct ctl_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i].text);
    free(t->cells);
    *t = (struct ctl_table){ 0 };
}

void ctl_table_cell(struct ctl_table *t, const char *text, enum ctl_style style)
{
    char *copy;

    if (t->failed)
        return;
    if (t->count == t->capacity) {
        const size_t capacity = t->capacity == 0 ? 64 : 2 * t->capacity;
        struct ctl_cell *cells = reallocarray(t->cells, capacity, sizeof *cells);

        if (cells == NULL) {
            t->failed = true;
            return;
        }
        t->cells = cells;
        t->capacity = capacity;
    }
    copy = strdup(text != NULL && text[0] != '\0' ? text : "-");
    if (copy == NULL) {
        t->failed = true;
        return;
    }
    t->cells[t->count].text = copy;
    t->cells[t->count].style = style;
    t->count++;
}

/* How wide each column would like to be. */
static void natural_widths(const struct ctl_table *t, unsigned widths[CTL_COLUMNS_MAX])
{
    for (unsigned c = 0; c < t->column_count; c++)
        widths[c] = ctl_text_width(t->columns[c].title);
    for (size_t i = 0; i < t->count; i++) {
        const unsigned width = ctl_text_width(t->cells[i].text);
        const unsigned c = (unsigned)(i % t->column_count);

        if (width > widths[c])
            widths[c] = width;
    }
}

/* Takes from the column that has most to give, one by one, until the row fits. */
static void shrink(const struct ctl_table *t, unsigned width, unsigned widths[CTL_COLUMNS_MAX])
{
    unsigned total = GAP * (t->column_count - 1);

    for (unsigned c = 0; c < t->column_count; c++)
        total += widths[c];
    while (total > width) {
        unsigned most = 0, giver = 0;

        for (unsigned c = 0; c < t->column_count; c++) {
            const unsigned min = t->columns[c].min;

            if (min != 0 && widths[c] > min && widths[c] - min > most) {
                most = widths[c] - min;
                giver = c;
            }
        }
        if (most == 0)
            return; /* nobody can give more: the terminal wraps */
        widths[giver]--;
        total--;
    }
}

void ctl_table_style(struct buf *out, enum ctl_style style, bool colour, const char *text)
{
    const bool styled = colour && style != STYLE_NONE;

    if (styled)
        buf_text(out, STYLE_CODES[style]);
    (void)ctl_text_fit(text, 0, out);
    if (styled)
        buf_text(out, "\033[0m");
}

static void print_cell(const char *text, enum ctl_style style, unsigned width, bool last,
                       bool colour, struct buf *out)
{
    const bool styled = colour && style != STYLE_NONE;
    unsigned taken;

    if (styled)
        buf_text(out, STYLE_CODES[style]);
    taken = ctl_text_fit(text, width, out);
    if (styled)
        buf_text(out, "\033[0m");
    if (last)
        buf_text(out, "\n");
    else
        buf_format(out, "%*s", (int)(width - taken + GAP), "");
}

void ctl_table_print(const struct ctl_table *t, unsigned width, bool colour, struct buf *out)
{
    unsigned widths[CTL_COLUMNS_MAX];

    if (t->failed) {
        out->failed = true;
        return;
    }
    assert(t->count % t->column_count == 0);
    natural_widths(t, widths);
    if (width != 0)
        shrink(t, width, widths);
    for (unsigned c = 0; c < t->column_count; c++)
        print_cell(t->columns[c].title, STYLE_BOLD, widths[c], c + 1 == t->column_count, colour,
                   out);
    for (size_t i = 0; i < t->count; i++) {
        const unsigned c = (unsigned)(i % t->column_count);

        print_cell(t->cells[i].text, t->cells[i].style, widths[c], c + 1 == t->column_count, colour,
                   out);
    }
}
