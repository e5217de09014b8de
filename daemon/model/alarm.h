/* model/alarm.h - an alarm as it stands, and a change of it. Plain data.
 * Source: states after ISA-18.2 / IEC 62682 (domain.md 3.1). */
#ifndef TOCSIN_MODEL_ALARM_H
#define TOCSIN_MODEL_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/metric.h"
#include "model/words.h"

#define ACTOR_ID_MAX   63
#define ACTOR_NAME_MAX 63
#define NOTE_MAX       511

/* Who did it. An enterprise, department or unit is named by its registry id. */
struct actor {
    enum party_kind kind;
    char id[ACTOR_ID_MAX + 1];
    char name[ACTOR_NAME_MAX + 1]; /* the person, as given; "" if not */
};

struct alarm {
    uint64_t id;     /* minted by the engine; text form by model/ids.h */
    uint32_t device; /* registry index */
    uint32_t rule;   /* rules index */
    enum alarm_state state;
    bool drill;
    bool has_value;
    uint16_t value_metric; /* which metric the value is of, METRIC_NONE if none */
    double value;          /* the reading that raised it */
    int64_t raised_wall_ms, changed_wall_ms;
    int64_t device_wall_ms; /* device's own time of that reading; 0: none */
    uint64_t task;          /* task id, 0: none */
    struct actor acked_by;  /* kind PARTY_NONE: nobody */
};

struct alarm_change {
    struct alarm alarm; /* after the change */
    enum alarm_transition transition;
    uint64_t seq;              /* within events/<class>, no gap */
    struct actor actor;        /* PARTY_SYSTEM for rules and timers */
    char reason[NOTE_MAX + 1]; /* note of a person, or why in words; "" if none */
    int64_t received_us; /* tcn_clock_us() when the message came in, 0 when none: for measuring */
};

#endif
