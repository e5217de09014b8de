/* The devices files: by far the longest, up to REGISTRY_DEVICES_MAX lines. */
#include <stdlib.h>
#include <string.h>

#include "settings/registry_file.h"

enum { ID, NAME, TYPE, SITE, ZONE, ADDRESS, ENTERPRISE, DEPARTMENT, UNIT, COLUMNS };
static const struct table_column DEVICE[COLUMNS] = {
    { "id", true },          { "name", true },        { "type", true },
    { "site", true },        { "zone", false },       { "address", false },
    { "enterprise", false }, { "department", false }, { "unit", false },
};

struct devices {
    struct device *items;
    size_t capacity;
    struct place orphan_at; /* the first device that nobody answers for */
    const char *orphan;
    size_t orphan_count;
};

/* Topics name alarms of zones and of the gateway itself in the same place as devices. */
static bool is_reserved(const char *id)
{
    return strcmp(id, "gateway") == 0 || strncmp(id, "zone:", 5) == 0;
}

static uint32_t type_of(struct registry_reader *r, struct table *t)
{
    const struct csv_field *f = registry_table_cell(t, TYPE);
    uint32_t type = names_find(&r->types, f == NULL ? "" : f->text, f == NULL ? 0 : f->len);
    bool is_new;

    if (type != NAMES_NONE) /* the common case, without a copy of the text */
        return type;
    const char *text = registry_table_id(t, TYPE);
    if (text == NULL || registry_file_type(r, text, strlen(text), &type, &is_new))
        return type == NAMES_NONE ? 0 : type;
    if (!r->ld->no_memory)
        load_error(r->ld, csv_place(&t->csv, f), "more than %d device types", REGISTRY_TYPES_MAX);
    return 0;
}

static uint32_t own_or(uint32_t own, uint32_t otherwise)
{
    return own != REGISTRY_NONE ? own : otherwise;
}

static void fill_device(struct registry_reader *r, struct table *t, struct device *d)
{
    const struct registry *g = &r->ld->s->registry;

    d->name = registry_table_text(t, NAME);
    d->type = type_of(r, t);
    d->site = registry_table_reference(t, SITE, &r->sites);
    d->zone = registry_table_reference(t, ZONE, &r->zones);
    d->enterprise = registry_table_reference(t, ENTERPRISE, &r->enterprises);
    d->department = registry_table_reference(t, DEPARTMENT, &r->departments);
    d->unit = registry_table_reference(t, UNIT, &r->units);
    if (d->site == REGISTRY_NONE || d->site >= g->site_count)
        return;

    const struct site *s = &g->sites[d->site];
    d->enterprise = own_or(d->enterprise, s->enterprise);
    d->department = own_or(d->department, s->department);
    d->unit = own_or(d->unit, s->unit);
    if (d->zone != REGISTRY_NONE && d->zone < g->zone_count && g->zones[d->zone].site != d->site &&
        g->zones[d->zone].site != REGISTRY_NONE)
        load_error(r->ld, csv_place(&t->csv, registry_table_cell(t, ZONE)),
                   "zone '%s' is of site '%s', the device of site '%s'", g->zones[d->zone].id,
                   g->sites[g->zones[d->zone].site].id, s->id);
}

/* Ids and addresses share one space: a message's device is looked up by either. */
static bool enter_device(struct registry_reader *r, struct table *t, struct device *d)
{
    if (!registry_table_enter(t, &r->devices, d->id, ID))
        return false;
    if (d->address == NULL)
        return true;

    uint32_t other;
    int rc = names_add(&r->devices.names, d->address, (uint32_t)r->devices.count - 1, &other);
    if (rc == TCN_ECONFLICT) {
        const struct origin *o = &r->devices.origins[other];
        char shown[LOAD_SHOWN_SIZE];
        load_error(r->ld, csv_place(&t->csv, registry_table_cell(t, ADDRESS)),
                   "'%s' is the id or address of another device already, in %s:%u",
                   load_shown(d->address, strlen(d->address), shown), o->file->name,
                   (unsigned)o->line);
    } else if (rc < 0) {
        r->ld->no_memory = true;
    }
    return true;
}

static void note_orphan(struct registry_reader *r, struct table *t, struct devices *all,
                        const struct device *d)
{
    if (d->enterprise != REGISTRY_NONE || d->department != REGISTRY_NONE ||
        d->unit != REGISTRY_NONE || d->site == REGISTRY_NONE)
        return;
    if (all->orphan_count++ == 0) {
        all->orphan_at = load_place(r->ld, t->csv.file, t->csv.fields[0].offset, 0);
        all->orphan = d->id;
    }
}

static bool read_device(struct registry_reader *r, struct table *t, struct devices *all)
{
    if (r->devices.count == REGISTRY_DEVICES_MAX) {
        load_error(r->ld, load_place(r->ld, t->csv.file, t->csv.fields[0].offset, 0),
                   "more than %d devices", REGISTRY_DEVICES_MAX);
        return false;
    }
    if (!load_grow(r->ld, (void **)&all->items, r->devices.count, &all->capacity,
                   sizeof *all->items))
        return false;

    struct device *d = &all->items[r->devices.count];
    memset(d, 0, sizeof *d);
    d->id = registry_table_id(t, ID);
    if (d->id == NULL)
        return true;
    if (is_reserved(d->id))
        load_error(r->ld, csv_place(&t->csv, registry_table_cell(t, ID)),
                   "the id '%s' is taken: 'gateway' and 'zone:...' name the gateway itself and "
                   "zones in alarms",
                   d->id);
    if (registry_table_cell(t, ADDRESS) != NULL)
        d->address = registry_table_id(t, ADDRESS);
    if (d->address != NULL && strcmp(d->address, d->id) == 0)
        d->address = NULL;
    fill_device(r, t, d);
    if (enter_device(r, t, d)) /* else it is not counted, and overwritten by the next */
        note_orphan(r, t, all, d);
    return true;
}

static void keep_devices(struct registry_reader *r, struct devices *all)
{
    struct registry *g = &r->ld->s->registry;
    size_t count = r->devices.count;
    const struct device *kept = load_keep(r->ld, all->items, count, sizeof *kept);
    uint32_t a, b;

    if (kept == NULL)
        return;
    g->devices = kept;
    g->device_count = (uint32_t)count;
    /* Doubles were reported above, with their places. */
    if (registry_index(g, r->ld->arena, &a, &b) == TCN_ENOMEM)
        r->ld->no_memory = true;
}

void registry_devices_read(struct registry_reader *r, const struct file_list *files)
{
    struct devices all = { 0 };
    struct table t;

    r->devices.incomplete = files->incomplete;
    for (size_t i = 0; i < files->count; i++) {
        bool go_on = registry_table_open(&t, r->ld, files->files[i], DEVICE, COLUMNS);
        if (!go_on)
            r->devices.incomplete = true;
        while (go_on && registry_table_next(&t))
            go_on = read_device(r, &t, &all);
    }
    if (all.orphan_count > 0)
        load_warning(r->ld, all.orphan_at,
                     "%zu devices have no enterprise, department or unit, neither of their own nor "
                     "by their site: tasks about them reach nobody (the first is '%s')",
                     all.orphan_count, all.orphan);
    keep_devices(r, &all);
    free(all.items);
}
