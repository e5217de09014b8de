/* model/rule.c - see rule.h. */
#include "model/rule.h"

#include <string.h>

uint32_t rules_find(const struct rules *r, const char *id)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (strcmp(r->items[i].id, id) == 0)
            return i;
    }
    return UINT32_MAX;
}

/* An empty list means all. */
static bool listed(const uint32_t *list, uint32_t count, uint32_t item)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == item)
            return true;
    }
    return count == 0;
}

bool rule_covers(const struct rule *r, const struct device *d)
{
    return listed(r->types, r->type_count, d->type) && listed(r->sites, r->site_count, d->site);
}
