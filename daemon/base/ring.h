/* base/ring.h - a bounded byte ring of length-prefixed records between one producer thread and
 * one consumer thread, over memory that the caller owns.
 *
 * Thread:  ring_reserve/ring_commit by the one producer, ring_peek/ring_release by the one
 *          consumer; no lock, C11 atomics only (so thread sanitizer sees the hand-over).
 * Limits:  capacity is a power of two, 4 KiB .. 1 GiB; a record is at most a quarter of it.
 *
 * A record lies in one piece: one that would cross the end is preceded by a filler. */
#ifndef TOCSIN_BASE_RING_H
#define TOCSIN_BASE_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ring { /* fields are private to ring.c */
    uint8_t *bytes;
    size_t capacity;
    _Atomic uint64_t head; /* consumer: next byte to read */
    _Atomic uint64_t tail; /* producer: next byte to write */
    uint64_t reserved;     /* producer: bytes reserved and not committed, filler included */
    uint64_t reserved_at;
    uint32_t reserved_len;
};

/* memory: capacity bytes, 8-byte aligned, kept until the ring is no longer used.
 * TCN_EINPUT: capacity out of range or no power of two. */
int ring_init(struct ring *r, void *memory, size_t capacity);

/* Space for one record of len bytes (8-byte aligned), or NULL if the ring is too full now or len
 * is 0 or above the limit. Valid until ring_commit(); a second reserve replaces the first. */
void *ring_reserve(struct ring *r, uint32_t len);
/* Makes the reserved record visible to the consumer. */
void ring_commit(struct ring *r);

/* The oldest record and its length, or NULL. Valid until ring_release(). */
const void *ring_peek(struct ring *r, uint32_t *ret_len);
/* Frees the record last peeked. */
void ring_release(struct ring *r);

/* Bytes in use, for gauges. Any thread. */
size_t ring_used(const struct ring *r);

#endif
