/* model/words.h - the closed word lists that appear in messages, files, log and database.
 * One X-macro a list: enum constant, word. Words are lower case with hyphens. */
#ifndef TOCSIN_MODEL_WORDS_H
#define TOCSIN_MODEL_WORDS_H

#include "base/err.h"

/* Classes differ in priority (order here: most urgent first), latching and suppression. */
#define SIGNAL_CLASSES(X)                                                                          \
    X(SIGNAL_FIRE, "fire")                                                                         \
    X(SIGNAL_SUPERVISORY, "supervisory")                                                           \
    X(SIGNAL_HAZARD, "hazard")                                                                     \
    X(SIGNAL_FAULT, "fault")

#define SEVERITIES(X)                                                                              \
    X(SEVERITY_CRITICAL, "critical")                                                               \
    X(SEVERITY_MAJOR, "major")                                                                     \
    X(SEVERITY_MINOR, "minor")                                                                     \
    X(SEVERITY_WARNING, "warning")

/* ISA-18.2 / IEC 62682 states. */
#define ALARM_STATES(X)                                                                            \
    X(ALARM_NORMAL, "normal")                                                                      \
    X(ALARM_UNACKNOWLEDGED, "unacknowledged")                                                      \
    X(ALARM_ACKNOWLEDGED, "acknowledged")                                                          \
    X(ALARM_RETURNED, "returned-unacknowledged")

#define ALARM_TRANSITIONS(X)                                                                       \
    X(TRANSITION_RAISED, "raised")                                                                 \
    X(TRANSITION_RERAISED, "re-raised")                                                            \
    X(TRANSITION_ACKNOWLEDGED, "acknowledged")                                                     \
    X(TRANSITION_CLEARED, "cleared")                                                               \
    X(TRANSITION_REMOVED, "removed")

#define TASK_STATES(X)                                                                             \
    X(TASK_ISSUED, "issued")                                                                       \
    X(TASK_ACCEPTED, "accepted")                                                                   \
    X(TASK_SUBMITTED, "submitted")                                                                 \
    X(TASK_AWAITING_RECHECK, "awaiting-recheck")                                                   \
    X(TASK_VERIFIED, "verified")                                                                   \
    X(TASK_RETURNED, "returned")                                                                   \
    X(TASK_REOPENED, "reopened")                                                                   \
    X(TASK_CLOSED, "closed")                                                                       \
    X(TASK_WITHDRAWN, "withdrawn")

/* What happens to a task; also the kind of the notice that tells of it, and of a history step. */
#define TASK_EVENTS(X)                                                                             \
    X(TASK_EV_ISSUED, "issued")                                                                    \
    X(TASK_EV_ACCEPTED, "accepted")                                                                \
    X(TASK_EV_SUBMITTED, "submitted")                                                              \
    X(TASK_EV_RECOVERED, "recovered")                                                              \
    X(TASK_EV_RECURRED, "recurred")                                                                \
    X(TASK_EV_VERIFIED, "verified")                                                                \
    X(TASK_EV_RETURNED, "returned")                                                                \
    X(TASK_EV_CLOSED, "closed")                                                                    \
    X(TASK_EV_WITHDRAWN, "withdrawn")                                                              \
    X(TASK_EV_REMINDER, "reminder")                                                                \
    X(TASK_EV_OVERDUE, "overdue")

#define HAZARD_LEVELS(X)                                                                           \
    X(HAZARD_GENERAL, "general")                                                                   \
    X(HAZARD_MAJOR, "major")

#define PARTY_KINDS(X)                                                                             \
    X(PARTY_NONE, "none")                                                                          \
    X(PARTY_ENTERPRISE, "enterprise")                                                              \
    X(PARTY_DEPARTMENT, "department")                                                              \
    X(PARTY_UNIT, "unit")                                                                          \
    X(PARTY_OPERATOR, "operator")                                                                  \
    X(PARTY_SYSTEM, "system")

#define COMMAND_KINDS(X)                                                                           \
    X(COMMAND_ACKNOWLEDGE, "acknowledge")                                                          \
    X(COMMAND_ACCEPT, "accept")                                                                    \
    X(COMMAND_SUBMIT, "submit")                                                                    \
    X(COMMAND_VERIFY, "verify")                                                                    \
    X(COMMAND_RETURN, "return")                                                                    \
    X(COMMAND_WITHDRAW, "withdraw")

#define UNIT_KINDS(X)                                                                              \
    X(UNIT_INDUSTRIAL, "industrial")                                                               \
    X(UNIT_SECTOR, "sector")                                                                       \
    X(UNIT_SMALL_PLACE, "small-place")                                                             \
    X(UNIT_RESIDENTIAL, "residential")

#define WORDS_ENUM(name, word) name,
enum signal_class { SIGNAL_CLASSES(WORDS_ENUM) SIGNAL_CLASS_COUNT };
enum severity { SEVERITIES(WORDS_ENUM) SEVERITY_COUNT };
enum alarm_state { ALARM_STATES(WORDS_ENUM) ALARM_STATE_COUNT };
enum alarm_transition { ALARM_TRANSITIONS(WORDS_ENUM) ALARM_TRANSITION_COUNT };
enum task_state { TASK_STATES(WORDS_ENUM) TASK_STATE_COUNT };
enum task_event { TASK_EVENTS(WORDS_ENUM) TASK_EVENT_COUNT };
enum hazard_level { HAZARD_LEVELS(WORDS_ENUM) HAZARD_LEVEL_COUNT };
enum party_kind { PARTY_KINDS(WORDS_ENUM) PARTY_KIND_COUNT };
enum command_kind { COMMAND_KINDS(WORDS_ENUM) COMMAND_KIND_COUNT };
enum unit_kind { UNIT_KINDS(WORDS_ENUM) UNIT_KIND_COUNT };
#undef WORDS_ENUM

struct word_list { /* words[i] belongs to enum value i */
    const char *const *words;
    unsigned count;
};
extern const struct word_list WORDS_SIGNAL_CLASS, WORDS_SEVERITY, WORDS_ALARM_STATE,
    WORDS_ALARM_TRANSITION, WORDS_TASK_STATE, WORDS_TASK_EVENT, WORDS_HAZARD_LEVEL,
    WORDS_PARTY_KIND, WORDS_COMMAND_KIND, WORDS_UNIT_KIND;

/* The word for a value, "?" out of range. */
const char *word_of(const struct word_list *list, int value);
/* The value for a word, or TCN_ENOENT. */
int word_find(const struct word_list *list, const char *word);

#endif
