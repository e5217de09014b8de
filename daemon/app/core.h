/* app/core.h - L's side of the flow: records in, engine, batches out to the writer and back.
 *
 * Owner:   the core owns engine, batches and writer; it borrows the rest.
 * Thread:  L. */
#ifndef TOCSIN_APP_CORE_H
#define TOCSIN_APP_CORE_H

#include "app/writer.h"
#include "base/clock.h"
#include "engine/engine.h"

struct console;
struct core;
struct intake;
struct push;
struct core_conf { /* kept until core_free() */
    const struct message_context *message;
    const struct tcn_clock *clock;
    struct store *store;
    struct tcn_now started;
    void *arg;
    void (*wake)(void *arg); /* from any thread: call core_turn() soon */
};
/* Builds the engine from the database's state. Snapshot is borrowed for the call. */
int core_new(const struct core_conf *conf, const struct snapshot *snapshot, struct core **ret,
             struct tcn_fail *reterr);
void core_free(struct core *c);

/* What a turn takes from and gives to; set before the first turn, and only while the writer has no
 * work. Any may be NULL (shutdown). Push gets what the last run left in the outbox. */
void core_attach(struct core *c, struct intake *intake, struct push *push, struct console *console);

/* One turn of the loop: what was committed is told, what came in goes through the engine, timers
 * that are due run, and a batch is lent to the writer if it is free. Returns engine time of the
 * next deadline. more: there is more to take in at once. */
int64_t core_turn(struct core *c, bool *ret_more);
/* A command that did not come through intake. */
void core_command(struct core *c, const struct command *command);
/* True if nothing waits to be taken, decided or committed. */
bool core_quiet(const struct core *c);
/* Takes, decides and commits all that there is, within patience_ms; TCN_EIO if that is too short. */
int core_drain(struct core *c, int64_t patience_ms, struct tcn_fail *reterr);

const struct engine *core_engine(const struct core *c);
void core_writer_stats(struct core *c, struct writer_stats *ret);

#endif
