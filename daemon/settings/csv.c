#include "settings/csv.h"

#include <string.h>

void csv_start(struct csv *c, struct load *ld, struct text_file *file)
{
    *c = (struct csv){ .ld = ld, .file = file, .line = 1, .next_line = 1 };
}

struct place csv_place(const struct csv *c, const struct csv_field *field)
{
    return load_place(c->ld, c->file, field->offset, field->width);
}

static size_t line_end(const struct csv *c, size_t at)
{
    const char *end = memchr(c->file->bytes + at, '\n', c->file->len - at);

    return end == NULL ? c->file->len : (size_t)(end - c->file->bytes);
}

/* Steps over the line end at 'at', if one is there. */
static void next_line(struct csv *c, size_t at)
{
    c->at = at < c->file->len ? at + 1 : at;
    c->next_line++;
}

static void error_at(struct csv *c, size_t offset, const char *text)
{
    load_error(c->ld, load_place(c->ld, c->file, offset, 1), "%s", text);
}

/* Text without the doubled quotes; the field borrows it when there are none. */
static bool unquote(struct csv *c, struct csv_field *f, size_t doubled)
{
    size_t used = 0;

    if (doubled == 0)
        return true;
    char *copy = load_scratch(c->ld, f->len - doubled + 1, 1);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < f->len; i++) {
        copy[used++] = f->text[i];
        if (f->text[i] == '"')
            i++; /* its twin */
    }
    f->text = copy;
    f->len = used;
    return true;
}

/* Takes a quoted field from the quote on; c->at moves behind the closing one. */
static bool take_quoted(struct csv *c, struct csv_field *f)
{
    const char *bytes = c->file->bytes;
    size_t start = c->at + 1, at = start, doubled = 0;
    uint32_t lines = 0;

    for (;; at++) {
        if (at >= c->file->len) {
            error_at(c, c->at, "this quote is never closed");
            c->at = c->file->len;
            return false;
        }
        lines += bytes[at] == '\n';
        if (bytes[at] != '"')
            continue;
        if (bytes[at + 1] != '"')
            break;
        doubled++;
        at++;
    }
    *f = (struct csv_field){
        .text = bytes + start, .len = at - start, .offset = start, .width = at - start
    };
    c->at = at + 1;
    c->next_line += lines;
    return unquote(c, f, doubled);
}

static bool take_plain(struct csv *c, struct csv_field *f)
{
    const char *bytes = c->file->bytes;
    size_t at = c->at;

    while (at < c->file->len && bytes[at] != ',' && bytes[at] != '\n' && bytes[at] != '"')
        at++;
    if (at < c->file->len && bytes[at] == '"') {
        error_at(c, at,
                 "a quote inside a field: put the whole field in quotes and write \"\" for "
                 "each quote in it");
        return false;
    }
    size_t end = at;
    if (end > c->at && bytes[end - 1] == '\r' && (at == c->file->len || bytes[at] == '\n'))
        end--;
    *f = (struct csv_field){
        .text = bytes + c->at, .len = end - c->at, .offset = c->at, .width = end - c->at
    };
    c->at = at;
    return true;
}

/* One record from c->at to behind its line end. False: it was wrong; c->at is where to go on. */
static bool take_record(struct csv *c)
{
    const char *bytes = c->file->bytes;

    for (c->count = 0;; c->at++) {
        if (c->count == CSV_FIELDS_MAX) {
            error_at(c, c->at, "too many fields in one line");
            break;
        }
        bool quoted = c->at < c->file->len && bytes[c->at] == '"';
        struct csv_field *f = &c->fields[c->count];
        if (!(quoted ? take_quoted(c, f) : take_plain(c, f)))
            break;
        c->count++;
        if (c->at < c->file->len && bytes[c->at] == '\r' && bytes[c->at + 1] == '\n')
            c->at++;
        if (c->at >= c->file->len || bytes[c->at] == '\n') {
            next_line(c, c->at);
            return true;
        }
        if (bytes[c->at] != ',') {
            error_at(c, c->at, "a comma or the end of the line must follow the closing quote");
            break;
        }
    }
    next_line(c, line_end(c, c->at));
    return false;
}

static bool is_skipped(const struct csv *c)
{
    size_t end = line_end(c, c->at);

    if (c->file->bytes[c->at] == '#')
        return true;
    for (size_t i = c->at; i < end; i++)
        if (c->file->bytes[i] != ' ' && c->file->bytes[i] != '\t' && c->file->bytes[i] != '\r')
            return false;
    return true;
}

bool csv_next(struct csv *c)
{
    while (c->at < c->file->len && !c->ld->no_memory) {
        c->line = c->next_line;
        if (is_skipped(c))
            next_line(c, line_end(c, c->at));
        else if (take_record(c))
            return true;
    }
    return false;
}
