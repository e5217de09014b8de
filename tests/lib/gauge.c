#include "lib/gauge.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/unit_of_measure.h"

static const char *const TYPES[] = { "any" };
static const struct device DEVICES[GAUGE_DEVICES] = {
    [G_SMOKE] = { "smoke-1", "hall/smoke 1", "", 0, 0, REGISTRY_NONE, REGISTRY_NONE, REGISTRY_NONE,
                  REGISTRY_NONE },
    [G_CAMERA] = { "exit_a", NULL, "", 0, 0, REGISTRY_NONE, REGISTRY_NONE, REGISTRY_NONE,
                   REGISTRY_NONE },
    [G_VALVE] = { "valve-1", NULL, "", 0, 0, REGISTRY_NONE, REGISTRY_NONE, REGISTRY_NONE,
                  REGISTRY_NONE },
    [G_CHINESE] = { "烟感 三层", NULL, "", 0, 0, REGISTRY_NONE, REGISTRY_NONE, REGISTRY_NONE,
                    REGISTRY_NONE },
};
static const struct site SITES[] = { { "home", "", "", REGISTRY_NONE, REGISTRY_NONE,
                                       REGISTRY_NONE } };
static const char *const BATTERY_WORDS[] = { "ok", "low", "critical" };

static struct metric plain_metric(const char *name, enum metric_type type)
{
    return (struct metric){
        .name = name, .type = type, .min = -INFINITY, .max = INFINITY, .stale_after_ms = TCN_NEVER
    };
}

static void make_metrics(struct gauge *g)
{
    struct metric *m = arena_array(&g->arena, GAUGE_METRICS, sizeof *m);

    assert(m != NULL);
    m[GM_SMOKE] = plain_metric("smoke", METRIC_BOOL);
    m[GM_CONTACT_OPEN] = plain_metric("contact_open", METRIC_BOOL);
    m[GM_EXIT_BLOCKED] = plain_metric("exit_blocked", METRIC_BOOL);
    m[GM_PRESSURE] = plain_metric("pressure", METRIC_NUMBER);
    m[GM_PRESSURE].unit = unit_find("MPa", 3);
    m[GM_PRESSURE].min = 0;
    m[GM_PRESSURE].max = 10;
    m[GM_TEMPERATURE] = plain_metric("temperature", METRIC_NUMBER);
    m[GM_TEMPERATURE].unit = unit_find("°C", strlen("°C"));
    m[GM_BATTERY_STATE] = plain_metric("battery_state", METRIC_ENUM);
    m[GM_BATTERY_STATE].words = BATTERY_WORDS;
    m[GM_BATTERY_STATE].word_count = 3;
    g->metrics = (struct metrics){ m, GAUGE_METRICS };
}

void gauge_new(struct gauge *g)
{
    struct mapper_conf conf = { &g->metrics, &g->registry, 480 };
    uint32_t a, b;
    int rc;

    memset(g, 0, sizeof *g);
    make_metrics(g);
    g->registry = (struct registry){ .devices = DEVICES,
                                     .device_count = GAUGE_DEVICES,
                                     .sites = SITES,
                                     .site_count = 1,
                                     .types = TYPES,
                                     .type_count = 1 };
    rc = registry_index(&g->registry, &g->arena, &a, &b);
    assert(rc == TCN_OK);
    rc = mapper_new(&conf, &g->mapper);
    assert(rc == TCN_OK);
    (void)rc;
    g->sources.items = g->items;
}

void gauge_done(struct gauge *g)
{
    mapper_free(g->mapper);
    arena_done(&g->arena);
}

struct source *gauge_source(struct gauge *g, const char *topic, enum source_codec codec,
                            const char *device)
{
    struct source *s = &g->items[g->sources.count];
    size_t offset;
    int rc;

    assert(g->sources.count < GAUGE_SOURCES_MAX);
    *s = (struct source){ .name = "test", .codec = codec, .device = device };
    rc = topic_compile(topic, &g->arena, &s->topic, &offset, NULL);
    assert(rc == TCN_OK);
    (void)rc;
    s->readings = g->readings[g->sources.count++];
    return s;
}

struct mapped_reading *gauge_reading(struct gauge *g, uint16_t metric, const char *path)
{
    uint16_t last = (uint16_t)(g->sources.count - 1);
    struct source *s = &g->items[last];
    struct mapped_reading *r = &g->readings[last][s->reading_count];

    assert(s->reading_count < GAUGE_READINGS_MAX);
    s->reading_count++;
    *r = (struct mapped_reading){ .metric = metric, .scale = 1, .constant = 1 };
    if (path != NULL)
        r->value = gauge_path(g, path);
    return r;
}

static void make_step(struct gauge *g, const char *token, size_t len, struct path_step *step)
{
    const char *equals = memchr(token, '=', len);

    if (token[0] == '*') {
        step->kind = STEP_EACH;
        step->capture = len > 2 ? arena_text(&g->arena, token + 2, len - 2) : NULL;
    } else if (token[0] == '[' && equals != NULL) {
        step->kind = STEP_WHERE;
        step->key = arena_text(&g->arena, token + 1, (size_t)(equals - token) - 1);
        step->equals = arena_text(&g->arena, equals + 1, len - (size_t)(equals - token) - 2);
    } else {
        step->kind = STEP_KEY;
        step->key = arena_text(&g->arena, token, len);
    }
}

struct path gauge_path(struct gauge *g, const char *text)
{
    struct path p = { .from = FROM_DOCUMENT };
    struct path_step *steps = arena_array(&g->arena, 16, sizeof *steps);

    assert(steps != NULL);
    if (strcmp(text, ".") == 0)
        return (struct path){ .from = FROM_TEXT };
    if (text[0] == '{')
        return (struct path){ .from = FROM_CAPTURE,
                              .capture = arena_text(&g->arena, text + 1, strlen(text) - 2) };
    while (*text == '/') {
        size_t len = strcspn(text + 1, "/");

        assert(p.step_count < 16);
        make_step(g, text + 1, len, &steps[p.step_count++]);
        text += 1 + len;
    }
    p.steps = steps;
    return p;
}

const struct condition *gauge_condition(struct gauge *g, const char *at, enum condition_op op,
                                        const char *const *words)
{
    struct condition *c = arena_array(&g->arena, 1, sizeof *c);

    assert(c != NULL);
    c->at = gauge_path(g, at);
    c->op = op;
    c->words = words;
    while (words != NULL && words[c->word_count] != NULL)
        c->word_count++;
    return c;
}

void gauge_send_bytes(struct gauge *g, const char *topic, const void *payload, size_t len,
                      bool retained)
{
    const struct mapping_message m = { .topic = topic,
                                       .topic_len = strlen(topic),
                                       .payload = payload,
                                       .payload_len = len,
                                       .retained = retained,
                                       .wall_ms = GAUGE_NOW_MS };

    mapper_run(g->mapper, &g->sources, &m, &g->result);
}

void gauge_send(struct gauge *g, const char *topic, const char *payload)
{
    gauge_send_bytes(g, topic, payload, strlen(payload), false);
}
