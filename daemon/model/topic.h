/* model/topic.h - topic patterns with named captures, and topics we publish on. Pure.
 *
 *   zigbee2mqtt/{device...}/availability     several levels, fixed tail
 *   shellies/shellysmoke-{id}/sensor/smoke   a capture inside a level
 *   frigate/+/status/#                       plain MQTT wildcards capture nothing
 * A pattern becomes an MQTT filter ("zigbee2mqtt/#") and is then matched exactly here. As in MQTT,
 * '#' and a leading '+' don't match topics that start with '$'. '+' matches an empty level; a
 * capture takes at least one byte, and {name...} as few levels as it can.
 *
 * Owner:   patterns live in an arena. Captured pieces borrow from the matched topic.
 * Limits:  TOPIC_MAX bytes, TOPIC_CAPTURES_MAX captures, one multi-level capture. */
#ifndef TOCSIN_MODEL_TOPIC_H
#define TOCSIN_MODEL_TOPIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define TOPIC_MAX          1024
#define TOPIC_CAPTURES_MAX 8

enum topic_level_kind { LEVEL_TEXT, LEVEL_ONE, LEVEL_SOME }; /* text, one level, one or more */
struct topic_level {
    enum topic_level_kind kind;
    const char *prefix, *suffix; /* LEVEL_TEXT: prefix is the text; LEVEL_ONE: around the capture */
    const char *capture;         /* name, or NULL */
};
struct topic_pattern {
    const char *text;   /* as written */
    const char *filter; /* what to subscribe to */
    const struct topic_level *levels;
    uint16_t level_count;
    bool open_end; /* ends in '#': zero or more further levels */
};

struct topic_match {
    struct {
        const char *name;
        const char *text; /* into the topic; not terminated */
        size_t len;
    } captures[TOPIC_CAPTURES_MAX];
    uint16_t count;
};

/* TCN_EINPUT with a sentence and, in *ret_column, the byte offset of the spot. */
int topic_compile(const char *text, struct arena *arena, struct topic_pattern *ret,
                  size_t *ret_offset, struct tcn_fail *reterr);
/* True and captures filled, or false with *ret_match untouched. ret_match may be NULL. */
bool topic_match(const struct topic_pattern *p, const char *topic, size_t len,
                 struct topic_match *ret_match);
/* The text captured under name, or NULL. */
const char *topic_capture(const struct topic_match *m, const char *name, size_t *ret_len);

/* Appends one level, percent-encoding / + # % and control characters (design 5.4). */
void topic_append_level(struct buf *topic, const char *level);

#endif
