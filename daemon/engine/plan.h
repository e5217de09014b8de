/* engine/plan.h - rules, laid out so that a reading touches only the rules that name its metric.
 *
 * Per device type: which metrics have a value slot, which rules cover the type, and which of them
 * each slot concerns. Built once; immutable after.
 * Owner:   struct plan owns its arrays; plan_done(). */
#ifndef TOCSIN_ENGINE_PLAN_H
#define TOCSIN_ENGINE_PLAN_H

#include "model/registry.h"
#include "model/rule.h"

#define PLAN_NO_SLOT UINT16_MAX

struct type_plan {
    uint16_t *slot; /* by metric index; PLAN_NO_SLOT: no rule asks for it */
    uint16_t slot_count;
    uint32_t *rules; /* rule index of the type's k-th rule */
    uint32_t rule_count;
    uint32_t *slot_first; /* slot_count + 1 positions into slot_rules */
    uint32_t *slot_rules; /* k of each rule that names the slot's metric */
    uint32_t *missing;    /* k of each rule with a "missing for" */
    uint32_t missing_count;
    int64_t missing_ms; /* the shortest of them, or TCN_NEVER */
};

struct plan {
    struct type_plan *types; /* by registry type index */
    uint32_t type_count;
};

int plan_build(const struct metrics *metrics, const struct registry *registry,
               const struct rules *rules, struct plan *ret);
void plan_done(struct plan *p);

#endif
