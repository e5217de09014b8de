/* engine/map.h - a hash map from 64-bit keys to 32-bit values: open addressing, linear probing,
 * deletion by shifting back, so no tombstones pile up. Pure.
 *
 * Owner:   struct map owns its table; map_done() frees it. A zeroed struct is empty.
 * Limits:  2^30 entries. Key 0 is allowed. */
#ifndef TOCSIN_ENGINE_MAP_H
#define TOCSIN_ENGINE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct map_cell {
    uint64_t key;
    uint32_t value;
    uint32_t used;
};

struct map { /* fields are private to map.c */
    struct map_cell *cells;
    uint32_t mask, count;
};

void map_done(struct map *m);
/* True and *ret_value filled if the key is in. ret_value may be NULL. */
bool map_get(const struct map *m, uint64_t key, uint32_t *ret_value);
/* Adds or replaces. TCN_ENOMEM: nothing changed. */
int map_put(struct map *m, uint64_t key, uint32_t value);
/* Takes the key out; false if it was not in. */
bool map_remove(struct map *m, uint64_t key);

#endif
