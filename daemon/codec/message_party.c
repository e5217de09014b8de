#include "codec/message_private.h"

const char *message_party_id(const struct registry *r, enum party_kind kind, uint32_t party)
{
    if (kind == PARTY_ENTERPRISE && party < r->enterprise_count)
        return r->enterprises[party].id;
    if (kind == PARTY_DEPARTMENT && party < r->department_count)
        return r->departments[party].id;
    if (kind == PARTY_UNIT && party < r->unit_count)
        return r->units[party].id;
    return "";
}

const char *message_party_name(const struct registry *r, enum party_kind kind, uint32_t party)
{
    if (kind == PARTY_ENTERPRISE && party < r->enterprise_count)
        return r->enterprises[party].name;
    if (kind == PARTY_DEPARTMENT && party < r->department_count)
        return r->departments[party].name;
    if (kind == PARTY_UNIT && party < r->unit_count)
        return r->units[party].name;
    return "";
}

uint32_t message_party_find(const struct registry *r, enum party_kind kind, const char *id)
{
    switch (kind) {
    case PARTY_ENTERPRISE:
        return registry_enterprise(r, id);
    case PARTY_DEPARTMENT:
        return registry_department(r, id);
    case PARTY_UNIT:
        return registry_unit(r, id);
    default:
        return REGISTRY_NONE;
    }
}
