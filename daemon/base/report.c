/* base/report.c - see report.h. */
#include "base/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TEXT_MAX     1023
#define SHOWN_MAX    120 /* characters of a line that are printed */
#define SHOWN_BEFORE 60  /* of them before the spot, when the line is longer */

static char *copy_text(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

static void entry_done(struct report_entry *e)
{
    free(e->file);
    free(e->text);
    free(e->excerpt);
    *e = (struct report_entry){ 0 };
}

void report_done(struct report *r)
{
    for (size_t i = 0; i < r->count; i++)
        entry_done(&r->entries[i]);
    free(r->entries);
    *r = (struct report){ 0 };
}

/* Where the next entry goes, emptied, or NULL: nothing more is kept. */
static struct report_entry *new_entry(struct report *r, bool warning)
{
    if (r->entries == NULL) {
        r->entries = calloc(REPORT_MAX, sizeof r->entries[0]);
        if (r->entries == NULL)
            return NULL;
    }
    if (r->count < REPORT_MAX)
        return &r->entries[r->count++];
    /* A list full of warnings must not hide what makes the configuration unusable. */
    for (size_t i = warning ? 0 : r->count; i > 0; i--) {
        struct report_entry *e = &r->entries[i - 1];
        if (e->warning) {
            entry_done(e);
            return e;
        }
    }
    return NULL;
}

static void add(struct report *r, bool warning, const char *file, uint32_t line, uint32_t column,
                const char *text)
{
    struct report_entry *e = new_entry(r, warning);

    if (warning)
        r->warnings++;
    else
        r->errors++;
    r->last = e;
    if (e == NULL)
        return;
    e->warning = warning;
    e->line = line;
    e->column = column;
    /* Without memory the entry is printed without its text or file. */
    e->text = copy_text(text, strlen(text));
    if (file != NULL)
        e->file = copy_text(file, strlen(file));
}

static void format_text(char text[TEXT_MAX + 1], const char *format, va_list args)
{
    int n = vsnprintf(text, TEXT_MAX + 1, format, args);
    if (n < 0)
        text[0] = '\0';
    else if (n > TEXT_MAX)
        text[tcn_text_fit(text, TEXT_MAX)] = '\0';
}

void report_error(struct report *r, const char *file, uint32_t line, uint32_t column,
                  const char *format, ...)
{
    char text[TEXT_MAX + 1];
    va_list args;

    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    add(r, false, file, line, column, text);
}

void report_warning(struct report *r, const char *file, uint32_t line, uint32_t column,
                    const char *format, ...)
{
    char text[TEXT_MAX + 1];
    va_list args;

    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    add(r, true, file, line, column, text);
}

void report_excerpt(struct report *r, const char *line, size_t len, uint32_t width)
{
    if (r->last == NULL)
        return;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    if (len > REPORT_EXCERPT_MAX)
        len = tcn_text_fit(line, REPORT_EXCERPT_MAX);
    free(r->last->excerpt);
    r->last->excerpt = copy_text(line, len);
    r->last->width = width;
}

/* --- printing ------------------------------------------------------------------------------ */

static int compare(const struct report_entry *a, const struct report_entry *b)
{
    int order = strcmp(a->file != NULL ? a->file : "", b->file != NULL ? b->file : "");

    if (order != 0)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return 0;
}

/* Stable, so that what was found first at a spot stays first. */
static void sort(const struct report_entry *order[REPORT_MAX], const struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        size_t at = i;
        for (; at > 0 && compare(order[at - 1], &r->entries[i]) > 0; at--)
            order[at] = order[at - 1];
        order[at] = &r->entries[i];
    }
}

/* One character of foreign text, made harmless for a terminal. Returns its length in bytes. */
static size_t put_character(struct buf *out, const char *text, size_t len)
{
    size_t n = tcn_text_sequence(text, len);
    unsigned char c = (unsigned char)text[0];

    if (c == '\t')
        buf_text(out, " ");
    else if (n == 0 || c < 0x20 || c == 0x7F ||
             (n == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0))
        buf_text(out, "?");
    else
        buf_append(out, text, n);
    return n > 0 ? n : 1;
}

static void put_clean(struct buf *out, const char *text)
{
    for (size_t at = 0, len = strlen(text); at < len;)
        at += put_character(out, text + at, len - at);
}

/* Columns of a terminal: Chinese, Japanese and Korean characters take two. */
static unsigned terminal_width(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    if (n == 4)
        return 2; /* emoji and rare ideographs */
    if (n != 3)
        return 1;
    uint32_t c = ((uint32_t)s[0] & 0x0F) << 12 | ((uint32_t)s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                (c >= 0xFFE0 && c <= 0xFFE6);
    return wide ? 2 : 1;
}

static size_t character_len(const char *text, size_t len)
{
    size_t n = tcn_text_sequence(text, len);
    return n > 0 ? n : 1;
}

/* The line with a caret under column .. column + width - 1. */
static void put_excerpt(struct buf *out, const struct report_entry *e)
{
    size_t len = strlen(e->excerpt);
    uint32_t first = e->column > SHOWN_MAX - 20 ? e->column - SHOWN_BEFORE : 1;
    uint32_t width = e->width > 1 ? e->width : 1;
    uint32_t number = 1; /* of the character at 'at' */
    struct buf marks = { 0 };

    buf_text(out, first > 1 ? "  ..." : "  ");
    buf_text(&marks, first > 1 ? "     " : "  ");
    for (size_t at = 0; at < len; number++) {
        size_t n = character_len(e->excerpt + at, len - at);
        if (number >= first && number < first + SHOWN_MAX) {
            unsigned cells = terminal_width(e->excerpt + at, n);
            (void)put_character(out, e->excerpt + at, len - at); /* length is n */
            for (unsigned i = 0; i < cells; i++) {
                bool inside = number >= e->column && number - e->column < width;
                buf_text(&marks, !inside ? " " : number == e->column && i == 0 ? "^" : "~");
            }
        }
        at += n;
    }
    if (e->column == number) /* just behind the end: something is missing there */
        buf_text(&marks, "^");
    if (number > first + SHOWN_MAX)
        buf_text(out, "...");
    buf_text(out, "\n");
    if (e->column > 0 && e->column <= number && !marks.failed) {
        while (marks.len > 0 && marks.bytes[marks.len - 1] == ' ')
            marks.len--;
        buf_append(out, marks.bytes, marks.len);
        buf_text(out, "\n");
    }
    buf_done(&marks);
}

static void put_entry(struct buf *out, const struct report_entry *e)
{
    if (e->file != NULL) {
        put_clean(out, e->file);
        if (e->line > 0)
            buf_format(out, ":%u", e->line);
        if (e->line > 0 && e->column > 0)
            buf_format(out, ":%u", e->column);
        buf_text(out, ": ");
    }
    if (e->warning)
        buf_text(out, "warning: ");
    put_clean(out, e->text != NULL ? e->text : "no memory for the message");
    buf_text(out, "\n");
    if (e->excerpt != NULL)
        put_excerpt(out, e);
}

void report_print(const struct report *r, struct buf *out)
{
    const struct report_entry *order[REPORT_MAX];
    size_t total = r->errors + r->warnings;

    sort(order, r);
    for (size_t i = 0; i < r->count; i++)
        put_entry(out, order[i]);
    if (total > r->count)
        buf_format(out, "and %zu more, not shown\n", total - r->count);
    if (total == 0)
        buf_text(out, "no errors");
    if (r->errors > 0)
        buf_format(out, "%zu error%s", r->errors, r->errors == 1 ? "" : "s");
    if (r->warnings > 0)
        buf_format(out, "%s%zu warning%s", r->errors > 0 ? ", " : "", r->warnings,
                   r->warnings == 1 ? "" : "s");
    buf_text(out, "\n");
}
