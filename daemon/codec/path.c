#include "codec/path.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

void walk_start(struct walk *w, struct scope *scope, const struct path *path)
{
    w->scope = scope;
    w->path = path;
    w->depth = 0;
    w->started = false;
}

bool scope_spend(struct scope *scope)
{
    if (scope->work >= MAPPING_WORK_MAX) {
        scope->exhausted = true;
        return false;
    }
    scope->work++;
    return true;
}

static json_t *step_key(json_t *at, const char *key)
{
    int64_t index;
    size_t len = strlen(key);

    if (json_is_object(at))
        return json_object_get(at, key);
    if (!json_is_array(at) || (len > 1 && key[0] == '0') ||
        tcn_parse_int(key, len, 0, INT32_MAX, &index) < 0)
        return NULL;
    return json_array_get(at, (size_t)index);
}

/* The first element of an array whose member key equals the word. */
static json_t *step_where(struct scope *scope, json_t *at, const struct path_step *step)
{
    if (!json_is_array(at))
        return NULL;
    for (size_t i = 0; i < json_array_size(at) && scope_spend(scope); i++) {
        json_t *element = json_array_get(at, i);
        struct scalar s;

        scalar_from_json(&s, json_object_get(element, step->key));
        if (scalar_is_word(&s, step->equals, false))
            return element;
    }
    return NULL;
}

static bool same_step(const struct path_step *a, const struct path_step *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == STEP_EACH)
        return true;
    return strcmp(a->key, b->key) == 0 &&
           (a->kind == STEP_KEY || strcmp(a->equals, b->equals) == 0);
}

/* The frame of the bound walk for its step number i, or NULL. */
static const struct walk_frame *bound_frame(const struct walk *bound, uint16_t i)
{
    for (uint16_t f = 0; f < bound->depth; f++)
        if (bound->frames[f].step == i)
            return &bound->frames[f];
    return NULL;
}

/* Puts the frame at its first (or next) element; false when there is none. */
static bool frame_advance(struct walk_frame *f, bool first)
{
    if (json_is_array(f->container)) {
        f->index = first ? 0 : f->index + 1;
        f->element = json_array_get(f->container, f->index);
        if (f->element == NULL)
            return false;
        (void)tcn_text_format(f->digits, sizeof f->digits, "%zu", f->index); /* always fits */
        f->key = f->digits;
        return true;
    }
    f->iter = first ? json_object_iter(f->container) : json_object_iter_next(f->container, f->iter);
    if (f->iter == NULL)
        return false;
    f->key = json_object_iter_key(f->iter);
    f->element = json_object_iter_value(f->iter);
    return true;
}

/* Opens a frame for the "*" at step number i; its first element, or NULL when there is none. */
static json_t *step_each(struct walk *w, json_t *at, uint16_t i)
{
    struct walk_frame *f;

    if ((!json_is_array(at) && !json_is_object(at)) || w->depth == PATH_EACH_MAX)
        return NULL;
    f = &w->frames[w->depth];
    f->step = i;
    f->container = at;
    if (!frame_advance(f, true))
        return NULL;
    w->depth++;
    return f->element;
}

/* Follows the steps from number `from` at value `at`. False: a "*" found no element. */
static bool descend(struct walk *w, json_t *at, uint16_t from, json_t **ret_value)
{
    const struct walk *bound = w->scope->bound;
    const struct path *p = w->path;
    bool along = bound != NULL && bound != w && from == 0; /* same steps as the bound walk so far */

    for (uint16_t i = from; i < p->step_count; i++) {
        const struct path_step *step = &p->steps[i];
        const struct walk_frame *here;

        if (!scope_spend(w->scope))
            return false;
        along = along && i < bound->path->step_count && same_step(step, &bound->path->steps[i]);
        switch (step->kind) {
        case STEP_KEY:
            at = step_key(at, step->key);
            break;
        case STEP_WHERE:
            at = step_where(w->scope, at, step);
            break;
        case STEP_EACH:
            here = along ? bound_frame(bound, i) : NULL;
            at = here != NULL ? here->element : step_each(w, at, i);
            if (at == NULL)
                return false;
            break;
        }
        if (at == NULL && w->scope->exhausted)
            return false;
    }
    *ret_value = at;
    return true;
}

bool walk_next(struct walk *w, json_t **ret_value)
{
    assert(w->path->from == FROM_DOCUMENT);
    if (w->scope->document == NULL || w->scope->exhausted)
        return false;
    if (!w->started) {
        w->started = true;
        if (descend(w, w->scope->document, 0, ret_value))
            return true;
    }
    while (w->depth > 0 && scope_spend(w->scope)) {
        struct walk_frame *f = &w->frames[w->depth - 1];

        if (!frame_advance(f, false)) {
            w->depth--;
            continue;
        }
        if (descend(w, f->element, (uint16_t)(f->step + 1), ret_value))
            return true;
    }
    return false;
}

const char *scope_capture(const struct scope *scope, const char *name, size_t name_len,
                          size_t *ret_len)
{
    for (uint16_t i = 0; scope->topic != NULL && i < scope->topic->count; i++) {
        const char *have = scope->topic->captures[i].name;

        if (strlen(have) == name_len && memcmp(have, name, name_len) == 0) {
            *ret_len = scope->topic->captures[i].len;
            return scope->topic->captures[i].text;
        }
    }
    for (uint16_t f = 0; scope->bound != NULL && f < scope->bound->depth; f++) {
        const struct walk_frame *frame = &scope->bound->frames[f];
        const char *have = scope->bound->path->steps[frame->step].capture;

        if (have != NULL && strlen(have) == name_len && memcmp(have, name, name_len) == 0) {
            *ret_len = strlen(frame->key);
            return frame->key;
        }
    }
    return NULL;
}

void path_scalar(struct scope *scope, const struct path *path, struct scalar *ret)
{
    json_t *value = NULL;
    const char *text;
    size_t len;
    struct walk w;

    switch (path->from) {
    case FROM_DOCUMENT:
        walk_start(&w, scope, path);
        if (!walk_next(&w, &value))
            value = NULL;
        scalar_from_json(ret, value);
        return;
    case FROM_CAPTURE:
        text = scope_capture(scope, path->capture, strlen(path->capture), &len);
        break;
    case FROM_TEXT:
        text = scope->text;
        len = scope->text_len;
        break;
    case FROM_NOTHING:
    default:
        text = NULL;
        break;
    }
    if (text != NULL)
        scalar_from_text(ret, text, len);
    else
        scalar_from_json(ret, NULL);
}

void path_format(const struct path *path, char *buf, size_t size)
{
    size_t used = 0;

    assert(size > 0);
    if (path->from != FROM_DOCUMENT || path->step_count == 0) {
        const char *name = path->from == FROM_CAPTURE ? path->capture : "the message";

        (void)tcn_text_copy(buf, size, name); /* cut is fine: for people */
        return;
    }
    buf[0] = '\0';
    for (uint16_t i = 0; i < path->step_count && used + 1 < size; i++) {
        const struct path_step *s = &path->steps[i];
        int rc;

        if (s->kind == STEP_WHERE)
            rc = tcn_text_format(buf + used, size - used, "/[%s=%s]", s->key, s->equals);
        else
            rc = tcn_text_format(buf + used, size - used, "/%s",
                                 s->kind == STEP_EACH ? "*" : s->key);
        used += strlen(buf + used);
        if (rc < 0)
            return;
    }
}
