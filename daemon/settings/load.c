#include "settings/load.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Characters (code points) in the first len bytes. */
static uint32_t chars_in(const char *text, size_t len)
{
    uint32_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static void attach_excerpt(struct load *ld, struct place at)
{
    if (at.file == NULL || at.line == 0)
        return;

    size_t len, offset = load_line(ld, at.file, at.line, &len);
    report_excerpt(ld->report, at.file->bytes + offset, len, at.width);
}

static void format_message(char text[LOAD_TEXT_MAX], const char *format, va_list args)
{
    char whole[LOAD_TEXT_MAX + 256];

    (void)vsnprintf(whole, sizeof whole, format, args); /* cut below, at a character */
    (void)tcn_text_copy(text, LOAD_TEXT_MAX, whole);
}

void load_error(struct load *ld, struct place at, const char *format, ...)
{
    char text[LOAD_TEXT_MAX];
    va_list args;

    va_start(args, format);
    format_message(text, format, args);
    va_end(args);
    report_error(ld->report, at.file == NULL ? NULL : at.file->name, at.line, at.column, "%s",
                 text);
    attach_excerpt(ld, at);
}

void load_warning(struct load *ld, struct place at, const char *format, ...)
{
    char text[LOAD_TEXT_MAX];
    va_list args;

    va_start(args, format);
    format_message(text, format, args);
    va_end(args);
    report_warning(ld->report, at.file == NULL ? NULL : at.file->name, at.line, at.column, "%s",
                   text);
    attach_excerpt(ld, at);
}

size_t load_errors(const struct load *ld)
{
    return ld->report->errors;
}

static void *checked(struct load *ld, void *memory)
{
    if (memory == NULL)
        ld->no_memory = true;
    return memory;
}

void *load_alloc(struct load *ld, size_t count, size_t size)
{
    return checked(ld, arena_array(ld->arena, count, size));
}

char *load_text(struct load *ld, const char *text, size_t len)
{
    return checked(ld, arena_text(ld->arena, text, len));
}

void *load_keep(struct load *ld, const void *array, size_t count, size_t size)
{
    void *kept = load_alloc(ld, count, size);

    if (kept != NULL && array != NULL)
        memcpy(kept, array, count * size);
    return kept;
}

void *load_scratch(struct load *ld, size_t count, size_t size)
{
    return checked(ld, arena_array(&ld->scratch, count, size));
}

bool load_grow(struct load *ld, void **array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;

    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *bigger = wanted > SIZE_MAX / 4 / size ? NULL : realloc(*array, wanted * size);
    if (checked(ld, bigger) == NULL)
        return false;
    *array = bigger;
    *capacity = wanted;
    return true;
}

const char *load_shown(const char *text, size_t len, char buf[LOAD_SHOWN_SIZE])
{
    const size_t room = LOAD_SHOWN_SIZE - sizeof "…";
    size_t shown = len < room ? len : room;

    while (shown < len && shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    for (size_t i = 0; i < shown; i++)
        buf[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i];
    memcpy(buf + shown, shown < len ? "…" : "", shown < len ? sizeof "…" : 1);
    return buf;
}

const char *load_hint(const char *best, char buf[LOAD_HINT_SIZE])
{
    char shown[LOAD_SHOWN_SIZE];

    buf[0] = '\0';
    if (best != NULL)
        (void)tcn_text_format(buf, LOAD_HINT_SIZE, ": did you mean '%s'?",
                              load_shown(best, strlen(best), shown));
    return buf;
}

/* Lines end at LF; a CR before it is not part of the text. */
static bool index_lines(struct load *ld, struct text_file *file)
{
    uint32_t count = 1;

    if (file->lines != NULL)
        return true;
    for (const char *p = file->bytes; (p = memchr(p, '\n', (size_t)(file->bytes + file->len - p)));
         p++)
        count++;
    file->lines = load_scratch(ld, count, sizeof *file->lines);
    if (file->lines == NULL)
        return false;

    uint32_t i = 0;
    file->lines[i++] = 0;
    for (const char *p = file->bytes; (p = memchr(p, '\n', (size_t)(file->bytes + file->len - p)));
         p++)
        file->lines[i++] = (uint32_t)(p + 1 - file->bytes);
    assert(i == count);
    file->line_count = count;
    return true;
}

size_t load_line(struct load *ld, struct text_file *file, uint32_t line, size_t *ret_len)
{
    *ret_len = 0;
    if (!index_lines(ld, file) || line == 0 || line > file->line_count)
        return 0;

    size_t start = file->lines[line - 1];
    size_t end = line == file->line_count ? file->len : file->lines[line] - 1;
    if (end > start && file->bytes[end - 1] == '\r')
        end--;
    *ret_len = end - start;
    return start;
}

struct place load_place(struct load *ld, struct text_file *file, size_t offset, size_t width_bytes)
{
    struct place at = { .file = file };

    if (!index_lines(ld, file))
        return at;
    if (offset > file->len)
        offset = file->len;
    if (width_bytes > file->len - offset)
        width_bytes = file->len - offset;

    uint32_t low = 0, high = file->line_count; /* the line starts at or before offset */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (file->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    size_t start = file->lines[low], len;
    (void)load_line(ld, file, low + 1, &len);
    if (offset + width_bytes > start + len)
        width_bytes = start + len > offset ? start + len - offset : 0;
    at.line = low + 1;
    at.column = chars_in(file->bytes + start, offset - start) + 1;
    at.width = chars_in(file->bytes + offset, width_bytes);
    return at;
}
