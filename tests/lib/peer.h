/* tests/lib/peer.h - a link with everything that happened to it, for tests: waits with deadlines.
 * Header only, because only tests that link Paho can have it. */
#ifndef TOCSIN_TESTS_LIB_PEER_H
#define TOCSIN_TESTS_LIB_PEER_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "link/link.h"

#define PEER_MESSAGES_MAX 4096
#define PEER_TOKENS_MAX   4096
#define PEER_WAIT_MS      15000

struct peer_message {
    char topic[128];
    char payload[128];
    size_t payload_len;
    bool retained;
    int64_t at_us;
};

struct peer {
    struct link *link;
    struct connection_conf connection;
    struct link_conf conf;
    char url[64];
    const char *filters[4];
    uint8_t qos[4];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct peer_message messages[PEER_MESSAGES_MAX];
    uint32_t message_count, ups, downs;
    bool session_present;
    uint8_t ok[PEER_TOKENS_MAX], failed[PEER_TOKENS_MAX]; /* on_sent calls by token */
    uint32_t ok_count, failed_count, ended_count;
};

static void peer_on_message(void *arg, const struct link_message *m)
{
    struct peer *p = arg;

    pthread_mutex_lock(&p->lock);
    if (p->message_count < PEER_MESSAGES_MAX) {
        struct peer_message *e = &p->messages[p->message_count++];
        (void)snprintf(e->topic, sizeof e->topic, "%.*s", (int)m->topic_len, m->topic);
        (void)snprintf(e->payload, sizeof e->payload, "%.*s", (int)m->payload_len,
                       m->payload_len > 0 ? (const char *)m->payload : "");
        e->payload_len = m->payload_len;
        e->retained = m->retained;
        e->at_us = tcn_clock_us();
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void peer_on_up(void *arg, bool session_present)
{
    struct peer *p = arg;

    pthread_mutex_lock(&p->lock);
    p->ups++;
    p->session_present = session_present;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void peer_on_down(void *arg, const char *reason)
{
    struct peer *p = arg;

    (void)reason;
    pthread_mutex_lock(&p->lock);
    p->downs++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void peer_on_sent(void *arg, uint64_t token, bool ok)
{
    struct peer *p = arg;

    pthread_mutex_lock(&p->lock);
    if (token < PEER_TOKENS_MAX) {
        if (ok)
            p->ok[token]++, p->ok_count++;
        else
            p->failed[token]++, p->failed_count++;
        p->ended_count++;
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* A peer for the broker at host:port, not yet opened: change conf and connection, then open. */
static inline struct peer *peer_new(const char *host, uint16_t port, const char *client_id,
                                    int mqtt_version)
{
    struct peer *p = calloc(1, sizeof *p);
    pthread_condattr_t attr;

    if (p == NULL)
        abort();
    (void)snprintf(p->url, sizeof p->url, "mqtt://%s:%u", host, port);
    p->connection = (struct connection_conf){
        .name = client_id,
        .url = p->url,
        .host = host,
        .port = port,
        .mqtt_version = mqtt_version,
        .client_id = client_id,
        .keep_alive_ms = 30000,
        .session_expiry_ms = 3600000,
        .backoff_min_ms = 100,
        .backoff_max_ms = 500,
        .window = 100,
    };
    p->conf = (struct link_conf){
        .connection = &p->connection,
        .filters = p->filters,
        .qos = p->qos,
        .events = { .arg = p,
                    .on_message = peer_on_message,
                    .on_up = peer_on_up,
                    .on_down = peer_on_down,
                    .on_sent = peer_on_sent },
    };
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attr);
    pthread_condattr_destroy(&attr);
    return p;
}

static inline void peer_filter(struct peer *p, const char *filter)
{
    p->filters[p->conf.filter_count] = filter;
    p->qos[p->conf.filter_count++] = 1;
}

static inline void peer_free(struct peer *p)
{
    link_close(p->link, 2000);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* Waits until *counter, one of p's, is at least n. False: it took too long. */
static inline bool peer_wait(struct peer *p, const uint32_t *counter, uint32_t n)
{
    struct timespec until;
    bool ok;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PEER_WAIT_MS / 1000;
    pthread_mutex_lock(&p->lock);
    while (*counter < n && rc == 0)
        rc = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    ok = *counter >= n;
    pthread_mutex_unlock(&p->lock);
    return ok;
}

/* Publishes, waiting while the link is down or its window full. */
static inline bool peer_publish(struct peer *p, const char *topic, const char *payload,
                                uint64_t token)
{
    const struct timespec step = { .tv_nsec = 2000000 };

    for (int i = 0; i < PEER_WAIT_MS / 2; i++) {
        int rc = link_publish(p->link, topic, payload, strlen(payload), false, token, NULL);
        if (rc != TCN_EAGAIN)
            return rc == TCN_OK;
        (void)nanosleep(&step, NULL);
    }
    return false;
}

/* Waits until stats.failures is at least n. */
static inline bool peer_wait_failures(struct peer *p, uint64_t n, struct link_stats *ret)
{
    const struct timespec step = { .tv_nsec = 5000000 };

    for (int i = 0; i < PEER_WAIT_MS / 5; i++) {
        link_get_stats(p->link, ret);
        if (ret->failures >= n)
            return true;
        (void)nanosleep(&step, NULL);
    }
    return false;
}

#endif
