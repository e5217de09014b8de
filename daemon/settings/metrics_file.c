#include "settings/metrics_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/unit_of_measure.h"
#include "settings/names.h"
#include "settings/schema.h"

#define STALE_MAX_MS (INT64_C(400) * 86400000)

enum { TYPE, UNIT, NORMAL, MARK, MIN, MAX, STALE_AFTER, WORDS, METRIC_KEYS };
static const struct schema_key SCHEMA[METRIC_KEYS] = {
    [TYPE] = { "type", SCHEMA_TEXT, true, "bool, number or enum" },
    [UNIT] = { "unit", SCHEMA_TEXT, false, "like kPa, °C or \"%\"" },
    [NORMAL] = { "normal", SCHEMA_TEXT, false, "the value when all is well" },
    [MARK] = { "mark", SCHEMA_TEXT, false, "true or false" },
    [MIN] = { "min", SCHEMA_TEXT, false, "a number" },
    [MAX] = { "max", SCHEMA_TEXT, false, "a number" },
    [STALE_AFTER] = { "stale_after", SCHEMA_TEXT, false, "like 25h" },
    [WORDS] = { "words", SCHEMA_LIST, false, "like [ok, low, critical]" },
};

static const char *const TYPE_NAMES[] = { "bool", "number", "enum" };
static const struct word_list TYPES = { TYPE_NAMES, 3 };

struct reader {
    struct load *ld;
    struct names names;   /* of metrics: their index */
    struct place *places; /* where each was declared */
    struct metric *items;
    size_t count, item_cap, place_cap;
};

/* A name or word as expressions can read it: [a-z][a-z0-9_]*, in words also '-'. */
static bool is_name(const char *text, size_t len, bool hyphens)
{
    if (len == 0 || text[0] < 'a' || text[0] > 'z')
        return false;
    for (size_t i = 1; i < len; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
              text[i] == '_' || (hyphens && text[i] == '-')))
            return false;
    return true;
}

static bool is_reserved(const char *text)
{
    static const char *const words[] = { "and", "or", "not", "missing", "for", "true", "false" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

static bool check_name(struct load *ld, const struct yaml_node *key)
{
    char shown[LOAD_SHOWN_SIZE];

    if (!is_name(key->text, key->len, false) || key->len > METRIC_NAME_MAX)
        load_error(ld, key->at,
                   "'%s' is no name for a metric: up to %d small letters, digits and "
                   "'_', beginning with a letter",
                   load_shown(key->text, key->len, shown), METRIC_NAME_MAX);
    else if (is_reserved(key->text))
        load_error(ld, key->at, "'%s' has a meaning of its own in rules: take another name",
                   key->text);
    else
        return true;
    return false;
}

/* What belongs to another type. */
static void refuse_others(struct load *ld, enum metric_type type, const struct yaml_node *const *v)
{
    static const struct {
        int key;
        enum metric_type type;
    } owned[] = { { UNIT, METRIC_NUMBER },
                  { MIN, METRIC_NUMBER },
                  { MAX, METRIC_NUMBER },
                  { MARK, METRIC_BOOL },
                  { WORDS, METRIC_ENUM } };

    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        if (v[owned[i].key] != NULL && type != owned[i].type)
            load_error(ld, v[owned[i].key]->key->at,
                       "'%s' is for metrics of type %s, this one is "
                       "a %s",
                       SCHEMA[owned[i].key].name, TYPE_NAMES[owned[i].type], TYPE_NAMES[type]);
}

static void read_unit(struct load *ld, const struct yaml_node *node, struct metric *m)
{
    struct tcn_nearest nearest;
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];

    if (node == NULL || m->type != METRIC_NUMBER)
        return;
    int unit = unit_find(node->text, node->len);
    if (unit >= 0) {
        m->unit = unit;
        return;
    }
    tcn_nearest_init(&nearest, node->text, node->len);
    for (size_t i = 0; unit_spelling(i) != NULL; i++)
        tcn_nearest_try(&nearest, unit_spelling(i));
    load_error(ld, node->at, "unknown unit '%s'%s", load_shown(node->text, node->len, shown),
               load_hint(nearest.best, hint));
}

static void add_word(struct load *ld, const struct yaml_node *e, const char **words,
                     struct metric *m)
{
    words[m->word_count] = load_text(ld, e->text, e->len);
    if (words[m->word_count] != NULL)
        m->word_count++;
}

static void read_words(struct load *ld, const struct yaml_node *map, const struct yaml_node *node,
                       struct metric *m)
{
    if (m->type != METRIC_ENUM)
        return;
    if (node == NULL || node->count == 0 || node->count > METRIC_WORDS_MAX) {
        load_error(ld, node == NULL ? map->at : node->at,
                   "a metric of type enum needs 'words', 1 to %d of them, like [ok, low, critical]",
                   METRIC_WORDS_MAX);
        return;
    }
    const char **words = load_alloc(ld, node->count, sizeof *words);
    m->words = words;
    for (const struct yaml_node *e = schema_each(ld, node); e != NULL && words != NULL;
         e = schema_next(ld, e)) {
        char shown[LOAD_SHOWN_SIZE];
        if (!is_name(e->text, e->len, true) || is_reserved(e->text))
            load_error(ld, e->at,
                       "'%s' can't be a word: small letters, digits, '_' and '-', beginning "
                       "with a letter, none of and, or, not, missing, for, true, false",
                       load_shown(e->text, e->len, shown));
        else if (metric_word(m, e->text, e->len) >= 0)
            load_error(ld, e->at, "the word '%s' is there twice", e->text);
        else
            add_word(ld, e, words, m);
    }
}

static void read_range(struct load *ld, const struct yaml_node *const *v, struct metric *m)
{
    if (m->type != METRIC_NUMBER)
        return;
    bool good = schema_number(ld, v[MIN], &m->min);
    good = schema_number(ld, v[MAX], &m->max) && good;
    if (good && m->min > m->max)
        load_error(ld, v[MIN]->at, "min is greater than max");
}

static void read_normal(struct load *ld, const struct yaml_node *node, struct metric *m)
{
    char shown[LOAD_SHOWN_SIZE], all[300];
    bool yes = false;

    if (node == NULL)
        return;
    if (m->type == METRIC_BOOL) {
        m->has_normal = schema_bool(ld, node, &yes);
        m->normal = yes ? 1 : 0;
    } else if (m->type == METRIC_NUMBER) {
        m->has_normal = schema_number(ld, node, &m->normal);
    } else {
        int word = metric_word(m, node->text, node->len);
        const struct word_list words = { m->words, m->word_count };
        m->has_normal = word >= 0;
        m->normal = word >= 0 ? word : 0;
        if (word < 0 && m->word_count > 0)
            load_error(ld, node->at, "'%s': %s expected", load_shown(node->text, node->len, shown),
                       schema_list(&words, all, sizeof all));
    }
}

static void read_metric(struct reader *r, const struct yaml_node *node, struct metric *m)
{
    const struct yaml_node *v[METRIC_KEYS];
    char what[METRIC_NAME_MAX + 16];
    int type = METRIC_BOOL;

    (void)tcn_text_format(what, sizeof what, "metric %s", m->name);
    if (!schema_open(r->ld, node, what, SCHEMA, METRIC_KEYS, v) || v[TYPE] == NULL ||
        !schema_word(r->ld, v[TYPE], &TYPES, &type))
        return;
    m->type = (enum metric_type)type;
    refuse_others(r->ld, m->type, v);
    if (m->type == METRIC_BOOL)
        (void)schema_bool(r->ld, v[MARK], &m->mark); /* reports by itself, as all getters */
    read_unit(r->ld, v[UNIT], m);
    read_words(r->ld, node, v[WORDS], m);
    read_range(r->ld, v, m);
    read_normal(r->ld, v[NORMAL], m);
    (void)schema_duration(r->ld, v[STALE_AFTER], 1000, STALE_MAX_MS, &m->stale_after_ms);
}

static void add_metric(struct reader *r, const struct yaml_node *node)
{
    struct load *ld = r->ld;
    uint32_t first;

    if (!check_name(ld, node->key))
        return;
    if (r->count == METRICS_MAX) {
        load_error(ld, node->key->at, "more than %d metrics", METRICS_MAX);
        return;
    }
    char *name = load_text(ld, node->key->text, node->key->len);
    if (name == NULL ||
        !load_grow(ld, (void **)&r->items, r->count, &r->item_cap, sizeof *r->items) ||
        !load_grow(ld, (void **)&r->places, r->count, &r->place_cap, sizeof *r->places))
        return;

    int rc = names_add(&r->names, name, (uint32_t)r->count, &first);
    if (rc == TCN_ENOMEM)
        ld->no_memory = true;
    if (rc == TCN_ECONFLICT && r->places[first].file != node->key->at.file)
        load_error(ld, node->key->at, "metric '%s' is declared already, in %s:%u", name,
                   r->places[first].file->name, (unsigned)r->places[first].line);
    if (rc < 0) /* twice in one file is reported by schema_open_free() */
        return;

    struct metric *m = &r->items[r->count];
    *m = (struct metric){
        .name = name, .min = -INFINITY, .max = INFINITY, .stale_after_ms = TCN_NEVER
    };
    r->places[r->count++] = node->key->at;
    read_metric(r, node, m);
}

static void read_file(struct reader *r, struct text_file *file)
{
    static const struct schema_key keys[] = { { "metrics", SCHEMA_MAP, true,
                                                "metrics: {smoke: {type: bool}}" } };
    const struct yaml_node *v[1], *root = yaml_doc_read(r->ld, file);

    if (root == NULL)
        r->ld->metrics_incomplete = true;
    if (root == NULL || !schema_open(r->ld, root, "the metrics file", keys, 1, v) || v[0] == NULL)
        return;
    if (schema_open_free(r->ld, v[0], "metrics"))
        for (const struct yaml_node *m = v[0]->first; m != NULL; m = m->next)
            add_metric(r, m);
}

void metrics_file_read(struct load *ld, const struct file_list *files)
{
    struct reader r = { .ld = ld };

    ld->metrics_incomplete = files->incomplete;
    for (size_t i = 0; i < files->count; i++)
        read_file(&r, files->files[i]);

    const struct metric *items = load_keep(ld, r.items, r.count, sizeof *items);
    ld->s->metrics =
        (struct metrics){ .items = items, .count = items == NULL ? 0 : (uint16_t)r.count };
    names_done(&r.names);
    free(r.items);
    free(r.places);
}
