/* codec/path.h - follows the paths of a source (model/source.h) into one message. Pure.
 *
 * A walk visits every value that a path leads to: one, or one per element where the path has the
 * step "*". While a reading's value walks, its other paths (conditions, object, pointers of the
 * device template) that begin with the same steps stay at the element where the value is; so
 * "/events/" "*" "/type" in a condition is the type of the very event whose status is the value.
 *
 * Owner:   walks borrow the scope, which borrows the message; nothing to free.
 * Limits:  PATH_EACH_MAX steps "*" in a path (more: leads nowhere), MAPPING_WORK_MAX visited
 *          values a message: then scope.exhausted is set and every walk ends. */
#ifndef TOCSIN_CODEC_PATH_H
#define TOCSIN_CODEC_PATH_H

#include "codec/scalar.h"
#include "model/source.h"
#include "model/topic.h"

#define PATH_EACH_MAX    4
#define PATH_STEPS_MAX   32 /* steps of a pointer inside a template */
#define MAPPING_WORK_MAX 1000000u

struct walk;
struct scope {
    json_t *document; /* NULL: none */
    const char *text; /* the whole text payload, text_len bytes; NULL: none */
    size_t text_len;
    const struct topic_match *topic;
    const struct walk *bound; /* the walk of the reading's value; NULL: none */
    uint32_t work;            /* values visited so far */
    bool exhausted;
};

struct walk_frame { /* one "*" on the way */
    uint16_t step;
    json_t *container;
    size_t index;    /* arrays */
    void *iter;      /* objects */
    const char *key; /* member name, or index in digits */
    json_t *element;
    char digits[24];
};
struct walk {
    struct scope *scope;
    const struct path *path;
    struct walk_frame frames[PATH_EACH_MAX];
    uint16_t depth;
    bool started;
};

void walk_start(struct walk *w, struct scope *scope, const struct path *path);
/* Goes to the next value. False: there is none (further). True and *ret_value NULL: an element is
 * there in which the rest of the path leads nowhere. */
bool walk_next(struct walk *w, json_t **ret_value);

/* Counts one visited value. False: the message has used up its share of work. */
bool scope_spend(struct scope *scope);
/* The first value of a path that may also be a capture or the text payload. */
void path_scalar(struct scope *scope, const struct path *path, struct scalar *ret);
/* The text captured under name by the topic or a "*" step of the bound walk; NULL: none. */
const char *scope_capture(const struct scope *scope, const char *name, size_t name_len,
                          size_t *ret_len);
/* The path as written in a source file, cut to size. */
void path_format(const struct path *path, char *buf, size_t size);

#endif
