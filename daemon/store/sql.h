/* store/sql.h - a thin cursor over SQLite's prepared statements: bind or read one column after the
 * other, with a sticky error that is looked at once at the end. Private to store/.
 *
 * Owner:   statements belong to whoever prepared them; struct sql only borrows one.
 * Thread:  as the connection: one at a time. */
#ifndef TOCSIN_STORE_SQL_H
#define TOCSIN_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/words.h"

struct sql_db {
    sqlite3 *handle;
    const char *path; /* for messages */
};

struct sql {
    const struct sql_db *db;
    sqlite3_stmt *statement;
    int at;        /* columns or parameters done */
    int error;     /* first SQLite result code that was not SQLITE_OK */
    char why[160]; /* when it was the content that was wrong */
};

/* Turns a SQLite result into TCN_E* with a sentence; doing: "write to", "open", ... */
int sql_fail(const struct sql_db *db, int result, const char *doing, struct tcn_fail *reterr);

/* Statements without parameters and rows, separated by semicolons. */
int sql_exec(const struct sql_db *db, const char *script, const char *doing,
             struct tcn_fail *reterr);
/* The one integer that a query gives; 0 when it gives no row. */
int sql_ask(const struct sql_db *db, const char *query, int64_t *ret, struct tcn_fail *reterr);
/* Prepares count statements; on failure those prepared are finalized and ret[] is all NULL. */
int sql_prepare(const struct sql_db *db, const char *const *texts, unsigned count,
                sqlite3_stmt **ret, struct tcn_fail *reterr);
void sql_finalize(sqlite3_stmt **statements, unsigned count); /* NULL entries are fine */

void sql_start(struct sql *q, const struct sql_db *db, sqlite3_stmt *statement);

/* Parameters, in order. Text and bytes must stay valid until sql_end(), or sql_run()'s return. */
void sql_put_int(struct sql *q, int64_t value);
void sql_put_id(struct sql *q, uint64_t id);                     /* bit for bit as a signed one */
void sql_put_real(struct sql *q, double value);                  /* NaN becomes NULL */
void sql_put_text(struct sql *q, const char *text);              /* NULL becomes NULL */
void sql_put_blob(struct sql *q, const void *bytes, size_t len); /* NULL becomes NULL */
void sql_put_null(struct sql *q);
void sql_put_word(struct sql *q, const struct word_list *list, int value);

/* Runs a statement that gives no rows, and ends it. */
int sql_run(struct sql *q, struct tcn_fail *reterr);
/* 1: a row is there to be read; 0: no more, ended; negative: failed, ended. A sticky error of
 * binding or of reading the row before comes up here, too. */
int sql_step(struct sql *q, struct tcn_fail *reterr);
/* TCN_OK if all columns read so far made sense. Otherwise ends the statement. */
int sql_check(struct sql *q, struct tcn_fail *reterr);
/* Resets the statement; may be called again. */
void sql_end(struct sql *q);

/* Columns, in order. NULL reads as 0, 0.0 or "". Text is valid until the next step. */
int64_t sql_get_int(struct sql *q);
uint64_t sql_get_id(struct sql *q);
uint32_t sql_get_u32(struct sql *q); /* out of range: sticky error */
bool sql_get_bool(struct sql *q);
/* *ret_null (may be NULL): whether it was NULL. */
double sql_get_real(struct sql *q, bool *ret_null);
const char *sql_get_text(struct sql *q);
void sql_get_copy(struct sql *q, char *dst, size_t size);
const void *sql_get_blob(struct sql *q, size_t *ret_len);
/* A word that is not in the list is a sticky error, and reads as 0. */
int sql_get_word(struct sql *q, const struct word_list *list);

#endif
