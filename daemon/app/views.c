#include "app/views.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

void views_fill_status(const struct views *v, struct message_status *ret)
{
    struct engine_stats engine;
    struct intake_stats intake;
    struct push_stats push;
    struct writer_stats writer;

    core_writer_stats(v->core, &writer);
    engine_get_stats(core_engine(v->core), &engine);
    intake_get_stats(v->intake, &intake);
    push_get_stats(v->push, &push);
    *ret = (struct message_status){ .state = "online",
                                    .version = TOCSIN_VERSION,
                                    .since_wall_ms = v->since_wall_ms,
                                    .at_wall_ms = tcn_clock_now(v->clock).wall_ms,
                                    .alarms_unacknowledged = engine.alarms_unacknowledged,
                                    .tasks_open = engine.tasks_open,
                                    .tasks_overdue = engine.tasks_overdue,
                                    .messages = intake.messages,
                                    .rejected = intake.rejected,
                                    .outbox = push.waiting + push.in_flight,
                                    .log_dropped = log_dropped(),
                                    .store_failing = writer.failing_since_us != 0 };
    for (int i = 0; i < SIGNAL_CLASS_COUNT; i++)
        ret->alarms_standing += engine.alarms_standing[i];
}

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *link_view(const struct link_stats *s)
{
    static const char *const STATES[] = { "connecting", "up", "waiting" };
    json_t *o = json_object();

    json_object_set_new(o, "state", json_string(STATES[s->state]));
    json_object_set_new(o, "forSeconds", json_real((double)(tcn_clock_us() - s->changed_us) / 1e6));
    json_object_set_new(o, "connects", number(s->connects));
    json_object_set_new(o, "failures", number(s->failures));
    json_object_set_new(o, "lastError",
                        s->last_error[0] != '\0' ? json_string(s->last_error) : json_null());
    return o;
}

static json_t *time_view(const struct views *v, int64_t wall_ms)
{
    char text[TCN_RFC3339_SIZE];

    tcn_format_rfc3339(wall_ms, v->message->offset_min, text);
    return json_string(text);
}

static json_t *rejected_view(const struct views *v)
{
    json_t *all = json_object();

    for (uint32_t s = 0; s <= v->sources->count; s++) {
        const char *name = s < v->sources->count ? v->sources->items[s].name : "commands";
        json_t *one = json_object();

        for (int reason = 0; reason < REJECT_REASON_COUNT; reason++) {
            uint64_t n = intake_rejected(v->intake, s, (enum reject_reason)reason);

            if (n > 0)
                json_object_set_new(one, reject_word((enum reject_reason)reason), number(n));
        }
        if (json_object_size(one) > 0)
            json_object_set(all, name, one);
        json_decref(one);
    }
    return all;
}

static void add_standing(const struct views *v, json_t *o)
{
    struct engine_stats engine;
    json_t *classes = json_object();

    engine_get_stats(core_engine(v->core), &engine);
    for (int i = 0; i < SIGNAL_CLASS_COUNT; i++)
        json_object_set_new(classes, word_of(&WORDS_SIGNAL_CLASS, i),
                            number(engine.alarms_standing[i]));
    json_object_set_new(o, "alarmsByClass", classes);
    json_object_set_new(o, "readings", number(engine.readings));
    json_object_set_new(o, "timers", number(engine.timers));
    json_object_set_new(
        o, "refused",
        number(engine.refused_alarms + engine.refused_tasks + engine.refused_objects));
}

static void add_store(const struct views *v, json_t *o)
{
    struct writer_stats writer;
    json_t *store = json_object();

    core_writer_stats(v->core, &writer);
    json_object_set_new(store, "commits", number(writer.commits));
    json_object_set_new(store, "failures", number(writer.failures));
    json_object_set_new(store, "failing", json_boolean(writer.failing_since_us != 0));
    json_object_set_new(o, "store", store);
}

static void add_upstream(const struct views *v, json_t *o)
{
    struct push_stats push;
    json_t *fire = json_object();

    push_get_stats(v->push, &push);
    json_object_set_new(o, "upstream", link_view(&push.link));
    json_object_set_new(o, "delivered", number(push.delivered));
    json_object_set_new(o, "waiting", number(push.waiting));
    json_object_set_new(o, "inFlight", number(push.in_flight));
    json_object_set_new(fire, "count", number(push.fire_count));
    json_object_set_new(fire, "lastMs", json_real((double)push.fire_last_us / 1000.0));
    json_object_set_new(fire, "maxMs", json_real((double)push.fire_max_us / 1000.0));
    json_object_set_new(o, "fireToUpstream", fire);
}

json_t *views_status(const struct views *v)
{
    struct message_status status;
    struct link_stats devices;
    struct intake_stats intake;
    struct message_context json = *v->message;
    struct buf text = { 0 };
    json_t *o;

    views_fill_status(v, &status);
    json.encoding = MESSAGE_JSON; /* whatever upstream gets */
    if (message_status(&json, &status, &text) < 0) {
        buf_done(&text);
        return NULL;
    }
    o = json_loadb(text.bytes, text.len, 0, NULL);
    buf_done(&text);
    if (o == NULL)
        return NULL;
    link_get_stats(v->devices, &devices);
    intake_get_stats(v->intake, &intake);
    json_object_set_new(o, "devicesLink", link_view(&devices));
    json_object_set_new(o, "ringWaits", number(intake.ring_waits));
    json_object_set_new(o, "ringUsedBytes", number(intake.ring_used));
    json_object_set_new(o, "ignored", number(intake.ignored));
    json_object_set_new(o, "repeats", number(intake.repeats));
    json_object_set_new(o, "rejectedBySource", rejected_view(v));
    add_upstream(v, o);
    add_standing(v, o);
    add_store(v, o);
    return o;
}

json_t *views_rejects(const struct views *v)
{
    struct reject *kept = malloc(REJECTS_KEPT_MAX * sizeof *kept);
    json_t *list = json_array();
    uint32_t count = kept == NULL ? 0 : intake_rejects(v->intake, kept, REJECTS_KEPT_MAX);

    for (uint32_t i = 0; i < count; i++) {
        json_t *o = json_object();

        json_object_set_new(o, "at", time_view(v, kept[i].wall_ms));
        json_object_set_new(o, "source", json_string(kept[i].source));
        json_object_set_new(o, "reason", json_string(reject_word(kept[i].reason)));
        json_object_set_new(o, "topic", json_string(kept[i].topic));
        json_object_set_new(o, "detail", json_string(kept[i].detail));
        json_object_set_new(o, "payload", json_string(kept[i].payload));
        json_object_set_new(o, "payloadBytes", number(kept[i].payload_len));
        json_array_append_new(list, o);
    }
    free(kept);
    return list;
}

json_t *views_device(const struct views *v, uint32_t device)
{
    const struct engine *e = core_engine(v->core);
    struct tcn_now now = tcn_clock_now(v->clock);
    int64_t heard_ms = engine_device_heard_ms(e, device);
    json_t *o = json_object(), *values = json_object();

    json_object_set_new(
        o, "lastHeard",
        heard_ms == TCN_NEVER ? json_null() : time_view(v, now.wall_ms - (now.mono_ms - heard_ms)));
    for (uint16_t m = 0; m < v->message->metrics->count; m++) {
        const struct metric *metric = &v->message->metrics->items[m];
        struct expr_value value;
        char text[64];

        if (!engine_device_value(e, device, m, &value))
            continue;
        metric_format_value(metric, value.value, text, sizeof text);
        json_object_set_new(values, metric->name,
                            value.quality == QUALITY_GOOD ? json_string(text) : json_null());
    }
    json_object_set_new(o, "values", values);
    return o;
}
