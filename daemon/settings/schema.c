#include "settings/schema.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "settings/names.h"

static const char *kind_word(const struct yaml_node *node)
{
    return node->kind == YAML_MAP ? "a map" : node->kind == YAML_LIST ? "a list" : "a single value";
}

static bool is_nothing(const struct yaml_node *node)
{
    return node->kind == YAML_TEXT && node->style == YAML_PLAIN &&
           (node->len == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

static bool kind_fits(enum schema_kind kind, const struct yaml_node *node)
{
    switch (kind) {
    case SCHEMA_TEXT:
        return node->kind == YAML_TEXT;
    case SCHEMA_LIST:
        return node->kind == YAML_LIST;
    case SCHEMA_MAP:
        return node->kind == YAML_MAP;
    case SCHEMA_TEXT_OR_LIST:
        return node->kind != YAML_MAP;
    case SCHEMA_TEXT_OR_MAP:
        return node->kind != YAML_LIST;
    case SCHEMA_FILLED:
    case SCHEMA_ANY:
        break;
    }
    return true;
}

static const char *const KIND_WANTED[] = {
    [SCHEMA_TEXT] = "a single value",
    [SCHEMA_LIST] = "a list",
    [SCHEMA_MAP] = "a map of keys",
    [SCHEMA_TEXT_OR_LIST] = "a value or a list of them",
    [SCHEMA_TEXT_OR_MAP] = "a value or a map of keys",
    [SCHEMA_FILLED] = "a value",
    [SCHEMA_ANY] = "a value",
};

static bool check_kind(struct load *ld, const struct schema_key *key, const struct yaml_node *value)
{
    if (key->kind != SCHEMA_ANY && is_nothing(value)) {
        load_error(ld, value->key->at, "'%s' has no value%s%s", key->name,
                   key->hint == NULL ? "" : ": ", key->hint == NULL ? "" : key->hint);
        return false;
    }
    if (!kind_fits(key->kind, value)) {
        load_error(ld, value->at, "'%s' must be %s, not %s", key->name, KIND_WANTED[key->kind],
                   kind_word(value));
        return false;
    }
    return true;
}

static void report_unknown(struct load *ld, const struct yaml_node *key, const char *what,
                           const struct schema_key *keys, size_t count)
{
    struct tcn_nearest nearest;
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE], all[400] = "";

    tcn_nearest_init(&nearest, key->text, key->len);
    for (size_t i = 0; i < count; i++)
        tcn_nearest_try(&nearest, keys[i].name);
    if (nearest.best == NULL) {
        size_t used = 0;
        for (size_t i = 0; i < count && used < sizeof all; i++) {
            (void)tcn_text_format(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ",
                                  keys[i].name);
            used += strlen(all + used);
        }
        load_error(ld, key->at, "unknown key '%s' in %s; known are %s",
                   load_shown(key->text, key->len, shown), what, all);
        return;
    }
    load_error(ld, key->at, "unknown key '%s' in %s%s", load_shown(key->text, key->len, shown),
               what, load_hint(nearest.best, hint));
}

static size_t find_key(const struct schema_key *keys, size_t count, const struct yaml_node *key)
{
    size_t i = 0;

    while (i < count && strcmp(keys[i].name, key->text) != 0)
        i++;
    return i;
}

static bool is_map(struct load *ld, const struct yaml_node *node, const char *what)
{
    if (node->kind == YAML_MAP)
        return true;
    load_error(ld, node->at, "%s must be a map of keys, not %s", what,
               is_nothing(node) ? "empty" : kind_word(node));
    return false;
}

bool schema_open(struct load *ld, const struct yaml_node *node, const char *what,
                 const struct schema_key *keys, size_t count, const struct yaml_node **ret_values)
{
    const struct yaml_node *seen[SCHEMA_KEYS_MAX] = { NULL };

    assert(count <= SCHEMA_KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        ret_values[i] = NULL;
    if (!is_map(ld, node, what))
        return false;
    for (const struct yaml_node *v = node->first; v != NULL; v = v->next) {
        size_t i = find_key(keys, count, v->key);
        if (i == count) {
            report_unknown(ld, v->key, what, keys, count);
        } else if (seen[i] != NULL) {
            load_error(ld, v->key->at, "'%s' is given twice, first in line %u", keys[i].name,
                       (unsigned)seen[i]->key->at.line);
        } else {
            seen[i] = v;
            ret_values[i] = check_kind(ld, &keys[i], v) ? v : NULL;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (keys[i].required && seen[i] == NULL)
            load_error(ld, node->at, "%s needs '%s'%s%s", what, keys[i].name,
                       keys[i].hint == NULL ? "" : ": ", keys[i].hint == NULL ? "" : keys[i].hint);
    return true;
}

bool schema_open_free(struct load *ld, const struct yaml_node *node, const char *what)
{
    struct names seen = { 0 };
    char shown[LOAD_SHOWN_SIZE];

    if (!is_map(ld, node, what))
        return false;
    for (const struct yaml_node *v = node->first; v != NULL; v = v->next) {
        uint32_t line = 0;
        int rc = names_add(&seen, v->key->text, v->key->at.line, &line);
        if (rc == TCN_ECONFLICT)
            load_error(ld, v->key->at, "'%s' is given twice, first in line %u",
                       load_shown(v->key->text, v->key->len, shown), (unsigned)line);
        else if (rc < 0)
            ld->no_memory = true;
    }
    names_done(&seen);
    return true;
}

bool schema_text(struct load *ld, const struct yaml_node *node, size_t max, const char **ret)
{
    if (node == NULL)
        return true;
    if (node->len == 0 || node->len > max) {
        load_error(ld, node->at, "text of 1 to %zu bytes expected, this has %zu", max, node->len);
        return false;
    }
    const char *copy = load_text(ld, node->text, node->len);
    if (copy == NULL)
        return false;
    *ret = copy;
    return true;
}

bool schema_bool(struct load *ld, const struct yaml_node *node, bool *ret)
{
    char shown[LOAD_SHOWN_SIZE];

    if (node == NULL)
        return true;
    if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0) {
        load_error(ld, node->at, "'%s': true or false expected",
                   load_shown(node->text, node->len, shown));
        return false;
    }
    *ret = node->text[0] == 't';
    return true;
}

bool schema_duration(struct load *ld, const struct yaml_node *node, int64_t min_ms, int64_t max_ms,
                     int64_t *ret_ms)
{
    struct tcn_fail fail;
    char low[32], high[32], shown[LOAD_SHOWN_SIZE];
    int64_t ms;

    if (node == NULL)
        return true;
    if (tcn_parse_duration(node->text, node->len, &ms, &fail) < 0) {
        load_error(ld, node->at, "%s", fail.text);
        return false;
    }
    if (ms < min_ms || ms > max_ms) {
        tcn_format_duration(min_ms, low);
        tcn_format_duration(max_ms, high);
        load_error(ld, node->at, "'%s' is out of range: %s to %s",
                   load_shown(node->text, node->len, shown), low, high);
        return false;
    }
    *ret_ms = ms;
    return true;
}

bool schema_number(struct load *ld, const struct yaml_node *node, double *ret)
{
    char shown[LOAD_SHOWN_SIZE];

    if (node == NULL)
        return true;
    if (tcn_parse_double(node->text, node->len, ret) < 0) {
        load_error(ld, node->at, "'%s': a number such as 0.5 expected",
                   load_shown(node->text, node->len, shown));
        return false;
    }
    return true;
}

bool schema_int(struct load *ld, const struct yaml_node *node, int64_t min, int64_t max,
                int64_t *ret)
{
    char shown[LOAD_SHOWN_SIZE];

    if (node == NULL)
        return true;
    if (tcn_parse_int(node->text, node->len, min, max, ret) < 0) {
        load_error(ld, node->at, "'%s': a whole number from %lld to %lld expected",
                   load_shown(node->text, node->len, shown), (long long)min, (long long)max);
        return false;
    }
    return true;
}

bool schema_size(struct load *ld, const struct yaml_node *node, uint32_t min, uint32_t max,
                 uint32_t *ret)
{
    static const struct {
        const char *word;
        int64_t factor;
    } units[] = { { "B", 1 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 } };
    char shown[LOAD_SHOWN_SIZE];
    int64_t n;

    if (node == NULL)
        return true;
    size_t digits = strspn(node->text, "0123456789");
    const char *unit = node->text + digits + strspn(node->text + digits, " ");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].word) != 0 ||
            tcn_parse_int(node->text, digits, 0, UINT32_MAX, &n) < 0)
            continue;
        n *= units[i].factor;
        if (n < min || n > max) {
            load_error(ld, node->at, "'%s' is out of range: %u B to %u MiB",
                       load_shown(node->text, node->len, shown), (unsigned)min,
                       (unsigned)(max >> 20));
            return false;
        }
        *ret = (uint32_t)n;
        return true;
    }
    load_error(ld, node->at, "'%s': a size with unit expected, like 512 B, 64 KiB or 1 MiB",
               load_shown(node->text, node->len, shown));
    return false;
}

const char *schema_list(const struct word_list *list, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < list->count && used < size; i++) {
        const char *glue = i == 0 ? "" : i + 1 == list->count ? " or " : ", ";
        (void)tcn_text_format(buf + used, size - used, "%s%s", glue, list->words[i]);
        used += strlen(buf + used);
    }
    return buf;
}

bool schema_word(struct load *ld, const struct yaml_node *node, const struct word_list *list,
                 int *ret)
{
    char shown[LOAD_SHOWN_SIZE], all[300], hint[LOAD_HINT_SIZE];
    struct tcn_nearest nearest;

    if (node == NULL)
        return true;
    int found = word_find(list, node->text);
    if (found >= 0) {
        *ret = found;
        return true;
    }
    tcn_nearest_init(&nearest, node->text, node->len);
    for (unsigned i = 0; i < list->count; i++)
        tcn_nearest_try(&nearest, list->words[i]);
    load_error(ld, node->at, "'%s': %s expected%s", load_shown(node->text, node->len, shown),
               schema_list(list, all, sizeof all), load_hint(nearest.best, hint));
    return false;
}

static const struct yaml_node *next_text(struct load *ld, const struct yaml_node *node)
{
    for (; node != NULL && (node->kind != YAML_TEXT || is_nothing(node)); node = node->next)
        load_error(ld, node->at, "a single value expected, not %s",
                   node->kind == YAML_TEXT ? "an empty one" : kind_word(node));
    return node;
}

const struct yaml_node *schema_each(struct load *ld, const struct yaml_node *node)
{
    if (node == NULL)
        return NULL;
    return node->kind == YAML_LIST ? next_text(ld, node->first) : node;
}

const struct yaml_node *schema_next(struct load *ld, const struct yaml_node *element)
{
    /* A single value is an element of the map that it stands in, and has a key. */
    return element->key != NULL ? NULL : next_text(ld, element->next);
}
