/* base/ring.c - see ring.h.
 *
 *   head          next                     tail                     end
 *    v             v                        v                        v
 *    [len|data....][len|data..][len|data...][ free ............ | filler ]
 *
 * head, next and tail count bytes since the start and never wrap; the place in memory is their
 * remainder. Everything is a multiple of 8 bytes, so a header always fits before the end. */
#include "base/ring.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define CAPACITY_MIN ((size_t)4 << 10)
#define CAPACITY_MAX ((size_t)1 << 30)

struct record_header {
    uint32_t len;
    uint32_t filler; /* 1: skip it */
};

static uint64_t record_size(uint32_t len)
{
    return sizeof(struct record_header) + (((uint64_t)len + 7) & ~UINT64_C(7));
}

static uint8_t *place(const struct ring *r, uint64_t at)
{
    return r->bytes + (at & (r->capacity - 1));
}

static struct record_header header_at(const struct ring *r, uint64_t at)
{
    struct record_header header;
    memcpy(&header, place(r, at), sizeof header);
    return header;
}

static void put_header(struct ring *r, uint64_t at, uint32_t len, bool filler)
{
    const struct record_header header = { .len = len, .filler = filler };
    memcpy(place(r, at), &header, sizeof header);
}

static int check_capacity(size_t capacity)
{
    if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX || (capacity & (capacity - 1)) != 0)
        return TCN_EINPUT;
    return TCN_OK;
}

int ring_init(struct ring *r, struct ring_marks *marks, void *memory, size_t capacity)
{
    if (check_capacity(capacity) < 0)
        return TCN_EINPUT;
    assert(((uintptr_t)memory & 7) == 0);
    atomic_init(&marks->head, 0);
    atomic_init(&marks->tail, 0);
    *r = (struct ring){ .bytes = memory, .capacity = capacity, .marks = marks };
    return TCN_OK;
}

/* Walks from one position to another; false if the records do not lead there. */
static bool leads_to(const struct ring *r, uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t size = record_size(header_at(r, from).len);

        if (size > to - from || size > r->capacity - (from & (r->capacity - 1)))
            return false;
        from += size;
    }
    return from == to;
}

int ring_resume(struct ring *r, struct ring_marks *marks, void *memory, size_t capacity,
                uint64_t from)
{
    struct ring again = { .bytes = memory, .capacity = capacity, .marks = marks };
    uint64_t head = atomic_load(&marks->head), tail = atomic_load(&marks->tail);

    if (check_capacity(capacity) < 0)
        return TCN_EINPUT;
    again.next = from > head ? from : head;
    if (tail < head || tail - head > capacity || again.next > tail || ((head | tail) & 7) != 0 ||
        !leads_to(&again, head, again.next) || !leads_to(&again, again.next, tail))
        return TCN_ECORRUPT;
    atomic_store(&marks->head, again.next); /* what comes before is safe */
    *r = again;
    return TCN_OK;
}

void *ring_reserve(struct ring *r, uint32_t len)
{
    r->reserved = 0;
    if (len == 0 || len > r->capacity / 4)
        return NULL;
    uint64_t tail = atomic_load_explicit(&r->marks->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&r->marks->head, memory_order_acquire);
    uint64_t need = record_size(len);
    uint64_t to_end = r->capacity - (tail & (r->capacity - 1));
    uint64_t filler = to_end < need ? to_end : 0;
    if (tail - head + filler + need > r->capacity)
        return NULL;
    r->reserved = filler + need;
    r->reserved_at = tail + filler;
    r->reserved_len = len;
    return place(r, r->reserved_at) + sizeof(struct record_header);
}

void ring_commit(struct ring *r)
{
    uint64_t tail = atomic_load_explicit(&r->marks->tail, memory_order_relaxed);

    assert(r->reserved > 0);
    if (r->reserved_at != tail) {
        uint64_t filler = r->reserved_at - tail - sizeof(struct record_header);
        put_header(r, tail, (uint32_t)filler, true);
    }
    put_header(r, r->reserved_at, r->reserved_len, false);
    atomic_store_explicit(&r->marks->tail, tail + r->reserved, memory_order_release);
    r->reserved = 0;
}

const void *ring_peek(struct ring *r, uint32_t *ret_len)
{
    uint64_t tail = atomic_load_explicit(&r->marks->tail, memory_order_acquire);
    struct record_header header;

    if (r->next == tail)
        return NULL;
    header = header_at(r, r->next);
    if (header.filler) { /* a record follows it: they were committed together */
        r->next += record_size(header.len);
        assert(r->next != tail);
        header = header_at(r, r->next);
    }
    assert(!header.filler && record_size(header.len) <= tail - r->next);
    *ret_len = header.len;
    return place(r, r->next) + sizeof header;
}

void ring_take(struct ring *r)
{
    struct record_header header;

    assert(r->next != atomic_load_explicit(&r->marks->tail, memory_order_relaxed));
    header = header_at(r, r->next);
    assert(!header.filler); /* nothing was peeked */
    r->next += record_size(header.len);
}

uint64_t ring_position(const struct ring *r)
{
    return r->next;
}

void ring_free(struct ring *r, uint64_t position)
{
    assert(position <= r->next);
    if (position > atomic_load_explicit(&r->marks->head, memory_order_relaxed))
        atomic_store_explicit(&r->marks->head, position, memory_order_release);
}

size_t ring_used(const struct ring *r)
{
    /* head first: tail is then never behind it. */
    uint64_t head = atomic_load_explicit(&r->marks->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&r->marks->tail, memory_order_acquire);
    return tail - head < r->capacity ? (size_t)(tail - head) : r->capacity;
}
