/* link/link_private.h - what the files of this folder share about struct link.
 *
 * Two kinds of threads meet here: the link's helper, which decides when to connect, and Paho's
 * two threads, which run the callbacks of link_paho.c. They meet under `lock`. Paho's lock is held
 * in callbacks, so the order is Paho's lock, then ours: nothing of Paho is called under ours. */
#ifndef TOCSIN_LINK_LINK_PRIVATE_H
#define TOCSIN_LINK_LINK_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <MQTTAsync.h>

#include "link/link.h"
#include "link/resolve.h"

#define LINK_CONNECT_TIMEOUT_S 10    /* Paho's own; it looks every 3 s */
#define LINK_RESULT_MAX_MS     20000 /* a connect or subscribe without any result: give up */
#define LINK_STEADY_MS         10000 /* up this long: the next loss gets a quick retry again */
#define LINK_TLS_ERROR_SIZE    120
#define LINK_SLOTS_MAX         1024 /* publishes in Paho's hands at most */
#define LINK_FILTERS_MAX       512
#define LINK_PAYLOAD_MAX       268435455u /* what MQTT can carry, topic and header included */

enum link_phase {
    PHASE_IDLE,        /* not connected; next_try_us says when the helper tries */
    PHASE_CONNECTING,  /* given to Paho, no result yet */
    PHASE_SUBSCRIBING, /* connected, the broker has not yet answered the subscription */
    PHASE_UP,
};

struct link_slot { /* one publish in Paho's hands */
    struct link *link;
    uint64_t token;
    uint32_t next_free;
};
#define LINK_SLOT_NONE UINT32_MAX

struct link {
    struct link_conf conf;
    MQTTAsync client;                /* NULL until created; set before the helper starts */
    char host[RESOLVE_NAME_MAX + 1]; /* a copy: a look-up may outlive the configuration */
    char who[192];                   /* "link=devices broker=mqtt://…" for log lines */
    pthread_t helper;

    pthread_mutex_t lock;   /* all below */
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    enum link_phase phase;
    bool closing, looking_up, disconnected;
    bool hurrying; /* counted in paho_connecting() */
    unsigned holders;
    bool session_present;
    int64_t next_try_us, phase_since_us;
    unsigned attempt;
    MQTTAsync_token subscribe_token;
    char tls_error[LINK_TLS_ERROR_SIZE]; /* of the running attempt */
    char server_reason[64];              /* of an MQTT 5 DISCONNECT */
    struct link_stats stats;             /* received, sent: see the atomics */
    struct link_slot *slots;
    uint32_t slot_count, slot_free, slots_used;
    /* How many publishes the broker takes unacknowledged. More would wait in Paho, where nothing
     * can overtake them and a new connection inverts their order. */
    uint32_t receive_max;

    _Atomic uint64_t received, sent;
};

/* link.c: moves of the state; each takes the lock itself. */
void link_connected(struct link *l, bool session_present, uint32_t receive_max, bool up);
/* Lock held: a publish has ended, or was not begun. */
void link_slot_give(struct link *l, struct link_slot *slot);
void link_subscribed(struct link *l);
/* The connection or the attempt is over, for that reason; schedules the next attempt. */
void link_failed(struct link *l, const char *reason);
void link_refused(struct link *l, const char *filter, const char *reason);

/* link_paho.c */
int link_paho_create(struct link *l, struct tcn_fail *reterr);
/* Hands a connect request to Paho; the result comes by the functions above. */
int link_paho_connect(struct link *l, struct tcn_fail *reterr);
/* Tells Paho to disconnect at once. True if l->disconnected will be set when that is done. */
bool link_paho_disconnect(struct link *l);
int link_paho_send(struct link *l, const char *topic, const void *payload, size_t len, bool retain,
                   struct link_slot *slot);

/* tls_files.c: the certificate files can be read and fit together. TCN_EINPUT. */
int tls_files_check(const struct connection_conf *c, struct tcn_fail *reterr);

#endif
