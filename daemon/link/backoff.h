/* link/backoff.h - how long to wait before the next attempt to connect. Pure.
 *
 * Full jitter: anything between 0 and a bound that doubles with each failure, so that a thousand
 * gateways cut off together don't come back together. The first retry is quick: most losses are
 * a broker that restarts or a network that blinks.
 * Units:   milliseconds. */
#ifndef TOCSIN_LINK_BACKOFF_H
#define TOCSIN_LINK_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FLOOR_MS 20  /* even the luckiest draw waits this long */
#define BACKOFF_QUICK_MS 250 /* bound of the first retry */

/* attempt: 0 for the first retry after a good connection. random: any 64 random bits.
 * Result: BACKOFF_FLOOR_MS .. max(max_ms, BACKOFF_FLOOR_MS). */
int64_t backoff_delay_ms(int64_t min_ms, int64_t max_ms, unsigned attempt, uint64_t random);

#endif
