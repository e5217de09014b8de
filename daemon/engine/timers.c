#include "engine/timers.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define TIMERS_FIRST_CAP 64u

void timers_done(struct timers *t)
{
    free(t->slots);
    free(t->heap);
    free(t->free_slots);
    *t = (struct timers){ 0 };
}

static bool earlier(const struct timers *t, uint32_t a, uint32_t b)
{
    const struct timer *x = &t->slots[a], *y = &t->slots[b];

    if (x->deadline_ms != y->deadline_ms)
        return x->deadline_ms < y->deadline_ms;
    if (x->kind != y->kind)
        return x->kind < y->kind;
    return x->tie < y->tie;
}

static void place(struct timers *t, uint32_t at, uint32_t slot)
{
    t->heap[at] = slot;
    t->slots[slot].heap_at = at;
}

static void sift_up(struct timers *t, uint32_t at)
{
    uint32_t slot = t->heap[at];

    while (at > 0 && earlier(t, slot, t->heap[(at - 1) / 2])) {
        place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(t, at, slot);
}

static void sift_down(struct timers *t, uint32_t at)
{
    uint32_t slot = t->heap[at];

    for (;;) {
        uint32_t child = at * 2 + 1;

        if (child >= t->heap_count)
            break;
        if (child + 1 < t->heap_count && earlier(t, t->heap[child + 1], t->heap[child]))
            child++;
        if (!earlier(t, t->heap[child], slot))
            break;
        place(t, at, t->heap[child]);
        at = child;
    }
    place(t, at, slot);
}

/* Makes room for one more slot in all three arrays, or changes nothing that matters. */
static int grow(struct timers *t)
{
    uint32_t cap = t->slot_cap == 0 ? TIMERS_FIRST_CAP : t->slot_cap * 2;
    struct timer *slots;
    uint32_t *heap, *free_slots;

    if (cap < t->slot_cap)
        return TCN_ENOMEM;
    slots = realloc(t->slots, cap * sizeof *slots);
    if (slots == NULL)
        return TCN_ENOMEM;
    t->slots = slots;
    heap = realloc(t->heap, cap * sizeof *heap);
    if (heap == NULL)
        return TCN_ENOMEM;
    t->heap = heap;
    free_slots = realloc(t->free_slots, cap * sizeof *free_slots);
    if (free_slots == NULL)
        return TCN_ENOMEM;
    t->free_slots = free_slots;
    if (t->slot_cap == 0)
        t->slot_count = 1; /* handle 0 means none */
    t->slot_cap = cap;
    return TCN_OK;
}

uint32_t timers_start(struct timers *t, int64_t deadline_ms, enum timer_kind kind, uint64_t tie,
                      uint32_t a, uint32_t b)
{
    uint32_t slot;

    if (t->free_count > 0) {
        slot = t->free_slots[--t->free_count];
    } else {
        if (t->slot_count == t->slot_cap && grow(t) < 0)
            return 0;
        slot = t->slot_count++;
    }
    t->slots[slot] =
        (struct timer){ .deadline_ms = deadline_ms, .tie = tie, .kind = kind, .a = a, .b = b };
    place(t, t->heap_count, slot);
    t->heap_count++;
    sift_up(t, t->heap_count - 1);
    return slot;
}

void timers_stop(struct timers *t, uint32_t handle)
{
    uint32_t at;

    assert(handle > 0 && handle < t->slot_count);
    at = t->slots[handle].heap_at;
    assert(at < t->heap_count && t->heap[at] == handle);
    t->heap_count--;
    if (at < t->heap_count) {
        uint32_t moved = t->heap[t->heap_count];

        place(t, at, moved);
        sift_up(t, at);
        sift_down(t, t->slots[moved].heap_at);
    }
    t->slots[handle].heap_at = UINT32_MAX;
    t->free_slots[t->free_count++] = handle;
}

int64_t timers_deadline_ms(const struct timers *t)
{
    return t->heap_count == 0 ? TCN_NEVER : t->slots[t->heap[0]].deadline_ms;
}

struct timer timers_take(struct timers *t)
{
    struct timer first;

    assert(t->heap_count > 0);
    first = t->slots[t->heap[0]];
    timers_stop(t, t->heap[0]);
    return first;
}

const struct timer *timers_peek(const struct timers *t, uint32_t handle)
{
    assert(handle > 0 && handle < t->slot_count);
    return &t->slots[handle];
}
