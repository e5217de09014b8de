/* settings/names.h - a hash table from names to numbers, for duplicates and references.
 *
 * Owner:   memory comes from malloc; names_done(). Names are kept by pointer. Zeroed: empty. */
#ifndef TOCSIN_SETTINGS_NAMES_H
#define TOCSIN_SETTINGS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define NAMES_NONE UINT32_MAX

struct names_slot {
    const char *name; /* NULL: free */
    uint32_t hash, value;
};
struct names {
    struct names_slot *slots;
    uint32_t mask, count;
};

void names_done(struct names *n);
/* The number of a name, or NAMES_NONE. */
uint32_t names_find(const struct names *n, const char *name, size_t len);
/* Adds a name. TCN_ECONFLICT: it is there (*ret_value is its number); TCN_ENOMEM. */
int names_add(struct names *n, const char *name, uint32_t value, uint32_t *ret_value);
/* The name most like this one, or NULL: for "did you mean". */
const char *names_nearest(const struct names *n, const char *name, size_t len);

#endif
