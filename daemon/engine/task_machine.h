/* engine/task_machine.h - the life of a rectification task, as one table. Pure.
 *
 *   issued -> accepted -> submitted -> verified -> closed, and back by return or recurrence.
 * A sensor's return to normal leads to awaiting-recheck, never to closed (a rule's auto_close is
 * decided by the caller); verified closes once the sensor is normal, too.
 * Source: domain.md 4.3 (a person concludes the re-check; the system never closes by itself). */
#ifndef TOCSIN_ENGINE_TASK_MACHINE_H
#define TOCSIN_ENGINE_TASK_MACHINE_H

#include <stdbool.h>

#include "base/err.h"
#include "model/words.h"

/* Where event leads from state. TCN_ESTATE: it is not allowed there (*ret untouched). Reminder and
 * overdue are marks: they keep the state, where they are allowed. */
int task_machine_step(enum task_state from, enum task_event event, enum task_state *ret);
/* True while somebody other than the department has to act: the deadline runs. */
bool task_machine_clock_runs(enum task_state state);
/* True for closed and withdrawn. */
bool task_machine_over(enum task_state state);

#endif
