/* ctl/simulate_mqtt.h - the simulator's own MQTT connection: publishes like devices do, and hands
 * what arrives to the caller's thread through a bounded queue.
 *
 * Units:   *_us are microseconds of tcn_clock_us().
 * Owner:   simulate_mqtt_close() frees the connection and every message not yet taken.
 * Thread:  all calls from one thread; Paho's threads only append to the queue.
 * Limits:  SIMULATE_QUEUE_MAX messages wait at most; what is above is dropped and counted. */
#ifndef TOCSIN_CTL_SIMULATE_MQTT_H
#define TOCSIN_CTL_SIMULATE_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SIMULATE_QUEUE_MAX 10000

struct simulate_mqtt;

struct simulate_message {
    struct simulate_message *next; /* private to the queue */
    char *topic;                   /* NUL-terminated */
    char *payload;                 /* payload_len bytes and a NUL */
    size_t payload_len;
    int64_t at_us; /* when it came in */
    bool retained; /* an old state, told because we subscribed */
};

/* Connects to broker (mqtt://host[:port]) and waits for its answer. TCN_EINPUT: not such a URL;
 * TCN_EIO: nobody answers there, or it refuses; TCN_ENOMEM. *ret is written only on success. */
int simulate_mqtt_open(const char *broker, struct simulate_mqtt **ret, struct tcn_fail *reterr);
/* NULL is accepted. */
void simulate_mqtt_close(struct simulate_mqtt *m);

/* Subscribes with QoS 1 and waits for the broker's answer. TCN_EIO. */
int simulate_mqtt_subscribe(struct simulate_mqtt *m, const char *filter, struct tcn_fail *reterr);
/* Hands over one QoS 1 message, not retained; does not wait. TCN_EIO. */
int simulate_mqtt_publish(struct simulate_mqtt *m, const char *topic, const void *payload,
                          size_t len, struct tcn_fail *reterr);

/* The oldest message, waiting for one until until_us; NULL: none came, or a signal or the loss of
 * the connection ended the wait early. Free it with simulate_message_free(). */
struct simulate_message *simulate_mqtt_wait(struct simulate_mqtt *m, int64_t until_us);
void simulate_message_free(struct simulate_message *message);

bool simulate_mqtt_lost(struct simulate_mqtt *m);
uint64_t simulate_mqtt_dropped(struct simulate_mqtt *m);
uint64_t simulate_mqtt_published(const struct simulate_mqtt *m);

#endif
