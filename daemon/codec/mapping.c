#include "codec/mapping.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/condition.h"
#include "codec/mapping_private.h"

#define OLDEST_WALL_MS INT64_C(1420070400000) /* 2015-01-01: no device's clock is right before */
#define AHEAD_MAX_MS   INT64_C(86400000)      /* nor a day after ours */
#define MS_FROM        1e11 /* epoch numbers from here on are milliseconds (5138 CE in seconds) */
#define EPOCH_MAX_MS   1e15

const char *reject_word(enum reject_reason reason)
{
    static const char *const words[] = {
#define REJECT_WORD(name, word) word,
        REJECT_REASONS(REJECT_WORD)
#undef REJECT_WORD
    };

    return (unsigned)reason < REJECT_REASON_COUNT ? words[reason] : "?";
}

int mapper_new(const struct mapper_conf *conf, struct mapper **ret)
{
    struct mapper *m = calloc(1, sizeof *m);

    assert(conf->metrics != NULL && conf->registry != NULL);
    if (m == NULL)
        return TCN_ENOMEM;
    m->conf = *conf;
    *ret = m;
    return TCN_OK;
}

void mapper_free(struct mapper *m)
{
    free(m);
}

void mapping_reject(struct mapper *m, enum reject_reason reason, const char *format, ...)
{
    struct mapping_result *r = m->result;
    char text[sizeof r->detail * 2];
    va_list args;

    if (r->rejected)
        return;
    r->rejected = true;
    r->reason = reason;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* cut is fine: for people */
    va_end(args);
    (void)tcn_text_copy(r->detail, sizeof r->detail, text);
}

const char *mapping_quote(const char *text, size_t len, char buf[MAPPING_QUOTE_SIZE])
{
    bool utf8 = tcn_text_is_utf8(text, len);

    (void)tcn_text_copy_n(buf, MAPPING_QUOTE_SIZE, text, len); /* cut is fine: for people */
    for (char *c = buf; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;

        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8))
            *c = '?';
    }
    return buf;
}

bool mapping_emit(struct mapper *m, uint32_t device, uint16_t metric, enum quality quality,
                  double value, uint64_t object)
{
    if (m->count == READINGS_PER_MESSAGE_MAX) {
        mapping_reject(m, REJECT_TOO_MANY, "more than %d readings", READINGS_PER_MESSAGE_MAX);
        return false;
    }
    m->readings[m->count++] = (struct reading){
        .device = device,
        .metric = metric,
        .quality = (uint8_t)quality,
        .flags = m->flags,
        .value = quality == QUALITY_GOOD ? value : 0,
        .device_ms = m->device_ms,
        .object = object,
    };
    return true;
}

uint32_t mapping_find_device(struct mapper *m, const char *key, size_t len)
{
    uint32_t device = registry_device(m->conf.registry, key, len);
    char quoted[MAPPING_QUOTE_SIZE];

    if (device == REGISTRY_NONE && !m->source->skip_unknown_device)
        mapping_reject(m, REJECT_UNKNOWN_DEVICE, "'%s' is not in the registry",
                       mapping_quote(key, len, quoted));
    return device;
}

int64_t mapping_plausible(const struct mapper *m, int64_t wall_ms)
{
    if (wall_ms < OLDEST_WALL_MS || wall_ms > m->message->wall_ms + AHEAD_MAX_MS)
        return 0;
    return wall_ms;
}

static int64_t from_epoch(const struct scalar *s, enum time_format format)
{
    double ms;

    if (!s->numeric)
        return 0;
    ms = format == TIME_EPOCH_S || (format == TIME_AUTO && fabs(s->number) < MS_FROM)
             ? s->number * 1000
             : s->number;
    return fabs(ms) < EPOCH_MAX_MS ? (int64_t)llround(ms) : 0;
}

/* The device's own time, or 0 when it gave none or one that can't be true. */
static int64_t read_time(struct mapper *m)
{
    enum time_format format = m->source->time_format;
    int64_t wall_ms = 0;
    struct scalar s;

    if (format == TIME_NONE || m->source->time.from == FROM_NOTHING)
        return 0;
    path_scalar(&m->scope, &m->source->time, &s);
    if (s.kind != SCALAR_TEXT)
        return 0;
    if (format == TIME_ISO || (format == TIME_AUTO && !s.numeric)) {
        if (tcn_parse_rfc3339(s.text, s.len, m->conf.offset_min, &wall_ms) < 0)
            return 0;
    } else {
        wall_ms = from_epoch(&s, format);
    }
    return mapping_plausible(m, wall_ms);
}

/* The payload as the source's codec wants it, in m->scope; false: nothing to do with it. */
static bool load_payload(struct mapper *m)
{
    const struct mapping_message *msg = m->message;
    uint32_t limit = m->source->max_size != 0 ? m->source->max_size : MAPPING_PAYLOAD_MAX;

    if (msg->payload_len > limit) {
        mapping_reject(m, REJECT_TOO_LARGE, "%zu bytes, source '%s' allows %u", msg->payload_len,
                       m->source->name, limit);
        return false;
    }
    switch (m->source->codec) {
    case CODEC_JSON:
        if (msg->payload_len == 0 || !mapping_load_document(m))
            return false;
        m->scope.document = m->document;
        return true;
    case CODEC_TEXT:
        if (!tcn_text_is_utf8(msg->payload_len > 0 ? msg->payload : "", msg->payload_len)) {
            mapping_reject(m, REJECT_NOT_UTF8, "the payload of %zu bytes is not UTF-8 text",
                           msg->payload_len);
            return false;
        }
        m->scope.text = msg->payload_len > 0 ? msg->payload : "";
        m->scope.text_len = msg->payload_len;
        return true;
    case CODEC_PROTOBUF:
        return true;
    }
    return false;
}

static void run_source(struct mapper *m, const struct source *source)
{
    m->source = source;
    m->scope = (struct scope){ .topic = &m->match, .work = m->scope.work };
    m->device_known = false;
    m->device_ms = 0;
    m->flags = m->message->retained ? READING_RETAINED : 0;
    if (!load_payload(m) || !conditions_hold(&m->scope, source->when, source->when_count))
        return;
    if (source->historical_count > 0 &&
        conditions_hold(&m->scope, source->historical, source->historical_count))
        m->flags |= READING_HISTORICAL;
    if (source->codec == CODEC_PROTOBUF) {
        mapping_run_protobuf(m);
        return;
    }
    m->device_ms = read_time(m);
    mapping_run_readings(m);
}

static bool is_excluded(const struct source *source, const struct mapping_message *message)
{
    for (uint16_t i = 0; i < source->exclude_count; i++)
        if (topic_match(&source->exclude[i], message->topic, message->topic_len, NULL))
            return true;
    return false;
}

static void reject_unmatched(struct mapper *m)
{
    char quoted[MAPPING_QUOTE_SIZE];

    mapping_reject(m, REJECT_NO_SOURCE, "no source's topic is like '%s'",
                   mapping_quote(m->message->topic, m->message->topic_len, quoted));
}

void mapper_run(struct mapper *m, const struct sources *sources,
                const struct mapping_message *message, struct mapping_result *ret)
{
    bool matched = false;

    memset(ret, 0, sizeof *ret);
    m->message = message;
    m->result = ret;
    m->count = 0;
    m->document = NULL;
    m->document_state = DOCUMENT_UNREAD;
    m->scope.work = 0;
    for (uint16_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->items[i];

        if (!topic_match(&source->topic, message->topic, message->topic_len, &m->match))
            continue;
        matched = true;
        if (is_excluded(source, message))
            continue;
        run_source(m, source);
        if (m->scope.exhausted)
            mapping_reject(m, REJECT_TOO_MANY, "more than %u values to look at", MAPPING_WORK_MAX);
    }
    if (!matched)
        reject_unmatched(m);
    json_decref(m->document);
    m->document = NULL;
    m->message = NULL;
    m->result = NULL;
    ret->readings = m->readings;
    ret->count = m->count;
}
