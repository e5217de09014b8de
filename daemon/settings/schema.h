/* settings/schema.h - walking a YAML tree: what keys there may be, of which kind, with what values.
 * Everything wrong is reported, and the walk goes on with the rest.
 *
 * Getters return true and write *ret only when the node is right; a NULL node (the key is absent)
 * leaves *ret alone and is true, too. */
#ifndef TOCSIN_SETTINGS_SCHEMA_H
#define TOCSIN_SETTINGS_SCHEMA_H

#include "model/words.h"
#include "settings/yaml_doc.h"

enum schema_kind {
    SCHEMA_TEXT, /* one value, not empty */
    SCHEMA_LIST,
    SCHEMA_MAP,
    SCHEMA_TEXT_OR_LIST, /* one value or a list */
    SCHEMA_TEXT_OR_MAP,
    SCHEMA_FILLED, /* a value, list or map */
    SCHEMA_ANY,    /* also an empty or null value */
};

struct schema_key {
    const char *name;
    enum schema_kind kind;
    bool required;
    const char *hint; /* for "missing": what belongs there; may be NULL */
};

#define SCHEMA_KEYS_MAX 32

/* Opens a map: ret_values[i] becomes the value of keys[i], or NULL when absent or of a wrong kind.
 * what: "a rule", for messages. False: the node is no map. */
bool schema_open(struct load *ld, const struct yaml_node *node, const char *what,
                 const struct schema_key *keys, size_t count, const struct yaml_node **ret_values);
/* A map with free keys: false if the node is none; keys that occur twice are reported. */
bool schema_open_free(struct load *ld, const struct yaml_node *node, const char *what);

/* Text of 1 .. max bytes, copied into the settings' memory. */
bool schema_text(struct load *ld, const struct yaml_node *node, size_t max, const char **ret);
bool schema_bool(struct load *ld, const struct yaml_node *node, bool *ret);
bool schema_duration(struct load *ld, const struct yaml_node *node, int64_t min_ms, int64_t max_ms,
                     int64_t *ret_ms);
bool schema_number(struct load *ld, const struct yaml_node *node, double *ret);
bool schema_int(struct load *ld, const struct yaml_node *node, int64_t min, int64_t max,
                int64_t *ret);
/* A size with unit: 512 B, 64 KiB, 1 MiB. */
bool schema_size(struct load *ld, const struct yaml_node *node, uint32_t min, uint32_t max,
                 uint32_t *ret);
/* One of a closed list of words; *ret is its number. */
bool schema_word(struct load *ld, const struct yaml_node *node, const struct word_list *list,
                 int *ret);

/* The elements of "one or many": the node itself or the list's first element; then
 * schema_next(). Elements that are no texts are reported and skipped. */
const struct yaml_node *schema_each(struct load *ld, const struct yaml_node *node);
const struct yaml_node *schema_next(struct load *ld, const struct yaml_node *element);

/* "a, b or c", for messages; buf is filled and returned. */
const char *schema_list(const struct word_list *list, char *buf, size_t size);

#endif
