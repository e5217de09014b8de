#include <string.h>

#include "base/text.h"
#include "settings/path_text.h"
#include "settings/schema.h"
#include "settings/sources_file.h"

#define CONDITIONS_MAX 64
#define WORDS_MAX      256
#define TEMPLATE_MAX   512

static void try_captures(const struct source_reader *r, struct tcn_nearest *n, const char *name,
                         size_t len, bool *ret_known)
{
    const struct topic_pattern *t = &r->source->topic;

    *ret_known = false;
    tcn_nearest_init(n, name, len);
    for (uint16_t i = 0; i < t->level_count + r->value.step_count; i++) {
        const char *known =
            i < t->level_count ? t->levels[i].capture : r->value.steps[i - t->level_count].capture;
        if (known == NULL)
            continue;
        *ret_known = *ret_known || (strlen(known) == len && memcmp(known, name, len) == 0);
        tcn_nearest_try(n, known);
    }
}

static bool check_capture(struct source_reader *r, const struct yaml_node *node, size_t offset,
                          const char *name, size_t len)
{
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];
    struct tcn_nearest nearest;
    bool known;

    if (r->source->topic.text == NULL) /* the topic is wrong, and reported */
        return true;
    try_captures(r, &nearest, name, len, &known);
    if (!known)
        load_error(r->ld, yaml_doc_spot(r->ld, node, offset, len),
                   "the topic %s captures no '%s'%s", r->source->topic.text,
                   load_shown(name, len, shown), load_hint(nearest.best, hint));
    return known;
}

/* What a codec's messages have: documents, text, or neither. */
static bool check_codec(struct source_reader *r, const struct yaml_node *node, enum path_from from)
{
    enum source_codec codec = r->source->codec;

    if (from == FROM_DOCUMENT && codec != CODEC_JSON)
        load_error(r->ld, node->at, "%s has no members: %s",
                   codec == CODEC_TEXT ? "a text" : "a protobuf reading",
                   codec == CODEC_TEXT ? "write \".\" for the whole text, or codec: json"
                                       : "only captures such as {device} can be used");
    else if (from == FROM_TEXT && codec != CODEC_TEXT)
        load_error(r->ld, node->at,
                   "\".\" is the payload of codec text; write a path such as "
                   "/smoke");
    else
        return true;
    return false;
}

bool source_paths_read(struct source_reader *r, const struct yaml_node *node, struct path *ret)
{
    struct tcn_fail fail;
    struct path path;
    size_t offset;

    if (node == NULL)
        return true;
    int rc = path_text_parse(node->text, node->len, r->ld->arena, &path, &offset, &fail);
    if (rc == TCN_ENOMEM) {
        r->ld->no_memory = true;
        return false;
    }
    if (rc < 0) {
        load_error(r->ld, yaml_doc_spot(r->ld, node, offset, node->len - offset), "%s", fail.text);
        return false;
    }
    if (path.from == FROM_CAPTURE && !check_capture(r, node, 1, path.capture, strlen(path.capture)))
        return false;
    if (!check_codec(r, node, path.from))
        return false;
    *ret = path;
    return true;
}

/* A pointer in a template leads to one value. */
static bool check_pointer(struct source_reader *r, const struct yaml_node *node, size_t start,
                          size_t len)
{
    struct tcn_fail fail;
    struct path path;
    size_t offset = 0;

    int rc = path_text_parse(node->text + start, len, &r->ld->scratch, &path, &offset, &fail);
    for (uint16_t i = 0; rc == TCN_OK && i < path.step_count; i++)
        if (path.steps[i].kind == STEP_EACH)
            rc = tcn_fail_set(&fail, TCN_EINPUT,
                              "'*' can't be used in a template: capture the key in the reading's "
                              "value with *:name and write {name} here");
    if (rc == TCN_OK)
        return check_codec(r, node, FROM_DOCUMENT);
    load_error(r->ld, yaml_doc_spot(r->ld, node, start + offset, len - offset), "%s", fail.text);
    return false;
}

bool source_paths_template(struct source_reader *r, const struct yaml_node *node, const char **ret)
{
    struct tcn_fail fail;
    size_t at = 0, start, len, offset;
    bool good = true;
    int rc;

    if (node == NULL)
        return true;
    while ((rc = path_text_next_hole(node->text, &at, &start, &len, &offset, &fail)) > 0) {
        if (len > 0 && node->text[start] == '/')
            good = check_pointer(r, node, start, len) && good;
        else
            good = check_capture(r, node, start, node->text + start, len) && good;
    }
    if (rc < 0) {
        load_error(r->ld, yaml_doc_spot(r->ld, node, offset, 1), "%s", fail.text);
        return false;
    }
    return good && schema_text(r->ld, node, TEMPLATE_MAX, ret);
}

static const struct {
    const char *word;
    enum condition_op op;
    bool list; /* takes several words */
} OPERATORS[] = {
    { "eq", COND_EQ, false },         { "ne", COND_NE, false },  { "in", COND_IN, true },
    { "not_in", COND_NOT_IN, true },  { "has", COND_HAS, true }, { "has_not", COND_HAS_NOT, true },
    { "ge", COND_GE, false },         { "le", COND_LE, false },  { "exists", COND_EXISTS, false },
    { "absent", COND_ABSENT, false },
};
#define OPERATOR_COUNT (sizeof OPERATORS / sizeof OPERATORS[0])

static bool read_words(struct source_reader *r, const struct yaml_node *node, struct condition *c)
{
    uint32_t count = node->kind == YAML_LIST ? node->count : 1;

    if (count == 0 || count > WORDS_MAX) {
        load_error(r->ld, node->at, "1 to %d values expected", WORDS_MAX);
        return false;
    }
    const char **words = load_alloc(r->ld, count, sizeof *words);
    c->words = words;
    if (words == NULL)
        return false;
    /* An empty text is a word, too, so the elements are taken here rather than by schema_each(). */
    for (const struct yaml_node *e = node->kind == YAML_LIST ? node->first : node; e != NULL;
         e = e->key == NULL ? e->next : NULL) {
        if (e->kind != YAML_TEXT) {
            load_error(r->ld, e->at, "a single value expected");
            return false;
        }
        words[c->word_count++] = load_text(r->ld, e->text, e->len);
    }
    return true;
}

static bool read_operand(struct source_reader *r, size_t op, const struct yaml_node *node,
                         struct condition *c)
{
    double number;
    bool yes = false;

    c->op = OPERATORS[op].op;
    if (c->op == COND_EXISTS || c->op == COND_ABSENT) {
        if (node->kind != YAML_TEXT) {
            load_error(r->ld, node->at, "'%s' is true or false", OPERATORS[op].word);
            return false;
        }
        if (!schema_bool(r->ld, node, &yes))
            return false;
        if (!yes) /* exists: false */
            c->op = c->op == COND_EXISTS ? COND_ABSENT : COND_EXISTS;
        return true;
    }
    if (node->kind != YAML_TEXT && !OPERATORS[op].list) {
        load_error(r->ld, node->at, "'%s' takes one value%s", OPERATORS[op].word,
                   c->op == COND_EQ   ? ": write 'in' for several"
                   : c->op == COND_NE ? ": write 'not_in' for several"
                                      : "");
        return false;
    }
    if (c->op == COND_GE || c->op == COND_LE)
        if (!schema_number(r->ld, node, &number))
            return false;
    return read_words(r, node, c);
}

static bool read_condition(struct source_reader *r, const struct yaml_node *node,
                           struct condition *c)
{
    struct schema_key keys[OPERATOR_COUNT + 1];
    const struct yaml_node *v[OPERATOR_COUNT + 1];
    size_t op = OPERATOR_COUNT, given = 0;

    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        keys[i] = (struct schema_key){ OPERATORS[i].word, SCHEMA_ANY, false, NULL };
    keys[OPERATOR_COUNT] = (struct schema_key){ "at", SCHEMA_TEXT, true, "a path such as /type" };
    if (!schema_open(r->ld, node, "a condition", keys, OPERATOR_COUNT + 1, v))
        return false;
    for (size_t i = 0; i < OPERATOR_COUNT; i++) {
        if (v[i] != NULL) {
            op = i;
            given++;
        }
    }
    if (given != 1) {
        load_error(r->ld, node->at,
                   "a condition needs one of eq, ne, in, not_in, has, has_not, "
                   "ge, le, exists, absent; this one has %zu",
                   given);
        return false;
    }
    return v[OPERATOR_COUNT] != NULL && source_paths_read(r, v[OPERATOR_COUNT], &c->at) &&
           read_operand(r, op, v[op], c);
}

bool source_paths_conditions(struct source_reader *r, const struct yaml_node *list,
                             const struct condition **ret, uint16_t *ret_count)
{
    uint16_t count = 0;
    bool good = true;

    if (list == NULL)
        return true;
    if (list->count > CONDITIONS_MAX) {
        load_error(r->ld, list->at, "more than %d conditions", CONDITIONS_MAX);
        return false;
    }
    struct condition *conditions = load_alloc(r->ld, list->count, sizeof *conditions);
    if (conditions == NULL)
        return false;
    for (const struct yaml_node *e = list->first; e != NULL; e = e->next)
        good = read_condition(r, e, &conditions[count++]) && good;
    if (good) {
        *ret = conditions;
        *ret_count = count;
    }
    return good;
}
