#define _GNU_SOURCE
#include "app/writer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define RETRY_MS           200
#define RETRY_LOG_EVERY_MS 10000

enum phase { PHASE_IDLE, PHASE_LENT, PHASE_COMMITTED };

struct writer {
    struct writer_conf conf;
    struct outgoing outgoing; /* S only */
    struct log_limit log_limit;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    enum phase phase;       /* by lock, as all below */
    struct batch *batch;
    bool stopping;
    struct writer_stats stats;
};

void batch_reset(struct batch *b)
{
    effects_reset(&b->effects);
    b->delivered_count = 0;
    free(b->standing);
    b->standing = NULL;
    b->standing_count = 0;
}

void batch_done(struct batch *b)
{
    batch_reset(b);
    effects_done(&b->effects);
    free(b->delivered);
    *b = (struct batch){ 0 };
}

bool batch_empty(const struct batch *b)
{
    return effects_empty(&b->effects) && b->delivered_count == 0 && b->standing_count == 0;
}

int batch_deliver(struct batch *b, const uint64_t *ids, uint32_t count)
{
    if (b->delivered_count + count > b->delivered_cap) {
        uint32_t cap = (b->delivered_count + count) * 2;
        uint64_t *delivered = realloc(b->delivered, cap * sizeof *delivered);

        if (delivered == NULL)
            return TCN_ENOMEM;
        b->delivered = delivered;
        b->delivered_cap = cap;
    }
    for (uint32_t i = 0; i < count; i++)
        b->delivered[b->delivered_count++] = ids[i];
    return TCN_OK;
}

static struct timespec after_ms(int64_t ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static int write_once(struct writer *w, struct batch *b, struct tcn_fail *reterr)
{
    struct store_batch out = { .effects = &b->effects,
                               .delivered = b->delivered,
                               .delivered_count = b->delivered_count,
                               .mono_ms = b->mono_ms,
                               .wall_ms = b->wall_ms,
                               .ring = b->ring,
                               .ring_position = b->ring_position };
    int rc;

    /* Rows keep the ids that a failed commit gave them: they are built once a batch. */
    if (w->outgoing.count == 0) {
        rc = outgoing_build(&w->outgoing, w->conf.message, &b->effects, w->conf.store, b->wall_ms,
                            reterr);
        if (rc == TCN_OK)
            rc = outgoing_standing(&w->outgoing, w->conf.message, b->standing, b->standing_count,
                                   b->wall_ms, reterr);
        if (rc < 0) {
            outgoing_reset(&w->outgoing);
            return rc;
        }
    }
    out.rows = w->outgoing.rows;
    out.row_count = w->outgoing.count;
    return store_commit(w->conf.store, &out, reterr);
}

/* Notes the failure and waits a little. False when it is time to give up. */
static bool wait_to_retry(struct writer *w, const struct tcn_fail *fail)
{
    struct timespec until = after_ms(RETRY_MS);
    uint64_t held;
    bool again;

    if (log_allow(&w->log_limit, RETRY_LOG_EVERY_MS, &held)) {
        char quoted[LOG_QUOTE_SIZE];

        log_line(LEVEL_ERROR, "commit failed", "error=%s text=%s repeats=%llu, retrying in %d ms",
                 tcn_err_word(fail->code), log_quote(fail->text, quoted), (unsigned long long)held,
                 RETRY_MS);
    }
    pthread_mutex_lock(&w->lock);
    w->stats.failures++;
    if (w->stats.failing_since_us == 0)
        w->stats.failing_since_us = tcn_clock_us();
    while (!w->stopping && pthread_cond_timedwait(&w->changed, &w->lock, &until) != ETIMEDOUT)
        ;
    again = !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return again;
}

/* The batch and the database contradict each other: no retry can help, but a new start from the
 * committed state can. */
static void give_up(const struct tcn_fail *fail)
{
    char quoted[LOG_QUOTE_SIZE];

    log_line(LEVEL_ERROR, "commit impossible",
             "error=%s text=%s, ending to start again from the committed state",
             tcn_err_word(fail->code), log_quote(fail->text, quoted));
    log_stop();
    abort();
}

/* Until it is committed; false if the writer was stopped before. */
static bool write_batch(struct writer *w, struct batch *b)
{
    struct tcn_fail fail;

    while (write_once(w, b, &fail) < 0) {
        if (fail.code == TCN_ECORRUPT)
            give_up(&fail);
        if (!wait_to_retry(w, &fail))
            return false;
    }
    w->conf.committed(w->conf.arg, w->outgoing.rows, w->outgoing.count);
    return true;
}

static void *run(void *arg)
{
    struct writer *w = arg;

    for (;;) {
        struct batch *b;
        bool ok;

        pthread_mutex_lock(&w->lock);
        while (w->phase != PHASE_LENT && !w->stopping)
            pthread_cond_wait(&w->changed, &w->lock);
        b = w->phase == PHASE_LENT ? w->batch : NULL;
        pthread_mutex_unlock(&w->lock);
        if (b == NULL)
            return NULL;
        ok = write_batch(w, b);
        pthread_mutex_lock(&w->lock);
        if (ok) {
            w->phase = PHASE_COMMITTED;
            w->stats.commits++;
            w->stats.rows += w->outgoing.count;
            w->stats.failing_since_us = 0;
        }
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        outgoing_reset(&w->outgoing);
        if (!ok)
            return NULL;
        w->conf.wake(w->conf.arg);
    }
}

int writer_new(const struct writer_conf *conf, struct writer **ret, struct tcn_fail *reterr)
{
    struct writer *w = calloc(1, sizeof *w);
    pthread_condattr_t attr;

    if (w == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the writer");
    w->conf = *conf;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&w->thread, NULL, run, w) != 0) {
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return tcn_fail_set(reterr, TCN_EIO, "the writer's thread can't be started");
    }
    (void)pthread_setname_np(w->thread, "tocsin-store"); /* only for people who look */
    *ret = w;
    return TCN_OK;
}

void writer_free(struct writer *w, int64_t patience_ms)
{
    if (w == NULL)
        return;
    writer_wait(w, patience_ms);
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    outgoing_done(&w->outgoing);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void writer_submit(struct writer *w, struct batch *b)
{
    pthread_mutex_lock(&w->lock);
    assert(w->phase == PHASE_IDLE);
    w->batch = b;
    w->phase = PHASE_LENT;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

bool writer_idle(struct writer *w)
{
    bool idle;

    pthread_mutex_lock(&w->lock);
    idle = w->phase == PHASE_IDLE;
    pthread_mutex_unlock(&w->lock);
    return idle;
}

struct batch *writer_take(struct writer *w)
{
    struct batch *b = NULL;

    pthread_mutex_lock(&w->lock);
    if (w->phase == PHASE_COMMITTED) {
        b = w->batch;
        w->batch = NULL;
        w->phase = PHASE_IDLE;
    }
    pthread_mutex_unlock(&w->lock);
    return b;
}

void writer_wait(struct writer *w, int64_t patience_ms)
{
    struct timespec until = after_ms(patience_ms);

    pthread_mutex_lock(&w->lock);
    while (w->phase == PHASE_LENT &&
           pthread_cond_timedwait(&w->changed, &w->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&w->lock);
}

void writer_get_stats(struct writer *w, struct writer_stats *ret)
{
    pthread_mutex_lock(&w->lock);
    *ret = w->stats;
    pthread_mutex_unlock(&w->lock);
}
