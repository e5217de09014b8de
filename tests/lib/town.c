#include "lib/town.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/unit_of_measure.h"

static const struct enterprise ENTERPRISES[] = { { .id = MALL, .name = "城南商场" },
                                                 { .id = WORKS, .name = "江海机械厂" } };
static const struct department DEPARTMENTS[] = { { .id = "fire-brigade", .name = "消防救援大队" } };
static const struct patrol_unit UNITS[] = { { .id = "u-home",
                                              .name = "和平小区",
                                              .kind = UNIT_RESIDENTIAL,
                                              .officer = "王建国",
                                              .department = DEPARTMENT_FIRE } };
static const struct site SITES[] = {
    { .id = "mall", .name = "商场", .enterprise = ENTERPRISE_MALL, .department = DEPARTMENT_FIRE },
    { .id = "home", .name = "住宅", .enterprise = REGISTRY_NONE, .department = DEPARTMENT_FIRE }
};
static const char *const TYPES[] = { "smoke-detector", "exit-camera", "sprinkler" };

static const struct device DEVICES[TOWN_DEVICES] = {
    [SMOKE_A] = { "smoke-a", NULL, "烟感甲", TYPE_SMOKE, 0, REGISTRY_NONE, ENTERPRISE_MALL, 0, 0 },
    [SMOKE_B] = { "smoke-b", NULL, "烟感乙", TYPE_SMOKE, 1, REGISTRY_NONE, REGISTRY_NONE, 0, 0 },
    [CAMERA] = { "cam-1", NULL, "东出口", TYPE_CAMERA, 0, REGISTRY_NONE, ENTERPRISE_MALL, 0,
                 REGISTRY_NONE },
    [SPRINKLER] = { "spr-1", NULL, "末端", TYPE_SPRINKLER, 0, REGISTRY_NONE, ENTERPRISE_WORKS, 0,
                    REGISTRY_NONE },
};

static struct metric bool_metric(const char *name, bool mark)
{
    return (struct metric){ .name = name,
                            .type = METRIC_BOOL,
                            .mark = mark,
                            .min = -INFINITY,
                            .max = INFINITY,
                            .stale_after_ms = TCN_NEVER };
}

static void make_metrics(struct town *t)
{
    struct metric *m = arena_array(&t->arena, TOWN_METRICS, sizeof *m);

    assert(m != NULL);
    m[M_SMOKE] = bool_metric("smoke", false);
    m[M_TEST] = bool_metric("test", true);
    m[M_EXIT_BLOCKED] = bool_metric("exit_blocked", false);
    m[M_PRESSURE] = bool_metric("pressure", false);
    m[M_PRESSURE].type = METRIC_NUMBER;
    m[M_PRESSURE].unit = unit_find("kPa", 3);
    m[M_PRESSURE].stale_after_ms = 3600000;
    m[M_BATTERY] = bool_metric("battery", false);
    m[M_BATTERY].type = METRIC_NUMBER;
    m[M_BATTERY].unit = unit_find("%", 1);
    t->metrics = (struct metrics){ m, TOWN_METRICS };
}

static void make_registry(struct town *t)
{
    uint32_t a, b;

    t->registry = (struct registry){ .enterprises = ENTERPRISES,
                                     .departments = DEPARTMENTS,
                                     .units = UNITS,
                                     .sites = SITES,
                                     .devices = DEVICES,
                                     .types = TYPES,
                                     .enterprise_count = 2,
                                     .department_count = 1,
                                     .unit_count = 1,
                                     .site_count = 2,
                                     .device_count = TOWN_DEVICES,
                                     .type_count = TOWN_TYPES };
    assert(registry_index(&t->registry, &t->arena, &a, &b) == TCN_OK);
}

static void make_rule(struct town *t, const struct town_rule *from, struct rule *ret)
{
    struct expr_error error;
    int rc;

    *ret = (struct rule){ .id = from->id,
                          .title = from->id,
                          .guidance = "",
                          .version = "00000001",
                          .signal_class = from->signal_class,
                          .severity = SEVERITY_MAJOR,
                          .on_delay_ms = from->on_ms,
                          .off_delay_ms = from->off_ms,
                          .task = from->task };
    rc = expr_compile(from->when, &t->metrics, &t->arena, &ret->when, &error);
    assert(rc == TCN_OK);
    (void)rc;
    if (from->type > 0) {
        uint32_t *types = arena_array(&t->arena, 1, sizeof *types);

        assert(types != NULL);
        types[0] = from->type - 1;
        ret->types = types;
        ret->type_count = 1;
    }
}

void town_new(struct town *t, const struct town_rule *rules)
{
    uint32_t count = 0;
    struct rule *items;

    memset(t, 0, sizeof *t);
    make_metrics(t);
    make_registry(t);
    while (rules[count].id != NULL)
        count++;
    items = arena_array(&t->arena, count, sizeof *items);
    assert(items != NULL);
    for (uint32_t i = 0; i < count; i++)
        make_rule(t, &rules[i], &items[i]);
    t->rules = (struct rules){ items, count };
    t->conf = (struct engine_conf){ &t->metrics, &t->registry, &t->rules, "town", 1 };
    t->now = (struct tcn_now){ TOWN_START_MS, TOWN_START_MS };
    t->engine = town_engine(t);
}

struct engine *town_engine(struct town *t)
{
    struct engine *e = NULL;
    int rc = engine_new(&t->conf, t->now, &e, NULL);

    assert(rc == TCN_OK);
    (void)rc;
    return e;
}

void town_done(struct town *t)
{
    engine_free(t->engine);
    effects_done(&t->out);
    arena_done(&t->arena);
}

void town_readings(struct town *t, const struct reading *items, uint32_t count)
{
    struct engine_event event = { .kind = EVENT_READINGS };

    event.readings.items = items;
    event.readings.count = count;
    effects_reset(&t->out);
    engine_run(t->engine, t->now, &event, &t->out);
    assert(!t->out.failed);
}

void town_reading(struct town *t, uint32_t device, uint16_t metric, double value)
{
    const struct reading r = { .device = device, .metric = metric, .value = value };

    town_readings(t, &r, 1);
}

void town_wait(struct town *t, int64_t ms)
{
    t->now.mono_ms += ms;
    t->now.wall_ms += ms;
    effects_reset(&t->out);
    engine_run(t->engine, t->now, NULL, &t->out);
    assert(!t->out.failed);
}

const struct command_reply *town_command(struct town *t, const char *id, enum command_kind kind,
                                         enum party_kind party, const char *actor, uint64_t target,
                                         const char *note, const char *evidence)
{
    struct command c = { .kind = kind, .target = target };
    const struct engine_event event = { .kind = EVENT_COMMAND, .command = &c };

    c.actor.kind = party;
    (void)tcn_text_copy(c.id, sizeof c.id, id);
    (void)tcn_text_copy(c.actor.id, sizeof c.actor.id, actor);
    (void)tcn_text_copy(c.note, sizeof c.note, note);
    (void)tcn_text_copy(c.evidence, sizeof c.evidence, evidence);
    c.digest = tcn_hash(tcn_hash((uint64_t)kind, &target, sizeof target), note, strlen(note));
    effects_reset(&t->out);
    engine_run(t->engine, t->now, &event, &t->out);
    assert(!t->out.failed && t->out.reply_count == 1);
    return &t->out.replies[0];
}
