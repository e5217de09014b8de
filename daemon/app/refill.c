#include "app/refill.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define PAGE 500

struct page {
    struct arena arena;
    struct outbox_row rows[PAGE];
    uint32_t count;
    bool failed;
};

/* A row lives only as long as this call, so the page keeps a copy. */
static void keep(void *arg, const struct outbox_row *row)
{
    struct page *p = arg;
    struct outbox_row *copy = &p->rows[p->count];
    char *topic = arena_text(&p->arena, row->topic, strlen(row->topic));
    char *payload =
        arena_text(&p->arena, row->payload == NULL ? "" : row->payload, row->payload_len);

    if (p->failed || topic == NULL || payload == NULL) {
        p->failed = true;
        return;
    }
    *copy = *row;
    copy->topic = topic;
    copy->payload = row->payload == NULL ? NULL : payload;
    p->count++;
}

/* One page. *ret_more: push had room for all of it, and there may be more. */
static bool refill_page(struct push *push, struct store *store, uint64_t after, bool *ret_more)
{
    struct page *page = calloc(1, sizeof *page);
    struct tcn_fail fail;
    bool ok;

    *ret_more = false;
    if (page == NULL)
        return false;
    ok = store_outbox(store, after, PAGE, keep, page, &fail) == TCN_OK && !page->failed;
    if (ok)
        *ret_more = push_refill(push, page->rows, page->count, page->count < PAGE);
    arena_done(&page->arena);
    free(page);
    return ok;
}

bool refill_push(struct push *push, struct store *store)
{
    uint64_t after;
    bool ok = true, more = true;

    while (ok && more && push_wants(push, &after))
        ok = refill_page(push, store, after, &more);
    return ok;
}
