#define _GNU_SOURCE
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "store/migrate.h"
#include "store/store_private.h"

/* The WAL is copied into the database after this many pages (8 MB at 4 KiB). The pages of a
 * quiet system are the same few again and again, so waiting longer than SQLite's 1,000 means
 * fewer writes to flash; reading so much back after a crash still takes only some 10 ms. After a
 * burst the file is cut back to the size limit. */
#define SETTINGS                                                                                   \
    "PRAGMA synchronous = FULL;"                                                                   \
    "PRAGMA foreign_keys = ON;"                                                                    \
    "PRAGMA trusted_schema = OFF;"                                                                 \
    "PRAGMA cell_size_check = ON;"                                                                 \
    "PRAGMA wal_autocheckpoint = 2000;"                                                            \
    "PRAGMA journal_size_limit = 16777216;"

/* A whole check reads the whole file, which the start of a gateway can't wait for when years of
 * history are in it. Above this size only the tables that make up the present state are checked. */
#define CHECK_WHOLE_MAX_BYTES (INT64_C(16) << 20)

#define TEXT_OF(x)            #x
#define TEXT(x)               TEXT_OF(x)

static const char *const STATEMENTS[STMT_COUNT] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_PUT_ALARM] =
        "INSERT INTO alarm (" ROWS_ALARM ", over) VALUES (" ROWS_ALARM_PARAMETERS ",?)"
        " ON CONFLICT (alarm) DO UPDATE SET class = excluded.class, severity = excluded.severity,"
        " state = excluded.state, drill = excluded.drill, value_metric = excluded.value_metric,"
        " value = excluded.value, value_unit = excluded.value_unit,"
        " raised_wall_ms = excluded.raised_wall_ms, changed_wall_ms = excluded.changed_wall_ms,"
        " device_wall_ms = excluded.device_wall_ms, task = excluded.task,"
        " acked_kind = excluded.acked_kind, acked_id = excluded.acked_id,"
        " acked_name = excluded.acked_name, over = excluded.over",
    [STMT_PUT_EVENT] =
        "INSERT INTO event (epoch, seq, transition, reason, " ROWS_ACTOR ", " ROWS_ALARM ")"
        " VALUES (?,?,?,?," ROWS_ACTOR_PARAMETERS "," ROWS_ALARM_PARAMETERS ")",
    /* A party that the configuration lost stays on record. */
    [STMT_PUT_TASK] =
        "INSERT INTO task (" ROWS_TASK ", open) VALUES (" ROWS_TASK_PARAMETERS ",?)"
        " ON CONFLICT (task) DO UPDATE SET alarm = excluded.alarm,"
        " enterprise = coalesce(excluded.enterprise, enterprise),"
        " department = coalesce(excluded.department, department),"
        " unit = coalesce(excluded.unit, unit),"
        " state = excluded.state, level = excluded.level, drill = excluded.drill,"
        " hazard_present = excluded.hazard_present, overdue_level = excluded.overdue_level,"
        " recurrence = excluded.recurrence, issued_wall_ms = excluded.issued_wall_ms,"
        " changed_wall_ms = excluded.changed_wall_ms,"
        " deadline_wall_ms = excluded.deadline_wall_ms, deadline_ms = excluded.deadline_ms,"
        " next_due_ms = excluded.next_due_ms, evidence = excluded.evidence,"
        " open = excluded.open",
    [STMT_PUT_STEP] = "INSERT INTO task_step (task, number, " ROWS_STEP ")"
                      " VALUES (?,?," ROWS_STEP_PARAMETERS ")",
    [STMT_PUT_NOTICE] = "INSERT INTO notice (notice, party_kind, party, epoch, seq, kind, task,"
                        " step) VALUES (?,?,?,?,?,?,?,?)",
    [STMT_PUT_SEQ] = "INSERT INTO topic_seq (kind, name, seq) VALUES (?,?,?)"
                     " ON CONFLICT (kind, name) DO UPDATE SET seq = excluded.seq",
    [STMT_PUT_COMMAND] = "INSERT OR REPLACE INTO command (id, digest, error, text, state, wall_ms,"
                         " mono_ms) VALUES (?,?,?,?,?,?,?)",
    /* Numbers grow with time, so the oldest are first: no index on the time is needed. */
    [STMT_PURGE_COMMANDS] =
        "DELETE FROM command WHERE number IN (SELECT number FROM command ORDER BY number LIMIT ?1)"
        " AND (mono_ms < ?2 OR number <= (SELECT max(number) FROM command) - ?3)",
    [STMT_PUT_POINT] = "INSERT INTO point (device, rule, pending, deadline_ms) VALUES (?,?,?,?)"
                       " ON CONFLICT (device, rule) DO UPDATE SET pending = excluded.pending,"
                       " deadline_ms = excluded.deadline_ms",
    [STMT_DELETE_POINT] = "DELETE FROM point WHERE device = ? AND rule = ?",
    [STMT_PUT_VALUE] =
        "INSERT INTO value (device, metric, quality, " ROWS_VALUE ", heard_ms, device_ms)"
        " VALUES (?,?,?," ROWS_VALUE_PARAMETERS ",?,?)"
        " ON CONFLICT (device, metric) DO UPDATE SET quality = excluded.quality,"
        " value = excluded.value, value_unit = excluded.value_unit,"
        " heard_ms = excluded.heard_ms, device_ms = excluded.device_ms",
    [STMT_PUT_OBJECT] = "INSERT OR IGNORE INTO object (device, metric, object) VALUES (?,?,?)",
    [STMT_DELETE_OBJECT] = "DELETE FROM object WHERE device = ? AND metric = ? AND object = ?",
    [STMT_PUT_HEARD] = "INSERT INTO heard (device, heard_ms) VALUES (?,?)"
                       " ON CONFLICT (device) DO UPDATE SET heard_ms = excluded.heard_ms",
    [STMT_PUT_OUTBOX] = "INSERT INTO outbox (" ROWS_OUTBOX ") VALUES (" ROWS_OUTBOX_PARAMETERS ")",
    [STMT_DELETE_OUTBOX] = "DELETE FROM outbox WHERE id = ?",
    [STMT_PUT_META] = "UPDATE meta SET id_counter = ?, outbox_counter = ?, mono_ms = ?,"
                      " wall_ms = ?, ring = ?, ring_position = ? WHERE one = 1",
    [STMT_GET_META] = "SELECT epoch, id_counter, outbox_counter, mono_ms, wall_ms, ring,"
                      " ring_position FROM meta WHERE one = 1",
    [STMT_GET_ALARMS] = "SELECT " ROWS_ALARM " FROM alarm WHERE over = 0 ORDER BY alarm",
    [STMT_GET_TASKS] = "SELECT " ROWS_TASK ", (SELECT max(number) + 1 FROM task_step AS step"
                       " WHERE step.task = task.task) FROM task WHERE open = 1 ORDER BY task",
    [STMT_GET_POINTS] = "SELECT device, rule, pending, deadline_ms FROM point"
                        " ORDER BY device, rule",
    [STMT_GET_VALUES] = "SELECT device, metric, quality, " ROWS_VALUE ", heard_ms, device_ms"
                        " FROM value ORDER BY device, metric",
    [STMT_GET_OBJECTS] = "SELECT device, metric, object FROM object"
                         " ORDER BY device, metric, object",
    [STMT_GET_HEARD] = "SELECT device, heard_ms FROM heard ORDER BY device",
    [STMT_GET_COMMANDS] =
        "SELECT id, digest, error, text, state, wall_ms, mono_ms FROM (SELECT * FROM command"
        " WHERE mono_ms >= ? ORDER BY number DESC LIMIT " TEXT(
            COMMANDS_KEPT_MAX) ")"
                               " ORDER BY number",
    [STMT_GET_SEQS] = "SELECT kind, name, seq FROM topic_seq ORDER BY kind, name",
    [STMT_GET_ORPHANS] = "SELECT alarm, task, device, rule, class FROM alarm WHERE over = 0"
                         " UNION ALL SELECT NULL, task, device, rule, '' FROM task WHERE open = 1",
    [STMT_GET_STEPS] = "SELECT " ROWS_STEP " FROM (SELECT * FROM task_step WHERE task = ?"
                       " ORDER BY number DESC LIMIT ?) ORDER BY number",
    [STMT_GET_OUTBOX] = ROWS_OUTBOX_SELECT,
    [STMT_COUNT_OUTBOX] = "SELECT count(*) FROM outbox",
};

/* SQLite's own locks last only as long as a transaction. This one tells two daemons apart, and
 * the kernel drops it when a process dies. A separate file, because closing any descriptor of the
 * database itself would drop SQLite's locks in this process. */
static int take_lock(struct store *s, struct tcn_fail *reterr)
{
    char path[PATH_MAX];

    if (tcn_text_format(path, sizeof path, "%s-lock", s->conf.path) < 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "the path of the database is longer than %zu bytes",
                            sizeof path - sizeof "-lock");
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (s->lock < 0)
        return tcn_fail_set(reterr, errno == ENOSPC || errno == EDQUOT ? TCN_EFULL : TCN_EIO,
                            "cannot open database %s: %s: %s%s", s->conf.path, path,
                            strerror(errno), errno == ENOENT ? "; make the directory first" : "");
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return TCN_OK;
    if (errno == EWOULDBLOCK)
        return tcn_fail_set(reterr, TCN_EIO,
                            "database %s is in use by another daemon; stop that one or give "
                            "another path",
                            s->conf.path);
    return tcn_fail_set(reterr, TCN_EIO, "cannot lock %s: %s", path, strerror(errno));
}

static int open_file(struct store *s, struct tcn_fail *reterr)
{
    int result =
        sqlite3_open_v2(s->conf.path, &s->db.handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_extended_result_codes(s->db.handle, 1);
    if (result == SQLITE_OK)
        result = sqlite3_busy_timeout(s->db.handle, STORE_BUSY_MS);
    if (result != SQLITE_OK)
        return sql_fail(&s->db, result, "open", reterr);
    if (sqlite3_db_readonly(s->db.handle, "main") == 1)
        return tcn_fail_set(reterr, TCN_EIO, "cannot open database %s: it is write-protected",
                            s->conf.path);
    return TCN_OK;
}

static int set_wal(struct store *s, struct tcn_fail *reterr)
{
    static const char *const PRAGMA = "PRAGMA journal_mode = WAL";
    sqlite3_stmt *statement;
    struct sql q;
    int rc = sql_prepare(&s->db, &PRAGMA, 1, &statement, reterr);

    if (rc < 0)
        return rc;
    sql_start(&q, &s->db, statement);
    rc = sql_step(&q, reterr);
    if (rc > 0 && strcmp(sql_get_text(&q), "wal") != 0)
        rc = tcn_fail_set(reterr, TCN_EIO,
                          "cannot open database %s: its file system has no shared memory, which "
                          "write-ahead logging needs; give a path on a local disk",
                          s->conf.path);
    sql_finalize(&statement, 1);
    return rc < 0 ? rc : TCN_OK;
}

/* The check reports a page that can't be read as if it were damaged, but nobody shall throw a
 * database away because of a failure that may pass. */
static int tell_damage(struct store *s, const char *text, struct tcn_fail *reterr)
{
    static const char MARK[] = "unable to get the page. error code=";
    const char *mark = strstr(text, MARK);
    int64_t result = 0;

    if (mark != NULL) {
        mark += sizeof MARK - 1;
        if (tcn_parse_int(mark, strspn(mark, "0123456789"), 1, INT_MAX, &result) == TCN_OK &&
            (result & 0xff) != SQLITE_CORRUPT)
            return sql_fail(&s->db, (int)result, "work on", reterr);
    }
    return tcn_fail_set(reterr, TCN_ECORRUPT,
                        "database %s is damaged (%s); keep a copy of it, then restore a backup or "
                        "move it away to start afresh",
                        s->conf.path, text);
}

static int check_one(struct store *s, const char *pragma, struct tcn_fail *reterr)
{
    sqlite3_stmt *statement;
    struct sql q;
    int rc = sql_prepare(&s->db, &pragma, 1, &statement, reterr);

    if (rc < 0)
        return rc;
    sql_start(&q, &s->db, statement);
    rc = sql_step(&q, reterr);
    if (rc > 0) {
        const char *text = sql_get_text(&q);
        rc = sql_check(&q, reterr);
        if (rc == TCN_OK && strcmp(text, "ok") != 0)
            rc = tell_damage(s, text, reterr);
    }
    sql_finalize(&statement, 1);
    return rc;
}

static int check_integrity(struct store *s, struct tcn_fail *reterr)
{
    static const char *const STATE[] = {
        "PRAGMA quick_check('meta')",   "PRAGMA quick_check('topic_seq')",
        "PRAGMA quick_check('point')",  "PRAGMA quick_check('value')",
        "PRAGMA quick_check('object')", "PRAGMA quick_check('heard')",
        "PRAGMA quick_check('outbox')", "PRAGMA quick_check('command')",
    };
    int64_t pages = 0, page_size = 0;
    int rc = sql_ask(&s->db, "PRAGMA page_count", &pages, reterr);

    if (rc == TCN_OK)
        rc = sql_ask(&s->db, "PRAGMA page_size", &page_size, reterr);
    if (rc == TCN_OK && pages <= CHECK_WHOLE_MAX_BYTES / page_size)
        return check_one(s, "PRAGMA quick_check(1)", reterr);
    for (size_t i = 0; rc == TCN_OK && i < sizeof STATE / sizeof STATE[0]; i++)
        rc = check_one(s, STATE[i], reterr);
    return rc;
}

static int read_meta(struct store *s, struct tcn_fail *reterr)
{
    struct sql q;

    store_start(s, STMT_GET_META, &q);
    int rc = sql_step(&q, reterr);
    if (rc == 0)
        return tcn_fail_set(reterr, TCN_ECORRUPT, "database %s is damaged: table meta is empty",
                            s->conf.path);
    if (rc < 0)
        return rc;
    s->meta.epoch = sql_get_u32(&q);
    s->meta.id_counter = sql_get_id(&q);
    s->meta.outbox_counter = sql_get_id(&q);
    s->meta.mono_ms = sql_get_int(&q);
    s->meta.wall_ms = sql_get_int(&q);
    s->meta.ring = sql_get_id(&q);
    s->meta.ring_position = sql_get_id(&q);
    s->outbox_counter = s->meta.outbox_counter;
    rc = sql_check(&q, reterr);
    sql_end(&q);
    return rc;
}

/* Ids carry the gateway's name, so a database goes with the gateway that began it. */
static int own(struct store *s, struct tcn_fail *reterr)
{
    static const char *const ASK[] = {
        "UPDATE meta SET gateway = coalesce(gateway, ?1) WHERE one = 1 RETURNING gateway",
    };
    sqlite3_stmt *statement;
    struct sql q;
    int rc;

    if (s->conf.gateway == NULL)
        return TCN_OK;
    rc = sql_prepare(&s->db, ASK, 1, &statement, reterr);
    if (rc < 0)
        return rc;
    sql_start(&q, &s->db, statement);
    sql_put_text(&q, s->conf.gateway);
    rc = sql_step(&q, reterr);
    if (rc > 0) {
        const char *owner = sql_get_text(&q);

        rc = strcmp(owner, s->conf.gateway) == 0
                 ? TCN_OK
                 : tcn_fail_set(reterr, TCN_ECONFLICT,
                                "database %s is of gateway '%s', and this is '%s': give it its old"
                                " id back, or another state_dir",
                                s->conf.path, owner, s->conf.gateway);
    }
    sql_end(&q);
    sql_finalize(&statement, 1);
    return rc;
}

static int bring_up(struct store *s, struct tcn_fail *reterr)
{
    int64_t version = 0;
    int rc = take_lock(s, reterr);

    if (rc == TCN_OK)
        rc = open_file(s, reterr);
    if (rc == TCN_OK)
        rc = migrate_check(&s->db, &version, reterr);
    if (rc == TCN_OK)
        rc = set_wal(s, reterr);
    if (rc == TCN_OK)
        rc = sql_exec(&s->db, SETTINGS, "set up", reterr);
    if (rc == TCN_OK && version > 0)
        rc = check_integrity(s, reterr);
    if (rc == TCN_OK)
        rc = migrate_run(&s->db, version, s->conf.wall_ms, reterr);
    if (rc == TCN_OK)
        rc = sql_prepare(&s->db, STATEMENTS, STMT_COUNT, s->statements, reterr);
    if (rc == TCN_OK)
        rc = own(s, reterr);
    if (rc == TCN_OK)
        rc = read_meta(s, reterr);
    if (rc == TCN_OK)
        rc = store_names_init(&s->names, s->conf.metrics, s->conf.registry, s->conf.rules, reterr);
    return rc;
}

int store_open(const struct store_conf *conf, struct store **ret, struct tcn_fail *reterr)
{
    assert(conf->path != NULL && conf->path[0] != '\0');
    struct store *s = calloc(1, sizeof *s);

    if (s == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out while opening database %s",
                            conf->path);
    s->conf = *conf;
    s->db.path = conf->path;
    s->lock = -1;
    int rc = bring_up(s, reterr);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    *ret = s;
    return TCN_OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    sql_finalize(s->statements, STMT_COUNT);
    /* All statements are gone, so it can't be busy. Its last checkpoint may fail: then the WAL
     * stays and is read at the next start. */
    (void)sqlite3_close_v2(s->db.handle);
    if (s->lock >= 0)
        (void)close(s->lock); /* nothing was written to it */
    store_names_done(&s->names);
    free(s);
}
