#include <stdlib.h>
#include <string.h>

#include "settings/rules_file.h"
#include "settings/schema.h"

#define SCOPE_MAX 4096

static uint64_t pair_of(uint32_t site, uint32_t type)
{
    return (uint64_t)site << 32 | type;
}

static int compare_pairs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Made once: whether a rule covers anything is then asked of a few hundred pairs, not of every
 * device for every rule. */
static bool make_pairs(struct rule_scope *s)
{
    const struct registry *g = &s->ld->s->registry;

    if (s->pairs != NULL)
        return true;
    s->pairs = calloc((size_t)g->device_count + 1, sizeof *s->pairs);
    if (s->pairs == NULL) {
        s->ld->no_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < g->device_count; i++) {
        uint64_t pair = pair_of(g->devices[i].site, g->devices[i].type);
        if (s->pair_count == 0 || s->pairs[s->pair_count - 1] != pair) /* neighbours are alike */
            s->pairs[s->pair_count++] = pair;
    }
    qsort(s->pairs, s->pair_count, sizeof *s->pairs, compare_pairs);

    size_t kept = 0;
    for (size_t i = 0; i < s->pair_count; i++)
        if (kept == 0 || s->pairs[kept - 1] != s->pairs[i])
            s->pairs[kept++] = s->pairs[i];
    s->pair_count = kept;
    return true;
}

bool rule_scope_covers_any(struct rule_scope *s, const struct rule *rule)
{
    struct device d = { 0 };

    if (!make_pairs(s))
        return true;
    for (size_t i = 0; i < s->pair_count; i++) {
        d.site = (uint32_t)(s->pairs[i] >> 32);
        d.type = (uint32_t)s->pairs[i];
        if (rule_covers(rule, &d))
            return true;
    }
    return false;
}

static const char *nearest_type(const struct rule_scope *s, const struct yaml_node *node)
{
    const char *best = names_nearest(&s->registry->types, node->text, node->len);

    if (best != NULL && names_find(&s->registry->types, best, strlen(best)) >= s->real_types)
        return NULL; /* no device has that one either */
    return best;
}

static uint32_t *read_types(struct rule_scope *s, const struct yaml_node *list, uint32_t *ret_count,
                            bool *ret_warned)
{
    uint32_t *types = load_alloc(s->ld, list->kind == YAML_LIST ? list->count : 1, sizeof *types);
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];

    for (const struct yaml_node *e = schema_each(s->ld, list); e != NULL && types != NULL;
         e = schema_next(s->ld, e)) {
        uint32_t type = names_find(&s->registry->types, e->text, e->len);
        const char *best = type == NAMES_NONE ? nearest_type(s, e) : NULL; /* before it is added */
        bool is_new;

        if (!registry_file_type(s->registry, e->text, e->len, &type, &is_new)) {
            if (!s->ld->no_memory)
                load_error(s->ld, e->at, "more than %d device types", REGISTRY_TYPES_MAX);
            return NULL;
        }
        if (is_new && !s->registry->devices.incomplete) /* once for each type is enough */
            load_warning(s->ld, e->at, "no device has the type '%s'%s",
                         load_shown(e->text, e->len, shown), load_hint(best, hint));
        *ret_warned = *ret_warned || type >= s->real_types;
        types[(*ret_count)++] = type;
    }
    return types;
}

static uint32_t *read_sites(struct rule_scope *s, const struct yaml_node *list, uint32_t *ret_count)
{
    uint32_t *sites = load_alloc(s->ld, list->kind == YAML_LIST ? list->count : 1, sizeof *sites);
    const struct kind_table *known = &s->registry->sites;
    char hint[LOAD_HINT_SIZE], shown[LOAD_SHOWN_SIZE];

    for (const struct yaml_node *e = schema_each(s->ld, list); e != NULL && sites != NULL;
         e = schema_next(s->ld, e)) {
        uint32_t site = names_find(&known->names, e->text, e->len);
        if (site == NAMES_NONE && !known->incomplete)
            load_error(s->ld, e->at, "there is no site '%s'%s", load_shown(e->text, e->len, shown),
                       load_hint(names_nearest(&known->names, e->text, e->len), hint));
        sites[(*ret_count)++] = site;
    }
    return sites;
}

static bool is_good_list(struct load *ld, const struct yaml_node *node)
{
    if (node->kind != YAML_LIST || (node->count > 0 && node->count <= SCOPE_MAX))
        return true;
    load_error(ld, node->at,
               node->count == 0 ? "an empty list covers nothing: leave the key out "
                                  "for all devices"
                                : "the list is too long");
    return false;
}

void rule_scope_read(struct rule_scope *s, const struct yaml_node *node, struct rule *ret,
                     bool *ret_warned)
{
    static const struct schema_key keys[] = {
        { "types", SCHEMA_TEXT_OR_LIST, false, "a device type or a list of them" },
        { "sites", SCHEMA_TEXT_OR_LIST, false, "the id of a site or a list of them" },
    };
    const struct yaml_node *v[2] = { node, NULL };

    *ret_warned = false;
    if (node == NULL ||
        (node->kind == YAML_MAP && !schema_open(s->ld, node, "'devices'", keys, 2, v)))
        return;
    if (v[0] != NULL && is_good_list(s->ld, v[0]))
        ret->types = read_types(s, v[0], &ret->type_count, ret_warned);
    if (v[1] != NULL && is_good_list(s->ld, v[1]))
        ret->sites = read_sites(s, v[1], &ret->site_count);
}

void rule_scope_done(struct rule_scope *s)
{
    free(s->pairs);
    s->pairs = NULL;
}
