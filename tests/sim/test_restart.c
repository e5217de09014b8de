/* A seeded simulation: two engines live through the same random day. One runs through, the other
 * is killed again and again and restarted from what was committed. After every step both must
 * have put out the same alarms, tasks, notices and answers, and be in the same state.
 *
 * SEEDS=n in the environment runs n seeds (default 200), SEED=n just that one. A failure prints
 * its seed. */
#include "lib/mirror.h"
#include "lib/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define STEPS  400
#define MINUTE INT64_C(60000)
/* A pressure is stale after an hour. Its time is told to the database at a tenth of that, so that
 * after a restart it may be stale up to 6 minutes early: in that time nothing must depend on it. It
 * is either told again before, or so late that it is stale on both sides. */
#define REFRESH_MS (49 * MINUTE)
#define STALE_MS   (60 * MINUTE)
#define SILENCE_MS (70 * MINUTE)
#define POLICY                                                                                     \
    {                                                                                              \
        .enabled = true, .deadline_ms = 30 * MINUTE, .remind_before_ms = 10 * MINUTE,              \
        .escalate_every_ms = 20 * MINUTE                                                           \
    }

static const struct town_rule RULES[] = {
    { .id = "fire", .when = "smoke and not test", .off_ms = 90000, .task = POLICY },
    { .id = "exit",
      .when = "exit_blocked",
      .on_ms = 60000,
      .off_ms = 30000,
      .signal_class = SIGNAL_HAZARD,
      .task = POLICY },
    { .id = "battery", .when = "battery < 15 %", .signal_class = SIGNAL_FAULT, .on_ms = 120000 },
    { .id = "both",
      .when = "smoke and battery < 50 %",
      .signal_class = SIGNAL_SUPERVISORY,
      .task = { .enabled = true, .deadline_ms = 5 * MINUTE, .auto_close = true } },
    /* The pressure grows stale. */
    { .id = "water",
      .when = "pressure < 50 kPa",
      .signal_class = SIGNAL_SUPERVISORY,
      .on_ms = 20000,
      .off_ms = 40000 },
    { .id = "dry", .when = "smoke and pressure < 30 kPa", .task = POLICY },
    { 0 },
};

struct run {
    struct town town;
    struct mirror mirror;
    uint64_t random;
    uint64_t seed;
    uint32_t commands;
    uint32_t level_kpa[TOWN_DEVICES]; /* pressures move seldom: most are told for their time only */
    int64_t pressure_ms[TOWN_DEVICES]; /* when it was told last; 0: never */
};

static uint32_t random_below(struct run *r, uint32_t limit)
{
    r->random = r->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(r->random >> 33) % limit;
}

static bool is_due(const struct run *r, uint32_t device)
{
    int64_t age_ms = r->town.now.mono_ms - r->pressure_ms[device];

    return age_ms >= REFRESH_MS && age_ms < STALE_MS;
}

static struct reading pressure(struct run *r, uint32_t device)
{
    if (random_below(r, 12) == 0)
        r->level_kpa[device] = random_below(r, 100);
    r->pressure_ms[device] = r->town.now.mono_ms;
    return (struct reading){ .device = device,
                             .metric = M_PRESSURE,
                             .value = (double)r->level_kpa[device] + 0.01 * random_below(r, 100) };
}

static struct reading random_reading(struct run *r)
{
    static const uint16_t METRICS[] = { M_SMOKE,        M_SMOKE,   M_TEST,
                                        M_EXIT_BLOCKED, M_BATTERY, M_PRESSURE };
    struct reading x = { .device = random_below(r, TOWN_DEVICES),
                         .metric = METRICS[random_below(r, 6)] };

    if (x.metric == M_PRESSURE)
        x = pressure(r, x.device);
    else
        x.value = x.metric == M_BATTERY ? (double)random_below(r, 100) : (double)random_below(r, 2);
    if (x.metric == M_EXIT_BLOCKED && random_below(r, 2) == 0)
        x.object = 1 + random_below(r, 3);
    if (random_below(r, 12) == 0) {
        x.quality = QUALITY_BAD;
        x.value = 0;
    }
    return x;
}

/* Up to 3 random readings, and those that are due: *ret has room for 3 + TOWN_DEVICES. */
static uint32_t random_readings(struct run *r, struct reading *ret)
{
    uint32_t count = 1 + random_below(r, 3);

    for (uint32_t i = 0; i < count; i++)
        ret[i] = random_reading(r);
    for (uint32_t d = 0; d < TOWN_DEVICES; d++) {
        if (is_due(r, d))
            ret[count++] = pressure(r, d);
    }
    return count;
}

static bool pressure_is_due(const struct run *r)
{
    for (uint32_t d = 0; d < TOWN_DEVICES; d++) {
        if (is_due(r, d))
            return true;
    }
    return false;
}

/* Now and then nothing comes in for long. */
static void pass_time(struct run *r)
{
    int64_t ms = random_below(r, 40000);

    if (random_below(r, 200) == 0)
        ms += SILENCE_MS;
    r->town.now.mono_ms += ms;
    r->town.now.wall_ms += random_below(r, 40000);
}

/* A command for a random standing alarm or open task, or for nothing at all. */
static void random_command(struct run *r, struct command *c)
{
    const struct snapshot *s = &r->mirror.s;

    *c = (struct command){ .kind = (enum command_kind)random_below(r, COMMAND_KIND_COUNT),
                           .actor = { .kind = PARTY_OPERATOR, .id = "op" },
                           .target = 1 };
    /* Now and then an id that was used before. */
    (void)tcn_text_format(c->id, sizeof c->id, "c%u",
                          random_below(r, 10) == 0 && r->commands > 0 ? random_below(r, r->commands)
                                                                      : r->commands++);
    if (c->kind == COMMAND_ACKNOWLEDGE && s->alarm_count > 0)
        c->target = s->alarms[random_below(r, s->alarm_count)].id;
    else if (c->kind != COMMAND_ACKNOWLEDGE && s->task_count > 0)
        c->target = s->tasks[random_below(r, s->task_count)].task.id;
    if (random_below(r, 2) == 0)
        (void)tcn_text_copy(c->evidence, sizeof c->evidence, "photo");
    (void)tcn_text_copy(c->note, sizeof c->note, "note");
    c->digest = c->target * 31 + (uint64_t)c->kind;
}

/* All that leaves the engine for other people; not what only serves its own restart. */
static uint64_t hash_output(const struct effects *e)
{
    uint64_t h = TCN_HASH_SEED;

    for (uint32_t i = 0; i < e->alarm_count; i++) {
        const struct alarm_change *c = &e->alarms[i];
        uint64_t parts[] = { c->alarm.id,
                             c->seq,
                             (uint64_t)c->transition,
                             (uint64_t)c->alarm.state,
                             (uint64_t)c->alarm.changed_wall_ms,
                             c->alarm.task };

        h = tcn_hash(h, parts, sizeof parts);
    }
    for (uint32_t i = 0; i < e->task_count; i++) {
        const struct task_change *c = &e->tasks[i];
        uint64_t parts[] = { c->task.id,
                             c->step_number,
                             (uint64_t)c->step.event,
                             (uint64_t)c->task.state,
                             (uint64_t)c->task.deadline_ms,
                             c->task.overdue_level,
                             c->task.recurrence };

        h = tcn_hash(h, parts, sizeof parts);
    }
    for (uint32_t i = 0; i < e->notice_count; i++) {
        uint64_t parts[] = { e->notices[i].id, e->notices[i].seq, (uint64_t)e->notices[i].kind };

        h = tcn_hash(h, parts, sizeof parts);
    }
    for (uint32_t i = 0; i < e->reply_count; i++) {
        h = tcn_hash(h, &e->replies[i].error, sizeof e->replies[i].error);
        h = tcn_hash(h, e->replies[i].state, strlen(e->replies[i].state));
    }
    return h;
}

/* A new engine from what was committed, after its first run, which the daemon makes at once. It
 * must have nothing to say: what it knows is what the last one knew. */
static struct engine *restarted(struct run *r)
{
    struct engine *e = town_engine(&r->town);
    struct effects first = { 0 }, nothing = { 0 };
    struct tcn_fail fail = { 0 };

    if (engine_restore(e, r->town.now, &r->mirror.s, &fail) < 0)
        fail_msg("seed %llu: restore: %s", (unsigned long long)r->seed, fail.text);
    engine_run(e, r->town.now, NULL, &first);
    if (hash_output(&first) != hash_output(&nothing))
        fail_msg("seed %llu: a new engine speaks unasked", (unsigned long long)r->seed);
    mirror_apply(&r->mirror, &first, &r->town.rules, r->town.now.mono_ms);
    effects_done(&first);
    return e;
}

/* One event through both engines; returns false where they differ. */
static bool step(struct run *r, struct engine *subject, const struct engine_event *event)
{
    struct effects theirs = { 0 };
    bool same;

    effects_reset(&r->town.out);
    engine_run(r->town.engine, r->town.now, event, &r->town.out);
    engine_run(subject, r->town.now, event, &theirs);
    mirror_apply(&r->mirror, &theirs, &r->town.rules, r->town.now.mono_ms);
    same = hash_output(&r->town.out) == hash_output(&theirs) &&
           engine_digest(r->town.engine) == engine_digest(subject);
    effects_done(&theirs);
    return same;
}

static void live_a_day(uint64_t seed)
{
    struct run r = { .seed = seed, .random = seed * 2654435761u + 1 };
    struct engine *subject;

    town_new(&r.town, RULES);
    subject = town_engine(&r.town);
    for (int i = 0; i < STEPS; i++) {
        struct reading readings[3 + TOWN_DEVICES];
        struct command command;
        struct engine_event event = { .kind = EVENT_READINGS };

        pass_time(&r);
        if (random_below(&r, 5) == 0 && !pressure_is_due(&r)) {
            random_command(&r, &command);
            event.kind = EVENT_COMMAND;
            event.command = &command;
        } else {
            event.readings.count = random_readings(&r, readings);
            event.readings.items = readings;
        }
        if (!step(&r, subject, &event))
            fail_msg("seed %llu: the engines differ at step %d", (unsigned long long)seed, i);
        if (random_below(&r, 20) == 0) {
            engine_free(subject);
            subject = restarted(&r);
        }
    }
    engine_free(subject);
    mirror_done(&r.mirror);
    town_done(&r.town);
}

static void restarts_change_nothing(void **state)
{
    const char *one = getenv("SEED"), *many = getenv("SEEDS");
    int64_t count = 200, first = 1;

    (void)state;
    if (many != NULL)
        assert_int_equal(tcn_parse_int(many, strlen(many), 1, 100000000, &count), TCN_OK);
    if (one != NULL) {
        assert_int_equal(tcn_parse_int(one, strlen(one), 1, INT64_MAX, &first), TCN_OK);
        count = 1;
    }
    for (int64_t seed = first; seed < first + count; seed++)
        live_a_day((uint64_t)seed);
}

/* The time a gateway was down is not silence of its devices; the rest of it counts on. */
static void silence_counts_across_a_restart(void **state)
{
    static const struct town_rule SILENT[] = {
        { .id = "silent",
          .when = "missing for 25h",
          .type = TYPE_SMOKE + 1,
          .signal_class = SIGNAL_FAULT },
        { 0 },
    };
    const int64_t hour = 60 * MINUTE;
    struct run r = { .seed = 0 };

    (void)state;
    town_new(&r.town, SILENT);
    town_wait(&r.town, 0);
    mirror_apply(&r.mirror, &r.town.out, &r.town.rules, r.town.now.mono_ms);
    town_wait(&r.town, 20 * hour);
    mirror_apply(&r.mirror, &r.town.out, &r.town.rules, r.town.now.mono_ms);
    engine_free(r.town.engine);
    r.town.now.mono_ms += 100 * hour; /* down */
    r.town.engine = restarted(&r);
    town_wait(&r.town, 5 * hour - 1);
    assert_int_equal(r.town.out.alarm_count, 0);
    town_wait(&r.town, 1);
    assert_int_equal(r.town.out.alarm_count, 2);
    mirror_done(&r.mirror);
    town_done(&r.town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_change_nothing),
        cmocka_unit_test(silence_counts_across_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
