/* push/push.c - see push.h.
 *
 * One lock for the queue and everything else; it is held for a copy of one message at most, and
 * never while anything of Paho is called: P takes it in callbacks, under Paho's lock. */
#define _GNU_SOURCE
#include "push/push.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "push/topic_queue.h"

#define STATUS_TOKEN UINT64_C(0)    /* else a token is the address of the message */
#define RETRY_US     INT64_C(10000) /* after Paho took nothing although it should */
#define LOG_EVERY_MS 10000

struct status {
    void *payload; /* NULL: none yet */
    size_t len;
    bool due, in_flight;
};

struct push {
    struct push_conf conf;
    struct link *link;
    pthread_t thread;
    struct log_limit refused_limit; /* under the lock, too */

    pthread_mutex_t lock;   /* all below */
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    struct topic_queue *queue;
    struct status status;
    bool up, closing, behind, session_lost;
    int64_t close_at_us, retry_at_us;
    uint64_t last_id;    /* the highest accepted */
    uint32_t in_flight;  /* rows */
    uint64_t *delivered; /* PUSH_DELIVERED_MAX */
    uint32_t delivered_count;
    struct push_stats stats;
};

static void wake_l(struct push *p)
{
    if (p->conf.wake != NULL)
        p->conf.wake(p->conf.arg);
}

static size_t memory_max(const struct push *p)
{
    return p->conf.memory_max > 0 ? p->conf.memory_max : PUSH_MEMORY_MAX;
}

/* Lock held. */
static bool wants(const struct push *p)
{
    return p->behind && !p->closing && topic_queue_counts(p->queue).bytes <= memory_max(p) / 2;
}

/* ---- what P tells -------------------------------------------------------------------------- */

/* Lock held. */
static void delivered(struct push *p, const struct queue_message *m)
{
    if (m->priority == 0 && m->received_us != 0) {
        p->stats.fire_count++;
        p->stats.fire_last_us = tcn_clock_us() - m->received_us;
        if (p->stats.fire_last_us > p->stats.fire_max_us)
            p->stats.fire_max_us = p->stats.fire_last_us;
    }
    assert(p->delivered_count < PUSH_DELIVERED_MAX); /* U leaves room for all that is under way */
    p->delivered[p->delivered_count++] = m->id;
    p->stats.delivered++;
    topic_queue_done(p->queue, m);
}

/* Lock held. Cut off: at once in the next connection; refused by a broker that is there: later. */
static void failed(struct push *p, const struct queue_message *m)
{
    char topic[LOG_QUOTE_SIZE];
    uint64_t held = 0;
    bool refused = p->up;
    bool allowed = refused && log_allow(&p->refused_limit, LOG_EVERY_MS, &held);
    int64_t rest_us;

    p->stats.failed++;
    if (allowed)
        (void)log_quote(m->topic, topic); /* the message may be gone after "back" */
    rest_us = topic_queue_back(p->queue, m, refused, tcn_clock_us());
    if (allowed)
        log_line(LEVEL_WARNING, "publish refused",
                 "connection=%s topic=%s more=%llu, retrying in %lld s: check the broker's access "
                 "rules and quotas",
                 p->conf.connection->name, topic, (unsigned long long)held,
                 (long long)(rest_us / 1000000));
}

static void on_sent(void *arg, uint64_t token, bool ok)
{
    struct push *p = arg;

    pthread_mutex_lock(&p->lock);
    if (token == STATUS_TOKEN) {
        p->status.in_flight = false;
    } else {
        const struct queue_message *m = (const struct queue_message *)(uintptr_t)token;

        p->in_flight--;
        if (ok)
            delivered(p, m);
        else
            failed(p, m);
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (ok) /* also for push_wants(): there is room by this only */
        wake_l(p);
}

static void on_up(void *arg, bool session_present)
{
    struct push *p = arg;

    pthread_mutex_lock(&p->lock);
    p->up = true;
    p->status.due = p->status.payload != NULL; /* the will may have been sent meanwhile */
    if (!session_present)
        p->session_lost = true;
    topic_queue_release(p->queue);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (!session_present)
        wake_l(p);
}

static void on_down(void *arg, const char *reason)
{
    struct push *p = arg;

    (void)reason; /* the link has logged it */
    pthread_mutex_lock(&p->lock);
    p->up = false;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void on_message(void *arg, const struct link_message *m)
{
    struct push *p = arg;

    if (p->conf.on_message != NULL)
        p->conf.on_message(p->conf.arg, m);
}

/* ---- thread U ------------------------------------------------------------------------------ */

/* Lock held; given up for the publish. */
static void publish_status(struct push *p)
{
    void *payload = p->closing ? NULL : malloc(p->status.len + 1);
    const void *bytes = p->conf.will_payload;
    size_t len = p->conf.will_len;
    int rc;

    if (!p->closing && payload == NULL) { /* out of memory: later */
        p->retry_at_us = tcn_clock_us() + RETRY_US;
        return;
    }
    if (!p->closing) {
        memcpy(payload, p->status.payload, p->status.len);
        bytes = payload;
        len = p->status.len;
    }
    p->status.due = false;
    p->status.in_flight = true;
    pthread_mutex_unlock(&p->lock);
    rc = link_publish(p->link, p->conf.status_topic, bytes, len, true, STATUS_TOKEN, NULL);
    free(payload);
    pthread_mutex_lock(&p->lock);
    if (rc == TCN_OK)
        return;
    p->status.in_flight = false;
    p->status.due = true;
    p->retry_at_us = tcn_clock_us() + RETRY_US;
}

/* Lock held; given up for the publish. */
static void publish_row(struct push *p, const struct queue_message *m)
{
    struct tcn_fail fail = { .code = TCN_OK, .text = "" };
    int rc;

    p->in_flight++;
    pthread_mutex_unlock(&p->lock);
    rc = link_publish(p->link, m->topic, m->payload, m->payload_len, m->retain,
                      (uint64_t)(uintptr_t)m, &fail);
    pthread_mutex_lock(&p->lock);
    if (rc == TCN_OK) /* m is perhaps gone already */
        return;
    p->in_flight--;
    if (rc == TCN_EAGAIN) {
        (void)topic_queue_back(p->queue, m, false, 0);
        p->retry_at_us = tcn_clock_us() + RETRY_US;
        return;
    }
    /* No broker would ever take it: it must not stop what is behind it. */
    log_line(LEVEL_ERROR, "publish impossible", "topic=%s error=\"%s\", dropping it", m->topic,
             fail.text);
    p->stats.failed++;
    p->delivered[p->delivered_count++] = m->id;
    topic_queue_done(p->queue, m);
}

/* Lock held. Room in the window, and for the ids of all that is under way. */
static bool may_send_row(const struct push *p)
{
    return !p->closing && p->in_flight < p->conf.connection->window &&
           p->delivered_count + p->in_flight < PUSH_DELIVERED_MAX;
}

/* Lock held. Waits for a change, at most until at_us. */
static void wait_until(struct push *p, int64_t at_us)
{
    struct timespec at = { .tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 };

    if (at_us == TCN_NEVER)
        (void)pthread_cond_wait(&p->changed, &p->lock);
    else
        (void)pthread_cond_timedwait(&p->changed, &p->lock, &at); /* the caller looks again */
}

static bool finished(const struct push *p, int64_t now_us)
{
    return p->closing && (!p->up || now_us >= p->close_at_us ||
                          (!p->status.due && !p->status.in_flight && p->in_flight == 0));
}

/* Lock held; given up meanwhile. Publishes one message or waits. */
static void step(struct push *p, int64_t now_us)
{
    const struct queue_message *m;
    int64_t until_us = p->closing ? p->close_at_us : TCN_NEVER;

    if (p->up && now_us < p->retry_at_us) {
        wait_until(p, p->retry_at_us < until_us ? p->retry_at_us : until_us);
        return;
    }
    if (p->up && p->status.due && !p->status.in_flight) {
        publish_status(p);
        return;
    }
    if (p->up && may_send_row(p)) {
        m = topic_queue_take(p->queue, now_us);
        if (m != NULL) {
            publish_row(p, m);
            return;
        }
        if (topic_queue_due_us(p->queue) < until_us)
            until_us = topic_queue_due_us(p->queue);
    }
    wait_until(p, until_us);
}

static void *u_main(void *arg)
{
    struct push *p = arg;
    int64_t now_us = tcn_clock_us();

    pthread_mutex_lock(&p->lock);
    while (!finished(p, now_us)) {
        step(p, now_us);
        now_us = tcn_clock_us();
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- rows in ------------------------------------------------------------------------------- */

/* Lock held. */
static int accept_row(struct push *p, const struct outbox_row *row)
{
    const struct queue_message m = {
        .id = row->id,
        .topic = row->topic,
        .payload = row->payload,
        .payload_len = row->payload_len,
        .retain = row->retain,
        .priority = row->priority,
        .received_us = row->received_us,
    };
    int rc;

    if (row->id <= p->last_id)
        return TCN_OK;
    rc = topic_queue_put(p->queue, &m);
    if (rc == TCN_OK)
        p->last_id = row->id;
    return rc;
}

/* The lock is given up between rows: P and U need it. */
static bool accept_rows(struct push *p, const struct outbox_row *rows, uint32_t count, bool refill)
{
    bool all = true;

    for (uint32_t i = 0; i < count && all; i++) {
        pthread_mutex_lock(&p->lock);
        all = (refill || !p->behind) && accept_row(p, &rows[i]) == TCN_OK;
        if (!all)
            p->behind = true;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
    }
    return all;
}

bool push_feed(struct push *p, const struct outbox_row *rows, uint32_t count)
{
    return accept_rows(p, rows, count, false);
}

bool push_wants(struct push *p, uint64_t *ret_after)
{
    bool yes;

    pthread_mutex_lock(&p->lock);
    yes = wants(p);
    if (yes)
        *ret_after = p->last_id;
    pthread_mutex_unlock(&p->lock);
    return yes;
}

bool push_refill(struct push *p, const struct outbox_row *rows, uint32_t count, bool complete)
{
    bool all = accept_rows(p, rows, count, true);

    if (all && complete) {
        pthread_mutex_lock(&p->lock);
        p->behind = false;
        pthread_mutex_unlock(&p->lock);
    }
    return all;
}

int push_status(struct push *p, const void *payload, size_t len)
{
    void *copy = malloc(len + 1);

    if (copy == NULL)
        return TCN_ENOMEM;
    memcpy(copy, payload, len);
    pthread_mutex_lock(&p->lock);
    free(p->status.payload);
    p->status.payload = copy;
    p->status.len = len;
    p->status.due = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return TCN_OK;
}

/* ---- results out --------------------------------------------------------------------------- */

uint32_t push_take_delivered(struct push *p, uint64_t *ids, uint32_t max)
{
    uint32_t n;

    pthread_mutex_lock(&p->lock);
    n = p->delivered_count < max ? p->delivered_count : max;
    memcpy(ids, p->delivered, n * sizeof *ids);
    p->delivered_count -= n;
    memmove(p->delivered, p->delivered + n, p->delivered_count * sizeof *ids);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return n;
}

bool push_take_session_lost(struct push *p)
{
    bool lost;

    pthread_mutex_lock(&p->lock);
    lost = p->session_lost;
    p->session_lost = false;
    pthread_mutex_unlock(&p->lock);
    return lost;
}

void push_get_stats(struct push *p, struct push_stats *ret)
{
    struct link_stats link = { .state = LINK_WAITING };
    struct topic_queue_counts counts;

    if (p->link != NULL)
        link_get_stats(p->link, &link);
    pthread_mutex_lock(&p->lock);
    counts = topic_queue_counts(p->queue);
    *ret = p->stats;
    ret->waiting = counts.waiting;
    ret->in_flight = p->in_flight;
    ret->bytes = counts.bytes;
    ret->behind = p->behind;
    pthread_mutex_unlock(&p->lock);
    ret->link = link;
}

/* ---- open and close ------------------------------------------------------------------------ */

static int init_lock(struct push *p)
{
    pthread_condattr_t attr;
    int rc;

    if (pthread_mutex_init(&p->lock, NULL) != 0)
        return TCN_ENOMEM;
    rc = pthread_condattr_init(&attr);
    if (rc == 0) {
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* can't fail for this clock */
        rc = pthread_cond_init(&p->changed, &attr);
        (void)pthread_condattr_destroy(&attr);
    }
    if (rc == 0)
        return TCN_OK;
    pthread_mutex_destroy(&p->lock);
    return TCN_ENOMEM;
}

static struct push *push_new(const struct push_conf *conf)
{
    struct push *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->conf = *conf;
    p->behind = true;
    if (init_lock(p) < 0) {
        free(p);
        return NULL;
    }
    p->delivered = calloc(PUSH_DELIVERED_MAX, sizeof *p->delivered);
    if (p->delivered == NULL || topic_queue_new(memory_max(p), &p->queue) < 0) {
        push_free(p);
        return NULL;
    }
    return p;
}

static int open_link(struct push *p, struct tcn_fail *reterr)
{
    const struct link_conf conf = {
        .connection = p->conf.connection,
        .filters = p->conf.filters,
        .qos = p->conf.qos,
        .filter_count = p->conf.filter_count,
        .will_topic = p->conf.status_topic,
        .will_payload = p->conf.will_payload,
        .will_len = p->conf.will_len,
        .events = { .arg = p,
                    .on_message = on_message,
                    .on_up = on_up,
                    .on_down = on_down,
                    .on_sent = on_sent },
    };

    return link_open(&conf, &p->link, reterr);
}

int push_open(const struct push_conf *conf, struct push **ret, struct tcn_fail *reterr)
{
    struct push *p = push_new(conf);
    int rc;

    if (p == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the outbox");
    rc = open_link(p, reterr);
    if (rc < 0)
        goto fail;
    rc = pthread_create(&p->thread, NULL, u_main, p);
    if (rc != 0) {
        rc = tcn_fail_set(reterr, TCN_EIO, "can't start the thread that publishes: %s",
                          strerror(rc));
        goto fail_link;
    }
    *ret = p;
    return TCN_OK;

fail_link:
    link_close(p->link, 0);
    p->link = NULL;
fail:
    push_free(p);
    return rc;
}

void push_close(struct push *p, int timeout_ms)
{
    int64_t left_ms;

    if (p == NULL || p->link == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    p->close_at_us = tcn_clock_us() + timeout_ms * INT64_C(1000);
    p->status.due = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);

    (void)pthread_join(p->thread, NULL); /* ours, joined once; it ends by its own clock */
    left_ms = (p->close_at_us - tcn_clock_us()) / 1000;
    link_close(p->link, left_ms > 0 ? (int)left_ms : 0);
    p->link = NULL;
}

void push_free(struct push *p)
{
    if (p == NULL)
        return;
    assert(p->link == NULL); /* push_close() comes first */
    topic_queue_free(p->queue);
    free(p->status.payload);
    free(p->delivered);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
