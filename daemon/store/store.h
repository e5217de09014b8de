/* store/store.h - the SQLite database: sole writer, migrations, one transaction a batch, and
 * reading everything back at start.
 *
 * WAL mode, synchronous=FULL, STRICT tables, prepared statements only. Beside the database and its
 * -wal and -shm files lies <path>-lock, locked while a store is open, so that two daemons never
 * write to one database; it is left in place.
 * Thread:  one at a time: opened and loaded by main, then S alone.
 * Limits:  rows carry ids as text of at most REGISTRY_ID_MAX bytes, payloads up to BUF_MAX. A call
 *          waits STORE_BUSY_MS at most for a lock. */
#ifndef TOCSIN_STORE_STORE_H
#define TOCSIN_STORE_STORE_H

#include "model/effects.h"

struct store;

#define STORE_BUSY_MS 250

struct store_conf { /* kept until store_close() */
    const char *path;
    int64_t wall_ms;     /* now, for a new database: its epoch and date of creation */
    const char *gateway; /* ids.h; NULL: whosever it is (tools) */
    const struct metrics *metrics;
    const struct registry *registry;
    const struct rules *rules;
};

/* One message that has to go upstream. Ids come from one counter that survives restarts, and give
 * the order. */
struct outbox_row {
    uint64_t id; /* assigned by store_commit() when 0 on entry, also if it then fails */
    const char *topic;
    const void *payload; /* NULL with len 0: an empty retained message, which deletes */
    size_t payload_len;
    bool retain;
    uint8_t priority; /* 0 = fire first; by signal class */
    int64_t queued_wall_ms;
    int64_t received_us; /* tcn_clock_us() of the cause, 0: none. Not stored */
};

struct store_batch {
    const struct effects *effects; /* NULL: none */
    struct outbox_row *rows;
    uint32_t row_count;
    const uint64_t *delivered; /* outbox ids to delete */
    uint32_t delivered_count;
    int64_t mono_ms; /* engine time of the batch */
    int64_t wall_ms;
    /* The ring (intake/ring_file.h) whose records before this position are in the effects of this
     * batch or of earlier ones. 0: none. */
    uint64_t ring, ring_position;
};

/* Opens or creates the database and brings its schema to this version. TCN_EIO (in use by another
 * daemon, no permission, disk), TCN_EFULL, TCN_EAGAIN (a tool has it locked), TCN_ECORRUPT (not a
 * database or not ours, integrity, written by a newer version), TCN_ECONFLICT (it is another
 * gateway's), TCN_ENOMEM, TCN_EINPUT (path too
 * long). On failure *ret is untouched. */
int store_open(const struct store_conf *conf, struct store **ret, struct tcn_fail *reterr);
void store_close(struct store *s);

/* Reads everything that has to live on. Rows whose device, rule, metric or party is not configured
 * any more are counted in orphan_count and left in the database, and so are values whose metric
 * changed its type or unit beyond conversion. A task whose party is gone is loaded without it.
 * *ret is zeroed first, and again on failure; snapshot_done() it. TCN_EIO, TCN_EAGAIN,
 * TCN_ECORRUPT, TCN_ENOMEM. */
int store_load(struct store *s, struct snapshot *ret, struct tcn_fail *reterr);

/* What store_load() left out and people wait for: standing alarms and open tasks whose device or
 * rule is not configured. fn is called for each; the text is valid during the call. */
struct store_orphan {
    uint64_t alarm; /* 0: this is an open task */
    uint64_t task;  /* the task, or the alarm's task (0: none) */
    const char *device, *rule;
    const char *signal_class; /* the word; "" for a task */
};
int store_orphans(struct store *s, void (*fn)(void *arg, const struct store_orphan *o), void *arg,
                  struct tcn_fail *reterr);

/* Everything in the batch, or nothing. Assigns outbox ids. On failure nothing is written and the
 * same batch may be tried again. TCN_EIO, TCN_EFULL (disk full), TCN_EAGAIN (locked by another
 * process, after STORE_BUSY_MS), TCN_ENOMEM, TCN_ECORRUPT (damaged, or the batch contradicts what
 * is stored, such as a seq used twice: trying again does not help). */
int store_commit(struct store *s, struct store_batch *batch, struct tcn_fail *reterr);

/* The newest max steps of a task that are committed, oldest first; none for an unknown task.
 * Steps of a batch that is not committed yet are not among them: to encode a history before
 * store_commit(), call this and append the batch's own task changes of that task, those with
 * step_number above the last one returned. *ret_count <= max; on failure it is untouched and
 * steps[] holds nothing of use. */
int store_task_steps(struct store *s, uint64_t task, struct task_step *steps, uint32_t max,
                     uint32_t *ret_count, struct tcn_fail *reterr);

/* Calls fn for each waiting outbox row with id > after, in order of id, at most max of them; the
 * row is valid during the call. */
int store_outbox(struct store *s, uint64_t after, uint32_t max,
                 void (*fn)(void *arg, const struct outbox_row *row), void *arg,
                 struct tcn_fail *reterr);
/* How many rows wait. */
int store_outbox_count(struct store *s, uint64_t *ret_count, struct tcn_fail *reterr);

#endif
