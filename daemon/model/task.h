/* model/task.h - a rectification task (整改任务), its history, and the notices about it.
 * Source: domain.md 4.1 and 4.3: mandatory level and deadline; a person closes. */
#ifndef TOCSIN_MODEL_TASK_H
#define TOCSIN_MODEL_TASK_H

#include "model/alarm.h"

#define EVIDENCE_MAX 255
#define TASK_STEPS_MAX                                                                             \
    64 /* older steps in the middle are dropped from messages, not from the database */

struct task_step {
    enum task_event event;
    enum task_state state; /* after it */
    int64_t wall_ms;
    struct actor actor;
    char note[NOTE_MAX + 1];
    char evidence[EVIDENCE_MAX + 1]; /* reference: URL, file name, photo hash */
};

struct task {
    uint64_t id;
    uint64_t alarm; /* the alarm that caused it last */
    uint32_t device, rule;
    uint32_t enterprise, department, unit; /* registry indexes, REGISTRY_NONE where absent */
    enum task_state state;
    enum hazard_level level;
    bool drill;
    bool hazard_present;   /* the sensor still reports it */
    uint8_t overdue_level; /* 0: in time */
    uint16_t recurrence;   /* how often the hazard came back while the task was open */
    int64_t issued_wall_ms, changed_wall_ms;
    int64_t deadline_wall_ms; /* for people */
    int64_t deadline_ms;      /* engine time; what counts */
    int64_t next_due_ms;      /* engine time of its next reminder or escalation, TCN_NEVER: none */
    char evidence[EVIDENCE_MAX + 1]; /* of the last submission */
};

struct task_change {
    struct task task; /* after the change */
    struct task_step step;
    uint32_t step_number; /* from 0, within the task, no gap */
};

struct notice {
    uint64_t id;
    uint64_t seq; /* within the party's topic, no gap */
    enum task_event kind;
    enum party_kind party_kind; /* enterprise, department, unit */
    uint32_t party;             /* registry index */
    uint32_t change;            /* index into the task changes of the same effects */
};

#endif
