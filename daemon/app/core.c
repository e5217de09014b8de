#define _GNU_SOURCE
#include "app/core.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/refill.h"
#include "app/transition_log.h"
#include "base/log.h"
#include "base/text.h"
#include "console/console.h"
#include "intake/intake.h"
#include "push/push.h"

/* Records a turn takes before the loop may do other things; and how large a batch may grow while
 * the writer is busy: beyond it records stay in the ring, whose limit then holds the broker. */
#define RECORDS_PER_TURN   2000
#define BATCH_CHANGES_MAX  50000
#define DELIVERED_PER_TURN 4096
/* How soon a refill of push that failed is tried again. */
#define REFILL_RETRY_MS 1000
/* Even when nothing happens the database learns the time, so that after a restart the gateway
 * knows how long it was away. */
#define IDLE_COMMIT_MS INT64_C(3600000)

struct core {
    struct core_conf conf;
    struct engine *engine;
    struct writer *writer;
    struct intake *intake;
    struct push *push;
    struct console *console;
    struct batch batches[2];
    struct batch *filling;
    int64_t committed_ms; /* engine time of the last batch lent */
    bool restate;         /* upstream has lost our session, or may have: a new start */
    _Atomic bool refill_failed;
};

static void on_committed(void *arg, const struct outbox_row *rows, uint32_t count)
{
    struct core *c = arg;

    if (c->push == NULL)
        return;
    if (count > 0)
        (void)push_feed(c->push, rows, count); /* what it can't take now it wants later */
    atomic_store(&c->refill_failed, !refill_push(c->push, c->conf.store));
}

static void on_written(void *arg)
{
    struct core *c = arg;

    c->conf.wake(c->conf.arg);
}

int core_new(const struct core_conf *conf, const struct snapshot *snapshot, struct core **ret,
             struct tcn_fail *reterr)
{
    const struct engine_conf engine = { .metrics = conf->message->metrics,
                                        .registry = conf->message->registry,
                                        .rules = conf->message->rules,
                                        .gateway = conf->message->gateway,
                                        .epoch = conf->message->epoch };
    struct core *c = calloc(1, sizeof *c);
    struct writer_conf writer = { .store = conf->store,
                                  .message = conf->message,
                                  .arg = c,
                                  .committed = on_committed,
                                  .wake = on_written };
    int rc;

    if (c == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
    c->conf = *conf;
    c->filling = &c->batches[0];
    c->committed_ms = conf->started.mono_ms;
    c->restate = snapshot->alarm_count > 0;
    rc = engine_new(&engine, conf->started, &c->engine, reterr);
    if (rc == TCN_OK)
        rc = engine_restore(c->engine, conf->started, snapshot, reterr);
    if (rc == TCN_OK)
        rc = writer_new(&writer, &c->writer, reterr);
    if (rc < 0) {
        core_free(c);
        return rc;
    }
    *ret = c;
    return TCN_OK;
}

void core_free(struct core *c)
{
    if (c == NULL)
        return;
    writer_free(c->writer, 0);
    engine_free(c->engine);
    batch_done(&c->batches[0]);
    batch_done(&c->batches[1]);
    free(c);
}

void core_attach(struct core *c, struct intake *intake, struct push *push, struct console *console)
{
    c->intake = intake;
    c->push = push;
    c->console = console;
    if (push != NULL)
        atomic_store(&c->refill_failed, !refill_push(push, c->conf.store)); /* the last run's */
}

const struct engine *core_engine(const struct core *c)
{
    return c->engine;
}

void core_writer_stats(struct core *c, struct writer_stats *ret)
{
    writer_get_stats(c->writer, ret);
}

static void tell_line(struct core *c, const struct transition_line *line)
{
    char at[TCN_RFC3339_SIZE], text[LOG_LINE_MAX + 128];

    log_line(line->level, line->event, "%s", line->text);
    if (c->console == NULL)
        return;
    tcn_format_rfc3339(tcn_clock_now(c->conf.clock).wall_ms, c->conf.message->offset_min, at);
    (void)tcn_text_format(text, sizeof text, "%s %s %s", at, line->event, line->text);
    console_line(c->console, text);
}

/* A batch is on disk: now people may know. */
static void tell(struct core *c, const struct batch *b)
{
    const struct effects *e = &b->effects;
    struct transition_line line;

    for (uint32_t i = 0; i < e->alarm_count; i++) {
        transition_alarm(c->conf.message, &e->alarms[i], &line);
        tell_line(c, &line);
    }
    for (uint32_t i = 0; i < e->task_count; i++) {
        transition_task(c->conf.message, &e->tasks[i], &line);
        tell_line(c, &line);
    }
    for (uint32_t i = 0; c->console != NULL && i < e->reply_count; i++) {
        if (e->replies[i].origin != 0)
            console_reply(c->console, &e->replies[i]);
    }
}

static void take_written(struct core *c)
{
    struct batch *b = writer_take(c->writer);

    if (b == NULL)
        return;
    if (c->intake != NULL && b->ring != 0)
        intake_free_space(c->intake, b->ring_position);
    tell(c, b);
    batch_reset(b);
}

/* The engine could not keep what it decided: going on would lose it, a restart will not. */
static void check_memory(const struct core *c)
{
    if (!c->filling->effects.failed)
        return;
    log_line(LEVEL_ERROR, "out of memory", "ending, to start again from the committed state");
    log_stop();
    abort();
}

static void run(struct core *c, struct tcn_now now, const struct engine_event *event)
{
    engine_run(c->engine, now, event, &c->filling->effects);
    check_memory(c);
}

void core_command(struct core *c, const struct command *command)
{
    const struct engine_event event = { .kind = EVENT_COMMAND, .command = command };

    run(c, tcn_clock_now(c->conf.clock), &event);
    c->conf.wake(c->conf.arg);
}

static void take_record(struct core *c, const struct record *r)
{
    struct engine_event event = { .received_us = r->received_us };

    switch ((enum record_kind)r->kind) {
    case RECORD_READINGS:
        event.kind = EVENT_READINGS;
        event.readings.items = r->readings;
        event.readings.count = r->count;
        run(c, r->now, &event);
        break;
    case RECORD_COMMAND:
        event.kind = EVENT_COMMAND;
        event.command = &r->command;
        run(c, r->now, &event);
        break;
    case RECORD_REPLY:
        *effects_reply(&c->filling->effects) = r->refused;
        check_memory(c);
        break;
    }
}

static bool batch_full(const struct batch *b)
{
    const struct effects *e = &b->effects;

    return (uint64_t)e->alarm_count + e->task_count + e->notice_count + e->reply_count +
               e->point_count + e->value_count + e->object_count + e->heard_count >=
           BATCH_CHANGES_MAX;
}

/* Returns true if there is more to take. */
static bool take_records(struct core *c)
{
    const struct record *r;

    for (int i = 0; c->intake != NULL && i < RECORDS_PER_TURN; i++) {
        if (batch_full(c->filling))
            return false; /* the writer's wake-up goes on */
        r = intake_peek(c->intake);
        if (r == NULL)
            return false;
        take_record(c, r);
        intake_take(c->intake);
    }
    return c->intake != NULL && intake_peek(c->intake) != NULL;
}

static void take_delivered(struct core *c)
{
    uint64_t ids[DELIVERED_PER_TURN];
    uint32_t count;

    if (c->push == NULL)
        return;
    count = push_take_delivered(c->push, ids, DELIVERED_PER_TURN);
    if (batch_deliver(c->filling, ids, count) < 0)
        c->filling->effects.failed = true;
    check_memory(c);
}

/* The broker has lost what it kept for us: everything that stands is told again, as it is when the
 * batch is lent, so that no older state comes behind a newer one. */
static void restate(struct core *c)
{
    uint32_t count = engine_alarm_count(c->engine);
    struct batch *b = c->filling;

    c->restate = false;
    if (count == 0)
        return;
    b->standing = malloc(count * sizeof *b->standing);
    if (b->standing == NULL)
        b->effects.failed = true;
    check_memory(c);
    b->standing_count = count;
    for (uint32_t i = 0; i < count; i++)
        b->standing[i] = *engine_alarm_at(c->engine, i);
    log_line(LEVEL_NOTICE, "alarms restated",
             "count=%u reason=\"a new start, or upstream had no session\"", count);
}

/* Is there anything that needs a commit? Push that has fallen behind is refilled after one, so an
 * empty one will do. */
static bool worth_lending(const struct core *c, struct tcn_now now)
{
    uint64_t after;
    int64_t since_ms = now.mono_ms - c->committed_ms;

    if (!batch_empty(c->filling) || c->restate || since_ms >= IDLE_COMMIT_MS)
        return true;
    return c->push != NULL && push_wants(c->push, &after) &&
           (!atomic_load(&c->refill_failed) || since_ms >= REFILL_RETRY_MS);
}

static void lend(struct core *c, struct tcn_now now)
{
    if (!writer_idle(c->writer) || !worth_lending(c, now))
        return;
    if (c->restate)
        restate(c);
    c->filling->mono_ms = now.mono_ms;
    c->filling->wall_ms = now.wall_ms;
    c->filling->ring = c->intake == NULL ? 0 : intake_ring(c->intake);
    c->filling->ring_position = c->intake == NULL ? 0 : intake_position(c->intake);
    c->committed_ms = now.mono_ms;
    writer_submit(c->writer, c->filling);
    c->filling = c->filling == &c->batches[0] ? &c->batches[1] : &c->batches[0];
}

/* Timers, up to now; but those of a record that still waits come before it, later ones behind it. */
static void run_timers(struct core *c, struct tcn_now now)
{
    const struct record *waiting = c->intake == NULL ? NULL : intake_peek(c->intake);

    run(c, waiting != NULL && waiting->now.mono_ms < now.mono_ms ? waiting->now : now, NULL);
}

/* Records that changed nothing need no commit: once nothing else waits, their space is free. */
static void free_quiet(struct core *c)
{
    if (c->intake != NULL && batch_empty(c->filling) && writer_idle(c->writer))
        intake_free_space(c->intake, intake_position(c->intake));
}

/* When a turn is due by time alone. A deadline that nothing can be done about now would only make
 * the loop spin: while a record waits, P's or the writer's wake-up goes on, and while the writer is
 * busy nothing can be lent. */
static int64_t next_turn_ms(struct core *c)
{
    int64_t lend_ms;

    if (c->intake != NULL && intake_peek(c->intake) != NULL)
        return TCN_NEVER;
    if (!writer_idle(c->writer))
        return engine_deadline_ms(c->engine);
    lend_ms = c->committed_ms + (atomic_load(&c->refill_failed) ? REFILL_RETRY_MS : IDLE_COMMIT_MS);
    return engine_deadline_ms(c->engine) < lend_ms ? engine_deadline_ms(c->engine) : lend_ms;
}

int64_t core_turn(struct core *c, bool *ret_more)
{
    struct tcn_now now;

    take_written(c);
    take_delivered(c);
    *ret_more = take_records(c);
    if (c->push != NULL && push_take_session_lost(c->push))
        c->restate = true;
    now = tcn_clock_now(c->conf.clock);
    run_timers(c, now);
    lend(c, now);
    free_quiet(c);
    return next_turn_ms(c);
}

bool core_quiet(const struct core *c)
{
    return batch_empty(c->filling) && writer_idle(c->writer) &&
           (c->intake == NULL || intake_peek(c->intake) == NULL);
}

int core_drain(struct core *c, int64_t patience_ms, struct tcn_fail *reterr)
{
    int64_t until_us = tcn_clock_us() + patience_ms * 1000, left_us;
    bool more;

    do {
        left_us = until_us - tcn_clock_us();
        writer_wait(c->writer, left_us > 0 ? left_us / 1000 : 0);
        (void)core_turn(c, &more); /* the loop has ended: no deadline is waited for */
        if (core_quiet(c))
            return TCN_OK;
    } while (left_us > 0);
    return tcn_fail_set(reterr, TCN_EIO, "not everything could be committed within %lld ms",
                        (long long)patience_ms);
}
