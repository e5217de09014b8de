/* model/expr.c - compiles a condition: precedence parsing with a stack of its own, so that no
 * input makes it recurse. Evaluation is in expr_eval.c. */
#include "model/expr.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "model/expr_check.h"
#include "model/expr_error.h"
#include "model/expr_lex.h"
#include "model/expr_stack.h"

/* In order of how strongly they bind. */
enum pending_kind { PENDING_OPEN, PENDING_OR, PENDING_AND, PENDING_NOT };

struct pending { /* an operator whose right side isn't complete, or an open parenthesis */
    enum pending_kind kind;
    size_t offset;
};

struct compiler {
    struct expr_lexer lex;
    const struct metrics *metrics;
    struct expr_error *reterr;

    struct expr_ins ins[EXPR_MAX];
    uint16_t used[EXPR_MAX]; /* metrics, each once */
    uint16_t count, used_count;
    unsigned height; /* truths on the stack after these instructions */
    int64_t missing_ms;

    struct pending pending[EXPR_PENDING_MAX];
    unsigned pending_count, depth;

    struct expr_token last;     /* before the one at hand; len 0 at the start */
    bool after_comparison;      /* last ends "METRIC cmp literal" of ... */
    uint16_t comparison_metric; /* ... this metric */
};

static const char *piece_of(const struct compiler *c, const struct expr_token *t,
                            char buf[EXPR_PIECE_SIZE])
{
    return expr_error_piece(buf, c->lex.text + t->offset, t->len);
}

/* ---- output ---- */

static int emit(struct compiler *c, const struct expr_ins *ins, size_t offset)
{
    if (c->count == EXPR_MAX)
        return expr_error_set(c->reterr, offset, 0,
                              "the condition is too long here: it may have %d tests and operators. "
                              "Make it two rules",
                              EXPR_MAX);
    c->ins[c->count++] = *ins;
    if (ins->op == EXPR_TEST || ins->op == EXPR_MISSING)
        c->height++;
    else if (ins->op != EXPR_NOT)
        c->height--;
    assert(c->height > 0 && c->height <= EXPR_STACK_MAX);
    return TCN_OK;
}

static int emit_test(struct compiler *c, const struct expr_ins *ins, size_t offset)
{
    int rc = emit(c, ins, offset);

    if (rc < 0)
        return rc;
    for (uint16_t i = 0; i < c->used_count; i++) {
        if (c->used[i] == ins->metric)
            return TCN_OK;
    }
    c->used[c->used_count++] = ins->metric;
    return TCN_OK;
}

/* ---- operators that wait ---- */

static int push(struct compiler *c, enum pending_kind kind, const struct expr_token *t)
{
    if (kind == PENDING_OPEN || kind == PENDING_NOT) {
        if (c->depth == EXPR_DEPTH_MAX)
            return expr_error_set(c->reterr, t->offset, t->len,
                                  "'(' and 'not' are nested more than %d deep here: simplify the "
                                  "condition or make it two rules",
                                  EXPR_DEPTH_MAX);
        c->depth++;
    }
    assert(c->pending_count < EXPR_PENDING_MAX);
    c->pending[c->pending_count++] = (struct pending){ .kind = kind, .offset = t->offset };
    return TCN_OK;
}

/* Completes the operators that bind at least as strongly as this one. */
static int complete(struct compiler *c, enum pending_kind weakest)
{
    static const uint8_t ops[] = {
        [PENDING_OR] = EXPR_OR, [PENDING_AND] = EXPR_AND, [PENDING_NOT] = EXPR_NOT
    };

    while (c->pending_count > 0) {
        const struct pending *top = &c->pending[c->pending_count - 1];
        struct expr_ins ins = { .op = ops[top->kind] };
        int rc;

        if (top->kind == PENDING_OPEN || top->kind < weakest)
            break;
        rc = emit(c, &ins, top->offset);
        if (rc < 0)
            return rc;
        if (top->kind == PENDING_NOT)
            c->depth--;
        c->pending_count--;
    }
    return TCN_OK;
}

static int close_parenthesis(struct compiler *c, const struct expr_token *t)
{
    int rc = complete(c, PENDING_OR);

    if (rc < 0)
        return rc;
    if (c->pending_count == 0)
        return expr_error_set(c->reterr, t->offset, t->len, "this ')' has no '(' before it");
    assert(c->pending[c->pending_count - 1].kind == PENDING_OPEN);
    c->pending_count--;
    c->depth--;
    return TCN_OK;
}

/* ---- comparisons ---- */

static enum expr_cmp mirror(enum expr_cmp cmp)
{
    switch (cmp) {
    case CMP_LT:
        return CMP_GT;
    case CMP_LE:
        return CMP_GE;
    case CMP_GT:
        return CMP_LT;
    case CMP_GE:
        return CMP_LE;
    case CMP_EQ:
    case CMP_NE:
        break;
    }
    return cmp;
}

static uint16_t find_metric(const struct compiler *c, const struct expr_token *t)
{
    if (t->kind != TOKEN_WORD)
        return METRIC_NONE;
    return metrics_find(c->metrics, c->lex.text + t->offset, t->len);
}

static bool is_word_of(const struct compiler *c, uint16_t metric, const struct expr_token *t)
{
    const struct metric *m = &c->metrics->items[metric];

    return m->type == METRIC_ENUM && t->kind == TOKEN_WORD &&
           metric_word(m, c->lex.text + t->offset, t->len) >= 0;
}

static bool is_keyword(const struct compiler *c, const struct expr_token *t)
{
    return expr_lex_is(&c->lex, t, "and") || expr_lex_is(&c->lex, t, "or") ||
           expr_lex_is(&c->lex, t, "not");
}

/* One side of a comparison, with the unit behind a number. */
struct side {
    struct expr_token token, unit;
    uint16_t metric; /* METRIC_NONE: no metric's name */
};

static int read_side(struct compiler *c, const struct expr_token *t, struct side *ret)
{
    struct side side = { .token = *t, .metric = find_metric(c, t) };
    int rc = TCN_OK;

    if (t->kind == TOKEN_NUMBER)
        rc = expr_lex_unit(&c->lex, &side.unit, c->reterr);
    if (rc == TCN_OK)
        *ret = side;
    return rc;
}

static bool is_truth(const struct compiler *c, const struct expr_token *t)
{
    return expr_lex_is(&c->lex, t, "true") || expr_lex_is(&c->lex, t, "false");
}

/* Which side is the metric? An enum's word may be spelt like a metric. */
static int join_sides(struct compiler *c, const struct side *left, const struct expr_token *cmp,
                      const struct side *right, struct expr_comparison *ret)
{
    bool flipped = left->metric == METRIC_NONE;
    const struct side *metric, *literal;
    char piece[EXPR_PIECE_SIZE];

    if (left->metric != METRIC_NONE && right->metric != METRIC_NONE)
        flipped = !is_word_of(c, left->metric, &right->token) &&
                  is_word_of(c, right->metric, &left->token);
    metric = flipped ? right : left;
    literal = flipped ? left : right;
    if (metric->metric == METRIC_NONE) {
        if (left->token.kind == TOKEN_WORD && !is_truth(c, &left->token))
            return expr_check_unknown(&c->lex, c->metrics, &left->token, c->reterr);
        if (right->token.kind == TOKEN_WORD && !is_truth(c, &right->token))
            return expr_check_unknown(&c->lex, c->metrics, &right->token, c->reterr);
        return expr_error_set(c->reterr, left->token.offset,
                              right->token.offset + right->token.len - left->token.offset,
                              "one side of '%s' must be a metric: two fixed values make no "
                              "condition",
                              piece_of(c, cmp, piece));
    }
    /* "presure < temperature": no literal, but a metric that isn't known. */
    if (flipped && left->token.kind == TOKEN_WORD && !is_truth(c, &left->token) &&
        c->metrics->items[metric->metric].type == METRIC_NUMBER)
        return expr_check_unknown(&c->lex, c->metrics, &left->token, c->reterr);
    *ret = (struct expr_comparison){
        .metric = metric->metric,
        .cmp = *cmp,
        .meant = flipped ? mirror(cmp->cmp) : cmp->cmp,
        .literal = literal->token,
        .unit = literal->unit,
    };
    return TCN_OK;
}

/* A word or number with no comparison behind it. */
static int parse_bare(struct compiler *c, const struct side *left)
{
    char piece[EXPR_PIECE_SIZE];
    struct expr_ins ins = { 0 };
    int rc;

    if (left->metric != METRIC_NONE) {
        rc = expr_check_bare(c->metrics, left->metric, &left->token, &ins, c->reterr);
        return rc < 0 ? rc : emit_test(c, &ins, left->token.offset);
    }
    if (left->token.kind == TOKEN_WORD && !is_truth(c, &left->token))
        return expr_check_unknown(&c->lex, c->metrics, &left->token, c->reterr);
    return expr_error_set(c->reterr, left->token.offset, left->token.len,
                          "'%s' alone is no condition: compare a metric with it",
                          piece_of(c, &left->token, piece));
}

/* METRIC, METRIC cmp literal, literal cmp METRIC; t is the first token of it. */
static int parse_comparison(struct compiler *c, const struct expr_token *t)
{
    struct side left = { 0 }, right = { 0 };
    struct expr_comparison comparison = { 0 };
    struct expr_lexer ahead;
    struct expr_token cmp = { 0 }, second = { 0 };
    struct expr_ins ins = { 0 };
    char piece[EXPR_PIECE_SIZE];
    int rc = read_side(c, t, &left);

    if (rc < 0)
        return rc;
    ahead = c->lex;
    rc = expr_lex_next(&ahead, &cmp, c->reterr);
    if (rc < 0)
        return rc;
    if (cmp.kind != TOKEN_CMP)
        return parse_bare(c, &left);

    c->lex = ahead;
    rc = expr_lex_next(&c->lex, &second, c->reterr);
    if (rc < 0)
        return rc;
    if ((second.kind != TOKEN_NUMBER && second.kind != TOKEN_WORD) || is_keyword(c, &second))
        return expr_error_set(c->reterr, second.offset, second.len,
                              "a value is missing after '%s', like 50 kPa or true",
                              piece_of(c, &cmp, piece));
    rc = read_side(c, &second, &right);
    if (rc == TCN_OK)
        rc = join_sides(c, &left, &cmp, &right, &comparison);
    if (rc == TCN_OK)
        rc = expr_check_comparison(&c->lex, c->metrics, &comparison, &ins, c->reterr);
    if (rc == TCN_OK)
        rc = emit_test(c, &ins, t->offset);
    c->after_comparison = true;
    c->comparison_metric = rc == TCN_OK ? comparison.metric : METRIC_NONE;
    return rc;
}

/* ---- missing for ---- */

/* The duration may have its unit apart: "25 h". */
static int read_duration(const struct compiler *c, const struct expr_token *t, int64_t *ret_ms,
                         struct tcn_fail *reterr)
{
    char text[EXPR_PIECE_SIZE];
    size_t len = 0;

    for (size_t i = 0; i < t->len; i++) {
        char ch = c->lex.text[t->offset + i];

        if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r')
            continue;
        if (len == sizeof text)
            return tcn_fail_set(reterr, TCN_EINPUT,
                                "this is too long for a duration: write one like 25h or 1h30m");
        text[len++] = ch;
    }
    return tcn_parse_duration(text, len, ret_ms, reterr);
}

static int parse_missing(struct compiler *c, const struct expr_token *t)
{
    struct expr_lexer ahead = c->lex;
    struct expr_token word = { 0 }, duration = { 0 };
    struct expr_ins ins = { .op = EXPR_MISSING };
    char piece[EXPR_PIECE_SIZE];
    struct tcn_fail fail;
    int rc = expr_lex_next(&ahead, &word, c->reterr);

    if (rc < 0)
        return rc;
    if (!expr_lex_is(&c->lex, &word, "for")) {
        expr_lex_duration(&c->lex, &duration);
        if (word.kind == TOKEN_NUMBER && read_duration(c, &duration, &ins.duration_ms, NULL) == 0)
            return expr_error_set(c->reterr, t->offset, duration.offset + duration.len - t->offset,
                                  "'for' is missing: write 'missing for %s'",
                                  piece_of(c, &duration, piece));
        return expr_error_set(c->reterr, t->offset, t->len,
                              "'missing' needs 'for' and a duration: write 'missing for 25h'");
    }
    c->lex = ahead;
    expr_lex_duration(&c->lex, &duration);
    rc = read_duration(c, &duration, &ins.duration_ms, &fail);
    if (rc < 0)
        return expr_error_set(c->reterr, duration.offset, duration.len, "%s", fail.text);
    if (ins.duration_ms == 0)
        return expr_error_set(c->reterr, duration.offset, duration.len,
                              "a silence of no length is always there: write how long it may last");
    if (ins.duration_ms < c->missing_ms)
        c->missing_ms = ins.duration_ms;
    return emit(c, &ins, t->offset);
}

/* ---- the grammar's two positions ---- */

static int fail_no_operand(struct compiler *c, const struct expr_token *t)
{
    char last[EXPR_PIECE_SIZE], found[EXPR_PIECE_SIZE];

    piece_of(c, t, found);
    piece_of(c, &c->last, last);
    if (c->last.len == 0 && t->kind == TOKEN_END)
        return expr_error_set(c->reterr, 0, 0,
                              "the condition is empty: write one like 'smoke and not test'");
    if (c->last.len == 0 && t->kind == TOKEN_CLOSE)
        return expr_error_set(c->reterr, t->offset, t->len, "this ')' has no '(' before it");
    if (c->last.len == 0)
        return expr_error_set(c->reterr, t->offset, t->len,
                              "'%s' needs something before it: a condition begins with a metric, "
                              "'not', 'missing' or '('",
                              found);
    if (c->last.kind == TOKEN_OPEN && t->kind == TOKEN_CLOSE)
        return expr_error_set(c->reterr, c->last.offset, t->offset + t->len - c->last.offset,
                              "there is nothing between these parentheses");
    if (t->kind == TOKEN_END)
        return expr_error_set(c->reterr, t->offset, 0,
                              "the condition ends after '%s': something must follow it", last);
    return expr_error_set(c->reterr, t->offset, t->len,
                          "a metric, 'not', 'missing' or '(' must follow '%s', not '%s'", last,
                          found);
}

/* Where a test, 'not' or '(' must come. *ret_operand: must one come again after it? */
static int parse_operand(struct compiler *c, const struct expr_token *t, bool *ret_operand)
{
    *ret_operand = t->kind == TOKEN_OPEN || expr_lex_is(&c->lex, t, "not");
    c->after_comparison = false;
    switch (t->kind) {
    case TOKEN_OPEN:
        return push(c, PENDING_OPEN, t);
    case TOKEN_END:
    case TOKEN_CLOSE:
    case TOKEN_CMP:
        return fail_no_operand(c, t);
    case TOKEN_WORD:
    case TOKEN_NUMBER:
        break;
    }
    if (expr_lex_is(&c->lex, t, "not"))
        return push(c, PENDING_NOT, t);
    if (is_keyword(c, t))
        return fail_no_operand(c, t);
    if (expr_lex_is(&c->lex, t, "missing"))
        return parse_missing(c, t);
    return parse_comparison(c, t);
}

static int fail_no_operator(struct compiler *c, const struct expr_token *t)
{
    static const char *const keywords[] = { "and", "or" };
    char piece[EXPR_PIECE_SIZE];

    piece_of(c, t, piece);
    if (t->kind == TOKEN_CMP && c->last.kind != TOKEN_CLOSE && c->after_comparison) {
        const struct metric *m = &c->metrics->items[c->comparison_metric];

        if (m->type != METRIC_NUMBER)
            return expr_error_set(c->reterr, t->offset, t->len,
                                  "comparisons can't be chained: %s is compared already", m->name);
        return expr_error_set(c->reterr, t->offset, t->len,
                              "comparisons can't be chained: write two and join them, like "
                              "'%s > ... and %s < ...'",
                              m->name, m->name);
    }
    if (t->kind == TOKEN_CMP && c->last.kind == TOKEN_CLOSE)
        return expr_error_set(c->reterr, t->offset, t->len,
                              "parentheses hold whole conditions, which '%s' can't compare: put "
                              "the comparison inside",
                              piece);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (expr_lex_is_folded(&c->lex, t, keywords[i]))
            return expr_error_set(c->reterr, t->offset, t->len,
                                  "'%s' is written in small letters: %s", piece, keywords[i]);
    }
    if (expr_lex_is(&c->lex, t, "not"))
        return expr_error_set(c->reterr, t->offset, t->len,
                              "'and' or 'or' is missing: write 'and not' or 'or not'");
    if (expr_lex_is(&c->lex, t, "for"))
        return expr_error_set(c->reterr, t->offset, t->len,
                              "'for' goes with 'missing' only: how long a condition must hold is "
                              "the rule's own field 'for:'");
    return expr_error_set(c->reterr, t->offset, t->len,
                          "'and', 'or' or the end must come here, not '%s'", piece);
}

/* Where 'and', 'or' or ')' must come. */
static int parse_operator(struct compiler *c, const struct expr_token *t, bool *ret_operand)
{
    enum pending_kind kind = expr_lex_is(&c->lex, t, "and") ? PENDING_AND : PENDING_OR;
    int rc;

    *ret_operand = t->kind != TOKEN_CLOSE;
    if (t->kind == TOKEN_CLOSE)
        return close_parenthesis(c, t);
    if (kind == PENDING_OR && !expr_lex_is(&c->lex, t, "or"))
        return fail_no_operator(c, t);
    rc = complete(c, kind);
    return rc < 0 ? rc : push(c, kind, t);
}

static int parse(struct compiler *c)
{
    bool operand = true;
    struct expr_token t = { 0 };
    int rc;

    for (;;) {
        rc = expr_lex_next(&c->lex, &t, c->reterr);
        if (rc < 0)
            return rc;
        if (t.kind == TOKEN_END && !operand)
            break;
        rc = operand ? parse_operand(c, &t, &operand) : parse_operator(c, &t, &operand);
        if (rc < 0)
            return rc;
        c->last = t;
    }
    rc = complete(c, PENDING_OR);
    if (rc == TCN_OK && c->pending_count > 0)
        rc = expr_error_set(c->reterr, c->pending[c->pending_count - 1].offset, 1,
                            "this '(' is never closed");
    assert(rc < 0 || (c->height == 1 && c->depth == 0));
    return rc;
}

/* ---- result ---- */

static int keep(const struct compiler *c, struct arena *arena, struct expr *ret)
{
    struct expr_ins *ins = arena_array(arena, c->count, sizeof *ins);
    uint16_t *used = arena_array(arena, c->used_count, sizeof *used);
    const char *text = arena_text(arena, c->lex.text, c->lex.len);

    if (ins == NULL || used == NULL || text == NULL) {
        (void)expr_error_set(c->reterr, 0, 0, "memory ran out"); /* the code is another */
        return TCN_ENOMEM;
    }
    memcpy(ins, c->ins, c->count * sizeof *ins);
    memcpy(used, c->used, c->used_count * sizeof *used);
    *ret = (struct expr){
        .ins = ins,
        .metrics = used,
        .count = c->count,
        .metric_count = c->used_count,
        .missing_ms = c->missing_ms,
        .text = text,
    };
    return TCN_OK;
}

int expr_compile(const char *text, const struct metrics *metrics, struct arena *arena,
                 struct expr *ret, struct expr_error *reterr)
{
    struct compiler c = {
        .lex = { .text = text, .len = strlen(text) },
        .metrics = metrics,
        .reterr = reterr,
        .missing_ms = TCN_NEVER,
    };
    int rc;

    if (c.lex.len > EXPR_TEXT_MAX)
        return expr_error_set(reterr, EXPR_TEXT_MAX, 0,
                              "the condition is too long: it may have %d bytes and has %zu. "
                              "Make it two rules",
                              EXPR_TEXT_MAX, c.lex.len);
    rc = parse(&c);
    return rc < 0 ? rc : keep(&c, arena, ret);
}
