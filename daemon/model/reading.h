/* model/reading.h - one value of one metric of one device at one time. Plain data. */
#ifndef TOCSIN_MODEL_READING_H
#define TOCSIN_MODEL_READING_H

#include <stdint.h>

#include "model/metric.h"

enum quality {
    QUALITY_GOOD,
    QUALITY_STALE, /* was good once; too old, or the source says so */
    QUALITY_BAD,   /* unknown: null, unmapped word, out of range. Never "normal" */
};

#define READING_RETAINED   1u /* a state told again by the broker, not an occurrence */
#define READING_HISTORICAL 2u /* replayed from a device's memory, or simulated: raises nothing */

struct reading {
    uint32_t device;   /* index into registry.devices */
    uint16_t metric;   /* index into metrics, or METRIC_NONE: only a sign of life */
    uint8_t quality;   /* enum quality */
    uint8_t flags;     /* READING_* */
    double value;      /* as metric.h says; 0 unless QUALITY_GOOD */
    int64_t device_ms; /* the device's own wall time, 0 when it gave none or an impossible one */
    uint64_t object;   /* != 0: the state of one of several things (a Frigate object id, hashed);
                        a bool metric is true while any of its objects is */
};

/* All readings of one message come together. */
#define READINGS_PER_MESSAGE_MAX 1024

#endif
