#include "engine/task_machine.h"

#include <assert.h>

/* NONE marks what is not allowed; 0 is TASK_ISSUED, so every row names all its events. */
#define NONE TASK_STATE_COUNT
#define ROW(accepted, submitted, recovered, recurred, verified, returned, closed, withdrawn, mark) \
    {                                                                                              \
        [TASK_EV_ISSUED] = NONE, [TASK_EV_ACCEPTED] = (accepted),                                  \
        [TASK_EV_SUBMITTED] = (submitted), [TASK_EV_RECOVERED] = (recovered),                      \
        [TASK_EV_RECURRED] = (recurred), [TASK_EV_VERIFIED] = (verified),                          \
        [TASK_EV_RETURNED] = (returned), [TASK_EV_CLOSED] = (closed),                              \
        [TASK_EV_WITHDRAWN] = (withdrawn), [TASK_EV_REMINDER] = (mark), [TASK_EV_OVERDUE] = (mark) \
    }

#define A TASK_ACCEPTED
#define S TASK_SUBMITTED
#define W TASK_AWAITING_RECHECK
#define V TASK_VERIFIED
#define R TASK_RETURNED
#define O TASK_REOPENED
#define C TASK_CLOSED
#define X TASK_WITHDRAWN

/* clang-format off: a table */
static const enum task_state MOVES[TASK_STATE_COUNT][TASK_EVENT_COUNT] = {
    /*                            accept submit recover recur verify return close withdraw marks */
    [TASK_ISSUED] = ROW(A, S, W, NONE, NONE, NONE, C, X, TASK_ISSUED),
    [TASK_ACCEPTED] = ROW(NONE, S, W, NONE, NONE, NONE, C, X, A),
    [TASK_SUBMITTED] = ROW(NONE, S, S, O, V, R, C, X, NONE),
    [TASK_AWAITING_RECHECK] = ROW(NONE, S, NONE, O, V, R, C, X, NONE),
    [TASK_VERIFIED] = ROW(NONE, NONE, V, O, NONE, R, C, X, NONE),
    [TASK_RETURNED] = ROW(A, S, W, O, NONE, NONE, C, X, R),
    [TASK_REOPENED] = ROW(A, S, W, NONE, NONE, NONE, C, X, O),
    [TASK_CLOSED] = ROW(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE),
    [TASK_WITHDRAWN] = ROW(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE),
};
/* clang-format on */

int task_machine_step(enum task_state from, enum task_event event, enum task_state *ret)
{
    enum task_state to;

    assert(from < TASK_STATE_COUNT && event < TASK_EVENT_COUNT);
    to = MOVES[from][event];
    if (to == NONE)
        return TCN_ESTATE;
    /* The invariant: what is over stays over, and only a close or a withdrawal ends a task. */
    assert(!task_machine_over(from));
    assert(task_machine_over(to) == (event == TASK_EV_CLOSED || event == TASK_EV_WITHDRAWN));
    *ret = to;
    return TCN_OK;
}

bool task_machine_clock_runs(enum task_state state)
{
    return state == TASK_ISSUED || state == TASK_ACCEPTED || state == TASK_RETURNED ||
           state == TASK_REOPENED;
}

bool task_machine_over(enum task_state state)
{
    return state == TASK_CLOSED || state == TASK_WITHDRAWN;
}
