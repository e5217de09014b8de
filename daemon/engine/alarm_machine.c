#include "engine/alarm_machine.h"

#include <assert.h>

#define NO_MOVE                                                                                    \
    {                                                                                              \
        ALARM_STATE_COUNT, ALARM_TRANSITION_COUNT                                                  \
    }

static const struct alarm_move MOVES[ALARM_STATE_COUNT][ALARM_INPUT_COUNT] = {
    [ALARM_NORMAL] = {
        [ALARM_IN_RAISE] = { ALARM_UNACKNOWLEDGED, TRANSITION_RAISED },
        [ALARM_IN_CLEAR] = NO_MOVE,
        [ALARM_IN_ACKNOWLEDGE] = NO_MOVE,
    },
    [ALARM_UNACKNOWLEDGED] = {
        [ALARM_IN_RAISE] = NO_MOVE,
        [ALARM_IN_CLEAR] = { ALARM_RETURNED, TRANSITION_CLEARED },
        [ALARM_IN_ACKNOWLEDGE] = { ALARM_ACKNOWLEDGED, TRANSITION_ACKNOWLEDGED },
    },
    [ALARM_ACKNOWLEDGED] = {
        [ALARM_IN_RAISE] = NO_MOVE,
        [ALARM_IN_CLEAR] = { ALARM_NORMAL, TRANSITION_CLEARED },
        [ALARM_IN_ACKNOWLEDGE] = NO_MOVE,
    },
    [ALARM_RETURNED] = {
        [ALARM_IN_RAISE] = { ALARM_UNACKNOWLEDGED, TRANSITION_RERAISED },
        [ALARM_IN_CLEAR] = NO_MOVE,
        [ALARM_IN_ACKNOWLEDGE] = { ALARM_NORMAL, TRANSITION_ACKNOWLEDGED },
    },
};

int alarm_machine_step(enum alarm_state from, enum alarm_input input, struct alarm_move *ret)
{
    struct alarm_move move;

    assert(from < ALARM_STATE_COUNT && input < ALARM_INPUT_COUNT);
    move = MOVES[from][input];
    if (move.to == ALARM_STATE_COUNT)
        return TCN_ESTATE;
    /* The invariant of the table: the condition holds after a raise, does not after a clear, and
     * an acknowledgement changes nothing about it. */
    assert(input != ALARM_IN_RAISE || alarm_machine_active(move.to));
    assert(input != ALARM_IN_CLEAR || !alarm_machine_active(move.to));
    assert(input != ALARM_IN_ACKNOWLEDGE ||
           alarm_machine_active(move.to) == alarm_machine_active(from));
    *ret = move;
    return TCN_OK;
}

bool alarm_machine_active(enum alarm_state state)
{
    return state == ALARM_UNACKNOWLEDGED || state == ALARM_ACKNOWLEDGED;
}
