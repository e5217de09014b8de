/* settings/rules_file.h - the files with alarm rules. */
#ifndef TOCSIN_SETTINGS_RULES_FILE_H
#define TOCSIN_SETTINGS_RULES_FILE_H

#include "settings/file_list.h"
#include "settings/registry_file.h"

/* Fills ld->s->rules. Metrics and registry must stand; types that no device has are added. */
void rules_file_read(struct load *ld, const struct file_list *files,
                     struct registry_reader *registry);

/* rule_scope.c: which devices a rule covers. */
struct rule_scope {
    struct load *ld;
    struct registry_reader *registry;
    size_t real_types; /* those that devices have come first */
    uint64_t *pairs;   /* (site, type) of all devices, sorted, once each; made when needed */
    size_t pair_count;
};
/* Reads 'devices' (NULL: all). *ret_warned: a type that no device has was reported. */
void rule_scope_read(struct rule_scope *s, const struct yaml_node *node, struct rule *ret,
                     bool *ret_warned);
/* True if some device is covered. */
bool rule_scope_covers_any(struct rule_scope *s, const struct rule *rule);
void rule_scope_done(struct rule_scope *s);

/* rule_version.c: 8 hex digits over what the rule says, whatever its layout; NULL: no memory. */
const char *rule_version_of(struct load *ld, const struct rule *rule,
                            const char *const *type_names);

#endif
