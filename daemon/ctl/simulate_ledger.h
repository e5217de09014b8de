/* ctl/simulate_ledger.h - everything that the simulator has heard from the gateway: what a step
 * waits for is looked up here, and the summary counts from here. Pure but for memory.
 *
 * A message is used by one expectation only, so what is left unused at the end was a surprise.
 * Owner:   struct simulate_ledger owns its entries; simulate_ledger_done() frees them.
 * Thread:  one at a time.
 * Limits:  SIMULATE_HEARD_MAX messages, SIMULATE_STANDING_MAX alarms, SIMULATE_COUNTED_MAX topics
 *          with a seq; what is above sets overflow. */
#ifndef TOCSIN_CTL_SIMULATE_LEDGER_H
#define TOCSIN_CTL_SIMULATE_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/simulate_story.h"

#define SIMULATE_HEARD_MAX    4096
#define SIMULATE_STANDING_MAX 256
#define SIMULATE_COUNTED_MAX  64
#define SIMULATE_TOPIC_MAX    256

enum simulate_heard_kind { HEARD_EVENT, HEARD_NOTICE, HEARD_REPLY };

struct simulate_heard {
    enum simulate_heard_kind kind;
    char tail[SIMULATE_TOPIC_MAX]; /* the topic after tocsin/v1/<gateway>/ */
    json_t *json;
    int64_t at_us;
    bool used;
};

struct simulate_counted {
    char tail[SIMULATE_TOPIC_MAX];
    uint64_t epoch, seq;
};

struct simulate_ledger {          /* zeroed: empty */
    struct simulate_heard *heard; /* allocated at the first message */
    uint32_t heard_count;
    char standing[SIMULATE_STANDING_MAX][SIMULATE_TOPIC_MAX]; /* "alarms/<device>/<rule>" */
    uint32_t standing_count;
    struct simulate_counted counted[SIMULATE_COUNTED_MAX];
    uint32_t counted_count;

    uint64_t messages;      /* from the gateway, all kinds */
    uint64_t malformed;     /* not the JSON that the contract promises */
    uint64_t gaps, repeats; /* in seq */
    bool overflow;
    bool online; /* the gateway's status says so */
    uint32_t raised[SIGNAL_CLASS_COUNT], cleared, acknowledged;
    uint32_t issued, closed, overdue; /* tasks, as told to enterprises and departments */
};

void simulate_ledger_done(struct simulate_ledger *l);
/* Takes in one message; tail is its topic after tocsin/v1/<gateway>/. */
void simulate_ledger_hear(struct simulate_ledger *l, const char *tail, const char *payload,
                          size_t len, int64_t at_us);

/* The first unused message that the expectation step describes, or NULL; marks it used. */
struct simulate_heard *simulate_ledger_event(struct simulate_ledger *l,
                                             const struct simulate_step *step);
struct simulate_heard *simulate_ledger_notice(struct simulate_ledger *l,
                                              const struct simulate_step *step);
struct simulate_heard *simulate_ledger_reply(struct simulate_ledger *l, const char *command_id);
/* Whether alarms/<device>/<rule> carries a state. */
bool simulate_ledger_standing(const struct simulate_ledger *l, const char *device,
                              const char *rule);
/* The i-th alarm event that nothing waited for, or NULL past the end. */
const struct simulate_heard *simulate_ledger_surprise(const struct simulate_ledger *l, uint32_t i);

/* The text of a member of a message such as "alarm", "alarmId", or "" if it has none. */
const char *simulate_heard_text(const struct simulate_heard *heard, const char *object,
                                const char *member);

#endif
