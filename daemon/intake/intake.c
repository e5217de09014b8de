/* intake/intake.c - see intake.h. */
#define _GNU_SOURCE
#include "intake/intake.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "intake/filters.h"
#include "intake/rejects.h"
#include "intake/ring_file.h"

#define COMMAND_FILTERS   2
#define FULL_STEP_NS      20000000 /* a wait on the full ring looks again at least this often */
#define FULL_LOG_EVERY_MS 10000

struct intake {
    struct intake_conf conf;
    struct mapper *mapper;  /* P */
    struct command command; /* P: scratch */
    struct rejects *rejects;
    struct ring_file file;
    struct filters device_filters, command_filters;
    struct buf command_text[COMMAND_FILTERS];

    pthread_mutex_t lock; /* for the wait only; never held while working */
    pthread_cond_t space;
    _Atomic bool waiting, stopped;
    struct log_limit full_limit; /* P */

    _Atomic uint64_t messages, readings, commands, rejected, ignored, ring_waits, repeats;
};

static void count(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* ---- the ring ------------------------------------------------------------------------------ */

/* The ring is full: P waits, and the broker keeps what comes after. */
static void *wait_for_space(struct intake *in, uint32_t len)
{
    uint64_t held;
    void *space;

    count(&in->ring_waits, 1);
    if (log_allow(&in->full_limit, FULL_LOG_EVERY_MS, &held))
        log_line(LEVEL_WARNING, "ring full",
                 "bytes=%zu more=%llu, waiting for the engine: the broker keeps what follows",
                 ring_used(&in->file.ring), (unsigned long long)held);

    pthread_mutex_lock(&in->lock);
    atomic_store(&in->waiting, true);
    while ((space = ring_reserve(&in->file.ring, len)) == NULL && !atomic_load(&in->stopped)) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += FULL_STEP_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&in->space, &in->lock, &until); /* then looks again */
    }
    atomic_store(&in->waiting, false);
    pthread_mutex_unlock(&in->lock);
    return space;
}

/* Space for a record with a body of len bytes, its head filled; NULL only when stopped. */
static struct record *record_new(struct intake *in, enum record_kind kind, uint32_t readings,
                                 size_t body_len, const struct tcn_now *now, int64_t received_us)
{
    uint32_t len = (uint32_t)(offsetof(struct record, readings) + body_len);
    struct record *r = ring_reserve(&in->file.ring, len);

    if (r == NULL)
        r = wait_for_space(in, len);
    if (r == NULL) {
        log_line(LEVEL_WARNING, "message lost", "reason=\"the ring is full at shutdown\"");
        return NULL;
    }
    r->now = *now;
    r->received_us = received_us;
    r->kind = kind;
    r->count = readings;
    return r;
}

/* key: of the delivery, 0: none. Noted only once the record is in: a kill in between makes a
 * double of what is told again, the other way round it would make a loss. */
static void record_done(struct intake *in, int64_t mono_ms, uint64_t key)
{
    ring_commit(&in->file.ring);
    ring_file_set_last_ms(&in->file, mono_ms);
    if (key != 0)
        ring_file_note_delivered(&in->file, key);
    if (in->conf.wake != NULL)
        in->conf.wake(in->conf.wake_arg);
}

const struct record *intake_peek(struct intake *in)
{
    uint32_t len;

    return ring_peek(&in->file.ring, &len);
}

void intake_take(struct intake *in)
{
    ring_take(&in->file.ring);
}

uint64_t intake_position(const struct intake *in)
{
    return ring_position(&in->file.ring);
}

uint64_t intake_ring(const struct intake *in)
{
    return in->file.id;
}

int64_t intake_last_ms(const struct intake *in)
{
    return ring_file_last_ms(&in->file);
}

void intake_free_space(struct intake *in, uint64_t position)
{
    ring_free(&in->file.ring, position);
    if (!atomic_load(&in->waiting))
        return;
    pthread_mutex_lock(&in->lock);
    pthread_cond_signal(&in->space);
    pthread_mutex_unlock(&in->lock);
}

void intake_stop(struct intake *in)
{
    atomic_store(&in->stopped, true);
    pthread_mutex_lock(&in->lock);
    pthread_cond_signal(&in->space);
    pthread_mutex_unlock(&in->lock);
}

/* What a delivery is known by when it is repeated; 0 for QoS 0, which is not. Commands need none:
 * a repeated commandId is answered as before. */
static uint64_t delivery_key(const struct link_message *m)
{
    uint64_t key;

    if (m->packet_id == 0)
        return 0;
    key = tcn_hash(TCN_HASH_SEED, &m->packet_id, sizeof m->packet_id);
    key = tcn_hash(key, m->topic, m->topic_len);
    key = tcn_hash(key, m->payload, m->payload_len);
    return key == 0 ? 1 : key;
}

/* True if its record is in the ring already: our acknowledgement did not reach the broker. */
static bool seen_before(struct intake *in, const struct link_message *m, uint64_t key)
{
    if (!m->repeated || key == 0 || !ring_file_was_delivered(&in->file, key))
        return false;
    count(&in->repeats, 1);
    return true;
}

/* ---- device messages ----------------------------------------------------------------------- */

static void reject(struct intake *in, uint32_t row, enum reject_reason reason, const char *detail,
                   const struct link_message *m, int64_t wall_ms)
{
    const struct sources *s = in->conf.sources;
    const char *name = row < s->count ? s->items[row].name : row == s->count ? "commands" : "-";

    count(&in->rejected, 1);
    reject_add(in->rejects, row, name, reason, detail, m, wall_ms);
}

/* The first source that takes this topic, or sources->count + 1. */
static uint32_t source_of(const struct intake *in, const struct link_message *m)
{
    const struct sources *s = in->conf.sources;

    for (uint32_t i = 0; i < s->count; i++)
        if (topic_match(&s->items[i].topic, m->topic, m->topic_len, NULL))
            return i;
    return s->count + 1u;
}

/* Nothing came out of a message. That is fine if a source skipped it, or if we had to ask for more
 * than a source's pattern takes ("a/{x...}/state" needs "a/#"); else nobody asked for it. */
static void nothing(struct intake *in, const struct link_message *m, int64_t wall_ms)
{
    if (filters_match(&in->device_filters, m->topic, m->topic_len))
        count(&in->ignored, 1);
    else
        reject(in, in->conf.sources->count + 1u, REJECT_NO_SOURCE,
               "no source asks for this topic: an old subscription of this client id?", m, wall_ms);
}

void intake_device_message(void *arg, const struct link_message *m)
{
    struct intake *in = arg;
    const struct tcn_now now = tcn_clock_now(in->conf.clock);
    const int64_t received_us = tcn_clock_us();
    const struct mapping_message message = {
        .topic = m->topic,
        .topic_len = m->topic_len,
        .payload = m->payload,
        .payload_len = m->payload_len,
        .retained = m->retained,
        .wall_ms = now.wall_ms,
    };
    const uint64_t key = delivery_key(m);
    struct mapping_result result;
    struct record *r;

    count(&in->messages, 1);
    if (seen_before(in, m, key))
        return;
    mapper_run(in->mapper, in->conf.sources, &message, &result);
    if (result.rejected && result.reason != REJECT_NO_SOURCE)
        reject(in, source_of(in, m), result.reason, result.detail, m, now.wall_ms);
    else if (result.count == 0)
        nothing(in, m, now.wall_ms);
    if (result.count == 0)
        return;

    r = record_new(in, RECORD_READINGS, result.count, result.count * sizeof(struct reading), &now,
                   received_us);
    if (r == NULL)
        return;
    memcpy(r->readings, result.readings, result.count * sizeof(struct reading));
    count(&in->readings, result.count);
    record_done(in, now.mono_ms, key);
}

void intake_device_up(void *arg, bool session_present)
{
    struct intake *in = arg;

    /* A new session counts its packet ids from the start: what is known of the old ones would take
     * a new message for a repeated one. */
    if (!session_present)
        ring_file_forget_delivered(&in->file);
}

/* ---- commands ------------------------------------------------------------------------------ */

/* Reads the command into in->command. On failure *fail says why and in->command.id is what is
 * known of the id, perhaps "". */
static int read_command(struct intake *in, const struct link_message *m, struct tcn_fail *fail)
{
    const struct message_context *c = in->conf.message;
    enum party_kind kind = PARTY_NONE;
    uint32_t party = REGISTRY_NONE;
    int party_rc = topic_command_party(c, m->topic, m->topic_len, &kind, &party);
    int rc;

    memset(&in->command, 0, sizeof in->command);
    if (m->payload_len > INTAKE_COMMAND_MAX)
        return tcn_fail_set(fail, TCN_EINPUT, "a command has at most %d bytes, this has %zu",
                            INTAKE_COMMAND_MAX, m->payload_len);
    rc = message_read_command(c, m->payload, m->payload_len, kind, party, &in->command, fail);
    if (party_rc < 0) /* read nevertheless, for the id */
        return tcn_fail_set(fail, TCN_EDENIED, "nobody by the name at the end of this topic");
    if (m->retained)
        return tcn_fail_set(fail, TCN_EINPUT,
                            "retained commands are refused: publish it without the retain flag");
    return rc;
}

static void refuse_command(struct intake *in, const struct link_message *m,
                           const struct tcn_fail *fail, const struct tcn_now *now,
                           int64_t received_us)
{
    struct record *r;

    reject(in, in->conf.sources->count, REJECT_BAD_COMMAND, fail->text, m, now->wall_ms);
    if (in->command.id[0] == '\0')
        return; /* nobody could recognise the answer */
    r = record_new(in, RECORD_REPLY, 0, sizeof r->refused, now, received_us);
    if (r == NULL)
        return;
    memset(&r->refused, 0, sizeof r->refused);
    memcpy(r->refused.id, in->command.id, sizeof r->refused.id);
    r->refused.repeated = true; /* nothing was done: an earlier answer under this id stands */
    r->refused.error = fail->code;
    (void)tcn_text_copy(r->refused.text, sizeof r->refused.text, fail->text); /* cut is fine */
    r->refused.wall_ms = now->wall_ms;
    r->refused.mono_ms = now->mono_ms;
    record_done(in, now->mono_ms, 0);
}

void intake_command_message(void *arg, const struct link_message *m)
{
    struct intake *in = arg;
    const struct tcn_now now = tcn_clock_now(in->conf.clock);
    const int64_t received_us = tcn_clock_us();
    struct tcn_fail fail = { .code = TCN_OK, .text = "" };
    struct record *r;

    count(&in->messages, 1);
    if (!filters_match(&in->command_filters, m->topic, m->topic_len)) {
        reject(in, in->conf.sources->count + 1u, REJECT_NO_SOURCE,
               "not a topic for commands: an old subscription of this client id?", m, now.wall_ms);
        return;
    }
    if (read_command(in, m, &fail) < 0) {
        refuse_command(in, m, &fail, &now, received_us);
        return;
    }
    in->command.origin = 0;
    r = record_new(in, RECORD_COMMAND, 0, sizeof r->command, &now, received_us);
    if (r == NULL)
        return;
    r->command = in->command;
    count(&in->commands, 1);
    record_done(in, now.mono_ms, 0);
}

/* ---- new and free -------------------------------------------------------------------------- */

static int add_filters(struct intake *in)
{
    const struct sources *s = in->conf.sources;

    if (filters_init(&in->device_filters, s->count) < 0 ||
        filters_init(&in->command_filters, COMMAND_FILTERS) < 0)
        return TCN_ENOMEM;
    for (uint32_t i = 0; i < s->count; i++)
        filters_add(&in->device_filters, s->items[i].topic.filter, s->items[i].qos > 0 ? 1 : 0);
    for (int i = 0; i < COMMAND_FILTERS; i++) {
        topic_commands_filter(in->conf.message, i, &in->command_text[i]);
        if (in->command_text[i].failed)
            return TCN_ENOMEM;
        filters_add(&in->command_filters, in->command_text[i].bytes, 1);
    }
    return TCN_OK;
}

static int init_wait(struct intake *in)
{
    pthread_condattr_t attr;

    if (pthread_mutex_init(&in->lock, NULL) != 0)
        return TCN_ENOMEM;
    if (pthread_condattr_init(&attr) != 0)
        goto fail_mutex;
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* can't fail for this clock */
    if (pthread_cond_init(&in->space, &attr) != 0)
        goto fail_attr;
    (void)pthread_condattr_destroy(&attr);
    return TCN_OK;

fail_attr:
    (void)pthread_condattr_destroy(&attr);
fail_mutex:
    pthread_mutex_destroy(&in->lock);
    return TCN_ENOMEM;
}

int intake_new(const struct intake_conf *conf, struct intake **ret, struct tcn_fail *reterr)
{
    const struct mapper_conf mapper = { .metrics = conf->metrics,
                                        .registry = conf->registry,
                                        .offset_min = conf->message->offset_min };
    const struct ring_file_conf ring = { .path = conf->ring_path,
                                         .capacity = INTAKE_RING_BYTES,
                                         .fingerprint = conf->fingerprint,
                                         .committed_ring = conf->committed_ring,
                                         .committed_position = conf->committed_position };
    struct intake *in = calloc(1, sizeof *in);
    int rc;

    if (in == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the intake");
    in->conf = *conf;
    if (init_wait(in) < 0) {
        free(in);
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the intake");
    }
    rc = ring_file_open(&ring, &in->file, reterr);
    if (rc < 0) {
        intake_free(in);
        return rc;
    }
    if (in->file.aside[0] != '\0')
        log_line(LEVEL_WARNING, "ring set aside", "path=%s reason=\"%s\"", conf->ring_path,
                 in->file.aside);
    if (mapper_new(&mapper, &in->mapper) < 0 ||
        rejects_new(conf->sources->count + 2u, &in->rejects) < 0 || add_filters(in) < 0) {
        intake_free(in);
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the intake");
    }
    *ret = in;
    return TCN_OK;
}

void intake_free(struct intake *in)
{
    if (in == NULL)
        return;
    rejects_free(in->rejects);
    if (in->mapper != NULL)
        mapper_free(in->mapper);
    filters_done(&in->device_filters);
    filters_done(&in->command_filters);
    for (int i = 0; i < COMMAND_FILTERS; i++)
        buf_done(&in->command_text[i]);
    pthread_cond_destroy(&in->space);
    pthread_mutex_destroy(&in->lock);
    ring_file_close(&in->file);
    free(in);
}

/* ---- what others ask ----------------------------------------------------------------------- */

void intake_device_filters(const struct intake *in, const char *const **ret_filters,
                           const uint8_t **ret_qos, uint32_t *ret_count)
{
    *ret_filters = in->device_filters.items;
    *ret_qos = in->device_filters.qos;
    *ret_count = in->device_filters.count;
}

void intake_command_filters(const struct intake *in, const char *const **ret_filters,
                            const uint8_t **ret_qos, uint32_t *ret_count)
{
    *ret_filters = in->command_filters.items;
    *ret_qos = in->command_filters.qos;
    *ret_count = in->command_filters.count;
}

uint32_t intake_rejects(struct intake *in, struct reject *out, uint32_t max)
{
    return rejects_copy(in->rejects, out, max);
}

uint64_t intake_rejected(struct intake *in, uint32_t source, enum reject_reason reason)
{
    return rejects_count(in->rejects, source, reason);
}

void intake_get_stats(struct intake *in, struct intake_stats *ret)
{
    ret->messages = atomic_load_explicit(&in->messages, memory_order_relaxed);
    ret->readings = atomic_load_explicit(&in->readings, memory_order_relaxed);
    ret->commands = atomic_load_explicit(&in->commands, memory_order_relaxed);
    ret->rejected = atomic_load_explicit(&in->rejected, memory_order_relaxed);
    ret->ignored = atomic_load_explicit(&in->ignored, memory_order_relaxed);
    ret->ring_waits = atomic_load_explicit(&in->ring_waits, memory_order_relaxed);
    ret->repeats = atomic_load_explicit(&in->repeats, memory_order_relaxed);
    ret->ring_used = ring_used(&in->file.ring);
    for (int i = 0; i < REJECT_REASON_COUNT; i++)
        ret->rejected_by_reason[i] = rejects_total(in->rejects, (enum reject_reason)i);
}
