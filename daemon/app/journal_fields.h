/* app/journal_fields.h - a log line taken apart into the fields of a journal entry. Pure.
 *
 *   2026-03-01T08:00:00.000+08:00 ERROR alarm raised class=fire title="烟雾 报警"
 * becomes TOCSIN_CLASS=fire, TOCSIN_TITLE=烟雾 报警: so `journalctl TOCSIN_CLASS=fire` works. */
#ifndef TOCSIN_APP_JOURNAL_FIELDS_H
#define TOCSIN_APP_JOURNAL_FIELDS_H

#include <stdbool.h>

#define JOURNAL_FIELD_SIZE 600
#define JOURNAL_KEY_MAX    40

/* Writes the next key=value pair of *line as a field and moves *line behind it; false: there is
 * none left. Keys are upper-cased and cut at JOURNAL_KEY_MAX; quotes around a value and the
 * backslashes in it go (log_quote()); a value that is too long is cut. */
bool journal_next_field(const char **line, char field[JOURNAL_FIELD_SIZE]);

#endif
