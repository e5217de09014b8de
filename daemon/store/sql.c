#include "store/sql.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

static int code_of(int result, int system_errno)
{
    switch (result & 0xff) {
    case SQLITE_FULL:
        return TCN_EFULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* lost too many races for a WAL lock */
        return TCN_EAGAIN;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return TCN_ECORRUPT;
    case SQLITE_NOMEM:
        return TCN_ENOMEM;
    case SQLITE_IOERR:
        if (result == SQLITE_IOERR_NOMEM)
            return TCN_ENOMEM;
        /* Growing the -shm file reports a full disk as an I/O error. */
        if (system_errno == ENOSPC || system_errno == EDQUOT)
            return TCN_EFULL;
        return TCN_EIO;
    default:
        return TCN_EIO;
    }
}

/* What to do about it, where SQLite's own words don't say so. */
static const char *advice(int code)
{
    switch (code) {
    case TCN_EFULL:
        return "; free space on its file system";
    case TCN_EAGAIN:
        return "; another process has it locked";
    case TCN_ECORRUPT:
        return "; keep a copy of it, then restore a backup or move it away to start afresh";
    default:
        return "";
    }
}

int sql_fail(const struct sql_db *db, int result, const char *doing, struct tcn_fail *reterr)
{
    int system_errno = db->handle != NULL ? sqlite3_system_errno(db->handle) : 0;
    int code = code_of(result, system_errno);
    const char *detail = sqlite3_errstr(result);

    /* The connection's text says more, if it is about this very failure. */
    if (db->handle != NULL && sqlite3_extended_errcode(db->handle) == result)
        detail = sqlite3_errmsg(db->handle);
    bool of_system = (result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_CANTOPEN;
    if (of_system && system_errno != 0)
        return tcn_fail_set(reterr, code, "cannot %s database %s: %s: %s (SQLite result %d)%s",
                            doing, db->path, detail, strerror(system_errno), result, advice(code));
    return tcn_fail_set(reterr, code, "cannot %s database %s: %s (SQLite result %d)%s", doing,
                        db->path, detail, result, advice(code));
}

int sql_exec(const struct sql_db *db, const char *script, const char *doing,
             struct tcn_fail *reterr)
{
    int result = sqlite3_exec(db->handle, script, NULL, NULL, NULL);

    return result == SQLITE_OK ? TCN_OK : sql_fail(db, result, doing, reterr);
}

int sql_ask(const struct sql_db *db, const char *query, int64_t *ret, struct tcn_fail *reterr)
{
    sqlite3_stmt *statement = NULL;
    struct sql q;
    int64_t value = 0;
    int rc = sql_prepare(db, &query, 1, &statement, reterr);

    if (rc < 0)
        return rc;
    sql_start(&q, db, statement);
    rc = sql_step(&q, reterr);
    if (rc > 0)
        value = sql_get_int(&q);
    sql_finalize(&statement, 1);
    if (rc < 0)
        return rc;
    *ret = value;
    return TCN_OK;
}

int sql_prepare(const struct sql_db *db, const char *const *texts, unsigned count,
                sqlite3_stmt **ret, struct tcn_fail *reterr)
{
    memset(ret, 0, count * sizeof *ret);
    for (unsigned i = 0; i < count; i++) {
        int result =
            sqlite3_prepare_v3(db->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &ret[i], NULL);
        if (result != SQLITE_OK) {
            int rc = sql_fail(db, result, "use", reterr);
            sql_finalize(ret, count);
            return rc;
        }
    }
    return TCN_OK;
}

void sql_finalize(sqlite3_stmt **statements, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        /* It returns the failure of the last step, which was reported then. */
        (void)sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

void sql_start(struct sql *q, const struct sql_db *db, sqlite3_stmt *statement)
{
    assert(statement != NULL);
    assert(!sqlite3_stmt_busy(statement));
    q->db = db;
    q->statement = statement;
    q->at = 0;
    q->error = SQLITE_OK;
    q->why[0] = '\0';
}

static void put_done(struct sql *q, int result)
{
    if (q->error == SQLITE_OK)
        q->error = result;
}

void sql_put_int(struct sql *q, int64_t value)
{
    put_done(q, sqlite3_bind_int64(q->statement, ++q->at, value));
}

void sql_put_id(struct sql *q, uint64_t id)
{
    int64_t value;

    memcpy(&value, &id, sizeof value);
    sql_put_int(q, value);
}

void sql_put_real(struct sql *q, double value)
{
    if (isnan(value))
        sql_put_null(q);
    else
        put_done(q, sqlite3_bind_double(q->statement, ++q->at, value));
}

void sql_put_text(struct sql *q, const char *text)
{
    put_done(q, sqlite3_bind_text(q->statement, ++q->at, text, -1, SQLITE_STATIC));
}

void sql_put_blob(struct sql *q, const void *bytes, size_t len)
{
    put_done(q, sqlite3_bind_blob64(q->statement, ++q->at, bytes, len, SQLITE_STATIC));
}

void sql_put_null(struct sql *q)
{
    put_done(q, sqlite3_bind_null(q->statement, ++q->at));
}

void sql_put_word(struct sql *q, const struct word_list *list, int value)
{
    assert(value >= 0 && (unsigned)value < list->count);
    sql_put_text(q, list->words[value]);
}

int sql_run(struct sql *q, struct tcn_fail *reterr)
{
    int rc = sql_step(q, reterr);

    assert(rc <= 0); /* a statement with rows is stepped by its caller */
    return rc;
}

int sql_step(struct sql *q, struct tcn_fail *reterr)
{
    int rc = sql_check(q, reterr);

    if (rc < 0)
        return rc;
    q->at = 0;
    int result = sqlite3_step(q->statement);
    if (result == SQLITE_ROW)
        return 1;
    if (result != SQLITE_DONE)
        rc = sql_fail(q->db, result, "work on", reterr);
    sql_end(q);
    return rc;
}

int sql_check(struct sql *q, struct tcn_fail *reterr)
{
    int rc;

    if (q->error == SQLITE_OK)
        return TCN_OK;
    if (q->why[0] != '\0')
        rc = tcn_fail_set(reterr, TCN_ECORRUPT, "database %s: %s%s", q->db->path, q->why,
                          advice(TCN_ECORRUPT));
    else
        rc = sql_fail(q->db, q->error, "use", reterr);
    sql_end(q);
    return rc;
}

void sql_end(struct sql *q)
{
    /* Both return what failed before; that was reported by the step. */
    (void)sqlite3_reset(q->statement);
    (void)sqlite3_clear_bindings(q->statement);
}

int64_t sql_get_int(struct sql *q)
{
    return sqlite3_column_int64(q->statement, q->at++);
}

uint64_t sql_get_id(struct sql *q)
{
    return (uint64_t)sql_get_int(q);
}

static void get_wrong(struct sql *q, const char *found)
{
    if (q->error != SQLITE_OK)
        return;
    q->error = SQLITE_CORRUPT;
    /* Cutting is fine: the text is for people. */
    (void)tcn_text_format(q->why, sizeof q->why, "column '%s' holds '%s', which makes no sense",
                          sqlite3_column_name(q->statement, q->at - 1), found);
}

uint32_t sql_get_u32(struct sql *q)
{
    int64_t value = sql_get_int(q);
    char found[24];

    if (value >= 0 && value <= UINT32_MAX)
        return (uint32_t)value;
    (void)tcn_text_format(found, sizeof found, "%lld", (long long)value);
    get_wrong(q, found);
    return 0;
}

bool sql_get_bool(struct sql *q)
{
    return sql_get_int(q) != 0;
}

double sql_get_real(struct sql *q, bool *ret_null)
{
    if (ret_null != NULL)
        *ret_null = sqlite3_column_type(q->statement, q->at) == SQLITE_NULL;
    return sqlite3_column_double(q->statement, q->at++);
}

const char *sql_get_text(struct sql *q)
{
    bool null = sqlite3_column_type(q->statement, q->at) == SQLITE_NULL;
    const char *text = (const char *)sqlite3_column_text(q->statement, q->at++);

    if (text == NULL && !null)
        put_done(q, SQLITE_NOMEM); /* the only reason */
    return text != NULL ? text : "";
}

void sql_get_copy(struct sql *q, char *dst, size_t size)
{
    /* What we wrote fits; a longer text from elsewhere is cut. */
    (void)tcn_text_copy(dst, size, sql_get_text(q));
}

const void *sql_get_blob(struct sql *q, size_t *ret_len)
{
    int type = sqlite3_column_type(q->statement, q->at);
    const void *bytes = sqlite3_column_blob(q->statement, q->at);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, q->at);

    q->at++;
    /* An empty blob reads as NULL, too. */
    if (bytes == NULL && type != SQLITE_NULL && sqlite3_errcode(q->db->handle) == SQLITE_NOMEM)
        put_done(q, SQLITE_NOMEM);
    *ret_len = bytes != NULL ? len : 0;
    return bytes;
}

int sql_get_word(struct sql *q, const struct word_list *list)
{
    const char *text = sql_get_text(q);
    int value = word_find(list, text);

    if (value >= 0)
        return value;
    get_wrong(q, text);
    return 0;
}
