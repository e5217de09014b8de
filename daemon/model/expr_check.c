/* model/expr_check.c - see expr_check.h. */
#define _GNU_SOURCE
#include "model/expr_check.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "model/expr_error.h"
#include "model/unit_of_measure.h"

#define LIST_SIZE    256
#define METRICS_LIST 12 /* so few metrics are listed whole in a message */

struct check { /* what the steps below share */
    const struct expr_lexer *lex;
    const struct metric *metric;
    const struct expr_comparison *c;
    struct expr_error *reterr;
};

static const char *piece_of(const struct expr_lexer *l, const struct expr_token *t,
                            char buf[EXPR_PIECE_SIZE])
{
    return expr_error_piece(buf, l->text + t->offset, t->len);
}

/* Collects candidates for "did you mean": the same word in other case beats a typing slip. */
struct guess {
    struct tcn_nearest nearest;
    const char *folded;
};

static void guess_init(struct guess *g, const struct expr_lexer *l, const struct expr_token *t)
{
    tcn_nearest_init(&g->nearest, l->text + t->offset, t->len);
    g->folded = NULL;
}

static void guess_try(struct guess *g, const char *candidate)
{
    if (g->folded == NULL && strlen(candidate) == g->nearest.word_len &&
        strncasecmp(candidate, g->nearest.word, g->nearest.word_len) == 0)
        g->folded = candidate;
    tcn_nearest_try(&g->nearest, candidate);
}

static const char *guess_best(const struct guess *g)
{
    return g->folded != NULL ? g->folded : g->nearest.best;
}

/* Appends to a comma separated list; what doesn't fit becomes "...". */
static void list_add(char buf[LIST_SIZE], const char *item)
{
    static const char more[] = ", ...";
    size_t at = strlen(buf), need = strlen(item) + (at > 0 ? 2 : 0);

    if (at + need + sizeof more <= LIST_SIZE) {
        (void)tcn_text_format(buf + at, LIST_SIZE - at, "%s%s", at > 0 ? ", " : "", item);
    } else if (at >= sizeof more && strcmp(buf + at - (sizeof more - 1), more) != 0) {
        (void)tcn_text_copy(buf + at, LIST_SIZE - at, more); /* room was left for it */
    }
}

static const char *list_words(const struct metric *m, char buf[LIST_SIZE])
{
    buf[0] = '\0';
    for (uint16_t i = 0; i < m->word_count; i++)
        list_add(buf, m->words[i]);
    return buf;
}

/* ---- metrics ---- */

int expr_check_unknown(const struct expr_lexer *l, const struct metrics *metrics,
                       const struct expr_token *name, struct expr_error *reterr)
{
    static const char *const keywords[] = { "and", "or", "not", "missing", "for", "true", "false" };
    char piece[EXPR_PIECE_SIZE], list[LIST_SIZE] = "";
    struct guess g;

    piece_of(l, name, piece);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (expr_lex_is_folded(l, name, keywords[i]))
            return expr_error_set(reterr, name->offset, name->len,
                                  "'%s' is written in small letters: %s", piece, keywords[i]);
    }
    guess_init(&g, l, name);
    for (uint16_t i = 0; i < metrics->count; i++) {
        guess_try(&g, metrics->items[i].name);
        if (metrics->count <= METRICS_LIST)
            list_add(list, metrics->items[i].name);
    }
    if (guess_best(&g) != NULL)
        return expr_error_set(reterr, name->offset, name->len,
                              "unknown metric '%s': did you mean '%s'?", piece, guess_best(&g));
    if (list[0] != '\0')
        return expr_error_set(reterr, name->offset, name->len,
                              "unknown metric '%s': declared are %s", piece, list);
    return expr_error_set(reterr, name->offset, name->len,
                          "unknown metric '%s': it is not declared in the metrics file", piece);
}

int expr_check_bare(const struct metrics *metrics, uint16_t metric, const struct expr_token *name,
                    struct expr_ins *ret, struct expr_error *reterr)
{
    const struct metric *m = &metrics->items[metric];
    const char *unit = unit_name(m->unit);

    switch (m->type) {
    case METRIC_NUMBER:
        return expr_error_set(reterr, name->offset, name->len,
                              "%s is a number, which alone is no condition: compare it, "
                              "like '%s < 10%s%s'",
                              m->name, m->name, unit[0] != '\0' ? " " : "", unit);
    case METRIC_ENUM:
        return expr_error_set(reterr, name->offset, name->len,
                              "%s is a word, which alone is no condition: compare it, "
                              "like '%s == %s'",
                              m->name, m->name, m->word_count > 0 ? m->words[0] : "...");
    case METRIC_BOOL:
        break;
    }
    *ret = (struct expr_ins){ .op = EXPR_TEST, .cmp = CMP_EQ, .metric = metric, .constant = 1 };
    return TCN_OK;
}

/* ---- units ---- */

/* Another unit to name as an example: the neighbour in the list of units, as kPa is MPa's. */
static const char *neighbour_unit(int unit)
{
    static const double one = 1;
    double unused;

    if (unit - 1 > UNIT_NONE && unit_convert(unit - 1, unit, one, &unused) == TCN_OK)
        return unit_name(unit - 1);
    for (size_t i = 0; unit_spelling(i) != NULL; i++) {
        int other = unit_find(unit_spelling(i), strlen(unit_spelling(i)));

        if (other != unit && unit_convert(other, unit, one, &unused) == TCN_OK)
            return unit_name(other);
    }
    return NULL;
}

static int fail_no_unit(const struct check *k)
{
    const struct metric *m = k->metric;
    const struct expr_token *number = &k->c->literal;
    const char *other = neighbour_unit(m->unit), *own = unit_name(m->unit);
    char piece[EXPR_PIECE_SIZE];

    piece_of(k->lex, number, piece);
    if (other == NULL)
        return expr_error_set(k->reterr, number->offset, number->len,
                              "%s is measured in %s: give %s this unit, like '%s %s'", m->name, own,
                              piece, piece, own);
    return expr_error_set(k->reterr, number->offset, number->len,
                          "%s is measured in %s: give %s a unit, like %s or %s", m->name, own,
                          piece, other, own);
}

static int fail_unknown_unit(const struct check *k)
{
    const struct expr_token *unit = &k->c->unit;
    char piece[EXPR_PIECE_SIZE], list[LIST_SIZE];
    struct guess g;

    piece_of(k->lex, unit, piece);
    if (k->metric->unit == UNIT_NONE)
        return expr_error_set(k->reterr, unit->offset, unit->len,
                              "'%s' can't stand here: %s has no unit, and after a value comes "
                              "'and', 'or' or the end",
                              piece, k->metric->name);
    guess_init(&g, k->lex, unit);
    for (size_t i = 0; unit_spelling(i) != NULL; i++) {
        int candidate = unit_find(unit_spelling(i), strlen(unit_spelling(i)));
        double unused;

        if (unit_convert(candidate, k->metric->unit, 1, &unused) == TCN_OK)
            guess_try(&g, unit_spelling(i));
    }
    (void)unit_list(k->metric->unit, list, sizeof list);
    if (guess_best(&g) != NULL)
        return expr_error_set(k->reterr, unit->offset, unit->len,
                              "unknown unit '%s': did you mean '%s'? %s accepts %s", piece,
                              guess_best(&g), k->metric->name, list);
    return expr_error_set(k->reterr, unit->offset, unit->len, "unknown unit '%s': %s accepts %s",
                          piece, k->metric->name, list);
}

/* Converts the literal into the metric's unit. */
static int convert(const struct check *k, double *ret_value)
{
    const struct metric *m = k->metric;
    const struct expr_token *number = &k->c->literal, *unit = &k->c->unit;
    char piece[EXPR_PIECE_SIZE], list[LIST_SIZE];
    double unused;
    int from;

    if (unit->len == 0 && m->unit != UNIT_NONE)
        return fail_no_unit(k);
    if (unit->len == 0) {
        *ret_value = number->number;
        return TCN_OK;
    }
    from = unit_find(k->lex->text + unit->offset, unit->len);
    if (from < 0)
        return fail_unknown_unit(k);
    piece_of(k->lex, unit, piece);
    if (m->unit == UNIT_NONE)
        return expr_error_set(k->reterr, unit->offset, unit->len,
                              "%s has no unit: write the number without '%s'", m->name, piece);
    if (unit_convert(from, m->unit, 1, &unused) < 0)
        return expr_error_set(k->reterr, unit->offset, unit->len,
                              "%s is measured in %s, and '%s' measures something else: it accepts "
                              "%s",
                              m->name, unit_name(m->unit), piece,
                              unit_list(m->unit, list, sizeof list));
    if (unit_convert(from, m->unit, number->number, ret_value) < 0)
        return expr_error_set(k->reterr, number->offset, unit->offset + unit->len - number->offset,
                              "this value does not exist in %s, the unit of %s", unit_name(m->unit),
                              m->name);
    return TCN_OK;
}

/* ---- by type ---- */

/* A reading outside the range is bad, so a limit out there makes a test that never changes: most
 * likely a slip of the unit, MPa for kPa. */
static int check_range(const struct check *k, double value)
{
    const struct metric *m = k->metric;
    const struct expr_token *number = &k->c->literal, *unit = &k->c->unit;
    size_t end = unit->len > 0 ? unit->offset + unit->len : number->offset + number->len;
    const char *name = unit_name(m->unit);

    if (!(m->min < m->max) || (value >= m->min && value <= m->max))
        return TCN_OK;
    return expr_error_set(k->reterr, number->offset, end - number->offset,
                          "%s is declared to lie between %.7g and %.7g%s%s: compared with a value "
                          "outside, it never changes",
                          m->name, m->min, m->max, name[0] != '\0' ? " " : "", name);
}

static int check_number(const struct check *k, double *ret_value)
{
    const struct metric *m = k->metric;
    const struct expr_token *literal = &k->c->literal;
    const char *unit = unit_name(m->unit);
    char piece[EXPR_PIECE_SIZE];
    double value = 0;
    int rc;

    if (literal->kind != TOKEN_NUMBER)
        return expr_error_set(k->reterr, literal->offset, literal->len,
                              "%s is a number, so '%s' can't be compared with it: write a number"
                              "%s%s",
                              m->name, piece_of(k->lex, literal, piece),
                              unit[0] != '\0' ? " with a unit, like " : "", unit);
    rc = convert(k, &value);
    if (rc == TCN_OK)
        rc = check_range(k, value);
    if (rc == TCN_OK)
        *ret_value = value;
    return rc;
}

static int check_bool(const struct check *k, double *ret_value)
{
    const struct expr_token *literal = &k->c->literal, *cmp = &k->c->cmp;
    const char *name = k->metric->name;
    char piece[EXPR_PIECE_SIZE];

    if (k->c->meant != CMP_EQ && k->c->meant != CMP_NE)
        return expr_error_set(k->reterr, cmp->offset, cmp->len,
                              "%s is true or false, which '%s' can't compare: write '%s' or "
                              "'not %s'",
                              name, piece_of(k->lex, cmp, piece), name, name);
    if (expr_lex_is(k->lex, literal, "true"))
        *ret_value = 1;
    else if (expr_lex_is(k->lex, literal, "false"))
        *ret_value = 0;
    else
        return expr_error_set(k->reterr, literal->offset, literal->len,
                              "%s is true or false, never '%s': write '%s' or 'not %s'", name,
                              piece_of(k->lex, literal, piece), name, name);
    return TCN_OK;
}

static int check_enum(const struct check *k, double *ret_value)
{
    const struct metric *m = k->metric;
    const struct expr_token *literal = &k->c->literal, *cmp = &k->c->cmp;
    char piece[EXPR_PIECE_SIZE], list[LIST_SIZE];
    struct guess g;
    int word;

    list_words(m, list);
    if (k->c->meant != CMP_EQ && k->c->meant != CMP_NE)
        return expr_error_set(k->reterr, cmp->offset, cmp->len,
                              "%s is one of the words %s, which have no order: use '==' or '!='",
                              m->name, list);
    piece_of(k->lex, literal, piece);
    if (literal->kind != TOKEN_WORD)
        return expr_error_set(k->reterr, literal->offset, literal->len,
                              "a word is expected, not the number %s: %s is one of %s", piece,
                              m->name, list);
    word = metric_word(m, k->lex->text + literal->offset, literal->len);
    if (word >= 0) {
        *ret_value = word;
        return TCN_OK;
    }
    guess_init(&g, k->lex, literal);
    for (uint16_t i = 0; i < m->word_count; i++)
        guess_try(&g, m->words[i]);
    if (guess_best(&g) != NULL)
        return expr_error_set(k->reterr, literal->offset, literal->len,
                              "%s is never '%s': did you mean '%s'? It is one of %s", m->name,
                              piece, guess_best(&g), list);
    return expr_error_set(k->reterr, literal->offset, literal->len,
                          "%s is never '%s': it is one of %s", m->name, piece, list);
}

int expr_check_comparison(const struct expr_lexer *l, const struct metrics *metrics,
                          const struct expr_comparison *c, struct expr_ins *ret,
                          struct expr_error *reterr)
{
    const struct metric *m = &metrics->items[c->metric];
    const struct check k = { .lex = l, .metric = m, .c = c, .reterr = reterr };
    double constant = 0;
    int rc;

    if (c->literal.kind == TOKEN_WORD && m->type != METRIC_ENUM &&
        metrics_find(metrics, l->text + c->literal.offset, c->literal.len) != METRIC_NONE) {
        char piece[EXPR_PIECE_SIZE];

        return expr_error_set(reterr, c->literal.offset, c->literal.len,
                              "'%s' is a metric, too: a metric is compared with a fixed value",
                              piece_of(l, &c->literal, piece));
    }
    rc = m->type == METRIC_BOOL   ? check_bool(&k, &constant)
         : m->type == METRIC_ENUM ? check_enum(&k, &constant)
                                  : check_number(&k, &constant);
    if (rc < 0)
        return rc;
    *ret = (struct expr_ins){
        .op = EXPR_TEST, .cmp = (uint8_t)c->meant, .metric = c->metric, .constant = constant
    };
    return TCN_OK;
}
