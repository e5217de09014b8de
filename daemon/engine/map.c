#include "engine/map.h"

#include <stdlib.h>

#define MAP_CELLS_MIN 16u
#define MAP_CELLS_MAX (1u << 31)

/* Mixes all bits of the key into the low ones (the finaliser of MurmurHash3, public domain). */
static uint32_t home(const struct map *m, uint64_t key)
{
    key ^= key >> 33;
    key *= UINT64_C(0xff51afd7ed558ccd);
    key ^= key >> 33;
    key *= UINT64_C(0xc4ceb9fe1a85ec53);
    key ^= key >> 33;
    return (uint32_t)key & m->mask;
}

/* The cell that holds key, or the free one where it would go. There is always a free one. */
static uint32_t find(const struct map *m, uint64_t key)
{
    uint32_t i = home(m, key);

    while (m->cells[i].used && m->cells[i].key != key)
        i = (i + 1) & m->mask;
    return i;
}

static int grow(struct map *m)
{
    uint32_t cells = m->cells == NULL ? MAP_CELLS_MIN : (m->mask + 1) * 2;
    struct map bigger = { .mask = cells - 1, .count = m->count };

    if (cells >= MAP_CELLS_MAX)
        return TCN_ENOMEM;
    bigger.cells = calloc(cells, sizeof *bigger.cells);
    if (bigger.cells == NULL)
        return TCN_ENOMEM;
    for (uint32_t i = 0; m->cells != NULL && i <= m->mask; i++) {
        if (m->cells[i].used)
            bigger.cells[find(&bigger, m->cells[i].key)] = m->cells[i];
    }
    free(m->cells);
    *m = bigger;
    return TCN_OK;
}

void map_done(struct map *m)
{
    free(m->cells);
    *m = (struct map){ 0 };
}

bool map_get(const struct map *m, uint64_t key, uint32_t *ret_value)
{
    uint32_t i;

    if (m->count == 0)
        return false;
    i = find(m, key);
    if (!m->cells[i].used)
        return false;
    if (ret_value != NULL)
        *ret_value = m->cells[i].value;
    return true;
}

int map_put(struct map *m, uint64_t key, uint32_t value)
{
    uint32_t i;

    /* At most three quarters full, so that probes stay short. */
    if (m->cells == NULL || m->count >= (m->mask + 1) / 4 * 3) {
        int rc = grow(m);
        if (rc < 0)
            return rc;
    }
    i = find(m, key);
    if (!m->cells[i].used)
        m->count++;
    m->cells[i] = (struct map_cell){ .key = key, .value = value, .used = 1 };
    return TCN_OK;
}

bool map_remove(struct map *m, uint64_t key)
{
    uint32_t hole, i;

    if (m->count == 0)
        return false;
    hole = find(m, key);
    if (!m->cells[hole].used)
        return false;
    /* Pull back every later cell of the run whose home does not lie behind the hole. */
    for (i = (hole + 1) & m->mask; m->cells[i].used; i = (i + 1) & m->mask) {
        uint32_t distance_home = (i - home(m, m->cells[i].key)) & m->mask;
        uint32_t distance_hole = (i - hole) & m->mask;

        if (distance_home >= distance_hole) {
            m->cells[hole] = m->cells[i];
            hole = i;
        }
    }
    m->cells[hole] = (struct map_cell){ 0 };
    m->count--;
    return true;
}
