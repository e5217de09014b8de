/* store/store_names.h - from the text ids in the database to indexes of the present configuration.
 * Private to store/.
 *
 * Owner:   borrows the configuration until store_names_done().
 * Thread:  immutable after store_names_init(); any may read. */
#ifndef TOCSIN_STORE_STORE_NAMES_H
#define TOCSIN_STORE_STORE_NAMES_H

#include "model/metric.h"
#include "model/registry.h"
#include "model/rule.h"

struct store_names_entry {
    const char *id;
    uint32_t index;
};
struct store_names_table { /* sorted by id */
    struct store_names_entry *entries;
    uint32_t count;
};
struct store_names {
    const struct metrics *metrics;
    const struct registry *registry;
    const struct rules *rules;
    struct store_names_table metric, rule, enterprise, department, unit;
};

/* Each may be NULL: nothing of that kind is configured. TCN_ENOMEM: nothing to clean up. */
int store_names_init(struct store_names *n, const struct metrics *metrics,
                     const struct registry *registry, const struct rules *rules,
                     struct tcn_fail *reterr);
void store_names_done(struct store_names *n); /* zeroed is fine */

/* REGISTRY_NONE, METRIC_NONE: not configured. */
uint32_t store_names_device(const struct store_names *n, const char *id);
uint32_t store_names_rule(const struct store_names *n, const char *id);
uint16_t store_names_metric(const struct store_names *n, const char *id);
uint32_t store_names_party(const struct store_names *n, enum party_kind kind, const char *id);
/* The id of a party; NULL for REGISTRY_NONE. */
const char *store_names_party_id(const struct store_names *n, enum party_kind kind, uint32_t index);

#endif
