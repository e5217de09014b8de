/* intake/ring_file.h - the ring between P and L as a memory-mapped file in the runtime directory
 * (tmpfs): what was acknowledged to the broker outlives a killed process (design, 5.3).
 *
 *   page 0: magic, format, what the records mean (fingerprint), boot id, ring id, marks, repeats
 *   then:   the records
 * A file of another boot, format or configuration can't be read: it is set aside as <path>.old.
 * It is locked: one process, one ring.
 *
 * Owner:   struct ring_file owns the mapping; ring_file_close() leaves the file.
 * Thread:  opened and closed by L while P is not there; the ring as base/ring.h says; the repeats
 *          by P alone. */
#ifndef TOCSIN_INTAKE_RING_FILE_H
#define TOCSIN_INTAKE_RING_FILE_H

#include <stdbool.h>

#include "base/ring.h"

#define RING_REPEATS 1024 /* deliveries remembered, to know them again */

struct ring_file_conf {
    const char *path;     /* NULL: memory that ends with the process (tests) */
    size_t capacity;      /* as base/ring.h */
    uint64_t fingerprint; /* of all that gives the indexes in records their meaning */
    uint64_t committed_ring, committed_position; /* from the database; 0: none */
};

struct ring_file_head; /* page 0 */
struct ring_file {
    struct ring_file_head *head;
    size_t size;
    int fd;      /* holds the lock; -1: none */
    uint64_t id; /* never 0; a new one for each new file */
    struct ring ring;
    char aside[192]; /* why an older file was set aside, and what was in it; "" if none was */
};

/* Opens the file and goes on behind what is committed, or makes a new one. TCN_EIO (in use by
 * another process, no room, no permission): *reterr says why, *ret is untouched. */
int ring_file_open(const struct ring_file_conf *conf, struct ring_file *ret,
                   struct tcn_fail *reterr);
void ring_file_close(struct ring_file *f);

/* The stamp of the record committed last, in engine time, 0: none yet. */
int64_t ring_file_last_ms(const struct ring_file *f);
void ring_file_set_last_ms(struct ring_file *f, int64_t mono_ms);

/* Deliveries whose records are in: a broker that did not get our acknowledgement sends them again.
 * key: over packet id, topic and payload; never 0. */
bool ring_file_was_delivered(const struct ring_file *f, uint64_t key);
void ring_file_note_delivered(struct ring_file *f, uint64_t key);
/* The broker has forgotten us: its packet ids begin anew. */
void ring_file_forget_delivered(struct ring_file *f);

#endif
