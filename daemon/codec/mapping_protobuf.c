/* Native protobuf: tocsin.v1.Reading, from devices that speak our own protocol. */
#include <string.h>

#include "codec/mapping_private.h"
#include "codec/template.h"
#include "codec/value.h"
#include "model/unit_of_measure.h"
#include "proto/tocsin.pb-c.h"

/* protobuf-c asks for memory piece by piece, driven by the sender. It gets it from a fixed scratch,
 * so that no message can make the process grow, and nothing has to be freed. */
static void *scratch_alloc(void *data, size_t size)
{
    struct mapper *m = data;
    size_t rounded = (size + 15) & ~(size_t)15;
    void *at;

    if (rounded < size || rounded > sizeof m->scratch - m->scratch_used) {
        m->scratch_full = true;
        return NULL;
    }
    at = m->scratch + m->scratch_used;
    m->scratch_used += rounded;
    return at;
}

static void scratch_free(void *data, void *at)
{
    (void)data; /* the scratch is taken back as a whole */
    (void)at;
}

static Tocsin__V1__Reading *unpack(struct mapper *m)
{
    ProtobufCAllocator allocator = { scratch_alloc, scratch_free, m };
    Tocsin__V1__Reading *reading;

    m->scratch_used = 0;
    m->scratch_full = false;
    reading = tocsin__v1__reading__unpack(&allocator, m->message->payload_len, m->message->payload);
    if (reading == NULL && m->scratch_full)
        mapping_reject(m, REJECT_TOO_MANY, "it needs more than %zu bytes when unpacked",
                       MAPPING_SCRATCH);
    else if (reading == NULL)
        mapping_reject(m, REJECT_MALFORMED, "%zu bytes that are not a tocsin.v1.Reading",
                       m->message->payload_len);
    return reading;
}

/* Whose reading is it? The topic's word (if the source's template has one) counts: brokers check
 * who may publish where, but nobody checks what a message says of itself. */
static uint32_t device_of(struct mapper *m, const Tocsin__V1__Reading *reading)
{
    const char *named = reading->device;
    char quoted[MAPPING_QUOTE_SIZE];
    uint32_t device;

    if (m->source->device == NULL || m->source->device[0] == '\0') {
        if (named[0] != '\0')
            return mapping_find_device(m, named, strlen(named));
        mapping_reject(m, REJECT_NO_DEVICE, "neither the topic nor the message names a device");
        return REGISTRY_NONE;
    }
    device = mapping_template_device(m, m->source->device, false);
    if (device == REGISTRY_NONE || named[0] == '\0' ||
        registry_device(m->conf.registry, named, strlen(named)) == device)
        return device;
    mapping_reject(m, REJECT_NO_DEVICE, "the topic is of device '%s', the message says '%s'",
                   m->conf.registry->devices[device].id,
                   mapping_quote(named, strlen(named), quoted));
    return REGISTRY_NONE;
}

static const char *case_word(Tocsin__V1__Sample__ValueCase value_case)
{
    switch (value_case) {
    case TOCSIN__V1__SAMPLE__VALUE_NUMBER:
        return "a number";
    case TOCSIN__V1__SAMPLE__VALUE_FLAG:
        return "a flag";
    case TOCSIN__V1__SAMPLE__VALUE_TEXT:
        return "a text";
    default:
        return "nothing";
    }
}

static bool fits(enum metric_type type, Tocsin__V1__Sample__ValueCase value_case)
{
    switch (type) {
    case METRIC_BOOL:
        return value_case == TOCSIN__V1__SAMPLE__VALUE_FLAG;
    case METRIC_NUMBER:
        return value_case == TOCSIN__V1__SAMPLE__VALUE_NUMBER;
    case METRIC_ENUM:
        return value_case == TOCSIN__V1__SAMPLE__VALUE_TEXT;
    }
    return false;
}

static enum quality number_of(struct mapper *m, const struct metric *metric,
                              const Tocsin__V1__Sample *sample, double *ret_value)
{
    char quoted[MAPPING_QUOTE_SIZE];
    int unit = UNIT_NONE;
    double converted;

    if (sample->unit[0] != '\0') {
        unit = unit_find(sample->unit, strlen(sample->unit));
        if (unit < 0 || unit_convert(unit, metric->unit, 0, &converted) < 0) {
            mapping_reject(m, REJECT_WRONG_TYPE, "%s: unit '%s' does not convert to '%s'",
                           metric->name, mapping_quote(sample->unit, strlen(sample->unit), quoted),
                           unit_name(metric->unit));
            *ret_value = 0;
            return QUALITY_BAD;
        }
    }
    return value_number(metric, unit, sample->number, ret_value);
}

/* A value not set is unknown, as null is in JSON. */
static enum quality sample_value(struct mapper *m, const struct metric *metric,
                                 const Tocsin__V1__Sample *sample, double *ret_value)
{
    int word;

    *ret_value = 0;
    if (sample->value_case == TOCSIN__V1__SAMPLE__VALUE__NOT_SET)
        return QUALITY_BAD;
    if (!fits(metric->type, sample->value_case)) {
        mapping_reject(m, REJECT_WRONG_TYPE, "%s: it is a %s, found %s", metric->name,
                       metric_type_word(metric->type), case_word(sample->value_case));
        return QUALITY_BAD;
    }
    switch (metric->type) {
    case METRIC_BOOL:
        *ret_value = sample->flag ? 1 : 0;
        return QUALITY_GOOD;
    case METRIC_NUMBER:
        return number_of(m, metric, sample, ret_value);
    case METRIC_ENUM:
        word = metric_word(metric, sample->text, strlen(sample->text));
        if (word < 0)
            return QUALITY_BAD;
        *ret_value = word;
        return QUALITY_GOOD;
    }
    return QUALITY_BAD;
}

/* False: no more samples can be taken. */
static bool take_sample(struct mapper *m, uint32_t device, const Tocsin__V1__Sample *sample)
{
    size_t len = strlen(sample->metric);
    uint16_t metric = metrics_find(m->conf.metrics, sample->metric, len);
    char quoted[MAPPING_QUOTE_SIZE];
    enum quality quality;
    double value;

    if (metric == METRIC_NONE) {
        mapping_reject(m, REJECT_UNKNOWN_METRIC, "'%s' is no declared metric",
                       mapping_quote(sample->metric, len, quoted));
        return true;
    }
    quality = sample_value(m, &m->conf.metrics->items[metric], sample, &value);
    return mapping_emit(m, device, metric, quality, value, 0);
}

void mapping_run_protobuf(struct mapper *m)
{
    Tocsin__V1__Reading *reading;
    uint32_t before = m->count;
    uint32_t device;
    bool go_on = true;

    if (m->message->payload_len == 0) { /* a valid Reading, but nobody sends that to say he lives */
        mapping_reject(m, REJECT_NO_DEVICE, "it is empty");
        return;
    }
    reading = unpack(m);
    if (reading == NULL)
        return;
    device = device_of(m, reading);
    if (device == REGISTRY_NONE)
        return;
    m->device_ms = mapping_plausible(m, reading->at);
    for (size_t i = 0; go_on && i < reading->n_samples; i++)
        go_on = take_sample(m, device, reading->samples[i]);
    if (m->source->alive && m->count == before)
        (void)mapping_emit(m, device, METRIC_NONE, QUALITY_GOOD, 0, 0); /* too many: noted */
}
