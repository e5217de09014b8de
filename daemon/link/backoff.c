#include "link/backoff.h"

int64_t backoff_delay_ms(int64_t min_ms, int64_t max_ms, unsigned attempt, uint64_t random)
{
    int64_t bound;

    if (max_ms < BACKOFF_FLOOR_MS)
        max_ms = BACKOFF_FLOOR_MS;
    if (min_ms < BACKOFF_FLOOR_MS)
        min_ms = BACKOFF_FLOOR_MS;
    if (min_ms > max_ms)
        min_ms = max_ms;

    bound = min_ms;
    for (unsigned i = 1; i < attempt && bound < max_ms; i++)
        bound = bound > max_ms / 2 ? max_ms : bound * 2;
    if (attempt == 0 && bound > BACKOFF_QUICK_MS)
        bound = BACKOFF_QUICK_MS;
    return BACKOFF_FLOOR_MS + (int64_t)(random % (uint64_t)(bound - BACKOFF_FLOOR_MS + 1));
}
