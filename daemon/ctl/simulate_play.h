/* ctl/simulate_play.h - the player: keeps the town's devices talking, runs the scenes of a story
 * side by side, and notes what was expected and did not come.
 *
 * Units:   *_us are microseconds of tcn_clock_us().
 * Owner:   the caller owns struct player; simulate_play_done() frees what is in it. It borrows the rest.
 * Thread:  one at a time. */
#ifndef TOCSIN_CTL_SIMULATE_PLAY_H
#define TOCSIN_CTL_SIMULATE_PLAY_H

#include <signal.h>

#include "base/clock.h"
#include "ctl/simulate_ledger.h"
#include "ctl/simulate_mqtt.h"
#include "ctl/simulate_payload.h"

#define PLAY_ID_SIZE        80
#define PLAY_LATENCIES_MAX  16
#define PLAY_HOMES_MAX      64
#define PLAY_SPRINKLERS_MAX 64
#define PLAY_CHARGERS_MAX   16

struct play_scene {
    uint32_t at;  /* the step under way */
    bool started; /* it was sent, or is being waited for */
    bool titled;
    int64_t due_us, deadline_us;
    int64_t sent_us; /* when the scene last sent something */
    char alarm_id[SIMULATE_SLOTS][PLAY_ID_SIZE];
    char task_id[PLAY_ID_SIZE];
    char command_id[PLAY_ID_SIZE];
    int64_t since_ms; /* the bicycle was first seen, wall time */
};

struct play_town { /* what each device says now */
    bool smoke[PLAY_HOMES_MAX], silent[PLAY_HOMES_MAX];
    double pressure_kpa[PLAY_SPRINKLERS_MAX];
    bool flow[PLAY_SPRINKLERS_MAX];
    uint64_t seq[PLAY_SPRINKLERS_MAX];
    uint32_t next_home, next_sprinkler, next_charger;
    int64_t home_due_us, sprinkler_due_us, charger_due_us;
    unsigned tick;
};

struct player {
    struct simulate_mqtt *mqtt;
    const char *gateway;
    const struct simulate_story *story;
    double speed; /* pauses are divided by it */
    bool quiet;   /* tell failures and the summary only */
    const volatile sig_atomic_t *stop;

    struct tcn_clock clock;
    struct simulate_wire wire;
    struct simulate_ledger ledger;
    struct play_scene scenes[SIMULATE_SCENES_MAX];
    struct play_town town;
    int64_t started_us;
    uint32_t commands;
    uint32_t met, failed;                /* expectations */
    int64_t fire_us[PLAY_LATENCIES_MAX]; /* from publish to events/fire */
    uint32_t fire_count;
};

/* *p must be zeroed with mqtt, gateway, story, speed, quiet and stop filled in. */
void simulate_play_init(struct player *p);
void simulate_play_done(struct player *p);

/* Waits up to timeout_ms for the gateway to say that it is online. TCN_EIO: it does not, or the
 * connection was lost. */
int simulate_play_await_gateway(struct player *p, int timeout_ms, struct tcn_fail *reterr);
/* Plays the story to its end, or until *stop or the loss of the connection (TCN_EIO). Failed
 * expectations are told and counted, and are no error here. */
int simulate_play_run(struct player *p, struct tcn_fail *reterr);
/* Takes in what arrives during the next ms milliseconds. */
void simulate_play_listen(struct player *p, int ms);
/* Subscribes anew to the gateway's standing alarms and counts those that the broker retains. */
int simulate_play_count_retained(struct player *p, uint32_t *ret_count, struct tcn_fail *reterr);

/* simulate_chatter.c: each says it now, and remembers it for the regular messages. Unknown device:
 * TCN_ENOENT; TCN_EIO. */
int simulate_chatter_smoke(struct player *p, const char *home, bool smoke, struct tcn_fail *reterr);
int simulate_chatter_silent(struct player *p, const char *home, bool silent,
                            struct tcn_fail *reterr);
int simulate_chatter_water(struct player *p, const char *sprinkler, double pressure_kpa, bool flow,
                           struct tcn_fail *reterr);
/* Sends the regular messages that are due; *ret_next_us: when the next ones are. TCN_EIO. */
int simulate_chatter_tick(struct player *p, int64_t now_us, int64_t *ret_next_us,
                          struct tcn_fail *reterr);
/* Publishes p->wire. TCN_EIO, TCN_ENOMEM. */
int simulate_chatter_publish(struct player *p, struct tcn_fail *reterr);

/* simulate_summary.c: tells what happened, for people; retained as counted above. Returns the
 * number of failures, those found only now included. */
uint32_t simulate_summary_tell(struct player *p, uint32_t retained);

#endif
