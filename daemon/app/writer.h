/* app/writer.h - thread S: one batch of engine effects at a time becomes outbox rows and one
 * committed transaction, and only then goes to push and back to L.
 *
 * Thread:  writer_submit() and writer_take() on L; the callbacks run on S.
 * A commit that fails is tried again until it succeeds or the writer is stopped: the batch stays
 * whole. Only where it contradicts the database (TCN_ECORRUPT) the process ends. How long that has lasted is visible by writer_get_stats(). */
#ifndef TOCSIN_APP_WRITER_H
#define TOCSIN_APP_WRITER_H

#include "app/outgoing.h"

struct batch {
    struct effects effects;
    uint64_t *delivered; /* outbox ids to delete */
    uint32_t delivered_count, delivered_cap;
    struct alarm *standing; /* to publish again; malloc, NULL: none */
    uint32_t standing_count;
    int64_t mono_ms, wall_ms;     /* set by L when it submits, as the rest */
    uint64_t ring, ring_position; /* all records before it are in */
};
void batch_done(struct batch *b);
void batch_reset(struct batch *b); /* memory is kept */
bool batch_empty(const struct batch *b);
int batch_deliver(struct batch *b, const uint64_t *ids, uint32_t count); /* TCN_ENOMEM */

struct writer;
struct writer_conf { /* kept until writer_free() */
    struct store *store;
    const struct message_context *message;
    void *arg;
    void (*committed)(void *arg, const struct outbox_row *rows, uint32_t count);
    void (*wake)(void *arg);
};
int writer_new(const struct writer_conf *conf, struct writer **ret, struct tcn_fail *reterr);
/* Waits for the batch in hand, at most until `patience_ms` after a commit began to fail, and ends
 * the thread. */
void writer_free(struct writer *w, int64_t patience_ms);

/* Lends a batch to S. Only when writer_idle(). */
void writer_submit(struct writer *w, struct batch *b);
bool writer_idle(struct writer *w);
/* The batch lent last, once it is committed; NULL while it is not. */
struct batch *writer_take(struct writer *w);
/* Blocks until the batch lent is committed or patience_ms passed; at shutdown only. */
void writer_wait(struct writer *w, int64_t patience_ms);

struct writer_stats {
    uint64_t commits, failures, rows;
    int64_t failing_since_us; /* 0: the last commit succeeded */
};
void writer_get_stats(struct writer *w, struct writer_stats *ret);

#endif
