/* link/link.h - one MQTT connection that stays up: Paho MQTTAsync behind it, names resolved by a
 * helper thread, TLS, TCP_NODELAY, persistent session, last will, re-subscription, jittered
 * back-off.
 *
 * Threads: link_open/link_close on L. Callbacks: on_message, on_up, on_down, on_sent run on
 *          Paho's threads (P; on_down may run on the link's helper, too), holding Paho's lock: they
 *          may not call link_* except link_get_stats, not touch a disk and not wait for anyone who
 *          calls Paho (design, section 7). link_publish: one thread (U).
 * Limits:  RESOLVE_NAMES_MAX host names in the life of the process; `window` publishes of a link
 *          are unacknowledged at most.
 * Paho's blocking getaddrinfo is kept away: see link/resolve.h. */
#ifndef TOCSIN_LINK_LINK_H
#define TOCSIN_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/connection.h"

struct link;

struct link_message {
    const char *topic;
    size_t topic_len;
    const void *payload;
    size_t payload_len;
    bool retained;
    bool repeated;      /* the broker may have sent it before (DUP) */
    uint16_t packet_id; /* 0 with QoS 0 */
};

struct link_events { /* arg is passed to each; all may be NULL */
    void *arg;
    /* A message came in; it is acknowledged when this returns. */
    void (*on_message)(void *arg, const struct link_message *m);
    /* Connected, and the broker has answered the subscription. session_present: it knew us. A
     * filter that it refused is logged as an error and stands in stats.last_error; the others and
     * publishing work. */
    void (*on_up)(void *arg, bool session_present);
    /* Once after each on_up, when that connection ended, except by link_close(). */
    void (*on_down)(void *arg, const char *reason);
    /* A publish ended. ok: acknowledged with success; else it may be published again. A message
     * that waits for its acknowledgement when the connection ends stays with Paho: it is sent
     * again in the next connection, and its on_sent comes then. */
    void (*on_sent)(void *arg, uint64_t token, bool ok);
};

struct link_conf {
    const struct connection_conf *connection; /* kept until link_close() */
    const char *const *filters; /* kept; subscribed to at each connect, QoS by qos[], at most 1 */
    const uint8_t *qos;
    uint32_t filter_count;
    const char *will_topic; /* NULL: none; retained, QoS 1. Kept, as its payload */
    const void *will_payload;
    size_t will_len;
    struct link_events events;
};

/* Starts connecting in the background and returns at once. TCN_EINPUT: the options can't work
 * (a certificate file that is missing or unreadable, …); TCN_ENOMEM; TCN_EIO. */
int link_open(const struct link_conf *conf, struct link **ret, struct tcn_fail *reterr);
/* Disconnects in an orderly way within timeout_ms (the will is not sent), ends the helper thread
 * and frees. No callback runs after it returns, and no on_sent(…, false) while it runs. When the
 * last link of the process closes, Paho ends its threads, which takes it up to a second or so. */
void link_close(struct link *l, int timeout_ms);

/* Hands a message to Paho, QoS 1. token comes back in on_sent exactly once unless the process or
 * link_close() comes first. TCN_EAGAIN: not connected, or no message id free: later. */
int link_publish(struct link *l, const char *topic, const void *payload, size_t len, bool retain,
                 uint64_t token, struct tcn_fail *reterr);

enum link_state { LINK_CONNECTING, LINK_UP, LINK_WAITING }; /* WAITING: between two attempts */
struct link_stats {
    enum link_state state;
    uint64_t connects, failures, received, sent;
    int64_t changed_us;   /* tcn_clock_us() of the last change of state */
    char last_error[160]; /* "" when all is well since the last connect */
};
void link_get_stats(struct link *l, struct link_stats *ret); /* any thread */

#endif
