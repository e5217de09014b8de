/* engine/timers.h - all deadlines of the engine in one binary heap. Pure.
 *
 * Units:   deadlines are engine time, milliseconds. Equal deadlines come by kind, then by `tie`,
 *          which names what the timer is for: so the order is the same after a restart, when
 *          timers are started in another order.
 * Owner:   struct timers owns its arrays; timers_done(). A zeroed struct is empty.
 * A timer is named by a handle, never 0, which is reused after the timer ended. */
#ifndef TOCSIN_ENGINE_TIMERS_H
#define TOCSIN_ENGINE_TIMERS_H

#include <stdint.h>

#include "base/err.h"

enum timer_kind { TIMER_POINT, TIMER_MISSING, TIMER_TASK };

struct timer {
    int64_t deadline_ms;
    uint64_t tie;
    uint32_t heap_at;
    uint32_t kind;
    uint32_t a, b; /* what it is for: device and rule position, or task slot */
};

struct timers {          /* fields are private to timers.c */
    struct timer *slots; /* slots[0] is never used */
    uint32_t *heap;
    uint32_t *free_slots;
    uint32_t slot_count, slot_cap, heap_count, free_count;
};

void timers_done(struct timers *t);
/* Starts a timer. tie: unique among the timers of one kind. Returns its handle, or 0 when memory
 * ran out. */
uint32_t timers_start(struct timers *t, int64_t deadline_ms, enum timer_kind kind, uint64_t tie,
                      uint32_t a, uint32_t b);
/* Ends a timer before its time. handle must be running (asserted). */
void timers_stop(struct timers *t, uint32_t handle);
/* The earliest deadline, or TCN_NEVER. */
int64_t timers_deadline_ms(const struct timers *t);
/* Takes the earliest timer out; there must be one (asserted). */
struct timer timers_take(struct timers *t);
/* A running timer. */
const struct timer *timers_peek(const struct timers *t, uint32_t handle);

#endif
