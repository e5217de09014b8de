#include "store/migrate.h"

#include "base/text.h"
#include "model/ids.h"

/* Never edit a step that was released: append one.
 *
 * Words, ids of devices, rules and parties are text, so that people can read the file with
 * sqlite3(1) and the configuration may change between runs. Tables whose key is text or a pair are
 * WITHOUT ROWID: one tree less to write to in every commit, and on flash each touched page counts.
 * Standing alarms and open tasks are few among the past ones: partial indexes find them. */
static const char STEP_1[] =
    "CREATE TABLE meta ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " epoch INTEGER NOT NULL," /* model/ids.h */
    " id_counter INTEGER NOT NULL,"
    " outbox_counter INTEGER NOT NULL," /* the last id given to an outbox row */
    " mono_ms INTEGER NOT NULL,"        /* engine time of the last commit */
    " wall_ms INTEGER NOT NULL,"        /* and its wall time, for people */
    " ring INTEGER NOT NULL,"           /* id of the ring whose records are in, */
    " ring_position INTEGER NOT NULL,"  /* and up to which of them */
    " created_wall_ms INTEGER NOT NULL,"
    " gateway TEXT" /* whose it is; NULL until it is opened by one */
    ") STRICT;"

    "CREATE TABLE alarm ("
    " alarm INTEGER PRIMARY KEY,"
    " device TEXT NOT NULL, rule TEXT NOT NULL, class TEXT NOT NULL, severity TEXT NOT NULL,"
    " state TEXT NOT NULL, drill INTEGER NOT NULL,"
    " value_metric TEXT, value REAL, value_unit TEXT,"
    " raised_wall_ms INTEGER NOT NULL, changed_wall_ms INTEGER NOT NULL,"
    " device_wall_ms INTEGER, task INTEGER,"
    " acked_kind TEXT, acked_id TEXT, acked_name TEXT,"
    " over INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX alarm_standing ON alarm (alarm) WHERE over = 0;"

    "CREATE TABLE event (" /* every transition of an alarm, with the alarm after it */
    " number INTEGER PRIMARY KEY,"
    " epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " transition TEXT NOT NULL, reason TEXT NOT NULL,"
    " actor_kind TEXT, actor_id TEXT, actor_name TEXT,"
    " alarm INTEGER NOT NULL REFERENCES alarm (alarm),"
    " device TEXT NOT NULL, rule TEXT NOT NULL, class TEXT NOT NULL, severity TEXT NOT NULL,"
    " state TEXT NOT NULL, drill INTEGER NOT NULL,"
    " value_metric TEXT, value REAL, value_unit TEXT,"
    " raised_wall_ms INTEGER NOT NULL, changed_wall_ms INTEGER NOT NULL,"
    " device_wall_ms INTEGER, task INTEGER,"
    " acked_kind TEXT, acked_id TEXT, acked_name TEXT,"
    " UNIQUE (class, epoch, seq)"
    ") STRICT;"

    "CREATE TABLE task ("
    " task INTEGER PRIMARY KEY,"
    " alarm INTEGER, device TEXT NOT NULL, rule TEXT NOT NULL,"
    " enterprise TEXT, department TEXT, unit TEXT,"
    " state TEXT NOT NULL, level TEXT NOT NULL, drill INTEGER NOT NULL,"
    " hazard_present INTEGER NOT NULL, overdue_level INTEGER NOT NULL,"
    " recurrence INTEGER NOT NULL,"
    " issued_wall_ms INTEGER NOT NULL, changed_wall_ms INTEGER NOT NULL,"
    " deadline_wall_ms INTEGER NOT NULL, deadline_ms INTEGER, next_due_ms INTEGER,"
    " evidence TEXT NOT NULL,"
    " open INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX task_open ON task (task) WHERE open = 1;"

    "CREATE TABLE task_step ("
    " task INTEGER NOT NULL REFERENCES task (task), number INTEGER NOT NULL,"
    " event TEXT NOT NULL, state TEXT NOT NULL, wall_ms INTEGER NOT NULL,"
    " actor_kind TEXT, actor_id TEXT, actor_name TEXT,"
    " note TEXT NOT NULL, evidence TEXT NOT NULL,"
    " PRIMARY KEY (task, number)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE notice (" /* every message about a task to a party */
    " notice INTEGER PRIMARY KEY,"
    " party_kind TEXT NOT NULL, party TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " kind TEXT NOT NULL, task INTEGER NOT NULL REFERENCES task (task), step INTEGER NOT NULL"
    ") STRICT;"

    "CREATE TABLE topic_seq (" /* kind 'events' with a class, or a party kind with its id */
    " kind TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY (kind, name)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE outbox ("
    " id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB,"
    " retain INTEGER NOT NULL, priority INTEGER NOT NULL, queued_wall_ms INTEGER NOT NULL"
    ") STRICT;"

    "CREATE TABLE point (" /* on-delays and off-delays that are running */
    " device TEXT NOT NULL, rule TEXT NOT NULL,"
    " pending TEXT NOT NULL, deadline_ms INTEGER NOT NULL,"
    " PRIMARY KEY (device, rule)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE value ("
    " device TEXT NOT NULL, metric TEXT NOT NULL,"
    " quality TEXT NOT NULL, value REAL, value_unit TEXT NOT NULL,"
    " heard_ms INTEGER NOT NULL, device_ms INTEGER NOT NULL,"
    " PRIMARY KEY (device, metric)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE object ("
    " device TEXT NOT NULL, metric TEXT NOT NULL, object INTEGER NOT NULL,"
    " PRIMARY KEY (device, metric, object)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE heard ("
    " device TEXT PRIMARY KEY NOT NULL, heard_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE command (" /* replies given, so that a repeat gets the same one */
    " number INTEGER PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE, digest INTEGER NOT NULL,"
    " error TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL,"
    " wall_ms INTEGER NOT NULL, mono_ms INTEGER NOT NULL"
    ") STRICT;";

static const char *const STEPS[] = { STEP_1 };
#define STEP_COUNT     ((int64_t)(sizeof STEPS / sizeof STEPS[0]))

#define EPOCH_START_MS INT64_C(1767225600000) /* 2026-01-01 UTC */

int64_t migrate_version(void)
{
    return STEP_COUNT;
}

int migrate_check(const struct sql_db *db, int64_t *ret_version, struct tcn_fail *reterr)
{
    int64_t version = 0, application = 0, tables = 0;
    int rc = sql_ask(db, "PRAGMA user_version", &version, reterr);

    if (rc == TCN_OK)
        rc = sql_ask(db, "PRAGMA application_id", &application, reterr);
    if (rc == TCN_OK)
        rc = sql_ask(db, "SELECT count(*) FROM sqlite_schema", &tables, reterr);
    if (rc < 0)
        return rc;
    bool empty = version == 0 && application == 0 && tables == 0;
    if (!empty && (application != MIGRATE_APPLICATION_ID || version <= 0))
        return tcn_fail_set(reterr, TCN_ECORRUPT,
                            "database %s belongs to another program (application id %lld); "
                            "give another path",
                            db->path, (long long)application);
    if (version > STEP_COUNT)
        return tcn_fail_set(reterr, TCN_ECORRUPT,
                            "database %s was written by a newer version of Tocsin (its schema is "
                            "number %lld, this program knows up to %lld); install that version "
                            "again or give another path",
                            db->path, (long long)version, (long long)STEP_COUNT);
    *ret_version = version;
    return TCN_OK;
}

/* A database that was lost and made anew shall not repeat ids and sequence numbers of the lost
 * one: its epoch is the second in which it was made. 1 on a box whose clock is not set. */
static int64_t epoch_of(int64_t wall_ms)
{
    int64_t since_s = (wall_ms - EPOCH_START_MS) / 1000;

    return since_s < 1 ? 1 : since_s % EPOCH_MAX + 1;
}

static int fill_meta(const struct sql_db *db, int64_t wall_ms, struct tcn_fail *reterr)
{
    static const char *const INSERT =
        "INSERT INTO meta (one, epoch, id_counter, outbox_counter, mono_ms, wall_ms, ring,"
        " ring_position, created_wall_ms) VALUES (1, ?1, 0, 0, 0, ?2, 0, 0, ?2)";
    sqlite3_stmt *statement;
    struct sql q;
    int rc = sql_prepare(db, &INSERT, 1, &statement, reterr);

    if (rc < 0)
        return rc;
    sql_start(&q, db, statement);
    sql_put_int(&q, epoch_of(wall_ms));
    sql_put_int(&q, wall_ms);
    rc = sql_run(&q, reterr);
    sql_finalize(&statement, 1);
    return rc;
}

static int run_step(const struct sql_db *db, int64_t step, int64_t wall_ms, struct tcn_fail *reterr)
{
    const long long version = step + 1;
    char finish[128];
    int rc = sql_exec(db, "BEGIN IMMEDIATE", "lock", reterr);

    if (rc < 0)
        return rc;
    rc = sql_exec(db, STEPS[step], "bring to this version", reterr);
    if (rc == TCN_OK && step == 0)
        rc = fill_meta(db, wall_ms, reterr);
    /* A pragma takes no parameters; both numbers are ours. */
    (void)tcn_text_format(finish, sizeof finish,
                          "PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT",
                          MIGRATE_APPLICATION_ID, version);
    if (rc == TCN_OK)
        rc = sql_exec(db, finish, "write to", reterr);
    if (rc < 0 && !sqlite3_get_autocommit(db->handle))
        (void)sql_exec(db, "ROLLBACK", "roll back",
                       NULL); /* the first failure is the one to tell */
    return rc;
}

int migrate_run(const struct sql_db *db, int64_t version, int64_t wall_ms, struct tcn_fail *reterr)
{
    for (int64_t step = version; step < STEP_COUNT; step++) {
        int rc = run_step(db, step, wall_ms, reterr);
        if (rc < 0)
            return rc;
    }
    return TCN_OK;
}
