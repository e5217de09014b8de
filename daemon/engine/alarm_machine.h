/* engine/alarm_machine.h - the life of an alarm, as one table. Pure.
 * Source: ISA-18.2 / IEC 62682, states and transitions of domain.md 3.1. */
#ifndef TOCSIN_ENGINE_ALARM_MACHINE_H
#define TOCSIN_ENGINE_ALARM_MACHINE_H

#include <stdbool.h>

#include "base/err.h"
#include "model/words.h"

enum alarm_input { ALARM_IN_RAISE, ALARM_IN_CLEAR, ALARM_IN_ACKNOWLEDGE, ALARM_INPUT_COUNT };

struct alarm_move {
    enum alarm_state to;
    enum alarm_transition transition;
};

/* The move that input makes from state. TCN_ESTATE: none (*ret untouched). */
int alarm_machine_step(enum alarm_state from, enum alarm_input input, struct alarm_move *ret);
/* True in the states in which the condition holds. */
bool alarm_machine_active(enum alarm_state state);

#endif
