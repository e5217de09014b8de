/* base/clock.c - see clock.h. */
#define _GNU_SOURCE
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static struct timespec read_clock(clockid_t which)
{
    struct timespec t;
    int rc = clock_gettime(which, &t);

    assert(rc == 0); /* all clocks read here exist on every Linux since 2.6.39 */
    (void)rc;
    return t;
}

static int64_t to_ms(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void tcn_clock_init(struct tcn_clock *c, int64_t mono_not_before_ms, int64_t wall_not_before_ms)
{
    int64_t wall_ms = to_ms(read_clock(CLOCK_REALTIME));
    int64_t start_ms = wall_ms > mono_not_before_ms ? wall_ms : mono_not_before_ms;

    c->offset_ms = start_ms - to_ms(read_clock(CLOCK_BOOTTIME));
    c->wall_floor_ms = wall_not_before_ms;
}

struct tcn_now tcn_clock_now(const struct tcn_clock *c)
{
    int64_t wall_ms = to_ms(read_clock(CLOCK_REALTIME));

    return (struct tcn_now){
        .mono_ms = to_ms(read_clock(CLOCK_BOOTTIME)) + c->offset_ms,
        .wall_ms = wall_ms > c->wall_floor_ms ? wall_ms : c->wall_floor_ms,
    };
}

int64_t tcn_clock_us(void)
{
    struct timespec t = read_clock(CLOCK_MONOTONIC);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int tcn_clock_offset_min(void)
{
    time_t now = read_clock(CLOCK_REALTIME).tv_sec;
    struct tm local;

    if (localtime_r(&now, &local) == NULL)
        return 0; /* a year that does not fit: UTC is as good as any */
    return (int)(local.tm_gmtoff / 60);
}
