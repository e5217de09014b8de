/* model/registry.c - see registry.h. The device table holds device index + 1, 0 where free; a
 * device is in it under its id and, if that differs, under its address. */
#include "model/registry.h"

#include <string.h>

#include "base/text.h"

#define TABLE_MIN 16u

static uint32_t slot_of(const char *key, size_t len, uint32_t mask)
{
    uint64_t hash = tcn_hash(TCN_HASH_SEED, key, len);
    return (uint32_t)(hash ^ hash >> 32) & mask;
}

static bool same(const char *text, const char *key, size_t len)
{
    return strlen(text) == len && memcmp(text, key, len) == 0;
}

static bool answers_to(const struct device *d, const char *key, size_t len)
{
    return same(d->id, key, len) || (d->address != NULL && same(d->address, key, len));
}

/* REGISTRY_NONE when entered, else the other device that has this key. */
static uint32_t enter(const struct registry *r, uint32_t *table, uint32_t mask, const char *key,
                      uint32_t device)
{
    size_t len = strlen(key);
    uint32_t slot = slot_of(key, len, mask);

    for (; table[slot] != 0; slot = (slot + 1) & mask) {
        uint32_t other = table[slot] - 1;
        if (answers_to(&r->devices[other], key, len))
            return other == device ? REGISTRY_NONE : other;
    }
    table[slot] = device + 1;
    return REGISTRY_NONE;
}

int registry_index(struct registry *r, struct arena *arena, uint32_t *ret_a, uint32_t *ret_b)
{
    uint32_t size = TABLE_MIN;

    while (size < r->device_count * UINT64_C(4)) /* two keys each, half of it free */
        size *= 2;
    uint32_t *table = arena_array(arena, size, sizeof table[0]);
    if (table == NULL)
        return TCN_ENOMEM;
    for (uint32_t i = 0; i < r->device_count; i++) {
        const struct device *d = &r->devices[i];
        uint32_t other = enter(r, table, size - 1, d->id, i);
        if (other == REGISTRY_NONE && d->address != NULL)
            other = enter(r, table, size - 1, d->address, i);
        if (other != REGISTRY_NONE) {
            *ret_a = other;
            *ret_b = i;
            return TCN_ECONFLICT;
        }
    }
    r->device_table = table;
    r->device_table_mask = size - 1;
    return TCN_OK;
}

uint32_t registry_device(const struct registry *r, const char *key, size_t len)
{
    if (r->device_table == NULL)
        return REGISTRY_NONE;
    uint32_t mask = r->device_table_mask;
    for (uint32_t slot = slot_of(key, len, mask); r->device_table[slot] != 0;
         slot = (slot + 1) & mask) {
        uint32_t device = r->device_table[slot] - 1;
        if (answers_to(&r->devices[device], key, len))
            return device;
    }
    return REGISTRY_NONE;
}

/* One body for the five linear look-ups: index of the item whose text is wanted. */
#define FIND(items, count, field, wanted)                                                          \
    for (uint32_t i = 0; i < (count); i++) {                                                       \
        if (strcmp((items)[i] field, wanted) == 0)                                                 \
            return i;                                                                              \
    }                                                                                              \
    return REGISTRY_NONE

uint32_t registry_enterprise(const struct registry *r, const char *id)
{
    FIND(r->enterprises, r->enterprise_count, .id, id);
}

uint32_t registry_department(const struct registry *r, const char *id)
{
    FIND(r->departments, r->department_count, .id, id);
}

uint32_t registry_unit(const struct registry *r, const char *id)
{
    FIND(r->units, r->unit_count, .id, id);
}

uint32_t registry_site(const struct registry *r, const char *id)
{
    FIND(r->sites, r->site_count, .id, id);
}

uint32_t registry_type(const struct registry *r, const char *name)
{
    FIND(r->types, r->type_count, , name);
}
