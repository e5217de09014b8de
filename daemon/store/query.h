/* store/query.h - questions to the database, on a read-only connection of their own.
 *
 * Thread:  one query at a time per struct query; meant for libuv's thread pool. Sees what is
 *          committed. A row is valid during the callback, which returns false to stop. */
#ifndef TOCSIN_STORE_QUERY_H
#define TOCSIN_STORE_QUERY_H

#include "store/store.h"

#define QUERY_ROWS_MAX 100000 /* larger limits count as this */

struct query;
struct query_conf { /* kept until query_close() */
    const char *path;
    const struct metrics *metrics; /* all three may be NULL where only query_outbox() is called */
    const struct registry *registry;
    const struct rules *rules;
};
/* The database must have been opened by this version's store_open() before. TCN_EIO (there is
 * none, no permission), TCN_EAGAIN (locked, or not brought to this version yet), TCN_ECORRUPT (not
 * ours, newer version), TCN_ENOMEM. On failure *ret is untouched. The others fail in the same
 * ways; rows told before a failure stand. */
int query_open(const struct query_conf *conf, struct query **ret, struct tcn_fail *reterr);
void query_close(struct query *q);

struct query_alarms {
    bool all;         /* also those that are over; else standing ones only */
    int signal_class; /* -1: any */
    uint64_t id;      /* != 0: only this one, over or not; the other fields don't matter */
    uint32_t limit;   /* at most so many rows */
};
/* Most urgent class first, then newest first. Alarms of devices or rules no longer configured are
 * left out. */
int query_alarms_run(struct query *q, const struct query_alarms *filter,
                     bool (*fn)(void *arg, const struct alarm *a), void *arg,
                     struct tcn_fail *reterr);

struct query_tasks {
    bool all;     /* also closed and withdrawn ones */
    uint64_t id;  /* != 0: only this one, open or not; the other fields don't matter */
    bool overdue; /* only overdue ones */
    uint32_t enterprise, department, unit; /* REGISTRY_NONE: any */
    uint32_t limit;
};
/* Open ones first, of these overdue ones first, then by deadline. Tasks of devices or rules no
 * longer configured are left out. steps: the task's history, oldest first: all of it, or the
 * first step and the newest TASK_STEPS_MAX - 1. */
int query_tasks_run(struct query *q, const struct query_tasks *filter,
                    bool (*fn)(void *arg, const struct task *t, const struct task_step *steps,
                               uint32_t step_count),
                    void *arg, struct tcn_fail *reterr);

/* Past alarm events, oldest first, the newest `limit` of them; without those of devices or rules
 * no longer configured. received_us is 0. */
int query_events_run(struct query *q, uint32_t limit,
                     bool (*fn)(void *arg, const struct alarm_change *c), void *arg,
                     struct tcn_fail *reterr);

/* As store_outbox(), for thread U. */
int query_outbox(struct query *q, uint64_t after, uint32_t max,
                 void (*fn)(void *arg, const struct outbox_row *row), void *arg,
                 struct tcn_fail *reterr);

#endif
