#include "codec/condition.h"

#include <string.h>

#include "base/text.h"

static bool is_any_word(const struct condition *c, const struct scalar *s)
{
    for (uint16_t i = 0; i < c->word_count; i++)
        if (scalar_is_word(s, c->words[i], false))
            return true;
    return false;
}

static bool compares(const struct condition *c, const struct scalar *s)
{
    double limit;

    if (!s->numeric || c->word_count == 0 ||
        tcn_parse_double(c->words[0], strlen(c->words[0]), &limit) < 0)
        return false;
    return c->op == COND_GE ? s->number >= limit : s->number <= limit;
}

static bool separates(char c)
{
    return c == ' ' || c == ',' || c == ';' || c == '\t' || c == '\r' || c == '\n';
}

/* One of the blank separated words of the text is one of ours. */
static bool text_has(const struct condition *c, const char *text, size_t len)
{
    size_t end;

    for (size_t at = 0; at < len; at = end) {
        struct scalar word;

        for (end = at; end < len && !separates(text[end]); end++)
            ;
        if (end == at) {
            end++;
            continue;
        }
        scalar_from_text(&word, text + at, end - at);
        if (is_any_word(c, &word))
            return true;
    }
    return false;
}

static bool array_has(struct scope *scope, const struct condition *c, const json_t *array)
{
    size_t count = json_array_size(array);

    for (size_t i = 0; i < count && scope_spend(scope); i++) {
        struct scalar s;

        scalar_from_json(&s, json_array_get(array, i));
        if (is_any_word(c, &s))
            return true;
    }
    return false;
}

static bool object_has(const struct condition *c, const json_t *object)
{
    for (uint16_t i = 0; i < c->word_count; i++)
        if (json_object_get(object, c->words[i]) != NULL)
            return true;
    return false;
}

/* json: the value itself where there is a document, for HAS. */
static bool value_fits(struct scope *scope, const struct condition *c, const struct scalar *s,
                       const json_t *json)
{
    switch (c->op) {
    case COND_EQ:
    case COND_NE:
    case COND_IN:
    case COND_NOT_IN:
        return is_any_word(c, s);
    case COND_HAS:
    case COND_HAS_NOT:
        if (json_is_array(json))
            return array_has(scope, c, json);
        if (json_is_object(json))
            return object_has(c, json);
        return s->kind == SCALAR_TEXT && text_has(c, s->text, s->len);
    case COND_EXISTS:
    case COND_ABSENT:
        return s->kind == SCALAR_TEXT || s->kind == SCALAR_OTHER;
    case COND_GE:
    case COND_LE:
        return compares(c, s);
    }
    return false;
}

static bool any_fits(struct scope *scope, const struct condition *c)
{
    struct scalar s;
    struct walk w;
    json_t *json;

    if (c->at.from != FROM_DOCUMENT) {
        path_scalar(scope, &c->at, &s);
        return value_fits(scope, c, &s, NULL);
    }
    walk_start(&w, scope, &c->at);
    while (walk_next(&w, &json)) {
        scalar_from_json(&s, json);
        if (value_fits(scope, c, &s, json))
            return true;
    }
    return false;
}

bool conditions_hold(struct scope *scope, const struct condition *conditions, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        enum condition_op op = conditions[i].op;
        bool opposite =
            op == COND_NE || op == COND_NOT_IN || op == COND_HAS_NOT || op == COND_ABSENT;

        if (any_fits(scope, &conditions[i]) == opposite)
            return false;
    }
    return true;
}
