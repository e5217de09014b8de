/* base/ring.c - see ring.h.
 *
 *   head                                   tail                     end
 *    v                                      v                        v
 *    [len|data....][len|data..][len|data...][ free ............ | filler ]
 *
 * head and tail count bytes since the start and never wrap; the place in memory is their
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

int ring_init(struct ring *r, void *memory, size_t capacity)
{
    if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX || (capacity & (capacity - 1)) != 0)
        return TCN_EINPUT;
    assert(((uintptr_t)memory & 7) == 0);
    r->bytes = memory;
    r->capacity = capacity;
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    r->reserved = 0;
    r->reserved_at = 0;
    r->reserved_len = 0;
    return TCN_OK;
}

void *ring_reserve(struct ring *r, uint32_t len)
{
    r->reserved = 0;
    if (len == 0 || len > r->capacity / 4)
        return NULL;
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
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
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    assert(r->reserved > 0);
    if (r->reserved_at != tail) {
        uint64_t filler = r->reserved_at - tail - sizeof(struct record_header);
        put_header(r, tail, (uint32_t)filler, true);
    }
    put_header(r, r->reserved_at, r->reserved_len, false);
    atomic_store_explicit(&r->tail, tail + r->reserved, memory_order_release);
    r->reserved = 0;
}

const void *ring_peek(struct ring *r, uint32_t *ret_len)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

    if (head == tail)
        return NULL;
    struct record_header header = header_at(r, head);
    if (header.filler) { /* a record follows it: they were committed together */
        head += record_size(header.len);
        atomic_store_explicit(&r->head, head, memory_order_release);
        assert(head != tail);
        header = header_at(r, head);
    }
    assert(!header.filler && record_size(header.len) <= tail - head);
    *ret_len = header.len;
    return place(r, head) + sizeof header;
}

void ring_release(struct ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    assert(head != atomic_load_explicit(&r->tail, memory_order_relaxed));
    struct record_header header = header_at(r, head);
    assert(!header.filler); /* nothing was peeked */
    atomic_store_explicit(&r->head, head + record_size(header.len), memory_order_release);
}

size_t ring_used(const struct ring *r)
{
    /* head first: tail is then never behind it. */
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    return tail - head < r->capacity ? (size_t)(tail - head) : r->capacity;
}
