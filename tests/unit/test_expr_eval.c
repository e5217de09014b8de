/* Conditions as truths: every operator over true, false and unknown, and random conditions against
 * a slow evaluation of their trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "model/expr.h"
#include "model/reading.h"
#include "unit/expr_metrics.h"

#define NOW_MS INT64_C(1000000000)

/* What is known of one device. */
struct world {
    struct metrics metrics;
    struct expr_value values[METRIC_TOTAL];
    uint16_t slot[METRIC_TOTAL];
    int64_t heard_ms;
};

/* Nothing was ever heard. Slots are not in the order of the metrics, as in the engine. */
static struct world silent_world(void)
{
    struct world w = { .metrics = expr_metrics(), .heard_ms = NOW_MS };

    for (uint16_t i = 0; i < METRIC_TOTAL; i++) {
        w.slot[i] = (uint16_t)(METRIC_TOTAL - 1 - i);
        w.values[i].heard_ms = TCN_NEVER;
    }
    return w;
}

static void hear(struct world *w, int metric, double value)
{
    w->values[w->slot[metric]] =
        (struct expr_value){ .value = value, .heard_ms = NOW_MS, .quality = QUALITY_GOOD };
}

static void set(struct world *w, int metric, enum tri truth)
{
    if (truth == TRI_UNKNOWN)
        w->values[w->slot[metric]].heard_ms = TCN_NEVER;
    else
        hear(w, metric, truth == TRI_TRUE);
}

static enum tri evaluate(const struct world *w, const char *text)
{
    struct arena arena = { 0 };
    struct expr_error error;
    struct expr e;
    struct expr_input in = { .metrics = &w->metrics,
                             .values = w->values,
                             .slot = w->slot,
                             .now_ms = NOW_MS,
                             .heard_ms = w->heard_ms };
    enum tri truth;

    if (expr_compile(text, &w->metrics, &arena, &e, &error) != TCN_OK)
        fail_msg("'%s' was refused: %s", text, error.text);
    truth = expr_eval(&e, &in);
    arena_done(&arena);
    return truth;
}

/* ---- truth tables ---- */

#define F TRI_FALSE
#define T TRI_TRUE
#define U TRI_UNKNOWN

static void and_follows_kleene(void **state)
{
    static const enum tri table[3][3] = { [F] = { [F] = F, [T] = F, [U] = F },
                                          [T] = { [F] = F, [T] = T, [U] = U },
                                          [U] = { [F] = F, [T] = U, [U] = U } };
    struct world w = silent_world();

    (void)state;
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            set(&w, SMOKE, (enum tri)a);
            set(&w, FAULT, (enum tri)b);
            assert_int_equal(evaluate(&w, "smoke and fault"), table[a][b]);
        }
    }
}

static void or_follows_kleene(void **state)
{
    static const enum tri table[3][3] = { [F] = { [F] = F, [T] = T, [U] = U },
                                          [T] = { [F] = T, [T] = T, [U] = T },
                                          [U] = { [F] = U, [T] = T, [U] = U } };
    struct world w = silent_world();

    (void)state;
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            set(&w, SMOKE, (enum tri)a);
            set(&w, FAULT, (enum tri)b);
            assert_int_equal(evaluate(&w, "smoke or fault"), table[a][b]);
        }
    }
}

static void not_of_unknown_is_unknown(void **state)
{
    static const enum tri table[3] = { [F] = T, [T] = F, [U] = U };
    struct world w = silent_world();

    (void)state;
    for (int a = 0; a < 3; a++) {
        set(&w, SMOKE, (enum tri)a);
        assert_int_equal(evaluate(&w, "not smoke"), table[a]);
        assert_int_equal(evaluate(&w, "not not smoke"), a);
    }
}

static void bool_comparisons_follow_their_value(void **state)
{
    static const struct {
        const char *text;
        enum tri if_false, if_true;
    } rows[] = {
        { "smoke", F, T },          { "smoke == true", F, T },  { "smoke == false", T, F },
        { "smoke != true", T, F },  { "smoke != false", F, T }, { "true == smoke", F, T },
        { "false != smoke", F, T },
    };
    struct world w = silent_world();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set(&w, SMOKE, F);
        assert_int_equal(evaluate(&w, rows[i].text), rows[i].if_false);
        set(&w, SMOKE, T);
        assert_int_equal(evaluate(&w, rows[i].text), rows[i].if_true);
        set(&w, SMOKE, U);
        assert_int_equal(evaluate(&w, rows[i].text), U);
    }
}

static void numbers_compare_below_at_and_above(void **state)
{
    static const struct {
        const char *text;
        enum tri below, at, above;
    } rows[] = {
        { "pressure < 50 kPa", T, F, F },  { "pressure <= 50 kPa", T, T, F },
        { "pressure > 50 kPa", F, F, T },  { "pressure >= 50 kPa", F, T, T },
        { "pressure == 50 kPa", F, T, F }, { "pressure != 50 kPa", T, F, T },
        { "50 kPa < pressure", F, F, T },  { "50 kPa <= pressure", F, T, T },
        { "50 kPa > pressure", T, F, F },  { "50 kPa >= pressure", T, T, F },
    };
    struct world w = silent_world();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set(&w, PRESSURE, U);
        assert_int_equal(evaluate(&w, rows[i].text), U);
        hear(&w, PRESSURE, 0.049);
        assert_int_equal(evaluate(&w, rows[i].text), rows[i].below);
        hear(&w, PRESSURE, 0.05);
        assert_int_equal(evaluate(&w, rows[i].text), rows[i].at);
        hear(&w, PRESSURE, 0.051);
        assert_int_equal(evaluate(&w, rows[i].text), rows[i].above);
    }
}

static void words_compare_by_their_index(void **state)
{
    struct world w = silent_world();

    (void)state;
    hear(&w, BATTERY_STATE, 1);
    assert_int_equal(evaluate(&w, "battery_state == low"), T);
    assert_int_equal(evaluate(&w, "battery_state != low"), F);
    assert_int_equal(evaluate(&w, "battery_state == ok"), F);
    assert_int_equal(evaluate(&w, "battery_state != critical"), T);
    set(&w, BATTERY_STATE, U);
    assert_int_equal(evaluate(&w, "battery_state != low"), U);
}

static void precedence_is_not_and_or(void **state)
{
    struct world w = silent_world();

    (void)state;
    set(&w, SMOKE, T);
    set(&w, TEST, F);
    set(&w, FAULT, F);
    assert_int_equal(evaluate(&w, "smoke or test and fault"), T);
    assert_int_equal(evaluate(&w, "(smoke or test) and fault"), F);
    assert_int_equal(evaluate(&w, "not smoke or smoke"), T);
    assert_int_equal(evaluate(&w, "not (smoke or smoke)"), F);
    hear(&w, PRESSURE, 0.1);
    assert_int_equal(evaluate(&w, "not pressure < 50 kPa"), T);
}

/* ---- what counts as known ---- */

static void only_good_values_decide(void **state)
{
    struct world w = silent_world();

    (void)state;
    hear(&w, SMOKE, 1);
    w.values[w.slot[SMOKE]].quality = QUALITY_STALE;
    assert_int_equal(evaluate(&w, "smoke"), U);
    w.values[w.slot[SMOKE]].quality = QUALITY_BAD;
    assert_int_equal(evaluate(&w, "smoke"), U);
    hear(&w, PRESSURE, NAN);
    assert_int_equal(evaluate(&w, "pressure != 50 kPa"), U);
    hear(&w, SMOKE, 1);
    w.slot[SMOKE] = UINT16_MAX; /* a device of a type that has no such metric */
    assert_int_equal(evaluate(&w, "smoke"), U);
}

static void too_old_values_decide_nothing(void **state)
{
    struct world w = silent_world();

    (void)state;
    hear(&w, TEMPERATURE, 80);
    w.values[w.slot[TEMPERATURE]].heard_ms = NOW_MS - 60000;
    assert_int_equal(evaluate(&w, "temperature > 60 °C"), T);
    w.values[w.slot[TEMPERATURE]].heard_ms = NOW_MS - 60001;
    assert_int_equal(evaluate(&w, "temperature > 60 °C"), U);
    w.values[w.slot[TEMPERATURE]].heard_ms = NOW_MS + 5; /* stamped by a later step: new */
    assert_int_equal(evaluate(&w, "temperature > 60 °C"), T);
    w.values[w.slot[TEMPERATURE]].heard_ms = INT64_MIN; /* no overflow */
    assert_int_equal(evaluate(&w, "temperature > 60 °C"), U);
}

/* A test button never pressed must not keep a fire from ringing. */
static void unknown_marks_are_false(void **state)
{
    struct world w = silent_world();

    (void)state;
    set(&w, SMOKE, T);
    assert_int_equal(evaluate(&w, "smoke and not test"), T);
    assert_int_equal(evaluate(&w, "test"), F);
    assert_int_equal(evaluate(&w, "test == false"), T);
    assert_int_equal(evaluate(&w, "test != true"), T);
    hear(&w, TEST, 1);
    assert_int_equal(evaluate(&w, "smoke and not test"), F);
    w.values[w.slot[TEST]].quality = QUALITY_BAD;
    assert_int_equal(evaluate(&w, "smoke and not test"), T);
    w.slot[TEST] = UINT16_MAX;
    assert_int_equal(evaluate(&w, "smoke and not test"), T);
}

static void silence_counts_from_the_last_sign_of_life(void **state)
{
    struct world w = silent_world();

    (void)state;
    w.heard_ms = NOW_MS - 3600000 + 1;
    assert_int_equal(evaluate(&w, "missing for 1h"), F);
    w.heard_ms = NOW_MS - 3600000;
    assert_int_equal(evaluate(&w, "missing for 1h"), T);
    assert_int_equal(evaluate(&w, "not missing for 1h"), F);
    w.heard_ms = NOW_MS + 1;
    assert_int_equal(evaluate(&w, "missing for 1ms"), F);
    w.heard_ms = TCN_NEVER;
    assert_int_equal(evaluate(&w, "missing for 1h"), U);
}

static void one_test_alone_says_the_same(void **state)
{
    struct world w = silent_world();
    struct expr_input in = { .metrics = &w.metrics,
                             .values = w.values,
                             .slot = w.slot,
                             .now_ms = NOW_MS,
                             .heard_ms = NOW_MS };
    const struct expr_ins ins = {
        .op = EXPR_TEST, .cmp = CMP_LT, .metric = PRESSURE, .constant = 0.05
    };

    (void)state;
    assert_int_equal(expr_test(&ins, &in), U);
    hear(&w, PRESSURE, 0.04);
    assert_int_equal(expr_test(&ins, &in), T);
    hear(&w, PRESSURE, 0.06);
    assert_int_equal(expr_test(&ins, &in), F);
}

/* The fullest stack there can be: both sides of 'or' and 'and' wait at each level. */
static void deepest_nesting_evaluates(void **state)
{
    struct world w = silent_world();
    struct buf text = { 0 };

    (void)state;
    set(&w, SMOKE, T);
    set(&w, FAULT, F);
    for (int i = 0; i < EXPR_DEPTH_MAX; i++)
        buf_text(&text, "fault or smoke and (");
    buf_text(&text, "fault or smoke and smoke");
    for (int i = 0; i < EXPR_DEPTH_MAX; i++)
        buf_text(&text, ")");
    assert_false(text.failed);
    assert_int_equal(evaluate(&w, text.bytes), T);
    set(&w, SMOKE, F);
    assert_int_equal(evaluate(&w, text.bytes), F);
    buf_done(&text);
}

/* ---- random conditions ---- */

static uint64_t seed;

static unsigned pick(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % below);
}

enum node_kind { NODE_BOOL, NODE_KPA, NODE_WORD, NODE_MISSING, NODE_NOT, NODE_AND, NODE_OR };

struct node {
    enum node_kind kind;
    int metric, cmp, constant; /* kPa, index of word, seconds */
    bool flipped;
    struct node *left, *right;
};

struct tree {
    struct node nodes[128];
    size_t count;
};

static struct node *random_leaf(struct node *n)
{
    static const int bools[] = { SMOKE, TEST, FAULT };

    n->kind = (enum node_kind)pick(4);
    n->flipped = pick(2);
    n->cmp = (int)pick(6);
    n->constant = (int)pick(4);
    n->metric = n->kind == NODE_BOOL  ? bools[pick(3)]
                : n->kind == NODE_KPA ? PRESSURE
                                      : BATTERY_STATE;
    if (n->kind == NODE_BOOL)
        n->constant = n->constant & 1;
    if (n->kind == NODE_BOOL || n->kind == NODE_WORD)
        n->cmp = n->cmp & 1 ? CMP_EQ : CMP_NE;
    return n;
}

/* Recursion is bounded by depth, 5 at most. */
static struct node *random_tree(struct tree *t, unsigned depth)
{
    struct node *n = &t->nodes[t->count++];

    assert_true(t->count <= sizeof t->nodes / sizeof t->nodes[0]);
    if (depth == 0 || pick(4) == 0)
        return random_leaf(n);
    n->kind = (enum node_kind)(NODE_NOT + pick(3));
    n->left = random_tree(t, depth - 1);
    if (n->kind != NODE_NOT)
        n->right = random_tree(t, depth - 1);
    return n;
}

static const char *blank(void)
{
    static const char *const blanks[] = { " ", "  ", "\t", "\n " };

    return blanks[pick(4)];
}

static void print_leaf(const struct node *n, struct buf *out)
{
    static const char *const cmps[] = { "<", "<=", ">", ">=", "==", "!=" };
    static const int mirrored[] = { CMP_GT, CMP_GE, CMP_LT, CMP_LE, CMP_EQ, CMP_NE };
    const struct metrics m = expr_metrics();
    const char *name = m.items[n->metric].name;
    char literal[32];

    if (n->kind == NODE_MISSING) {
        buf_format(out, "missing%sfor%s%ds", blank(), blank(), n->constant + 1);
        return;
    }
    if (n->kind == NODE_BOOL && n->constant == 1 && n->cmp == CMP_EQ && pick(2)) {
        buf_text(out, name);
        return;
    }
    if (n->kind == NODE_KPA)
        snprintf(literal, sizeof literal, pick(2) ? "%d kPa" : "%d000Pa", n->constant);
    else if (n->kind == NODE_BOOL)
        snprintf(literal, sizeof literal, "%s", n->constant ? "true" : "false");
    else
        snprintf(literal, sizeof literal, "%s", m.items[n->metric].words[n->constant]);
    if (n->flipped)
        buf_format(out, "%s%s%s", literal, cmps[mirrored[n->cmp]], name);
    else
        buf_format(out, "%s%s%s%s%s", name, blank(), cmps[n->cmp], blank(), literal);
}

/* Prints with as few parentheses as possible, or one pair too many now and then. */
static void print(const struct node *n, int outer, struct buf *out)
{
    int binds = n->kind == NODE_OR ? 1 : n->kind == NODE_AND ? 2 : n->kind == NODE_NOT ? 3 : 4;
    bool parens = binds < outer || pick(8) == 0;

    if (parens)
        buf_text(out, "(");
    if (n->kind == NODE_NOT) {
        buf_format(out, "not%s", blank());
        print(n->left, 3, out);
    } else if (n->kind == NODE_AND || n->kind == NODE_OR) {
        print(n->left, binds, out);
        buf_format(out, "%s%s%s", blank(), n->kind == NODE_AND ? "and" : "or", blank());
        print(n->right, binds, out);
    } else {
        print_leaf(n, out);
    }
    if (parens)
        buf_text(out, ")");
}

/* The world again, as plain whole numbers; -1 is unknown. */
struct facts {
    int value[METRIC_TOTAL]; /* bool, kPa, index of word */
    int silent_s;
};

static int slow_leaf(const struct node *n, const struct facts *f)
{
    int value = f->value[n->metric];

    if (n->kind == NODE_MISSING)
        return f->silent_s >= n->constant + 1 ? 2 : 0;
    if (value < 0 && n->metric == TEST)
        value = 0;
    if (value < 0)
        return 1;
    switch (n->cmp) {
    case CMP_LT:
        return value < n->constant ? 2 : 0;
    case CMP_LE:
        return value <= n->constant ? 2 : 0;
    case CMP_GT:
        return value > n->constant ? 2 : 0;
    case CMP_GE:
        return value >= n->constant ? 2 : 0;
    case CMP_EQ:
        return value == n->constant ? 2 : 0;
    default:
        return value != n->constant ? 2 : 0;
    }
}

/* Kleene's logic as arithmetic: 0 false, 1 unknown, 2 true; and is the lesser, or the greater. */
static int slow_eval(const struct node *n, const struct facts *f)
{
    int left, right;

    if (n->kind < NODE_NOT)
        return slow_leaf(n, f);
    left = slow_eval(n->left, f);
    if (n->kind == NODE_NOT)
        return 2 - left;
    right = slow_eval(n->right, f);
    if (n->kind == NODE_AND)
        return left < right ? left : right;
    return left > right ? left : right;
}

static struct facts random_facts(struct world *w)
{
    static const int metrics[] = { SMOKE, TEST, FAULT, PRESSURE, BATTERY_STATE };
    struct facts f = { .silent_s = (int)pick(6) };

    *w = silent_world();
    w->heard_ms = NOW_MS - f.silent_s * 1000;
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        int m = metrics[i], value = (int)pick(5) - 1;

        if (w->metrics.items[m].type == METRIC_BOOL && value > 1)
            value = 1;
        f.value[m] = value;
        if (value >= 0)
            hear(w, m, m == PRESSURE ? value / 1000.0 : value);
    }
    return f;
}

static void random_conditions_agree_with_their_trees(void **state)
{
    static const enum tri truths[] = { F, U, T };
    uint64_t start = 20240917;
    unsigned seen[3] = { 0 };

    (void)state;
    if (getenv("SEED") != NULL)
        start = strtoull(getenv("SEED"), NULL, 10);
    for (uint64_t i = 0; i < 5000; i++) {
        struct tree tree = { 0 };
        struct buf text = { 0 };
        struct world w;
        struct facts f;
        struct node *root;

        seed = (start + i) * UINT64_C(0x9E3779B97F4A7C15) | 1;
        root = random_tree(&tree, pick(6));
        print(root, 0, &text);
        assert_false(text.failed);
        for (int round = 0; round < 4; round++) {
            int expected;

            f = random_facts(&w);
            expected = slow_eval(root, &f);
            seen[expected]++;
            if (evaluate(&w, text.bytes) != truths[expected])
                fail_msg("SEED=%llu: '%s' is not %d", (unsigned long long)(start + i), text.bytes,
                         expected);
        }
        buf_done(&text);
    }
    for (int i = 0; i < 3; i++) /* the generator isn't one-sided */
        assert_true(seen[i] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(and_follows_kleene),
        cmocka_unit_test(or_follows_kleene),
        cmocka_unit_test(not_of_unknown_is_unknown),
        cmocka_unit_test(bool_comparisons_follow_their_value),
        cmocka_unit_test(numbers_compare_below_at_and_above),
        cmocka_unit_test(words_compare_by_their_index),
        cmocka_unit_test(precedence_is_not_and_or),
        cmocka_unit_test(only_good_values_decide),
        cmocka_unit_test(too_old_values_decide_nothing),
        cmocka_unit_test(unknown_marks_are_false),
        cmocka_unit_test(silence_counts_from_the_last_sign_of_life),
        cmocka_unit_test(one_test_alone_says_the_same),
        cmocka_unit_test(deepest_nesting_evaluates),
        cmocka_unit_test(random_conditions_agree_with_their_trees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
