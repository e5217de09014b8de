#include "intake/filters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One level of a filter or topic; text is NULL after the last one. */
struct level {
    const char *text, *end;
    size_t len;
};

static void level_set(struct level *l, const char *text, const char *end)
{
    const char *slash;

    l->text = text;
    l->end = end;
    l->len = 0;
    if (text == NULL)
        return;
    slash = memchr(text, '/', (size_t)(end - text));
    l->len = (size_t)((slash != NULL ? slash : end) - text);
}

static void level_next(struct level *l)
{
    const char *after = l->text + l->len;

    level_set(l, after < l->end ? after + 1 : NULL, l->end);
}

static bool level_is(const struct level *l, char wildcard)
{
    return l->text != NULL && l->len == 1 && l->text[0] == wildcard;
}

bool filter_covers(const char *a, const char *b, size_t b_len)
{
    struct level la, lb;

    if (b_len > 0 && b[0] == '$' && a[0] != '$')
        return false;
    level_set(&la, a, a + strlen(a));
    level_set(&lb, b, b + b_len);
    while (la.text != NULL) {
        if (level_is(&la, '#'))
            return true; /* also "a/#" over "a": there b has ended */
        if (lb.text == NULL || level_is(&lb, '#'))
            return false;
        if (!level_is(&la, '+') &&
            (la.len != lb.len || memcmp(la.text, lb.text, la.len) != 0 || level_is(&lb, '+')))
            return false;
        level_next(&la);
        level_next(&lb);
    }
    return lb.text == NULL;
}

int filters_init(struct filters *f, uint32_t capacity)
{
    memset(f, 0, sizeof *f);
    f->items = calloc(capacity > 0 ? capacity : 1, sizeof *f->items);
    f->qos = calloc(capacity > 0 ? capacity : 1, sizeof *f->qos);
    if (f->items == NULL || f->qos == NULL) {
        filters_done(f);
        return TCN_ENOMEM;
    }
    f->capacity = capacity;
    return TCN_OK;
}

void filters_done(struct filters *f)
{
    free(f->items);
    free(f->qos);
    memset(f, 0, sizeof *f);
}

void filters_add(struct filters *f, const char *filter, uint8_t qos)
{
    size_t len = strlen(filter);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < f->count; i++)
        if (filter_covers(f->items[i], filter, len)) {
            if (f->qos[i] < qos)
                f->qos[i] = qos;
            return;
        }
    for (uint32_t i = 0; i < f->count; i++) {
        if (filter_covers(filter, f->items[i], strlen(f->items[i]))) {
            if (qos < f->qos[i])
                qos = f->qos[i];
            continue;
        }
        f->items[kept] = f->items[i];
        f->qos[kept] = f->qos[i];
        kept++;
    }
    assert(kept < f->capacity);
    f->items[kept] = filter;
    f->qos[kept] = qos;
    f->count = kept + 1;
}

bool filters_match(const struct filters *f, const char *topic, size_t len)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (filter_covers(f->items[i], topic, len))
            return true;
    return false;
}
