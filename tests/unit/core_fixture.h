/* unit/core_fixture.h - app/core.h between a real store, with its real writer thread, and stand-ins
 * for intake, push and console, which are defined here and so win over the real ones of rest.a.
 * For one test program: includes are those of a .c file. */
#ifndef TOCSIN_TESTS_UNIT_CORE_FIXTURE_H
#define TOCSIN_TESTS_UNIT_CORE_FIXTURE_H

#include "app/core.h"
#include "console/console.h"
#include "intake/intake.h"
#include "lib/town.h"
#include "push/push.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/text.h"

#define PATIENCE_MS 20000
#define BACKLOG     6000 /* records: a turn takes 2000 */
#define ROWS_MAX    64
#define MINUTE      INT64_C(60000)

enum { RULE_FIRE, RULE_EXIT };
static const struct town_rule RULES[] = {
    [RULE_FIRE] = { .id = "fire", .when = "smoke and not test" },
    [RULE_EXIT] = { .id = "exit",
                    .when = "exit_blocked",
                    .on_ms = 60,
                    .signal_class = SIGNAL_HAZARD },
    { 0 },
};

/* ---- stand-ins -------------------------------------------------------------------------------- */

struct intake { /* L only; positions are numbers of records */
    struct record *records;
    uint32_t count, taken, freed;
};

struct fed {
    char topic[128], payload[1024]; /* cut */
    size_t payload_len;
    bool retain;
};

struct push {          /* by lock, but for the first */
    bool session_lost; /* L only */
    struct fed rows[ROWS_MAX];
    uint32_t count;
    uint32_t not_in_database;  /* rows that were fed before they could be read by others */
    bool gate_closed, at_gate; /* S waits in push_feed() while it is closed */
};

struct console { /* L only */
    uint32_t lines, told_early;
};

static struct intake intake;
static struct push push;
static struct console console;
static char dir[64], path[96];

/* What S tells the others. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool woken;

static struct timespec patience(void)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
    until.tv_sec += PATIENCE_MS / 1000;
    return until;
}

/* Returns when *flag is true. Lock held. */
static bool wait_for(const bool *flag)
{
    const struct timespec until = patience();

    while (!*flag) {
        if (pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT)
            return false;
    }
    return true;
}

static void on_wake(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    woken = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* Asks the database through a connection of its own; -1 if it can't. Any thread. */
static int64_t ask(const char *query, int64_t parameter)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(db, 2000) == SQLITE_OK &&
        sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(statement, 1, parameter) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    (void)sqlite3_close(db);
    return value;
}

static int64_t rows_in_database(uint64_t from)
{
    return ask("SELECT count(*) FROM outbox WHERE id >= ?", (int64_t)from);
}

static void keep_row(struct push *p, const struct outbox_row *row)
{
    struct fed *f = &p->rows[p->count];

    if (p->count == ROWS_MAX)
        return;
    p->count++;
    (void)tcn_text_copy(f->topic, sizeof f->topic, row->topic);
    f->payload_len = row->payload_len;
    (void)tcn_text_format(f->payload, sizeof f->payload, "%.*s", (int)row->payload_len,
                          row->payload == NULL ? "" : (const char *)row->payload);
    f->retain = row->retain;
}

bool push_feed(struct push *p, const struct outbox_row *rows, uint32_t count)
{
    int64_t stored = rows_in_database(rows[0].id);

    pthread_mutex_lock(&lock);
    if (stored != (int64_t)count)
        p->not_in_database += count;
    for (uint32_t i = 0; i < count; i++)
        keep_row(p, &rows[i]);
    p->at_gate = true;
    pthread_cond_broadcast(&changed);
    while (p->gate_closed)
        pthread_cond_wait(&changed, &lock);
    p->at_gate = false;
    pthread_mutex_unlock(&lock);
    return true;
}

bool push_wants(struct push *p, uint64_t *ret_after)
{
    (void)p, (void)ret_after;
    return false; /* it is never behind */
}

bool push_refill(struct push *p, const struct outbox_row *rows, uint32_t count, bool complete)
{
    (void)p, (void)rows, (void)count, (void)complete;
    return true;
}

uint32_t push_take_delivered(struct push *p, uint64_t *ids, uint32_t max)
{
    (void)p, (void)ids, (void)max;
    return 0;
}

bool push_take_session_lost(struct push *p)
{
    bool lost = p->session_lost;

    p->session_lost = false;
    return lost;
}

const struct record *intake_peek(struct intake *in)
{
    return in->taken < in->count ? &in->records[in->taken] : NULL;
}

void intake_take(struct intake *in)
{
    in->taken++;
}

uint64_t intake_ring(const struct intake *in)
{
    (void)in;
    return 1;
}

uint64_t intake_position(const struct intake *in)
{
    return in->taken;
}

void intake_free_space(struct intake *in, uint64_t position)
{
    in->freed = (uint32_t)position;
}

void console_line(struct console *c, const char *line)
{
    (void)line;
    c->lines++;
    if (ask("SELECT count(*) FROM alarm WHERE alarm > ?", 0) < 1)
        c->told_early++;
}

void console_reply(struct console *c, const struct command_reply *reply)
{
    (void)c, (void)reply;
}

/* ---- the part under test ---------------------------------------------------------------------- */

static struct town town;
static struct tcn_clock engine_clock;
static struct message_context context;
static struct store *store;
static struct core *core;
static int64_t started_ms;

/* Opens the database and starts a core from it. Its engine begins some time ago, so that records
 * can be stamped at any moment since without waiting for it. */
static void open_core(void)
{
    const struct store_conf conf = { .path = path,
                                     .wall_ms = TOWN_START_MS,
                                     .metrics = &town.metrics,
                                     .registry = &town.registry,
                                     .rules = &town.rules };
    struct core_conf core_conf = { .message = &context, .clock = &engine_clock, .wake = on_wake };
    struct snapshot snapshot;
    struct tcn_fail fail = { 0 };

    if (store_open(&conf, &store, &fail) < 0 || store_load(store, &snapshot, &fail) < 0)
        fail_msg("%s", fail.text);
    tcn_clock_init(&engine_clock, snapshot.mono_ms + 10 * MINUTE, snapshot.wall_ms);
    context = (struct message_context){ .gateway = "town",
                                        .prefix = "tocsin",
                                        .epoch = snapshot.epoch,
                                        .encoding = MESSAGE_JSON,
                                        .metrics = &town.metrics,
                                        .registry = &town.registry,
                                        .rules = &town.rules };
    core_conf.store = store;
    core_conf.started = tcn_clock_now(&engine_clock);
    core_conf.started.mono_ms -= 10 * MINUTE;
    core_conf.started.wall_ms -= 10 * MINUTE;
    started_ms = core_conf.started.mono_ms;
    if (core_new(&core_conf, &snapshot, &core, &fail) < 0)
        fail_msg("%s", fail.text);
    snapshot_done(&snapshot);
    core_attach(core, &intake, &push, &console);
}

static void close_core(void)
{
    core_free(core);
    store_close(store);
    core = NULL;
    store = NULL;
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    memset(&push, 0, sizeof push);
    memset(&console, 0, sizeof console);
    woken = false;
    intake = (struct intake){ .records = calloc(BACKLOG + 16, sizeof *intake.records) };
    assert_non_null(intake.records);
    (void)snprintf(dir, sizeof dir, "%s/tocsin-test-XXXXXX",
                   tmp != NULL && strlen(tmp) < 32 ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/tocsin.db", dir);
    town_new(&town, RULES);
    open_core();
    return 0;
}

static void set_gate(bool closed)
{
    pthread_mutex_lock(&lock);
    push.gate_closed = closed;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int tear_down(void **state)
{
    static const char *const SUFFIXES[] = { "", "-wal", "-shm", "-lock" };
    char file[160];

    (void)state;
    set_gate(false); /* a failed test may have left S there */
    close_core();
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path, SUFFIXES[i]);
        (void)unlink(file); /* the first and last are there, the others often not */
    }
    assert_int_equal(rmdir(dir), 0);
    town_done(&town);
    free(intake.records);
    return 0;
}

static struct record *add_record(int64_t mono_ms)
{
    struct record *r = &intake.records[intake.count];

    assert_true(intake.count < BACKLOG + 16);
    intake.count++;
    r->now = (struct tcn_now){ .mono_ms = mono_ms, .wall_ms = mono_ms };
    return r;
}

static void hear_at(int64_t mono_ms, uint32_t device, uint16_t metric, double value)
{
    struct record *r = add_record(mono_ms);

    r->kind = RECORD_READINGS;
    r->count = 1;
    r->readings[0] = (struct reading){ .device = device, .metric = metric, .value = value };
}

static void hear(uint32_t device, uint16_t metric, double value)
{
    hear_at(tcn_clock_now(&engine_clock).mono_ms, device, metric, value);
}

static void acknowledge(uint64_t alarm)
{
    struct command *c;
    struct record *r = add_record(tcn_clock_now(&engine_clock).mono_ms);

    r->kind = RECORD_COMMAND;
    c = &r->command;
    c->kind = COMMAND_ACKNOWLEDGE;
    c->actor = (struct actor){ .kind = PARTY_OPERATOR, .id = "op" };
    c->target = alarm;
    c->digest = alarm;
    (void)tcn_text_format(c->id, sizeof c->id, "c%u", intake.count);
}

static bool turn(void)
{
    bool more;

    (void)core_turn(core, &more);
    return more;
}

static void wait_for_wake(void)
{
    bool in_time;

    pthread_mutex_lock(&lock);
    in_time = wait_for(&woken);
    woken = false;
    pthread_mutex_unlock(&lock);
    if (!in_time)
        fail_msg("the writer did not wake us within %d ms", PATIENCE_MS);
}

/* Turns until nothing waits any more, each when the writer wakes us, as the loop does. */
static void settle(void)
{
    for (;;) {
        bool more = turn();

        if (core_quiet(core))
            return;
        if (!more)
            wait_for_wake();
    }
}

/* The writer has committed what was lent last, and stands in push_feed() with it. */
static void wait_at_gate(void)
{
    bool in_time;

    pthread_mutex_lock(&lock);
    in_time = wait_for(&push.at_gate);
    pthread_mutex_unlock(&lock);
    if (!in_time)
        fail_msg("no rows were fed to push within %d ms", PATIENCE_MS);
}

static uint32_t fed_count(void)
{
    uint32_t count;

    pthread_mutex_lock(&lock);
    count = push.count;
    pthread_mutex_unlock(&lock);
    return count;
}

/* The last state fed on this alarm's retained topic since row number `since`. Only when settled. */
static const struct fed *state_fed(uint32_t since, const char *topic)
{
    for (uint32_t i = fed_count(); i > since; i--) {
        if (strcmp(push.rows[i - 1].topic, topic) == 0) {
            assert_true(push.rows[i - 1].retain);
            return &push.rows[i - 1];
        }
    }
    return NULL;
}

static uint64_t alarm_of(uint32_t device)
{
    const struct engine *e = core_engine(core);

    for (uint32_t i = 0; i < engine_alarm_count(e); i++) {
        if (engine_alarm_at(e, i)->device == device)
            return engine_alarm_at(e, i)->id;
    }
    fail_msg("no alarm stands on device %u", device);
    return 0;
}

#define ALARM_A "tocsin/v1/town/alarms/smoke-a/fire"
#define ALARM_B "tocsin/v1/town/alarms/smoke-b/fire"
#define ALARM_C "tocsin/v1/town/alarms/spr-1/fire"

static void expect_state(uint32_t since, const char *topic, const char *word)
{
    const struct fed *f = state_fed(since, topic);
    char quoted[64];

    (void)snprintf(quoted, sizeof quoted, "\"%s\"", word);
    if (f == NULL)
        fail_msg("%s was not told", topic);
    else if (strstr(f->payload, quoted) == NULL)
        fail_msg("%s is not %s in %s", topic, word, f->payload);
}

#endif
