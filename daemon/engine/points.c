/* engine/points.c - the condition of one rule on one device, and its on-delay and off-delay.
 *
 * A condition that holds for the rule's on-delay raises, one that is gone for its off-delay
 * clears. Unknown does neither: it ends a delay that is running, and leaves an alarm standing. */
#include "engine/state.h"

#include <assert.h>
#include <stdlib.h>

#define TOUCHED_FIRST_CAP 256u

static const struct rule *rule_of(const struct engine *e, uint32_t device, uint32_t k)
{
    return &e->conf.rules->items[engine_type(e, device)->rules[k]];
}

void point_touch(struct engine *e, uint32_t device, uint32_t k, struct effects *out)
{
    struct point *p = engine_point(e, device, k);

    if (p->marked)
        return;
    if (e->touched_count == e->touched_cap) {
        uint32_t cap = e->touched_cap == 0 ? TOUCHED_FIRST_CAP : e->touched_cap * 2;
        struct touched *touched = realloc(e->touched, cap * sizeof *touched);

        if (touched == NULL) {
            out->failed = true;
            return;
        }
        e->touched = touched;
        e->touched_cap = cap;
    }
    e->touched[e->touched_count++] = (struct touched){ device, k };
    p->marked = true;
}

static void stop_delay(struct engine *e, uint32_t device, uint32_t k, struct effects *out)
{
    struct point *p = engine_point(e, device, k);

    if (p->pending == PENDING_NONE)
        return;
    if (p->timer != 0)
        timers_stop(&e->timers, p->timer);
    p->timer = 0;
    p->pending = PENDING_NONE;
    *effects_point(out) =
        (struct point_change){ device, engine_type(e, device)->rules[k], PENDING_NONE, 0 };
}

static void start_delay(struct engine *e, uint32_t device, uint32_t k, enum pending pending,
                        int64_t deadline_ms, struct effects *out)
{
    struct point *p = engine_point(e, device, k);

    if (p->pending == pending)
        return;
    stop_delay(e, device, k, out);
    p->timer = timers_start(&e->timers, deadline_ms, TIMER_POINT, point_key(device, k), device, k);
    if (p->timer == 0)
        out->failed = true;
    p->pending = (uint8_t)pending;
    *effects_point(out) = (struct point_change){ device, engine_type(e, device)->rules[k],
                                                 (uint8_t)pending, deadline_ms };
}

static enum tri evaluate(struct engine *e, uint32_t device, uint32_t k, int64_t now_ms)
{
    struct expr_input in;

    engine_expr_input(e, device, now_ms, &in);
    return expr_eval(&rule_of(e, device, k)->when, &in);
}

static void observe(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                    int64_t received_us, struct effects *out)
{
    const struct rule *rule = rule_of(e, device, k);
    struct point *p = engine_point(e, device, k);
    bool active = point_is_active(e, p);
    enum tri is = evaluate(e, device, k, now.mono_ms);

    if (is == TRI_UNKNOWN || (is == TRI_TRUE) == active) {
        stop_delay(e, device, k, out);
    } else if (is == TRI_TRUE) {
        if (rule->on_delay_ms > 0)
            start_delay(e, device, k, PENDING_RAISE, now.mono_ms + rule->on_delay_ms, out);
        else
            alarm_raise(e, now, device, k, received_us, out);
    } else {
        if (rule->off_delay_ms > 0)
            start_delay(e, device, k, PENDING_CLEAR, now.mono_ms + rule->off_delay_ms, out);
        else
            alarm_clear(e, now, device, k, out);
    }
}

void point_evaluate_touched(struct engine *e, struct tcn_now now, int64_t received_us,
                            struct effects *out)
{
    for (uint32_t i = 0; i < e->touched_count; i++) {
        struct touched t = e->touched[i];

        engine_point(e, t.device, t.k)->marked = false;
        if (rule_covers(rule_of(e, t.device, t.k), &e->conf.registry->devices[t.device]))
            observe(e, now, t.device, t.k, received_us, out);
    }
    e->touched_count = 0;
}

void point_delay_over(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                      struct effects *out)
{
    struct point *p = engine_point(e, device, k);
    enum pending pending = (enum pending)p->pending;
    enum tri is = evaluate(e, device, k, now.mono_ms);

    p->timer = 0; /* it has just ended */
    assert(pending != PENDING_NONE);
    stop_delay(e, device, k, out);
    if (pending == PENDING_RAISE && is == TRI_TRUE)
        alarm_raise(e, now, device, k, 0, out);
    else if (pending == PENDING_CLEAR && is == TRI_FALSE)
        alarm_clear(e, now, device, k, out);
}

/* The next moment at which one of the rule's "missing for" becomes true, or TCN_NEVER. */
static int64_t next_silence_ms(const struct rule *rule, int64_t heard_ms, int64_t now_ms)
{
    int64_t next = TCN_NEVER;

    for (uint16_t i = 0; i < rule->when.count; i++) {
        const struct expr_ins *ins = &rule->when.ins[i];

        if (ins->op == EXPR_MISSING && heard_ms + ins->duration_ms > now_ms &&
            heard_ms + ins->duration_ms < next)
            next = heard_ms + ins->duration_ms;
    }
    return next;
}

void point_watch_silence(struct engine *e, uint32_t device, uint32_t k, int64_t now_ms,
                         struct effects *out)
{
    const struct rule *rule = rule_of(e, device, k);
    struct point *p = engine_point(e, device, k);
    int64_t next;

    if (p->silence != 0 || !rule_covers(rule, &e->conf.registry->devices[device]))
        return;
    next = next_silence_ms(rule, e->heard_ms[device], now_ms);
    if (next == TCN_NEVER)
        return;
    p->silence = timers_start(&e->timers, next, TIMER_MISSING, point_key(device, k), device, k);
    if (p->silence == 0)
        out->failed = true;
}

/* The timer is not moved at each message, only when it fires: a device that spoke meanwhile gets
 * the rest of its time. */
void point_silence_over(struct engine *e, struct tcn_now now, uint32_t device, uint32_t k,
                        struct effects *out)
{
    engine_point(e, device, k)->silence = 0;
    if (now.mono_ms - e->heard_ms[device] >= rule_of(e, device, k)->when.missing_ms) {
        point_touch(e, device, k, out);
        point_evaluate_touched(e, now, 0, out);
    }
    point_watch_silence(e, device, k, now.mono_ms, out);
}
