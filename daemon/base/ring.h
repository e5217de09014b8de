/* base/ring.h - a bounded byte ring of length-prefixed records between one producer thread and
 * one consumer thread, over memory that the caller owns and that may outlive the process.
 *
 * The consumer takes records and frees their space later, when what came of them is safe: until
 * then they stay, so that a process started anew over the same memory can take them again.
 *
 * Thread:  ring_reserve/ring_commit by the one producer, all else by the one consumer; no lock,
 *          C11 atomics only (so thread sanitizer sees the hand-over). ring_used() by any.
 * Limits:  capacity is a power of two, 4 KiB .. 1 GiB; a record is at most a quarter of it.
 *
 * A record lies in one piece: one that would cross the end is preceded by a filler. Positions
 * count bytes since the ring was made and never wrap. */
#ifndef TOCSIN_BASE_RING_H
#define TOCSIN_BASE_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ring_marks {        /* beside the memory, and as long-lived; private to ring.c */
    _Atomic uint64_t head; /* consumer: everything before it is free */
    _Atomic uint64_t tail; /* producer: next byte to write */
};

struct ring { /* fields are private to ring.c */
    uint8_t *bytes;
    size_t capacity;
    struct ring_marks *marks;
    uint64_t next;     /* consumer: next record to take */
    uint64_t reserved; /* producer: bytes reserved and not committed, filler included */
    uint64_t reserved_at;
    uint32_t reserved_len;
};

/* An empty ring. memory: capacity bytes, 8-byte aligned; marks and memory are kept until the ring
 * is no longer used. TCN_EINPUT: capacity out of range or no power of two. */
int ring_init(struct ring *r, struct ring_marks *marks, void *memory, size_t capacity);
/* A ring over marks and memory of an earlier process: takes go on at position `from`, or at the
 * oldest record not freed if that is later. TCN_ECORRUPT: they contradict themselves, or `from`
 * lies ahead; *r is then untouched. TCN_EINPUT as above. */
int ring_resume(struct ring *r, struct ring_marks *marks, void *memory, size_t capacity,
                uint64_t from);

/* Space for one record of len bytes (8-byte aligned), or NULL if the ring is too full now or len
 * is 0 or above the limit. Valid until ring_commit(); a second reserve replaces the first. */
void *ring_reserve(struct ring *r, uint32_t len);
/* Makes the reserved record visible to the consumer, and to a later process. */
void ring_commit(struct ring *r);

/* The oldest record not taken and its length, or NULL. Valid until its space is freed. */
const void *ring_peek(struct ring *r, uint32_t *ret_len);
/* Takes the record last peeked. */
void ring_take(struct ring *r);
/* The position behind the last record taken. */
uint64_t ring_position(const struct ring *r);
/* Frees the space of all records taken before this position (one that ring_position() gave). */
void ring_free(struct ring *r, uint64_t position);

/* Bytes not free, for gauges. Any thread. */
size_t ring_used(const struct ring *r);

#endif
