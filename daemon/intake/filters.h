/* intake/filters.h - which MQTT filters to subscribe to, so that each message comes once. Pure.
 *
 * Brokers deliver a message once per overlapping subscription, so a filter that another one
 * covers is left out: with "zigbee2mqtt/#" there is no "zigbee2mqtt/+/availability".
 * Owner:   the caller frees with filters_done(); texts are borrowed until then. */
#ifndef TOCSIN_INTAKE_FILTERS_H
#define TOCSIN_INTAKE_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct filters { /* zeroed: empty */
    const char **items;
    uint8_t *qos;
    uint32_t count, capacity;
};

/* True if every topic that matches b matches a, too. b may be a topic, of len bytes. As in MQTT,
 * wildcards at the first level don't match topics that start with '$'. */
bool filter_covers(const char *a, const char *b, size_t b_len);

/* Room for capacity filters. TCN_ENOMEM. */
int filters_init(struct filters *f, uint32_t capacity);
void filters_done(struct filters *f);
/* Adds filter (kept by pointer) unless one that is there covers it; those that it covers go. The
 * one that stays gets the higher QoS of both. At most `capacity` times (asserted). */
void filters_add(struct filters *f, const char *filter, uint8_t qos);
/* True if one of them matches the topic. */
bool filters_match(const struct filters *f, const char *topic, size_t len);

#endif
