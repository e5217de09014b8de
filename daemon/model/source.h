/* model/source.h - a source: how messages on a topic filter become readings. Plain data, compiled
 * from YAML by settings, executed by codec/mapping.
 *
 * The shape follows the list in ../shared/payloads/families.md section 12, so that what a mapping
 * can say grows by adding steps, conditions and conversions, not by adding codecs.
 * Owner: everything lives in the arena of the configuration; immutable after load. */
#ifndef TOCSIN_MODEL_SOURCE_H
#define TOCSIN_MODEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/metric.h"
#include "model/topic.h"

#define SOURCES_MAX          256
#define MAPPING_READINGS_MAX 64
#define MAPPING_PAYLOAD_MAX  (1u << 20) /* default size limit of a message; `max_size` per source */

enum source_codec {
    CODEC_PROTOBUF, /* tocsin.v1.Reading */
    CODEC_JSON,
    CODEC_TEXT,
};

/* A way to a value: constant text, a topic capture, or steps into the JSON document.
 * Written "/after/camera" (RFC 6901 with ~0 ~1; the steps "*" = each element or member, and
 * "[key=value]" = the array element whose member key equals value), "{name}" (capture), "." (the
 * whole text payload). */
enum path_step_kind { STEP_KEY, STEP_EACH, STEP_WHERE };
struct path_step {
    enum path_step_kind kind;
    const char *key;     /* STEP_KEY: member name, or array index in digits; STEP_WHERE: member */
    const char *equals;  /* STEP_WHERE */
    const char *capture; /* STEP_EACH: name under which the member's key is captured, NULL: none */
};
enum path_from { FROM_NOTHING, FROM_DOCUMENT, FROM_CAPTURE, FROM_TEXT };
struct path {
    enum path_from from;
    const char *capture; /* FROM_CAPTURE */
    const struct path_step *steps;
    uint16_t step_count;
};

/* A scalar as written in YAML or met in a message, normalised: "true", "5", "ON". Text compare;
 * numbers compare as numbers when both are numbers. A path that leads nowhere satisfies only NE,
 * NOT_IN, HAS_NOT and ABSENT. */
enum condition_op {
    COND_EQ,
    COND_NE,
    COND_IN,
    COND_NOT_IN,
    COND_HAS,
    COND_EXISTS,
    COND_ABSENT,
    COND_GE,
    COND_LE,
    COND_HAS_NOT
};
struct condition { /* all conditions of a list must hold */
    struct path at;
    enum condition_op op;
    const char *const *words; /* operands: one, or several for IN; HAS: one of them, or more, is a
                                 member of an array or a word of a blank separated text; HAS_NOT:
                                 none of them is */
    uint16_t word_count;
};

enum when_absent { ABSENT_SKIP, ABSENT_UNKNOWN, ABSENT_VALUE }; /* the value's path leads nowhere */

struct value_map_entry {
    const char *word; /* normalised scalar; "*": whatever is not named otherwise */
    double value;     /* as metric.h; */
    bool unknown;     /* explicit: quality bad */
};

struct mapped_reading {
    uint16_t metric;
    struct path value; /* FROM_NOTHING: constant (an event with no value) */
    double constant;   /* the value then, and for ABSENT_VALUE */
    const struct condition *when;
    uint16_t when_count;
    const struct value_map_entry *map; /* empty: bool words true/false/1/0/on/off, enum words, or
                                          a number by scale and unit. What is not in it: unknown */
    uint16_t map_count;
    bool fold_case;
    bool invert;          /* bool only, after the map */
    double scale, offset; /* numbers: value * scale + offset, then from unit to the metric's */
    int unit;
    enum when_absent absent;
    const char *device; /* template; NULL: the source's */
    struct path object; /* FROM_NOTHING: none */
};

enum time_format { TIME_NONE, TIME_AUTO, TIME_ISO, TIME_EPOCH_S, TIME_EPOCH_MS };

struct source {
    const char *name;
    struct topic_pattern topic;
    const struct topic_pattern *exclude;
    uint16_t exclude_count;
    enum source_codec codec;
    uint8_t qos; /* 0 or 1 asked for */
    uint32_t max_size;
    const char *device; /* template: text with {capture} and {/json/pointer}; also {key} of
                                 a STEP_EACH capture */
    struct path time;
    enum time_format time_format;
    const struct condition *when; /* else the message is skipped silently */
    uint16_t when_count;
    const struct condition *historical; /* readings are marked historical */
    uint16_t historical_count;
    const struct mapped_reading *readings;
    uint16_t reading_count;
    bool alive;               /* a message proves that the device lives even without a reading */
    bool skip_unknown_device; /* no reject when the device is not registered (broad filters) */
};

struct sources {
    const struct source *items;
    uint16_t count;
};

#endif
