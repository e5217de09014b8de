#include "settings/registry_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void kind_table_done(struct kind_table *k)
{
    names_done(&k->names);
    free(k->origins);
    k->origins = NULL;
    k->count = k->capacity = 0;
}

static void report_column(struct table *t, const struct csv_field *f)
{
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];
    struct tcn_nearest nearest;

    if (memchr(f->text, ';', f->len) != NULL || memchr(f->text, '\t', f->len) != NULL) {
        load_error(t->csv.ld, csv_place(&t->csv, f),
                   "columns are separated by commas here, not by semicolons or tabs");
        return;
    }
    tcn_nearest_init(&nearest, f->text, f->len);
    for (size_t i = 0; i < t->column_count; i++)
        tcn_nearest_try(&nearest, t->columns[i].name);
    if (nearest.best != NULL) {
        load_error(t->csv.ld, csv_place(&t->csv, f), "unknown column '%s'%s",
                   load_shown(f->text, f->len, shown), load_hint(nearest.best, hint));
        return;
    }
    char all[200] = "";
    for (size_t i = 0, used = 0; i < t->column_count; i++, used = strlen(all))
        (void)tcn_text_format(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ",
                              t->columns[i].name);
    load_error(t->csv.ld, csv_place(&t->csv, f), "unknown column '%s'; known are %s",
               load_shown(f->text, f->len, shown), all);
}

static void take_column(struct table *t, uint32_t field)
{
    const struct csv_field *f = &t->csv.fields[field];

    for (size_t i = 0; i < t->column_count; i++) {
        if (strlen(t->columns[i].name) != f->len ||
            memcmp(t->columns[i].name, f->text, f->len) != 0)
            continue;
        if (t->position[i] >= 0)
            load_error(t->csv.ld, csv_place(&t->csv, f), "column '%s' is there twice",
                       t->columns[i].name);
        t->position[i] = (int32_t)field;
        return;
    }
    report_column(t, f);
}

bool registry_table_open(struct table *t, struct load *ld, struct text_file *file,
                         const struct table_column *columns, size_t count)
{
    size_t before = load_errors(ld);

    assert(count <= CSV_FIELDS_MAX);
    *t = (struct table){ .columns = columns, .column_count = count };
    csv_start(&t->csv, ld, file);
    for (size_t i = 0; i < count; i++)
        t->position[i] = -1;
    if (!csv_next(&t->csv)) {
        struct place at = { .file = file, .line = 1, .column = 1 };
        if (load_errors(ld) == before)
            load_error(ld, at, "the file is empty: its first line names the columns");
        return false;
    }
    for (uint32_t i = 0; i < t->csv.count; i++)
        take_column(t, i);
    struct place header = load_place(ld, file, t->csv.fields[0].offset, 0);
    for (size_t i = 0; i < count; i++)
        if (columns[i].required && t->position[i] < 0)
            load_error(ld, header, "column '%s' is missing", columns[i].name);
    t->width = t->csv.count;
    return load_errors(ld) == before;
}

bool registry_table_next(struct table *t)
{
    while (csv_next(&t->csv)) {
        if (t->csv.count == t->width)
            return true;
        load_error(t->csv.ld, load_place(t->csv.ld, t->csv.file, t->csv.fields[0].offset, 0),
                   "%u fields, but the header has %u (a comma inside a text needs quotes around "
                   "the text)",
                   (unsigned)t->csv.count, (unsigned)t->width);
    }
    return false;
}

const struct csv_field *registry_table_cell(const struct table *t, size_t column)
{
    const struct csv_field *f;

    if (t->position[column] < 0)
        return NULL;
    f = &t->csv.fields[t->position[column]];
    return f->len == 0 ? NULL : f;
}

/* The cell of a column that must be filled; reports an empty one. */
static const struct csv_field *filled(struct table *t, size_t column)
{
    const struct csv_field *f = registry_table_cell(t, column);

    if (f == NULL && t->position[column] >= 0 && t->columns[column].required)
        load_error(t->csv.ld, csv_place(&t->csv, &t->csv.fields[t->position[column]]),
                   "'%s' is empty", t->columns[column].name);
    return f;
}

static bool has_control(const struct csv_field *f)
{
    for (size_t i = 0; i < f->len; i++)
        if ((unsigned char)f->text[i] < 0x20 || f->text[i] == 0x7F)
            return true;
    return false;
}

const char *registry_table_text(struct table *t, size_t column)
{
    const struct csv_field *f = filled(t, column);
    const char *copy = "";

    if (f == NULL)
        return "";
    if (f->len > REGISTRY_NAME_MAX)
        load_error(t->csv.ld, csv_place(&t->csv, f), "'%s' has %zu bytes, at most %d are allowed",
                   t->columns[column].name, f->len, REGISTRY_NAME_MAX);
    else if (has_control(f))
        load_error(t->csv.ld, csv_place(&t->csv, f), "a line break or control character in '%s'",
                   t->columns[column].name);
    else
        copy = load_text(t->csv.ld, f->text, f->len);
    return copy == NULL ? "" : copy;
}

static bool blank_at_end(const struct csv_field *f)
{
    static const char wide_blank[] = "\xE3\x80\x80"; /* U+3000, as Chinese input methods give it */
    size_t n = sizeof wide_blank - 1;

    return f->text[0] == ' ' || f->text[f->len - 1] == ' ' ||
           (f->len >= n && (memcmp(f->text, wide_blank, n) == 0 ||
                            memcmp(f->text + f->len - n, wide_blank, n) == 0));
}

const char *registry_table_id(struct table *t, size_t column)
{
    const struct csv_field *f = filled(t, column);
    const char *name = t->columns[column].name;

    if (f == NULL)
        return NULL;
    if (f->len > REGISTRY_ID_MAX)
        load_error(t->csv.ld, csv_place(&t->csv, f), "'%s' has %zu bytes, at most %d are allowed",
                   name, f->len, REGISTRY_ID_MAX);
    else if (has_control(f))
        load_error(t->csv.ld, csv_place(&t->csv, f), "a line break or control character in '%s'",
                   name);
    else if (blank_at_end(f))
        load_error(t->csv.ld, csv_place(&t->csv, f), "'%s' begins or ends with a blank", name);
    else
        return load_text(t->csv.ld, f->text, f->len);
    return NULL;
}

bool registry_table_enter(struct table *t, struct kind_table *kind, const char *id, size_t column)
{
    struct load *ld = t->csv.ld;
    uint32_t first;

    if (!load_grow(ld, (void **)&kind->origins, kind->count, &kind->capacity,
                   sizeof *kind->origins))
        return false;
    int rc = names_add(&kind->names, id, (uint32_t)kind->count, &first);
    if (rc == TCN_ECONFLICT) {
        char shown[LOAD_SHOWN_SIZE];
        load_error(ld, csv_place(&t->csv, &t->csv.fields[t->position[column]]),
                   "%s '%s' is there already, in %s:%u", kind->what,
                   load_shown(id, strlen(id), shown), kind->origins[first].file->name,
                   (unsigned)kind->origins[first].line);
        return false;
    }
    if (rc < 0) {
        ld->no_memory = true;
        return false;
    }
    kind->origins[kind->count++] = (struct origin){ t->csv.file, t->csv.line };
    return true;
}

uint32_t registry_table_reference(struct table *t, size_t column, const struct kind_table *kind)
{
    const struct csv_field *f = filled(t, column);
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];
    struct load *ld = t->csv.ld;

    if (f == NULL)
        return REGISTRY_NONE;
    uint32_t found = names_find(&kind->names, f->text, f->len);
    if (found != NAMES_NONE)
        return found;
    if (kind->incomplete)
        return REGISTRY_NONE;
    /* Looking through all names costs: only for errors that will be shown. */
    const char *best =
        ld->report->count < REPORT_MAX ? names_nearest(&kind->names, f->text, f->len) : NULL;
    load_error(ld, csv_place(&t->csv, f), "there is no %s '%s'%s", t->columns[column].name,
               load_shown(f->text, f->len, shown), load_hint(best, hint));
    return REGISTRY_NONE;
}
