/* The readings of JSON and text sources: values, conditions, devices, objects. */
#include <assert.h>
#include <string.h>

#include "codec/condition.h"
#include "codec/mapping_private.h"
#include "codec/template.h"
#include "codec/value.h"

uint32_t mapping_template_device(struct mapper *m, const char *template, bool quiet_key)
{
    char key[REGISTRY_ID_MAX + 2];
    char quoted[MAPPING_QUOTE_SIZE];
    const char *piece;
    size_t len;

    switch (template_expand(&m->scope, template, key, sizeof key, &piece, &len)) {
    case TEMPLATE_OK:
        return mapping_find_device(m, key, strlen(key));
    case TEMPLATE_TOO_LONG:
        mapping_reject(m, REJECT_UNKNOWN_DEVICE, "'%s...' is longer than any device's id",
                       mapping_quote(key, strlen(key), quoted));
        break;
    case TEMPLATE_NO_CAPTURE:
        if (!quiet_key)
            mapping_reject(m, REJECT_NO_DEVICE, "nothing was captured as '%s'",
                           mapping_quote(piece, len, quoted));
        break;
    case TEMPLATE_NO_VALUE:
        mapping_reject(m, REJECT_NO_DEVICE, "%s: no device's name is there",
                       mapping_quote(piece, len, quoted));
        break;
    }
    return REGISTRY_NONE;
}

/* The source's own device, looked up once unless "*" captures could change it. */
static uint32_t source_device(struct mapper *m)
{
    bool keyed = m->scope.bound != NULL && m->scope.bound->depth > 0;
    uint32_t device;

    if (m->source->device == NULL) {
        mapping_reject(m, REJECT_NO_DEVICE, "source '%s' names no device", m->source->name);
        return REGISTRY_NONE;
    }
    if (m->device_known && !keyed)
        return m->device;
    device = mapping_template_device(m, m->source->device, false);
    if (!keyed) {
        m->device_known = true;
        m->device = device;
    }
    return device;
}

static uint64_t object_of(struct mapper *m, const struct mapped_reading *r)
{
    struct scalar s;

    if (r->object.from == FROM_NOTHING)
        return 0;
    path_scalar(&m->scope, &r->object, &s);
    return s.kind == SCALAR_TEXT && s.len > 0 ? scalar_hash(&s) : 0;
}

static enum quality value_of(struct mapper *m, const struct mapped_reading *r,
                             const struct scalar *s, double *ret_value)
{
    char where[MAPPING_QUOTE_SIZE];

    if (r->value.from == FROM_NOTHING || (s->kind == SCALAR_ABSENT && r->absent == ABSENT_VALUE)) {
        *ret_value = r->constant;
        return QUALITY_GOOD;
    }
    if (s->kind == SCALAR_OTHER) {
        path_format(&r->value, where, sizeof where);
        mapping_reject(m, REJECT_WRONG_TYPE,
                       "%s: expected one value for %s, found an object or "
                       "an array",
                       where, m->conf.metrics->items[r->metric].name);
    }
    return value_convert(&m->conf.metrics->items[r->metric], r, s, ret_value);
}

/* One value, or its absence, becomes a reading if the conditions hold. False: no more. */
static bool take(struct mapper *m, const struct mapped_reading *r, const struct scalar *s)
{
    enum quality quality;
    uint32_t device;
    double value;

    assert(r->metric < m->conf.metrics->count);
    if (s->kind == SCALAR_ABSENT && r->value.from != FROM_NOTHING && r->absent == ABSENT_SKIP)
        return true;
    if (!conditions_hold(&m->scope, r->when, r->when_count) || m->scope.exhausted)
        return true;
    device = r->device != NULL ? mapping_template_device(m, r->device, false) : source_device(m);
    if (device == REGISTRY_NONE)
        return true;
    quality = value_of(m, r, s, &value);
    return mapping_emit(m, device, r->metric, quality, value, object_of(m, r));
}

/* All values that the reading's path leads to; if there is none, its absence once. */
static bool run_document(struct mapper *m, const struct mapped_reading *r)
{
    bool found = false, go_on = true;
    struct scalar s;
    struct walk w;
    json_t *json;

    walk_start(&w, &m->scope, &r->value);
    m->scope.bound = &w;
    while (go_on && walk_next(&w, &json)) {
        found = true;
        scalar_from_json(&s, json);
        go_on = take(m, r, &s);
    }
    m->scope.bound = NULL;
    if (!found && !m->scope.exhausted) {
        scalar_from_json(&s, NULL);
        go_on = take(m, r, &s);
    }
    return go_on;
}

static bool run_reading(struct mapper *m, const struct mapped_reading *r)
{
    struct scalar s;

    if (r->value.from == FROM_DOCUMENT)
        return run_document(m, r);
    path_scalar(&m->scope, &r->value, &s);
    if (r->value.from == FROM_TEXT && s.len == 0)
        scalar_from_json(&s, NULL); /* an empty text is no value: its absence */
    return take(m, r, &s);
}

static bool has_reading_of(const struct mapper *m, uint32_t device)
{
    for (uint32_t i = 0; i < m->count; i++)
        if (m->readings[i].device == device)
            return true;
    return false;
}

/* The message proves that its device lives, whatever was in it. */
static void run_alive(struct mapper *m)
{
    uint32_t device;

    if (!m->source->alive || m->source->device == NULL)
        return;
    device = m->device_known ? m->device : mapping_template_device(m, m->source->device, true);
    if (device != REGISTRY_NONE && !has_reading_of(m, device))
        (void)mapping_emit(m, device, METRIC_NONE, QUALITY_GOOD, 0, 0); /* too many: noted there */
}

void mapping_run_readings(struct mapper *m)
{
    bool empty = m->message->payload_len == 0;
    bool go_on = true;

    for (uint16_t i = 0; go_on && i < m->source->reading_count; i++) {
        const struct mapped_reading *r = &m->source->readings[i];

        /* An empty payload means "forget what was here": nothing happened, nobody spoke. */
        if (!empty || r->value.from == FROM_TEXT)
            go_on = run_reading(m, r);
    }
    if (!empty && !m->scope.exhausted)
        run_alive(m);
}
