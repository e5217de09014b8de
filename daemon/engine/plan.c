#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

void plan_done(struct plan *p)
{
    for (uint32_t i = 0; p->types != NULL && i < p->type_count; i++) {
        free(p->types[i].slot);
        free(p->types[i].rules);
        free(p->types[i].slot_first);
        free(p->types[i].slot_rules);
        free(p->types[i].missing);
    }
    free(p->types);
    *p = (struct plan){ 0 };
}

static bool covers_type(const struct rule *r, uint32_t type)
{
    for (uint32_t i = 0; i < r->type_count; i++) {
        if (r->types[i] == type)
            return true;
    }
    return r->type_count == 0;
}

/* Which rules cover the type, and which of them speak of silence. */
static int list_rules(struct type_plan *t, uint32_t type, const struct rules *rules)
{
    t->rules = calloc(rules->count + 1, sizeof *t->rules);
    t->missing = calloc(rules->count + 1, sizeof *t->missing);
    if (t->rules == NULL || t->missing == NULL)
        return TCN_ENOMEM;
    t->missing_ms = TCN_NEVER;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct rule *r = &rules->items[i];

        if (!covers_type(r, type))
            continue;
        if (r->when.missing_ms != TCN_NEVER) {
            t->missing[t->missing_count++] = t->rule_count;
            if (r->when.missing_ms < t->missing_ms)
                t->missing_ms = r->when.missing_ms;
        }
        t->rules[t->rule_count++] = i;
    }
    return TCN_OK;
}

/* Gives a slot to each metric that one of the type's rules names; returns how many uses. */
static uint32_t assign_slots(struct type_plan *t, const struct rules *rules)
{
    uint32_t uses = 0;

    for (uint32_t k = 0; k < t->rule_count; k++) {
        const struct expr *e = &rules->items[t->rules[k]].when;

        for (uint16_t j = 0; j < e->metric_count; j++) {
            if (t->slot[e->metrics[j]] == PLAN_NO_SLOT)
                t->slot[e->metrics[j]] = t->slot_count++;
            uses++;
        }
    }
    return uses;
}

/* Lists, slot by slot, the rules that name its metric. */
static void list_slot_rules(struct type_plan *t, const struct rules *rules)
{
    for (uint32_t k = 0; k < t->rule_count; k++) {
        const struct expr *e = &rules->items[t->rules[k]].when;

        for (uint16_t j = 0; j < e->metric_count; j++)
            t->slot_first[t->slot[e->metrics[j]] + 1]++;
    }
    for (uint16_t s = 0; s < t->slot_count; s++)
        t->slot_first[s + 1] += t->slot_first[s];
    /* Filling moves each start forward to its end; the second loop moves them back. */
    for (uint32_t k = 0; k < t->rule_count; k++) {
        const struct expr *e = &rules->items[t->rules[k]].when;

        for (uint16_t j = 0; j < e->metric_count; j++)
            t->slot_rules[t->slot_first[t->slot[e->metrics[j]]]++] = k;
    }
    for (uint32_t s = t->slot_count; s > 0; s--)
        t->slot_first[s] = t->slot_first[s - 1];
    t->slot_first[0] = 0;
}

static int build_type(struct type_plan *t, uint32_t type, const struct metrics *metrics,
                      const struct rules *rules)
{
    uint32_t uses;
    int rc = list_rules(t, type, rules);

    if (rc < 0)
        return rc;
    t->slot = malloc((metrics->count + 1u) * sizeof *t->slot);
    if (t->slot == NULL)
        return TCN_ENOMEM;
    memset(t->slot, 0xFF, (metrics->count + 1u) * sizeof *t->slot);
    uses = assign_slots(t, rules);
    t->slot_first = calloc(t->slot_count + 2u, sizeof *t->slot_first);
    t->slot_rules = calloc(uses + 1u, sizeof *t->slot_rules);
    if (t->slot_first == NULL || t->slot_rules == NULL)
        return TCN_ENOMEM;
    list_slot_rules(t, rules);
    return TCN_OK;
}

int plan_build(const struct metrics *metrics, const struct registry *registry,
               const struct rules *rules, struct plan *ret)
{
    struct plan p = { .type_count = registry->type_count };

    p.types = calloc(registry->type_count + 1u, sizeof *p.types);
    if (p.types == NULL)
        return TCN_ENOMEM;
    for (uint32_t i = 0; i < p.type_count; i++) {
        int rc = build_type(&p.types[i], i, metrics, rules);

        if (rc < 0) {
            plan_done(&p);
            return rc;
        }
    }
    *ret = p;
    return TCN_OK;
}
