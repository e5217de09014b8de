/* model/registry.h - what stands where, and who answers for it: devices, sites, zones,
 * enterprises, departments, patrol units.
 *
 * Owner:   arrays and text live in the arena of the configuration; immutable after load, so any
 *          thread may read. References between items are indexes, REGISTRY_NONE where absent.
 * Source:  enterprise ids are unified social credit codes, GB 32100-2015 (model/uscc.h). */
#ifndef TOCSIN_MODEL_REGISTRY_H
#define TOCSIN_MODEL_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/words.h"

#define REGISTRY_NONE        UINT32_MAX
#define REGISTRY_ID_MAX      127 /* bytes of an id or address */
#define REGISTRY_NAME_MAX    255 /* bytes of a name */
#define REGISTRY_DEVICES_MAX 2000000
#define REGISTRY_TYPES_MAX   4096

struct enterprise {
    const char *id; /* 18 characters, or an old 15-digit registration number */
    const char *name, *contact, *phone;
};

struct department {
    const char *id, *name, *contact, *phone;
};

struct patrol_unit {
    const char *id, *name;
    enum unit_kind kind;
    const char *officer, *phone;
    uint32_t department;
};

struct site {
    const char *id, *name, *address;
    uint32_t enterprise, department, unit;
};

struct zone {
    const char *id, *name;
    uint32_t site;
};

struct device {
    const char *id;      /* unique; appears in topics */
    const char *address; /* how its messages name it (device template of a source); NULL: as id */
    const char *name;
    uint32_t type;                         /* index into registry.types */
    uint32_t site, zone;                   /* zone may be absent */
    uint32_t enterprise, department, unit; /* its own, else its site's; filled in at load */
};

struct registry {
    const struct enterprise *enterprises;
    const struct department *departments;
    const struct patrol_unit *units;
    const struct site *sites;
    const struct zone *zones;
    const struct device *devices;
    const char *const *types; /* device types, as they occur in the devices file */
    uint32_t enterprise_count, department_count, unit_count, site_count, zone_count, device_count,
        type_count;
    const uint32_t *device_table; /* open addressing over ids and addresses; registry_index() */
    uint32_t device_table_mask;
};

/* Builds the look-up table once all arrays stand. TCN_ENOMEM; TCN_ECONFLICT: an id or address
 * occurs twice (*ret_a, *ret_b are the devices). */
int registry_index(struct registry *r, struct arena *arena, uint32_t *ret_a, uint32_t *ret_b);

/* The device with this id or address, or REGISTRY_NONE. Constant time. */
uint32_t registry_device(const struct registry *r, const char *key, size_t len);
/* The others by id, linear: for commands and tools, not for the hot path. */
uint32_t registry_enterprise(const struct registry *r, const char *id);
uint32_t registry_department(const struct registry *r, const char *id);
uint32_t registry_unit(const struct registry *r, const char *id);
uint32_t registry_type(const struct registry *r, const char *name);
uint32_t registry_site(const struct registry *r, const char *id);

#endif
