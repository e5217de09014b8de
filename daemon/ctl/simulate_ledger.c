#include "ctl/simulate_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void simulate_ledger_done(struct simulate_ledger *l)
{
    for (uint32_t i = 0; i < l->heard_count; i++)
        json_decref(l->heard[i].json);
    free(l->heard);
    memset(l, 0, sizeof *l);
}

static const char *text_of(const json_t *json, const char *object, const char *member)
{
    const char *text;

    if (object != NULL)
        json = json_object_get(json, object);
    text = json_string_value(json_object_get(json, member));
    return text != NULL ? text : "";
}

const char *simulate_heard_text(const struct simulate_heard *heard, const char *object,
                                const char *member)
{
    return text_of(heard->json, object, member);
}

/* Keeps the set of alarm topics that carry a state; an empty payload takes one out. */
static void note_standing(struct simulate_ledger *l, const char *tail, bool stands)
{
    uint32_t i = 0;

    while (i < l->standing_count && strcmp(l->standing[i], tail) != 0)
        i++;
    if (stands && i == l->standing_count) {
        if (i == SIMULATE_STANDING_MAX) {
            l->overflow = true;
            return;
        }
        (void)tcn_text_copy(l->standing[i], SIMULATE_TOPIC_MAX, tail); /* bounded by the caller */
        l->standing_count++;
    } else if (!stands && i < l->standing_count) {
        l->standing_count--;
        memmove(l->standing[i], l->standing[l->standing_count], SIMULATE_TOPIC_MAX);
    }
}

/* True if the message is new; false for one that was heard before. Counts gaps. */
static bool note_seq(struct simulate_ledger *l, const char *tail, const json_t *json)
{
    uint64_t epoch = (uint64_t)json_integer_value(json_object_get(json, "epoch"));
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(json, "seq"));
    struct simulate_counted *c = l->counted;

    while (c < l->counted + l->counted_count && strcmp(c->tail, tail) != 0)
        c++;
    if (c == l->counted + l->counted_count) {
        if (l->counted_count == SIMULATE_COUNTED_MAX) {
            l->overflow = true;
            return true;
        }
        l->counted_count++;
        (void)tcn_text_copy(c->tail, sizeof c->tail, tail); /* bounded by the caller */
    } else if (c->epoch == epoch) {
        if (seq <= c->seq) {
            l->repeats++;
            return false;
        }
        l->gaps += seq - c->seq - 1;
    }
    c->epoch = epoch;
    c->seq = seq;
    return true;
}

static void count_event(struct simulate_ledger *l, const json_t *json)
{
    const char *transition = text_of(json, NULL, "transition");
    int signal_class = word_find(&WORDS_SIGNAL_CLASS, text_of(json, "alarm", "signalClass"));

    switch (word_find(&WORDS_ALARM_TRANSITION, transition)) {
    case TRANSITION_RAISED:
    case TRANSITION_RERAISED:
        if (signal_class >= 0)
            l->raised[signal_class]++;
        break;
    case TRANSITION_CLEARED:
        l->cleared++;
        break;
    case TRANSITION_ACKNOWLEDGED:
        l->acknowledged++;
        break;
    default:
        break;
    }
}

static void count_notice(struct simulate_ledger *l, const json_t *json)
{
    int kind = word_find(&WORDS_TASK_EVENT, text_of(json, NULL, "kind"));
    int party = word_find(&WORDS_PARTY_KIND, text_of(json, "party", "kind"));

    if (party == PARTY_ENTERPRISE && kind == TASK_EV_ISSUED)
        l->issued++;
    if (party == PARTY_ENTERPRISE && kind == TASK_EV_CLOSED)
        l->closed++;
    if (party == PARTY_DEPARTMENT && kind == TASK_EV_OVERDUE)
        l->overdue++;
}

/* Takes over json. */
static void keep(struct simulate_ledger *l, enum simulate_heard_kind kind, const char *tail,
                 json_t *json, int64_t at_us)
{
    struct simulate_heard *h;

    if (l->heard == NULL)
        l->heard = calloc(SIMULATE_HEARD_MAX, sizeof *l->heard);
    if (l->heard == NULL || l->heard_count == SIMULATE_HEARD_MAX) {
        l->overflow = true;
        json_decref(json);
        return;
    }
    h = &l->heard[l->heard_count++];
    h->kind = kind;
    (void)tcn_text_copy(h->tail, sizeof h->tail, tail); /* bounded by the caller */
    h->json = json;
    h->at_us = at_us;
}

static void hear_json(struct simulate_ledger *l, const char *tail, json_t *json, int64_t at_us)
{
    if (strcmp(tail, "status") == 0) {
        l->online = strcmp(text_of(json, NULL, "state"), "online") == 0;
        json_decref(json);
    } else if (strcmp(tail, "commands/replies") == 0) {
        keep(l, HEARD_REPLY, tail, json, at_us);
    } else if (!note_seq(l, tail, json)) {
        json_decref(json);
    } else if (strncmp(tail, "events/", 7) == 0) {
        count_event(l, json);
        keep(l, HEARD_EVENT, tail, json, at_us);
    } else {
        count_notice(l, json);
        keep(l, HEARD_NOTICE, tail, json, at_us);
    }
}

void simulate_ledger_hear(struct simulate_ledger *l, const char *tail, const char *payload,
                          size_t len, int64_t at_us)
{
    bool alarm = strncmp(tail, "alarms/", 7) == 0;
    json_t *json;

    if (!alarm && strncmp(tail, "events/", 7) != 0 && strncmp(tail, "tasks/", 6) != 0 &&
        strcmp(tail, "commands/replies") != 0 && strcmp(tail, "status") != 0)
        return; /* our own messages, seen through the wide subscription */
    l->messages++;
    if (strlen(tail) >= SIMULATE_TOPIC_MAX) {
        l->overflow = true;
        return;
    }
    if (alarm && len == 0) {
        note_standing(l, tail, false);
        return;
    }
    json = json_loadb(payload, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json)) {
        l->malformed++;
        json_decref(json);
    } else if (alarm) {
        note_standing(l, tail, true);
        json_decref(json);
    } else {
        hear_json(l, tail, json, at_us);
    }
}

static bool is_event(const struct simulate_heard *h, const struct simulate_step *step)
{
    char tail[SIMULATE_TOPIC_MAX];

    (void)tcn_text_format(tail, sizeof tail, "events/%s",
                          word_of(&WORDS_SIGNAL_CLASS, (int)step->signal_class));
    return h->kind == HEARD_EVENT && strcmp(h->tail, tail) == 0 &&
           strcmp(text_of(h->json, NULL, "transition"),
                  word_of(&WORDS_ALARM_TRANSITION, (int)step->transition)) == 0 &&
           strcmp(text_of(h->json, "alarm", "device"), step->device) == 0 &&
           strcmp(text_of(h->json, "alarm", "rule"), step->rule) == 0;
}

struct simulate_heard *simulate_ledger_event(struct simulate_ledger *l,
                                             const struct simulate_step *step)
{
    for (uint32_t i = 0; i < l->heard_count; i++)
        if (!l->heard[i].used && is_event(&l->heard[i], step)) {
            l->heard[i].used = true;
            return &l->heard[i];
        }
    return NULL;
}

static bool is_notice(const struct simulate_heard *h, const struct simulate_step *step)
{
    char tail[SIMULATE_TOPIC_MAX];

    (void)tcn_text_format(tail, sizeof tail, "tasks/%s/%s",
                          word_of(&WORDS_PARTY_KIND, (int)step->party), step->party_id);
    return h->kind == HEARD_NOTICE && strcmp(h->tail, tail) == 0 &&
           strcmp(text_of(h->json, NULL, "kind"), word_of(&WORDS_TASK_EVENT, (int)step->notice)) ==
               0 &&
           strcmp(text_of(h->json, "task", "rule"), step->rule) == 0;
}

struct simulate_heard *simulate_ledger_notice(struct simulate_ledger *l,
                                              const struct simulate_step *step)
{
    for (uint32_t i = 0; i < l->heard_count; i++)
        if (!l->heard[i].used && is_notice(&l->heard[i], step)) {
            l->heard[i].used = true;
            return &l->heard[i];
        }
    return NULL;
}

struct simulate_heard *simulate_ledger_reply(struct simulate_ledger *l, const char *command_id)
{
    for (uint32_t i = 0; i < l->heard_count; i++) {
        struct simulate_heard *h = &l->heard[i];

        if (h->kind == HEARD_REPLY && !h->used &&
            strcmp(text_of(h->json, NULL, "commandId"), command_id) == 0) {
            h->used = true;
            return h;
        }
    }
    return NULL;
}

bool simulate_ledger_standing(const struct simulate_ledger *l, const char *device, const char *rule)
{
    char tail[SIMULATE_TOPIC_MAX];

    if (tcn_text_format(tail, sizeof tail, "alarms/%s/%s", device, rule) != TCN_OK)
        return false;
    for (uint32_t i = 0; i < l->standing_count; i++)
        if (strcmp(l->standing[i], tail) == 0)
            return true;
    return false;
}

const struct simulate_heard *simulate_ledger_surprise(const struct simulate_ledger *l, uint32_t i)
{
    for (uint32_t k = 0; k < l->heard_count; k++)
        if (l->heard[k].kind == HEARD_EVENT && !l->heard[k].used && i-- == 0)
            return &l->heard[k];
    return NULL;
}
