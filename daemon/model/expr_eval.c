/* model/expr_eval.c - evaluates what expr.c compiled; see expr.h. */
#include "model/expr.h"

#include <assert.h>
#include <math.h>

#include "model/expr_stack.h"
#include "model/reading.h"

/* How long ago, never negative: a value stamped after now is new. */
static int64_t age_ms(int64_t now_ms, int64_t heard_ms)
{
    int64_t age;

    if (heard_ms >= now_ms)
        return 0;
    return __builtin_sub_overflow(now_ms, heard_ms, &age) ? INT64_MAX : age;
}

/* The value of a metric if it may decide anything. */
static bool known_value(const struct metric *m, uint16_t slot, const struct expr_input *in,
                        double *ret_value)
{
    const struct expr_value *v;

    if (slot == UINT16_MAX)
        return false;
    v = &in->values[slot];
    if (v->heard_ms == TCN_NEVER || v->quality != QUALITY_GOOD || isnan(v->value))
        return false;
    if (m->stale_after_ms != TCN_NEVER && age_ms(in->now_ms, v->heard_ms) > m->stale_after_ms)
        return false;
    *ret_value = v->value;
    return true;
}

static bool compare(enum expr_cmp cmp, double a, double b)
{
    switch (cmp) {
    case CMP_LT:
        return a < b;
    case CMP_LE:
        return a <= b;
    case CMP_GT:
        return a > b;
    case CMP_GE:
        return a >= b;
    case CMP_EQ:
        return a == b;
    case CMP_NE:
        return a != b;
    }
    assert(!"no such comparison");
    return false;
}

enum tri expr_test(const struct expr_ins *ins, const struct expr_input *in)
{
    const struct metric *m;
    double value;

    assert(ins->op == EXPR_TEST && ins->metric < in->metrics->count);
    m = &in->metrics->items[ins->metric];
    if (!known_value(m, in->slot[ins->metric], in, &value)) {
        if (!m->mark)
            return TRI_UNKNOWN;
        value = 0;
    }
    return compare((enum expr_cmp)ins->cmp, value, ins->constant) ? TRI_TRUE : TRI_FALSE;
}

/* Silence of a device that never had a beginning has no length. */
static enum tri test_missing(const struct expr_ins *ins, const struct expr_input *in)
{
    if (in->heard_ms == TCN_NEVER)
        return TRI_UNKNOWN;
    return age_ms(in->now_ms, in->heard_ms) >= ins->duration_ms ? TRI_TRUE : TRI_FALSE;
}

static enum tri tri_not(enum tri a)
{
    return a == TRI_UNKNOWN ? a : a == TRI_TRUE ? TRI_FALSE : TRI_TRUE;
}

/* Kleene: one false decides, else one unknown does. */
static enum tri tri_and(enum tri a, enum tri b)
{
    if (a == TRI_FALSE || b == TRI_FALSE)
        return TRI_FALSE;
    return a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_TRUE;
}

static enum tri tri_or(enum tri a, enum tri b)
{
    return tri_not(tri_and(tri_not(a), tri_not(b)));
}

enum tri expr_eval(const struct expr *e, const struct expr_input *in)
{
    enum tri stack[EXPR_STACK_MAX];
    unsigned height = 0;

    for (uint16_t i = 0; i < e->count; i++) {
        const struct expr_ins *ins = &e->ins[i];

        switch ((enum expr_op)ins->op) {
        case EXPR_TEST:
            assert(height < EXPR_STACK_MAX);
            stack[height++] = expr_test(ins, in);
            break;
        case EXPR_MISSING:
            assert(height < EXPR_STACK_MAX);
            stack[height++] = test_missing(ins, in);
            break;
        case EXPR_NOT:
            assert(height >= 1);
            stack[height - 1] = tri_not(stack[height - 1]);
            break;
        case EXPR_AND:
            assert(height >= 2);
            height--;
            stack[height - 1] = tri_and(stack[height - 1], stack[height]);
            break;
        case EXPR_OR:
            assert(height >= 2);
            height--;
            stack[height - 1] = tri_or(stack[height - 1], stack[height]);
            break;
        }
    }
    assert(height == 1);
    return stack[0];
}
