#include <assert.h>

#include "codec/message_private.h"

#define CLASS(x) TOCSIN__V1__SIGNAL_CLASS__SIGNAL_CLASS_##x
#define SEV(x)   TOCSIN__V1__SEVERITY__SEVERITY_##x
#define STATE(x) TOCSIN__V1__ALARM_STATE__ALARM_STATE_##x
#define TRANS(x) TOCSIN__V1__TRANSITION__TRANSITION_##x
#define TASK(x)  TOCSIN__V1__TASK_STATE__TASK_STATE_##x
#define EVENT(x) TOCSIN__V1__TASK_EVENT__TASK_EVENT_##x
#define LEVEL(x) TOCSIN__V1__HAZARD_LEVEL__HAZARD_LEVEL_##x
#define PARTY(x) TOCSIN__V1__PARTY_KIND__PARTY_KIND_##x

static const Tocsin__V1__SignalClass signal_classes[SIGNAL_CLASS_COUNT] = {
    [SIGNAL_FIRE] = CLASS(FIRE),
    [SIGNAL_SUPERVISORY] = CLASS(SUPERVISORY),
    [SIGNAL_HAZARD] = CLASS(HAZARD),
    [SIGNAL_FAULT] = CLASS(FAULT),
};
static const Tocsin__V1__Severity severities[SEVERITY_COUNT] = {
    [SEVERITY_CRITICAL] = SEV(CRITICAL),
    [SEVERITY_MAJOR] = SEV(MAJOR),
    [SEVERITY_MINOR] = SEV(MINOR),
    [SEVERITY_WARNING] = SEV(WARNING),
};
static const Tocsin__V1__AlarmState alarm_states[ALARM_STATE_COUNT] = {
    [ALARM_NORMAL] = STATE(NORMAL),
    [ALARM_UNACKNOWLEDGED] = STATE(UNACKNOWLEDGED),
    [ALARM_ACKNOWLEDGED] = STATE(ACKNOWLEDGED),
    [ALARM_RETURNED] = STATE(RETURNED_UNACKNOWLEDGED),
};
static const Tocsin__V1__Transition transitions[ALARM_TRANSITION_COUNT] = {
    [TRANSITION_RAISED] = TRANS(RAISED),
    [TRANSITION_RERAISED] = TRANS(RE_RAISED),
    [TRANSITION_ACKNOWLEDGED] = TRANS(ACKNOWLEDGED),
    [TRANSITION_CLEARED] = TRANS(CLEARED),
    [TRANSITION_REMOVED] = TRANS(REMOVED),
};
static const Tocsin__V1__TaskState task_states[TASK_STATE_COUNT] = {
    [TASK_ISSUED] = TASK(ISSUED),       [TASK_ACCEPTED] = TASK(ACCEPTED),
    [TASK_SUBMITTED] = TASK(SUBMITTED), [TASK_AWAITING_RECHECK] = TASK(AWAITING_RECHECK),
    [TASK_VERIFIED] = TASK(VERIFIED),   [TASK_RETURNED] = TASK(RETURNED),
    [TASK_REOPENED] = TASK(REOPENED),   [TASK_CLOSED] = TASK(CLOSED),
    [TASK_WITHDRAWN] = TASK(WITHDRAWN),
};
static const Tocsin__V1__TaskEvent task_events[TASK_EVENT_COUNT] = {
    [TASK_EV_ISSUED] = EVENT(ISSUED),       [TASK_EV_ACCEPTED] = EVENT(ACCEPTED),
    [TASK_EV_SUBMITTED] = EVENT(SUBMITTED), [TASK_EV_RECOVERED] = EVENT(RECOVERED),
    [TASK_EV_RECURRED] = EVENT(RECURRED),   [TASK_EV_VERIFIED] = EVENT(VERIFIED),
    [TASK_EV_RETURNED] = EVENT(RETURNED),   [TASK_EV_CLOSED] = EVENT(CLOSED),
    [TASK_EV_WITHDRAWN] = EVENT(WITHDRAWN), [TASK_EV_REMINDER] = EVENT(REMINDER),
    [TASK_EV_OVERDUE] = EVENT(OVERDUE),
};
static const Tocsin__V1__HazardLevel hazard_levels[HAZARD_LEVEL_COUNT] = {
    [HAZARD_GENERAL] = LEVEL(GENERAL),
    [HAZARD_MAJOR] = LEVEL(MAJOR),
};
static const Tocsin__V1__PartyKind party_kinds[PARTY_KIND_COUNT] = {
    [PARTY_NONE] = PARTY(UNSPECIFIED),      [PARTY_ENTERPRISE] = PARTY(ENTERPRISE),
    [PARTY_DEPARTMENT] = PARTY(DEPARTMENT), [PARTY_UNIT] = PARTY(UNIT),
    [PARTY_OPERATOR] = PARTY(OPERATOR),     [PARTY_SYSTEM] = PARTY(SYSTEM),
};

Tocsin__V1__SignalClass message_signal_class(enum signal_class v)
{
    assert((unsigned)v < SIGNAL_CLASS_COUNT);
    return signal_classes[v];
}

Tocsin__V1__Severity message_severity(enum severity v)
{
    assert((unsigned)v < SEVERITY_COUNT);
    return severities[v];
}

Tocsin__V1__AlarmState message_alarm_state(enum alarm_state v)
{
    assert((unsigned)v < ALARM_STATE_COUNT);
    return alarm_states[v];
}

Tocsin__V1__Transition message_transition(enum alarm_transition v)
{
    assert((unsigned)v < ALARM_TRANSITION_COUNT);
    return transitions[v];
}

Tocsin__V1__TaskState message_task_state(enum task_state v)
{
    assert((unsigned)v < TASK_STATE_COUNT);
    return task_states[v];
}

Tocsin__V1__TaskEvent message_task_event(enum task_event v)
{
    assert((unsigned)v < TASK_EVENT_COUNT);
    return task_events[v];
}

Tocsin__V1__HazardLevel message_hazard_level(enum hazard_level v)
{
    assert((unsigned)v < HAZARD_LEVEL_COUNT);
    return hazard_levels[v];
}

Tocsin__V1__PartyKind message_party_kind(enum party_kind v)
{
    assert((unsigned)v < PARTY_KIND_COUNT);
    return party_kinds[v];
}

enum party_kind message_party_kind_of(Tocsin__V1__PartyKind v)
{
    for (unsigned i = 0; i < PARTY_KIND_COUNT; i++)
        if (party_kinds[i] == v)
            return (enum party_kind)i;
    return PARTY_NONE;
}
