/* settings/yaml_doc.h - a YAML file as a tree of nodes that know where they stand.
 *
 * Every scalar is text: what it means is decided by the key it belongs to, so that "on" or "007"
 * keep their spelling. Anchors, aliases, tags and several documents are refused with their place.
 * Owner:   nodes live in the load's scratch memory.
 * Limits:  YAML_DEPTH_MAX levels, YAML_NODES_MAX nodes a file. */
#ifndef TOCSIN_SETTINGS_YAML_DOC_H
#define TOCSIN_SETTINGS_YAML_DOC_H

#include "settings/load.h"

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 2000000

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };
enum yaml_style { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE, YAML_BLOCK };

struct yaml_node {
    enum yaml_kind kind;
    enum yaml_style style; /* YAML_TEXT */
    struct place at;
    const char *text; /* YAML_TEXT: NUL-terminated, no NUL inside */
    size_t len;
    const struct yaml_node *key; /* of a value in a map */
    struct yaml_node *first, *next;
    uint32_t count; /* elements or pairs */
};

/* The root of the file, or NULL: what is wrong was reported. */
const struct yaml_node *yaml_doc_read(struct load *ld, struct text_file *file);

/* The spot in the file of a byte of a scalar's text, whatever its style: quotes, escapes, folded
 * and block lines are accounted for. width is in bytes of the text, cut at the line's end. */
struct place yaml_doc_spot(struct load *ld, const struct yaml_node *node, size_t offset,
                           size_t width);

#endif
