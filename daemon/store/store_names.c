#include "store/store_names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct store_names_entry *)a)->id,
                  ((const struct store_names_entry *)b)->id);
}

/* items: an array of structs of the given size whose member at offset is the id. */
static int build(struct store_names_table *t, const void *items, uint32_t count, size_t size,
                 size_t offset)
{
    if (count == 0)
        return TCN_OK;
    t->entries = calloc(count, sizeof *t->entries);
    if (t->entries == NULL)
        return TCN_ENOMEM;
    t->count = count;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&t->entries[i].id, (const char *)items + i * size + offset, sizeof t->entries[i].id);
        t->entries[i].index = i;
    }
    qsort(t->entries, count, sizeof *t->entries, compare);
    return TCN_OK;
}

int store_names_init(struct store_names *n, const struct metrics *metrics,
                     const struct registry *registry, const struct rules *rules,
                     struct tcn_fail *reterr)
{
    int rc = TCN_OK;

    memset(n, 0, sizeof *n);
    n->metrics = metrics;
    n->registry = registry;
    n->rules = rules;
    if (metrics != NULL)
        rc = build(&n->metric, metrics->items, metrics->count, sizeof *metrics->items,
                   offsetof(struct metric, name));
    if (rc == TCN_OK && rules != NULL)
        rc = build(&n->rule, rules->items, rules->count, sizeof *rules->items,
                   offsetof(struct rule, id));
    if (rc == TCN_OK && registry != NULL)
        rc = build(&n->enterprise, registry->enterprises, registry->enterprise_count,
                   sizeof *registry->enterprises, offsetof(struct enterprise, id));
    if (rc == TCN_OK && registry != NULL)
        rc = build(&n->department, registry->departments, registry->department_count,
                   sizeof *registry->departments, offsetof(struct department, id));
    if (rc == TCN_OK && registry != NULL)
        rc = build(&n->unit, registry->units, registry->unit_count, sizeof *registry->units,
                   offsetof(struct patrol_unit, id));
    if (rc < 0) {
        store_names_done(n);
        return tcn_fail_set(reterr, rc, "memory ran out while indexing the configuration");
    }
    return TCN_OK;
}

void store_names_done(struct store_names *n)
{
    free(n->metric.entries);
    free(n->rule.entries);
    free(n->enterprise.entries);
    free(n->department.entries);
    free(n->unit.entries);
    memset(n, 0, sizeof *n);
}

static uint32_t find(const struct store_names_table *t, const char *id)
{
    const struct store_names_entry key = { .id = id };
    const struct store_names_entry *found;

    if (t->count == 0)
        return REGISTRY_NONE;
    found = bsearch(&key, t->entries, t->count, sizeof *t->entries, compare);
    return found != NULL ? found->index : REGISTRY_NONE;
}

uint32_t store_names_device(const struct store_names *n, const char *id)
{
    if (n->registry == NULL || n->registry->device_count == 0)
        return REGISTRY_NONE;
    uint32_t index = registry_device(n->registry, id, strlen(id));

    /* The registry knows addresses, too; a row means the device of this id and no other. */
    if (index != REGISTRY_NONE && strcmp(n->registry->devices[index].id, id) != 0)
        return REGISTRY_NONE;
    return index;
}

uint32_t store_names_rule(const struct store_names *n, const char *id)
{
    return find(&n->rule, id);
}

uint16_t store_names_metric(const struct store_names *n, const char *id)
{
    uint32_t index = find(&n->metric, id);

    return index == REGISTRY_NONE ? METRIC_NONE : (uint16_t)index;
}

uint32_t store_names_party(const struct store_names *n, enum party_kind kind, const char *id)
{
    switch (kind) {
    case PARTY_ENTERPRISE:
        return find(&n->enterprise, id);
    case PARTY_DEPARTMENT:
        return find(&n->department, id);
    case PARTY_UNIT:
        return find(&n->unit, id);
    default:
        return REGISTRY_NONE;
    }
}

const char *store_names_party_id(const struct store_names *n, enum party_kind kind, uint32_t index)
{
    if (index == REGISTRY_NONE)
        return NULL;
    switch (kind) {
    case PARTY_ENTERPRISE:
        assert(index < n->registry->enterprise_count);
        return n->registry->enterprises[index].id;
    case PARTY_DEPARTMENT:
        assert(index < n->registry->department_count);
        return n->registry->departments[index].id;
    case PARTY_UNIT:
        assert(index < n->registry->unit_count);
        return n->registry->units[index].id;
    default:
        assert(!"parties that tasks and notices have");
        return NULL;
    }
}
