/* settings/load.h - what the readers of a configuration share: files, places in them, errors.
 *
 * Owner:   text files and scratch memory die with the load; what outlives it goes to ld->arena.
 * Thread:  one at a time.
 * Limits:  LOAD_FILE_MAX bytes a file, LOAD_FILES_MAX files. */
#ifndef TOCSIN_SETTINGS_LOAD_H
#define TOCSIN_SETTINGS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/report.h"
#include "settings/settings.h"

#define LOAD_FILE_MAX  ((size_t)64 << 20)
#define LOAD_FILES_MAX 2000
#define LOAD_TEXT_MAX  1024 /* a message for people */

struct text_file {
    const char *name;  /* as people would open it from where they are */
    const char *bytes; /* UTF-8 without BOM, NUL after the last */
    size_t len;
    uint32_t *lines; /* offset of each line; made when first asked for */
    uint32_t line_count;
    uint64_t device, inode;
};

/* A spot in a file. Lines and columns start at 1, columns and width count characters. */
struct place {
    struct text_file *file;
    uint32_t line, column, width;
};

struct yaml_node;
struct load {
    struct settings *s;
    struct arena *arena;  /* of the settings */
    struct arena scratch; /* of the load */
    struct report *report;
    const char *dir;              /* of the main file, with a slash at the end, or "" */
    const struct yaml_node *main; /* the main file's root, once it is read: it names all others */
    bool no_memory;
    uint64_t fingerprint;
    /* A list is incomplete when one of its files could not be read: then what is not in it may be
     * right, and is not reported. */
    bool metrics_incomplete, registry_incomplete;
};

void load_error(struct load *ld, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void load_warning(struct load *ld, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Errors so far: the same number before and after means that all went well. */
size_t load_errors(const struct load *ld);

/* Memory of the settings (zeroed), or NULL and ld->no_memory set: the load fails at its end. */
void *load_alloc(struct load *ld, size_t count, size_t size);
char *load_text(struct load *ld, const char *text, size_t len);
/* A copy of an array (which may be NULL when count is 0) in the settings' memory. */
void *load_keep(struct load *ld, const void *array, size_t count, size_t size);
/* Memory that is needed only while loading. */
void *load_scratch(struct load *ld, size_t count, size_t size);
/* Makes room for one more element in a malloc'd array; false: no memory (array still valid). */
bool load_grow(struct load *ld, void **array, size_t count, size_t *capacity, size_t size);

#define LOAD_SHOWN_SIZE 100
/* Foreign text for a message: cut when long, control characters replaced. Returns buf. */
const char *load_shown(const char *text, size_t len, char buf[LOAD_SHOWN_SIZE]);
/* ", did you mean 'x'?" or "". */
#define LOAD_HINT_SIZE 160
const char *load_hint(const char *best, char buf[LOAD_HINT_SIZE]);

/* name relative to the main file's folder; absolute stays. NULL: no memory. */
const char *load_path(struct load *ld, const char *name);
/* Reads a file. NULL: it was reported, at the place that names it. */
struct text_file *load_file(struct load *ld, const char *path, struct place named_at);
/* The spot of a byte in a file. */
struct place load_place(struct load *ld, struct text_file *file, size_t offset, size_t width_bytes);
/* Offset of the first byte of a line (from 1), and its length without line end. */
size_t load_line(struct load *ld, struct text_file *file, uint32_t line, size_t *ret_len);

#endif
