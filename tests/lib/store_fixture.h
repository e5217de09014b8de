/* lib/store_fixture.h - a small town, a database in a directory of its own, and batches to write
 * to it: for the tests of store/. Static functions in a header, because only tests that link
 * SQLite may include it; inline, because none uses all of them. */
#ifndef TOCSIN_TESTS_LIB_STORE_FIXTURE_H
#define TOCSIN_TESTS_LIB_STORE_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "model/ids.h"
#include "model/unit_of_measure.h"
#include "store/query.h"
#include "store/store.h"

#define FIXTURE_WALL_MS INT64_C(1772323200000) /* 2026-03-01 */
#define FIXTURE_MONO_MS INT64_C(1772323205000)

enum { METRIC_SMOKE, METRIC_PRESSURE, METRIC_BATTERY_STATE };
enum { DEVICE_SMOKE, DEVICE_EXIT, DEVICE_PUMP };
enum { RULE_FIRE, RULE_EXIT, RULE_PUMP, RULE_BATTERY };

struct fixture {
    char dir[64], path[96];
    struct metric metric[3];
    struct metrics metrics;
    struct enterprise enterprise[2];
    struct department department[2];
    struct patrol_unit unit[1];
    struct device device[3];
    struct registry registry;
    struct rule rule[4];
    struct rules rules;
    struct arena arena;
    struct store_conf conf;
    struct store *store;
};

static inline void fixture_index(struct fixture *f)
{
    uint32_t a, b;

    f->registry.device_table = NULL;
    assert_int_equal(registry_index(&f->registry, &f->arena, &a, &b), TCN_OK);
}

static inline void fixture_town(struct fixture *f)
{
    static const char *const LEVELS[] = { "ok", "low", "empty" };

    f->metric[0] = (struct metric){ .name = "smoke", .type = METRIC_BOOL };
    f->metric[1] = (struct metric){ .name = "pressure", .type = METRIC_NUMBER };
    f->metric[1].unit = unit_find("MPa", 3);
    f->metric[2] = (struct metric){ .name = "battery_state", .type = METRIC_ENUM };
    f->metric[2].words = LEVELS;
    f->metric[2].word_count = 3;
    f->metrics = (struct metrics){ f->metric, 3 };
    f->enterprise[0] = (struct enterprise){ .id = "91350211M000100Y43", .name = "海沧化工" };
    f->enterprise[1] = (struct enterprise){ .id = "91350200MA2XNQHF4P", .name = "电动车库" };
    f->department[0] = (struct department){ .id = "消防救援大队", .name = "大队" };
    f->department[1] = (struct department){ .id = "street-office", .name = "街道办" };
    f->unit[0] = (struct patrol_unit){ .id = "网格-07", .name = "七号网格", .department = 0 };
    f->device[0] = (struct device){ .id = "smoke/1", .address = "0x00158d0001" };
    f->device[1] = (struct device){ .id = "出口#2" };
    f->device[2] = (struct device){ .id = "pump-3" };
    f->rule[0] = (struct rule){ .id = "fire", .signal_class = SIGNAL_FIRE };
    f->rule[1] = (struct rule){ .id = "exit-blocked", .signal_class = SIGNAL_HAZARD };
    f->rule[1].severity = SEVERITY_MAJOR;
    f->rule[2] = (struct rule){ .id = "low-pressure", .signal_class = SIGNAL_SUPERVISORY };
    f->rule[3] = (struct rule){ .id = "battery", .signal_class = SIGNAL_FAULT };
    f->rules = (struct rules){ f->rule, 4 };
    f->registry.enterprises = f->enterprise;
    f->registry.enterprise_count = 2;
    f->registry.departments = f->department;
    f->registry.department_count = 2;
    f->registry.units = f->unit;
    f->registry.unit_count = 1;
    f->registry.devices = f->device;
    f->registry.device_count = 3;
    fixture_index(f);
}

static inline void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    assert_true(snprintf(f->dir, sizeof f->dir, "%s/tocsin-test-XXXXXX",
                         tmp != NULL && strlen(tmp) < 32 ? tmp : "/tmp") < (int)sizeof f->dir);
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof f->path, "%s/tocsin.db", f->dir);
    fixture_town(f);
    f->conf = (struct store_conf){ .path = f->path,
                                   .wall_ms = FIXTURE_WALL_MS,
                                   .metrics = &f->metrics,
                                   .registry = &f->registry,
                                   .rules = &f->rules };
}

static inline void fixture_remove(struct fixture *f, const char *suffix)
{
    char path[160];

    (void)snprintf(path, sizeof path, "%s%s", f->path, suffix);
    (void)unlink(path); /* most of the time there is none */
}

/* Removes the database and its side files, as when it is lost. */
static inline void fixture_lose(struct fixture *f)
{
    static const char *const SUFFIXES[] = { "",      "-wal",      "-shm",      "-journal",  "-lock",
                                            ".copy", ".copy-wal", ".copy-shm", ".copy-lock" };

    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++)
        fixture_remove(f, SUFFIXES[i]);
}

static inline void fixture_done(struct fixture *f)
{
    store_close(f->store);
    fixture_lose(f);
    assert_int_equal(rmdir(f->dir), 0);
    arena_done(&f->arena);
}

static inline void fixture_open(struct fixture *f)
{
    struct tcn_fail fail = { 0 };

    assert_null(f->store);
    if (store_open(&f->conf, &f->store, &fail) < 0)
        fail_msg("%s", fail.text);
}

static inline void fixture_close(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static inline void fixture_reopen(struct fixture *f)
{
    fixture_close(f);
    fixture_open(f);
}

/* --- effects: filled in place, without model/effects.c's growing --- */

#define FIXTURE_MAX 8
struct fixture_batch {
    struct effects effects;
    struct alarm_change alarms[FIXTURE_MAX];
    struct task_change tasks[FIXTURE_MAX];
    struct notice notices[FIXTURE_MAX];
    struct command_reply replies[FIXTURE_MAX];
    struct point_change points[FIXTURE_MAX];
    struct value_change values[FIXTURE_MAX];
    struct object_change objects[FIXTURE_MAX];
    struct heard_change heard[FIXTURE_MAX];
    struct outbox_row rows[FIXTURE_MAX];
    uint64_t delivered[FIXTURE_MAX];
    struct store_batch batch;
};

static inline void batch_init(struct fixture_batch *b)
{
    memset(b, 0, sizeof *b);
    b->effects.alarms = b->alarms;
    b->effects.tasks = b->tasks;
    b->effects.notices = b->notices;
    b->effects.replies = b->replies;
    b->effects.points = b->points;
    b->effects.values = b->values;
    b->effects.objects = b->objects;
    b->effects.heard = b->heard;
    b->batch.effects = &b->effects;
    b->batch.rows = b->rows;
    b->batch.delivered = b->delivered;
    b->batch.mono_ms = FIXTURE_MONO_MS;
    b->batch.wall_ms = FIXTURE_WALL_MS + 5000;
}

static inline struct alarm_change *batch_alarm(struct fixture_batch *b, uint64_t id,
                                               uint32_t device, uint32_t rule,
                                               enum alarm_state state, uint64_t seq)
{
    assert_true(b->effects.alarm_count < FIXTURE_MAX);
    struct alarm_change *c = &b->alarms[b->effects.alarm_count++];

    c->alarm.id = id;
    c->alarm.device = device;
    c->alarm.rule = rule;
    c->alarm.state = state;
    c->alarm.value_metric = METRIC_NONE;
    c->alarm.raised_wall_ms = FIXTURE_WALL_MS + (int64_t)seq;
    c->alarm.changed_wall_ms = FIXTURE_WALL_MS + (int64_t)seq;
    c->transition = state == ALARM_NORMAL ? TRANSITION_CLEARED : TRANSITION_RAISED;
    c->actor.kind = PARTY_SYSTEM;
    c->seq = seq;
    return c;
}

static inline struct task_change *batch_task(struct fixture_batch *b, uint64_t id,
                                             enum task_state state, enum task_event event,
                                             uint32_t step_number)
{
    assert_true(b->effects.task_count < FIXTURE_MAX);
    struct task_change *c = &b->tasks[b->effects.task_count++];

    c->task.id = id;
    c->task.device = DEVICE_EXIT;
    c->task.rule = RULE_EXIT;
    c->task.enterprise = 0;
    c->task.department = 1;
    c->task.unit = 0;
    c->task.state = state;
    c->task.issued_wall_ms = FIXTURE_WALL_MS;
    c->task.changed_wall_ms = FIXTURE_WALL_MS + step_number;
    c->task.deadline_wall_ms = FIXTURE_WALL_MS + 3600000;
    c->task.deadline_ms = FIXTURE_MONO_MS + 3600000;
    c->task.next_due_ms = TCN_NEVER;
    c->step.event = event;
    c->step.state = state;
    c->step.wall_ms = FIXTURE_WALL_MS + step_number;
    c->step.actor.kind = PARTY_SYSTEM;
    c->step_number = step_number;
    return c;
}

static inline struct outbox_row *batch_row(struct fixture_batch *b, const char *topic,
                                           const char *payload)
{
    assert_true(b->batch.row_count < FIXTURE_MAX);
    struct outbox_row *row = &b->rows[b->batch.row_count++];

    row->topic = topic;
    row->payload = payload;
    row->payload_len = payload != NULL ? strlen(payload) : 0;
    row->queued_wall_ms = FIXTURE_WALL_MS;
    return row;
}

static inline void batch_reply(struct fixture_batch *b, const char *id, uint64_t digest,
                               int64_t mono_ms)
{
    assert_true(b->effects.reply_count < FIXTURE_MAX);
    struct command_reply *r = &b->replies[b->effects.reply_count++];

    assert_int_equal(tcn_text_copy(r->id, sizeof r->id, id), TCN_OK);
    r->digest = digest;
    r->mono_ms = mono_ms;
    r->wall_ms = FIXTURE_WALL_MS;
}

static inline void batch_commit(struct fixture *f, struct fixture_batch *b)
{
    struct tcn_fail fail = { 0 };

    if (store_commit(f->store, &b->batch, &fail) < 0)
        fail_msg("%s", fail.text);
}

static inline struct snapshot fixture_load(struct fixture *f)
{
    struct tcn_fail fail = { 0 };
    struct snapshot s;

    if (store_load(f->store, &s, &fail) < 0)
        fail_msg("%s", fail.text);
    return s;
}

/* A batch with something in every table: an exit is blocked, a task goes out. */
static inline void batch_story(struct fixture_batch *b)
{
    batch_init(b);
    struct alarm_change *a =
        batch_alarm(b, id_pack(60, 7), DEVICE_EXIT, RULE_EXIT, ALARM_UNACKNOWLEDGED, 1);
    a->alarm.task = id_pack(60, 8);
    batch_task(b, id_pack(60, 8), TASK_ISSUED, TASK_EV_ISSUED, 0)->task.alarm = id_pack(60, 7);
    b->notices[b->effects.notice_count++] = (struct notice){
        .id = id_pack(60, 9), .seq = 1, .kind = TASK_EV_ISSUED, .party_kind = PARTY_ENTERPRISE
    };
    batch_reply(b, "命令-1", UINT64_C(0xF000000000000001), FIXTURE_MONO_MS);
    b->points[b->effects.point_count++] = (struct point_change){
        .device = DEVICE_PUMP, .rule = RULE_PUMP, .pending = PENDING_RAISE, .deadline_ms = 77
    };
    b->values[b->effects.value_count++] = (struct value_change){
        .device = DEVICE_PUMP, .metric = METRIC_PRESSURE, .value = 0.25, .heard_ms = 5
    };
    b->objects[b->effects.object_count++] = (struct object_change){
        .device = DEVICE_EXIT, .metric = METRIC_SMOKE, .present = true, .object = UINT64_MAX
    };
    b->heard[b->effects.heard_count++] =
        (struct heard_change){ .device = DEVICE_SMOKE, .heard_ms = 1 };
    b->effects.id_counter = 9;
    b->effects.mono_ms = FIXTURE_MONO_MS;
    batch_row(b, "tocsin/v1/镇/events/hazard", "{\"seq\":1}");
    batch_row(b, "tocsin/v1/镇/alarms/出口%232/exit-blocked", NULL)->retain = true;
}

/* What follows on batch_story(): all of it changes. */
static inline void batch_sequel(struct fixture_batch *b)
{
    batch_init(b);
    struct alarm_change *a =
        batch_alarm(b, id_pack(60, 7), DEVICE_EXIT, RULE_EXIT, ALARM_NORMAL, 2);
    a->alarm.task = id_pack(60, 8);
    batch_alarm(b, id_pack(60, 10), DEVICE_SMOKE, RULE_FIRE, ALARM_UNACKNOWLEDGED, 1);
    batch_task(b, id_pack(60, 8), TASK_AWAITING_RECHECK, TASK_EV_RECOVERED, 1);
    b->notices[b->effects.notice_count++] = (struct notice){
        .id = id_pack(60, 11), .seq = 2, .kind = TASK_EV_RECOVERED, .party_kind = PARTY_ENTERPRISE
    };
    batch_reply(b, "命令-2", 2, FIXTURE_MONO_MS + 1000);
    b->points[b->effects.point_count++] =
        (struct point_change){ .device = DEVICE_PUMP, .rule = RULE_PUMP };
    b->values[b->effects.value_count++] = (struct value_change){
        .device = DEVICE_PUMP, .metric = METRIC_PRESSURE, .value = 0.5, .heard_ms = 6
    };
    b->objects[b->effects.object_count++] = (struct object_change){ .device = DEVICE_EXIT,
                                                                    .metric = METRIC_SMOKE,
                                                                    .object = UINT64_MAX };
    b->heard[b->effects.heard_count++] =
        (struct heard_change){ .device = DEVICE_SMOKE, .heard_ms = 2 };
    b->effects.id_counter = 11;
    b->effects.mono_ms = FIXTURE_MONO_MS + 1000;
    b->batch.mono_ms = FIXTURE_MONO_MS + 1000;
    batch_row(b, "tocsin/v1/镇/events/fire", "{\"seq\":1}");
    b->delivered[b->batch.delivered_count++] = 1;
}

/* --- looking at the file from outside, through SQLite's own VFS --- */

static inline sqlite3 *fixture_raw(const char *path, int flags)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(path, &db, flags, "unix"), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 2000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static inline void fixture_exec(struct fixture *f, const char *script)
{
    sqlite3 *db = fixture_raw(f->path, SQLITE_OPEN_READWRITE);

    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline int64_t fixture_ask(struct fixture *f, const char *query)
{
    sqlite3 *db = fixture_raw(f->path, SQLITE_OPEN_READWRITE);
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

static inline uint64_t fixture_digest_table(sqlite3 *db, const char *table, uint64_t hash)
{
    char query[128];
    sqlite3_stmt *rows;
    int rc;

    (void)snprintf(query, sizeof query, "SELECT * FROM \"%s\"", table);
    hash = tcn_hash(hash, table, strlen(table) + 1);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &rows, NULL), SQLITE_OK);
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            int type = sqlite3_column_type(rows, i);
            hash = tcn_hash(hash, &type, sizeof type);
            const void *bytes = sqlite3_column_blob(rows, i);
            size_t len = (size_t)sqlite3_column_bytes(rows, i);
            hash = tcn_hash(hash, &len, sizeof len);
            if (bytes != NULL)
                hash = tcn_hash(hash, bytes, len);
        }
    assert_int_equal(rc, SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
    return hash;
}

/* A number that is the same for the same content of all tables. */
static inline uint64_t fixture_digest(const char *path)
{
    sqlite3 *db = fixture_raw(path, SQLITE_OPEN_READWRITE);
    sqlite3_stmt *tables;
    uint64_t hash = TCN_HASH_SEED;
    int rc;

    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " ORDER BY name",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    while ((rc = sqlite3_step(tables)) == SQLITE_ROW)
        hash = fixture_digest_table(db, (const char *)sqlite3_column_text(tables, 0), hash);
    assert_int_equal(rc, SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(tables), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return hash;
}

/* Closing the copied file drops SQLite's locks of this process on it, which is fine only because
 * no other process is there. */
static inline void fixture_copy_file(const char *from, const char *to)
{
    char block[65536];
    ssize_t len;
    int in = open(from, O_RDONLY | O_CLOEXEC);

    if (in < 0)
        return; /* no WAL: nothing was written yet */
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    while ((len = read(in, block, sizeof block)) > 0)
        assert_int_equal(write(out, block, (size_t)len), len);
    assert_int_equal(len, 0);
    assert_int_equal(close(in), 0);
    assert_int_equal(close(out), 0);
}

#endif
