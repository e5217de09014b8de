#include <string.h>

#include "base/text.h"
#include "model/unit_of_measure.h"
#include "settings/schema.h"
#include "settings/sources_file.h"

#define MAP_MAX 256

enum {
    METRIC,
    VALUE,
    CONSTANT,
    WHEN,
    MAP,
    FOLD_CASE,
    INVERT,
    UNIT,
    SCALE,
    OFFSET,
    ABSENT,
    DEVICE,
    OBJECT,
    READING_KEYS
};
static const struct schema_key SCHEMA[READING_KEYS] = {
    [METRIC] = { "metric", SCHEMA_TEXT, true, "what the reading is about, like smoke" },
    [VALUE] = { "value", SCHEMA_TEXT, false, "a path such as /smoke" },
    [CONSTANT] = { "constant", SCHEMA_TEXT, false, "the value of the metric" },
    [WHEN] = { "when", SCHEMA_LIST, false, "conditions, like [{at: /type, eq: new}]" },
    [MAP] = { "map", SCHEMA_MAP, false, "like {alarm: true, normal: false}" },
    [FOLD_CASE] = { "fold_case", SCHEMA_TEXT, false, "true or false" },
    [INVERT] = { "invert", SCHEMA_TEXT, false, "true or false" },
    [UNIT] = { "unit", SCHEMA_TEXT, false, "the unit in the message, like kPa" },
    [SCALE] = { "scale", SCHEMA_TEXT, false, "a number" },
    [OFFSET] = { "offset", SCHEMA_TEXT, false, "a number" },
    [ABSENT] = { "absent", SCHEMA_TEXT_OR_MAP, false, "skip, unknown or {value: false}" },
    [DEVICE] = { "device", SCHEMA_TEXT, false, "like \"{device}\"" },
    [OBJECT] = { "object", SCHEMA_TEXT, false, "a path such as /after/id" },
};

static bool find_metric(struct load *ld, const struct yaml_node *node, uint16_t *ret)
{
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];
    const struct metrics *m = &ld->s->metrics;
    struct tcn_nearest nearest;

    *ret = metrics_find(m, node->text, node->len);
    if (*ret != METRIC_NONE)
        return true;
    if (ld->metrics_incomplete)
        return false;
    tcn_nearest_init(&nearest, node->text, node->len);
    for (uint16_t i = 0; i < m->count; i++)
        tcn_nearest_try(&nearest, m->items[i].name);
    load_error(ld, node->at, "unknown metric '%s'%s", load_shown(node->text, node->len, shown),
               load_hint(nearest.best, hint));
    return false;
}

/* A value of the metric as configured. */
static bool read_value(struct load *ld, const struct metric *m, const struct yaml_node *node,
                       double *ret)
{
    char shown[LOAD_SHOWN_SIZE], all[300];
    bool yes;

    if (node->kind != YAML_TEXT) {
        load_error(ld, node->at, "a single value expected");
        return false;
    }
    if (m->type == METRIC_BOOL) {
        if (!schema_bool(ld, node, &yes))
            return false;
        *ret = yes ? 1 : 0;
        return true;
    }
    if (m->type == METRIC_NUMBER)
        return schema_number(ld, node, ret);

    const struct word_list words = { m->words, m->word_count };
    int word = metric_word(m, node->text, node->len);
    if (word >= 0)
        *ret = word;
    else if (m->word_count > 0)
        load_error(ld, node->at, "'%s' is no value of %s: %s expected",
                   load_shown(node->text, node->len, shown), m->name,
                   schema_list(&words, all, sizeof all));
    return word >= 0;
}

static void read_map(struct source_reader *r, const struct metric *m, const struct yaml_node *node,
                     struct mapped_reading *ret)
{
    uint16_t count = 0;

    if (node == NULL || !schema_open_free(r->ld, node, "'map'"))
        return;
    if (node->count == 0 || node->count > MAP_MAX) {
        load_error(r->ld, node->at, "'map' has 1 to %d entries", MAP_MAX);
        return;
    }
    struct value_map_entry *map = load_alloc(r->ld, node->count, sizeof *map);
    if (map == NULL)
        return;
    for (const struct yaml_node *e = node->first; e != NULL; e = e->next, count++) {
        map[count].word = load_text(r->ld, e->key->text, e->key->len);
        map[count].unknown = e->kind == YAML_TEXT && strcmp(e->text, "unknown") == 0;
        if (!map[count].unknown)
            (void)read_value(r->ld, m, e, &map[count].value); /* reports by itself */
    }
    ret->map = map;
    ret->map_count = count;
}

static void read_unit(struct source_reader *r, const struct metric *m, const struct yaml_node *node,
                      struct mapped_reading *ret)
{
    char shown[LOAD_SHOWN_SIZE], list[300];
    double probe;

    ret->unit = m->unit;
    if (node == NULL)
        return;
    int unit = unit_find(node->text, node->len);
    if (unit >= 0 && unit_convert(unit, m->unit, 1, &probe) == TCN_OK)
        ret->unit = unit;
    else
        load_error(r->ld, node->at, "'%s' %s %s, which is kept in %s: %s",
                   load_shown(node->text, node->len, shown),
                   unit < 0 ? "is no unit known here for" : "can't be converted for", m->name,
                   m->unit == UNIT_NONE ? "no unit" : unit_name(m->unit),
                   m->unit == UNIT_NONE ? "leave it out" : unit_list(m->unit, list, sizeof list));
}

/* What belongs to metrics of another type. */
static void refuse_others(struct load *ld, const struct metric *m, const struct yaml_node *const *v)
{
    static const struct {
        int key;
        enum metric_type type;
    } owned[] = { { INVERT, METRIC_BOOL },
                  { UNIT, METRIC_NUMBER },
                  { SCALE, METRIC_NUMBER },
                  { OFFSET, METRIC_NUMBER },
                  { OBJECT, METRIC_BOOL } };

    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        if (v[owned[i].key] != NULL && m->type != owned[i].type)
            load_error(ld, v[owned[i].key]->key->at, "'%s' is for metrics of type %s; %s is a %s",
                       SCHEMA[owned[i].key].name, metric_type_word(owned[i].type), m->name,
                       metric_type_word(m->type));
}

static void read_absent(struct source_reader *r, const struct metric *m,
                        const struct yaml_node *node, struct mapped_reading *ret)
{
    static const struct schema_key keys[] = { { "value", SCHEMA_TEXT, true, NULL } };
    static const char *const names[] = { "skip", "unknown" };
    static const struct word_list words = { names, 2 };
    const struct yaml_node *v[1];
    int word = 0;

    if (node == NULL)
        return;
    if (node->kind == YAML_TEXT) {
        if (schema_word(r->ld, node, &words, &word))
            ret->absent = word == 0 ? ABSENT_SKIP : ABSENT_UNKNOWN;
        return;
    }
    if (!schema_open(r->ld, node, "'absent'", keys, 1, v) || v[0] == NULL)
        return;
    if (read_value(r->ld, m, v[0], &ret->constant))
        ret->absent = ABSENT_VALUE;
}

static void refuse_with_constant(struct load *ld, const struct yaml_node *const *v)
{
    static const int keys[] = { MAP, FOLD_CASE, INVERT, UNIT, SCALE, OFFSET, ABSENT };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (v[keys[i]] != NULL)
            load_error(ld, v[keys[i]]->key->at,
                       "'%s' is for readings with 'value', not with "
                       "'constant'",
                       SCHEMA[keys[i]].name);
}

static void read_conversion(struct source_reader *r, const struct metric *m,
                            const struct yaml_node *const *v, struct mapped_reading *ret)
{
    struct load *ld = r->ld;

    refuse_others(ld, m, v);
    if (v[CONSTANT] != NULL) {
        refuse_with_constant(ld, v);
        (void)read_value(ld, m, v[CONSTANT], &ret->constant); /* reports by itself, as all here */
        ret->unit = m->unit;
        return;
    }
    read_map(r, m, v[MAP], ret);
    (void)schema_bool(ld, v[FOLD_CASE], &ret->fold_case);
    (void)schema_bool(ld, v[INVERT], &ret->invert);
    (void)schema_number(ld, v[SCALE], &ret->scale);
    (void)schema_number(ld, v[OFFSET], &ret->offset);
    if (m->type == METRIC_NUMBER)
        read_unit(r, m, v[UNIT], ret);
    read_absent(r, m, v[ABSENT], ret);
}

static void read_reading(struct source_reader *r, const struct yaml_node *node,
                         struct mapped_reading *ret)
{
    const struct yaml_node *v[READING_KEYS];
    struct load *ld = r->ld;

    *ret = (struct mapped_reading){ .scale = 1 };
    r->value = (struct path){ 0 };
    if (!schema_open(ld, node, "a reading", SCHEMA, READING_KEYS, v))
        return;
    if ((v[VALUE] == NULL) == (v[CONSTANT] == NULL))
        load_error(ld, node->at,
                   v[VALUE] == NULL ? "a reading needs 'value' (a path such as "
                                      "/smoke) or 'constant'"
                                    : "'value' and 'constant' exclude one another");
    if (source_paths_read(r, v[VALUE], &ret->value))
        r->value = ret->value;
    (void)source_paths_conditions(r, v[WHEN], &ret->when, &ret->when_count);
    (void)source_paths_template(r, v[DEVICE], &ret->device);
    (void)source_paths_read(r, v[OBJECT], &ret->object);
    if (v[METRIC] != NULL && find_metric(ld, v[METRIC], &ret->metric))
        read_conversion(r, &ld->s->metrics.items[ret->metric], v, ret);
}

void source_readings_read(struct source_reader *r, const struct yaml_node *list)
{
    uint16_t count = 0;

    if (list->count > MAPPING_READINGS_MAX) {
        load_error(r->ld, list->at, "more than %d readings in one source: make two of it",
                   MAPPING_READINGS_MAX);
        return;
    }
    struct mapped_reading *readings = load_alloc(r->ld, list->count, sizeof *readings);
    if (readings == NULL)
        return;
    for (const struct yaml_node *e = list->first; e != NULL; e = e->next)
        read_reading(r, e, &readings[count++]);
    r->source->readings = readings;
    r->source->reading_count = count;
}
