#include "settings/registry_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/uscc.h"
#include "settings/schema.h"

/* One growing array of items of a kind, moved to the settings' memory at the end. */
struct items {
    void *bytes;
    size_t capacity, size;
};

static void *next_item(struct registry_reader *r, struct items *items, const struct kind_table *k)
{
    if (!load_grow(r->ld, &items->bytes, k->count, &items->capacity, items->size))
        return NULL;
    void *item = (char *)items->bytes + k->count * items->size;
    memset(item, 0, items->size);
    return item;
}

static const void *keep_items(struct registry_reader *r, struct items *items, size_t count,
                              uint32_t *ret_count)
{
    void *kept = load_keep(r->ld, items->bytes, count, items->size);

    free(items->bytes);
    *ret_count = kept == NULL ? 0 : (uint32_t)count;
    return kept;
}

enum { ID, NAME, CONTACT, PHONE, PARTY_COLUMNS };
static const struct table_column PARTY[PARTY_COLUMNS] = {
    { "id", true },
    { "name", true },
    { "contact", false },
    { "phone", false },
};

static void read_enterprise(struct registry_reader *r, struct table *t, struct items *items)
{
    struct enterprise *e = next_item(r, items, &r->enterprises);
    const char *id = registry_table_id(t, ID);
    struct tcn_fail fail;

    if (e == NULL || id == NULL)
        return;
    if (uscc_check(id, &fail) < 0)
        load_error(r->ld, csv_place(&t->csv, registry_table_cell(t, ID)), "%s", fail.text);
    *e = (struct enterprise){ id, registry_table_text(t, NAME), registry_table_text(t, CONTACT),
                              registry_table_text(t, PHONE) };
    (void)registry_table_enter(t, &r->enterprises, id, ID); /* false: not counted, overwritten */
}

static void read_department(struct registry_reader *r, struct table *t, struct items *items)
{
    struct department *d = next_item(r, items, &r->departments);
    const char *id = registry_table_id(t, ID);

    if (d == NULL || id == NULL)
        return;
    *d = (struct department){ id, registry_table_text(t, NAME), registry_table_text(t, CONTACT),
                              registry_table_text(t, PHONE) };
    (void)registry_table_enter(t, &r->departments, id, ID); /* as above */
}

enum { UNIT_ID, UNIT_NAME, UNIT_KIND, UNIT_OFFICER, UNIT_PHONE, UNIT_DEPARTMENT, UNIT_COLUMNS };
static const struct table_column UNIT[UNIT_COLUMNS] = {
    { "id", true },       { "name", true },   { "kind", true },
    { "officer", false }, { "phone", false }, { "department", false },
};

static enum unit_kind unit_kind_of(struct table *t)
{
    const struct csv_field *f = registry_table_cell(t, UNIT_KIND);
    char text[LOAD_SHOWN_SIZE], all[200], hint[LOAD_HINT_SIZE];
    struct tcn_nearest nearest;

    if (f == NULL) { /* empty: let the getter report it */
        (void)registry_table_text(t, UNIT_KIND);
        return UNIT_INDUSTRIAL;
    }
    (void)load_shown(f->text, f->len, text);
    int kind = word_find(&WORDS_UNIT_KIND, text);
    if (kind >= 0)
        return (enum unit_kind)kind;
    tcn_nearest_init(&nearest, text, strlen(text));
    for (unsigned i = 0; i < WORDS_UNIT_KIND.count; i++)
        tcn_nearest_try(&nearest, WORDS_UNIT_KIND.words[i]);
    load_error(t->csv.ld, csv_place(&t->csv, f), "'%s': %s expected%s", text,
               schema_list(&WORDS_UNIT_KIND, all, sizeof all), load_hint(nearest.best, hint));
    return UNIT_INDUSTRIAL;
}

static void read_unit(struct registry_reader *r, struct table *t, struct items *items)
{
    struct patrol_unit *u = next_item(r, items, &r->units);
    const char *id = registry_table_id(t, UNIT_ID);

    if (u == NULL || id == NULL)
        return;
    *u = (struct patrol_unit){
        .id = id,
        .name = registry_table_text(t, UNIT_NAME),
        .kind = unit_kind_of(t),
        .officer = registry_table_text(t, UNIT_OFFICER),
        .phone = registry_table_text(t, UNIT_PHONE),
        .department = registry_table_reference(t, UNIT_DEPARTMENT, &r->departments),
    };
    (void)registry_table_enter(t, &r->units, id, UNIT_ID); /* as above */
}

enum {
    SITE_ID,
    SITE_NAME,
    SITE_ADDRESS,
    SITE_ENTERPRISE,
    SITE_DEPARTMENT,
    SITE_UNIT,
    SITE_COLUMNS
};
static const struct table_column SITE[SITE_COLUMNS] = {
    { "id", true },          { "name", true },        { "address", false },
    { "enterprise", false }, { "department", false }, { "unit", false },
};

static void read_site(struct registry_reader *r, struct table *t, struct items *items)
{
    struct site *s = next_item(r, items, &r->sites);
    const char *id = registry_table_id(t, SITE_ID);

    if (s == NULL || id == NULL)
        return;
    *s = (struct site){
        .id = id,
        .name = registry_table_text(t, SITE_NAME),
        .address = registry_table_text(t, SITE_ADDRESS),
        .enterprise = registry_table_reference(t, SITE_ENTERPRISE, &r->enterprises),
        .department = registry_table_reference(t, SITE_DEPARTMENT, &r->departments),
        .unit = registry_table_reference(t, SITE_UNIT, &r->units),
    };
    (void)registry_table_enter(t, &r->sites, id, SITE_ID); /* as above */
}

enum { ZONE_ID, ZONE_SITE, ZONE_NAME, ZONE_COLUMNS };
static const struct table_column ZONE[ZONE_COLUMNS] = {
    { "id", true },
    { "site", true },
    { "name", true },
};

static void read_zone(struct registry_reader *r, struct table *t, struct items *items)
{
    struct zone *z = next_item(r, items, &r->zones);
    const char *id = registry_table_id(t, ZONE_ID);

    if (z == NULL || id == NULL)
        return;
    *z = (struct zone){ id, registry_table_text(t, ZONE_NAME),
                        registry_table_reference(t, ZONE_SITE, &r->sites) };
    (void)registry_table_enter(t, &r->zones, id, ZONE_ID); /* as above */
}

typedef void read_row(struct registry_reader *r, struct table *t, struct items *items);

static const void *read_kind(struct registry_reader *r, const struct file_list *files,
                             struct kind_table *kind, const struct table_column *columns,
                             size_t column_count, size_t item_size, read_row *row,
                             uint32_t *ret_count)
{
    struct items items = { .size = item_size };
    struct table t;

    kind->incomplete = files->incomplete;
    for (size_t i = 0; i < files->count; i++) {
        if (!registry_table_open(&t, r->ld, files->files[i], columns, column_count))
            kind->incomplete = true;
        else
            while (registry_table_next(&t))
                row(r, &t, &items);
    }
    return keep_items(r, &items, kind->count, ret_count);
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

void registry_file_read(struct registry_reader *r, struct load *ld, const struct main_files *f)
{
    struct registry *g = &ld->s->registry;

    r->ld = ld;
    r->enterprises.what = "enterprise";
    r->departments.what = "department";
    r->units.what = "unit";
    r->sites.what = "site";
    r->zones.what = "zone";
    r->devices.what = "device";
    g->enterprises = read_kind(r, &f->enterprises, &r->enterprises, PARTY, COUNT(PARTY),
                               sizeof *g->enterprises, read_enterprise, &g->enterprise_count);
    g->departments = read_kind(r, &f->departments, &r->departments, PARTY, COUNT(PARTY),
                               sizeof *g->departments, read_department, &g->department_count);
    g->units = read_kind(r, &f->units, &r->units, UNIT, COUNT(UNIT), sizeof *g->units, read_unit,
                         &g->unit_count);
    g->sites = read_kind(r, &f->sites, &r->sites, SITE, COUNT(SITE), sizeof *g->sites, read_site,
                         &g->site_count);
    g->zones = read_kind(r, &f->zones, &r->zones, ZONE, COUNT(ZONE), sizeof *g->zones, read_zone,
                         &g->zone_count);
    registry_devices_read(r, &f->devices);
}

bool registry_file_type(struct registry_reader *r, const char *text, size_t len, uint32_t *ret,
                        bool *ret_new)
{
    *ret = names_find(&r->types, text, len);
    *ret_new = *ret == NAMES_NONE;
    if (!*ret_new)
        return true;
    if (r->type_count == REGISTRY_TYPES_MAX)
        return false;
    char *copy = load_text(r->ld, text, len);
    if (copy == NULL || !load_grow(r->ld, (void **)&r->type_list, r->type_count, &r->type_capacity,
                                   sizeof *r->type_list))
        return false;
    if (names_add(&r->types, copy, (uint32_t)r->type_count, NULL) < 0) {
        r->ld->no_memory = true;
        return false;
    }
    *ret = (uint32_t)r->type_count;
    r->type_list[r->type_count++] = copy;
    return true;
}

void registry_file_finish(struct registry_reader *r)
{
    struct registry *g = &r->ld->s->registry;
    const char *const *types = load_keep(r->ld, r->type_list, r->type_count, sizeof *types);

    if (types == NULL)
        return;
    g->types = types;
    g->type_count = (uint32_t)r->type_count;
}

void registry_reader_done(struct registry_reader *r)
{
    kind_table_done(&r->enterprises);
    kind_table_done(&r->departments);
    kind_table_done(&r->units);
    kind_table_done(&r->sites);
    kind_table_done(&r->zones);
    kind_table_done(&r->devices);
    names_done(&r->types);
    free(r->type_list);
}
