#include "settings/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void names_done(struct names *n)
{
    free(n->slots);
    *n = (struct names){ 0 };
}

static uint32_t hash_of(const char *name, size_t len)
{
    uint64_t h = tcn_hash(TCN_HASH_SEED, name, len);

    return (uint32_t)(h ^ h >> 32);
}

/* The slot of the name, or the free one where it belongs. The table is never full. */
static struct names_slot *slot_of(const struct names *n, const char *name, size_t len,
                                  uint32_t hash)
{
    for (uint32_t i = hash & n->mask;; i = (i + 1) & n->mask) {
        struct names_slot *s = &n->slots[i];
        if (s->name == NULL ||
            (s->hash == hash && strncmp(s->name, name, len) == 0 && s->name[len] == '\0'))
            return s;
    }
}

static int enlarge(struct names *n)
{
    uint32_t size = n->slots == NULL ? 64 : (n->mask + 1) * 2;
    struct names bigger = { .mask = size - 1, .count = n->count };

    bigger.slots = size == 0 ? NULL : calloc(size, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return TCN_ENOMEM;
    for (uint32_t i = 0; n->slots != NULL && i <= n->mask; i++) {
        uint32_t j = n->slots[i].hash & bigger.mask;
        if (n->slots[i].name == NULL)
            continue;
        while (bigger.slots[j].name != NULL)
            j = (j + 1) & bigger.mask;
        bigger.slots[j] = n->slots[i];
    }
    free(n->slots);
    *n = bigger;
    return TCN_OK;
}

uint32_t names_find(const struct names *n, const char *name, size_t len)
{
    if (n->slots == NULL)
        return NAMES_NONE;
    const struct names_slot *s = slot_of(n, name, len, hash_of(name, len));
    return s->name == NULL ? NAMES_NONE : s->value;
}

int names_add(struct names *n, const char *name, uint32_t value, uint32_t *ret_value)
{
    size_t len = strlen(name);
    uint32_t hash = hash_of(name, len);

    if (n->slots == NULL || n->count >= (n->mask + 1) / 2) {
        int rc = enlarge(n);
        if (rc < 0)
            return rc;
    }
    struct names_slot *s = slot_of(n, name, len, hash);
    if (s->name != NULL) {
        if (ret_value != NULL)
            *ret_value = s->value;
        return TCN_ECONFLICT;
    }
    *s = (struct names_slot){ .name = name, .hash = hash, .value = value };
    n->count++;
    return TCN_OK;
}

const char *names_nearest(const struct names *n, const char *name, size_t len)
{
    struct tcn_nearest nearest;

    tcn_nearest_init(&nearest, name, len);
    for (uint32_t i = 0; n->slots != NULL && i <= n->mask; i++)
        if (n->slots[i].name != NULL)
            tcn_nearest_try(&nearest, n->slots[i].name);
    return nearest.best;
}
