/* base/report.h - a list of everything wrong with a set of input files, for people: file, line,
 * column, what was found, what is accepted, and the line with a caret under the spot.
 *
 * Owner:   the report copies all text; report_done() frees it. A zeroed struct is empty.
 * Limits:  REPORT_MAX entries are kept, the rest is counted; an error takes the place of a warning
 *          when there is no other. REPORT_EXCERPT_MAX bytes of a line are kept. Lines and columns start at 1;
 *          columns count characters (code points), 0 means "not known". */
#ifndef TOCSIN_BASE_REPORT_H
#define TOCSIN_BASE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define REPORT_MAX         100
#define REPORT_EXCERPT_MAX 1024

struct report_entry {
    char *file;
    uint32_t line, column;
    uint32_t width; /* characters to underline; 0 or 1: a single caret */
    bool warning;   /* does not make the configuration unusable */
    char *text;
    char *excerpt; /* the line itself, or NULL */
};

struct report {
    struct report_entry *entries;
    size_t count, errors, warnings; /* errors and warnings count those not kept, too */
    struct report_entry *last;      /* the one added last, NULL if it was not kept; private */
};

void report_done(struct report *r);
/* file, excerpt may be NULL. */
void report_error(struct report *r, const char *file, uint32_t line, uint32_t column,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
void report_warning(struct report *r, const char *file, uint32_t line, uint32_t column,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Attaches the source line and the width to underline to the entry added last. */
void report_excerpt(struct report *r, const char *line, size_t len, uint32_t width);
/* Appends all of it as text, ordered by file, line and column, ending in a line such as
 * "3 errors, 1 warning". */
void report_print(const struct report *r, struct buf *out);

#endif
