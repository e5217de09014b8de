/* The devices of the town that are all right: each says so at regular times, as its kind does. A
 * device that takes part in a scene repeats what it said there. */
#include <assert.h>
#include <string.h>

#include "ctl/simulate_play.h"

/* Real detectors speak every few hours; the demo's rules call 15 s silence. */
#define HOME_EVERY_US      INT64_C(5000000)
#define SPRINKLER_EVERY_US INT64_C(8000000)
#define CHARGER_EVERY_US   INT64_C(10000000)

static int64_t wall_ms(const struct player *p)
{
    return tcn_clock_now(&p->clock).wall_ms;
}

int simulate_chatter_publish(struct player *p, struct tcn_fail *reterr)
{
    const struct simulate_wire *w = &p->wire;

    if (w->topic.failed || w->payload.failed)
        return tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out while a message was written");
    return simulate_mqtt_publish(p->mqtt, w->topic.bytes, w->payload.bytes, w->payload.len, reterr);
}

static int find(const char *const *names, uint32_t count, const char *name, uint32_t *ret_i,
                struct tcn_fail *reterr)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_i = i;
            return TCN_OK;
        }
    return tcn_fail_set(reterr, TCN_ENOENT, "the town has no device '%s'", name);
}

static int say_home(struct player *p, uint32_t i, struct tcn_fail *reterr)
{
    simulate_payload_smoke(&p->wire, SIMULATE_TOWN.homes[i], p->town.smoke[i], p->town.tick++,
                           wall_ms(p));
    return simulate_chatter_publish(p, reterr);
}

static int say_sprinkler(struct player *p, uint32_t i, struct tcn_fail *reterr)
{
    struct play_town *t = &p->town;

    simulate_payload_water(&p->wire, p->gateway, SIMULATE_TOWN.sprinklers[i], t->pressure_kpa[i],
                           t->flow[i], ++t->seq[i], wall_ms(p));
    return simulate_chatter_publish(p, reterr);
}

static int say_charger(struct player *p, uint32_t i, struct tcn_fail *reterr)
{
    simulate_payload_charger(&p->wire, SIMULATE_TOWN.chargers[i],
                             23.0 + (double)(p->town.tick++ % 30) / 10.0);
    return simulate_chatter_publish(p, reterr);
}

int simulate_chatter_smoke(struct player *p, const char *home, bool smoke, struct tcn_fail *reterr)
{
    uint32_t i = 0;
    int rc = find(SIMULATE_TOWN.homes, SIMULATE_TOWN.home_count, home, &i, reterr);

    if (rc < 0)
        return rc;
    p->town.smoke[i] = smoke;
    return say_home(p, i, reterr);
}

int simulate_chatter_silent(struct player *p, const char *home, bool silent,
                            struct tcn_fail *reterr)
{
    uint32_t i = 0;
    int rc = find(SIMULATE_TOWN.homes, SIMULATE_TOWN.home_count, home, &i, reterr);

    if (rc < 0)
        return rc;
    p->town.silent[i] = silent;
    return silent ? TCN_OK : say_home(p, i, reterr);
}

int simulate_chatter_water(struct player *p, const char *sprinkler, double pressure_kpa, bool flow,
                           struct tcn_fail *reterr)
{
    uint32_t i = 0;
    int rc = find(SIMULATE_TOWN.sprinklers, SIMULATE_TOWN.sprinkler_count, sprinkler, &i, reterr);

    if (rc < 0)
        return rc;
    p->town.pressure_kpa[i] = pressure_kpa;
    p->town.flow[i] = flow;
    return say_sprinkler(p, i, reterr);
}

/* One device of a kind speaks whenever *due_us has come, so that all have within every_us. */
static int tick_kind(struct player *p, int64_t now_us, int64_t every_us, uint32_t count,
                     int64_t *due_us, uint32_t *next,
                     int (*say)(struct player *p, uint32_t i, struct tcn_fail *reterr),
                     struct tcn_fail *reterr)
{
    int rc = TCN_OK;

    while (*due_us <= now_us && rc == TCN_OK) {
        uint32_t i = *next;

        *next = (i + 1) % count;
        *due_us += every_us / count;
        if (say == say_home && p->town.silent[i])
            continue;
        rc = say(p, i, reterr);
    }
    return rc;
}

int simulate_chatter_tick(struct player *p, int64_t now_us, int64_t *ret_next_us,
                          struct tcn_fail *reterr)
{
    struct play_town *t = &p->town;
    int64_t next_us;
    int rc;

    rc = tick_kind(p, now_us, HOME_EVERY_US, SIMULATE_TOWN.home_count, &t->home_due_us,
                   &t->next_home, say_home, reterr);
    if (rc == TCN_OK)
        rc = tick_kind(p, now_us, SPRINKLER_EVERY_US, SIMULATE_TOWN.sprinkler_count,
                       &t->sprinkler_due_us, &t->next_sprinkler, say_sprinkler, reterr);
    if (rc == TCN_OK)
        rc = tick_kind(p, now_us, CHARGER_EVERY_US, SIMULATE_TOWN.charger_count, &t->charger_due_us,
                       &t->next_charger, say_charger, reterr);
    next_us = t->home_due_us;
    if (t->sprinkler_due_us < next_us)
        next_us = t->sprinkler_due_us;
    if (t->charger_due_us < next_us)
        next_us = t->charger_due_us;
    *ret_next_us = next_us;
    return rc;
}
