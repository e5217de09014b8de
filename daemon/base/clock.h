/* base/clock.h - the two times that the project knows.
 *
 * Units:   mono_ms is "engine time": milliseconds that never go back, neither while running nor
 *          across restarts. It starts at the wall clock (or at the last committed engine time,
 *          whichever is later) and then advances with CLOCK_BOOTTIME. Deadlines are engine time.
 *          wall_ms is the wall clock, milliseconds since 1970 UTC, for people only. It may jump, but
 *          is never shown behind the last committed one: boxes without a clock boot in the past.
 * Thread:  struct tcn_clock is set once and then read by any thread.
 *
 * The reading functions live in clock.c, which is not part of core.a: codec and engine get the
 * time as a parameter. */
#ifndef TOCSIN_BASE_CLOCK_H
#define TOCSIN_BASE_CLOCK_H

#include <stdint.h>

struct tcn_now {
    int64_t mono_ms;
    int64_t wall_ms;
};

struct tcn_clock {
    int64_t offset_ms;     /* engine time minus CLOCK_BOOTTIME; private */
    int64_t wall_floor_ms; /* private */
};

/* Starts engine time at max(wall clock, mono_not_before_ms); wall times are at least
 * wall_not_before_ms. */
void tcn_clock_init(struct tcn_clock *c, int64_t mono_not_before_ms, int64_t wall_not_before_ms);
struct tcn_now tcn_clock_now(const struct tcn_clock *c);
/* Microseconds of CLOCK_MONOTONIC, for measuring. */
int64_t tcn_clock_us(void);
/* Minutes east of UTC of this machine's time zone now. */
int tcn_clock_offset_min(void);

#endif
