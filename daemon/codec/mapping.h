/* codec/mapping.h - a message on a topic becomes readings, as its source says. Pure.
 *
 * Thread:  a struct mapper is used by one thread at a time; it keeps scratch memory only.
 * Limits:  payload source.max_size, JSON nesting MAPPING_DEPTH_MAX, READINGS_PER_MESSAGE_MAX
 *          readings. */
#ifndef TOCSIN_CODEC_MAPPING_H
#define TOCSIN_CODEC_MAPPING_H

#include "base/err.h"
#include "model/reading.h"
#include "model/registry.h"
#include "model/source.h"

#define MAPPING_DEPTH_MAX 64

/* Why a message gave no readings; counted by source and reason. X(constant, word) */
#define REJECT_REASONS(X)                                                                          \
    X(REJECT_TOO_LARGE, "too-large")                                                               \
    X(REJECT_NOT_UTF8, "not-utf8")                                                                 \
    X(REJECT_MALFORMED, "malformed")                                                               \
    X(REJECT_TOO_DEEP, "too-deep")                                                                 \
    X(REJECT_NO_DEVICE, "no-device")                                                               \
    X(REJECT_UNKNOWN_DEVICE, "unknown-device")                                                     \
    X(REJECT_UNKNOWN_METRIC, "unknown-metric")                                                     \
    X(REJECT_WRONG_TYPE, "wrong-type")                                                             \
    X(REJECT_TOO_MANY, "too-many-readings")                                                        \
    X(REJECT_NO_SOURCE, "no-source")                                                               \
    X(REJECT_BAD_COMMAND, "bad-command")                                                           \
    X(REJECT_NO_MEMORY, "no-memory")
enum reject_reason {
#define REJECT_ENUM(name, word) name,
    REJECT_REASONS(REJECT_ENUM)
#undef REJECT_ENUM
        REJECT_REASON_COUNT
};
const char *reject_word(enum reject_reason reason);

struct mapper;
struct mapper_conf { /* all borrowed until mapper_free() */
    const struct metrics *metrics;
    const struct registry *registry;
    int offset_min; /* minutes east of UTC of device times that name no offset */
};
int mapper_new(const struct mapper_conf *conf, struct mapper **ret);
void mapper_free(struct mapper *m);

struct mapping_message {
    const char *topic; /* topic_len bytes */
    size_t topic_len;
    const void *payload;
    size_t payload_len;
    bool retained;
    int64_t wall_ms; /* receive time, for judging device times */
};

struct mapping_result {
    const struct reading *readings; /* the mapper's, until its next call */
    uint32_t count;                 /* 0 with no reject: nothing in it is for us */
    /* At most one reject a message: the first one. Readings may stand beside it (one bad field
     * does not lose the others). */
    bool rejected;
    enum reject_reason reason;
    char
        detail[160]; /* where and what: "/smoke: expected one value for smoke, found an object …" */
};

/* Runs every source whose pattern matches (usually one) on the message. An unknown word or a null
 * is a reading of bad quality, not a reject. A topic that only excludes match gives nothing and is
 * no reject either. An empty payload of a JSON source gives nothing ("forget what was here"), of a
 * text source it is the absence of the value. */
void mapper_run(struct mapper *m, const struct sources *sources,
                const struct mapping_message *message, struct mapping_result *ret);

#endif
