/* push/push.h - the outbox goes upstream, on thread U.
 *
 * In order per topic; between topics the most urgent waiting message decides (fire first), then
 * age. At most `window` publishes are unacknowledged. A row is delivered when the broker's PUBACK
 * came with success; it is then reported, and its deletion rides on a later commit. What was
 * handed to Paho is handed over again only after its failure was reported, or after a restart. A
 * publish that the broker refuses makes its topic rest, 1 s at first and up to 60 s; those of the
 * same topic that were under way together with it may then overtake it.
 *
 * Memory and database: push holds at most PUSH_MEMORY_MAX. It accepts rows by rising id only, each
 * once, and at the first row that it can't take it falls behind: from then on push_feed() takes
 * nothing, the rows stay in the database, and push_wants() tells S from where to read them back
 * once there is room. It starts behind, so that the outbox of the last run comes the same way:
 *
 *     after a commit:       push_feed(p, rows, count);
 *     then, and when woken: while (push_wants(p, &after)) {
 *                               store_outbox(…, after, PAGE, …);
 *                               if (!push_refill(p, rows, got, got < PAGE))
 *                                   break;
 *                           }
 *
 * Thread:  push_feed() and push_refill() on S, or on main before S runs; push_wants() any;
 *          push_get_stats() any, but not while push_close() runs; the rest on L. None of them waits for the network, except
 *          push_close(). */
#ifndef TOCSIN_PUSH_PUSH_H
#define TOCSIN_PUSH_PUSH_H

#include "link/link.h"
#include "store/store.h"

#define PUSH_MEMORY_MAX    ((size_t)32 << 20)
#define PUSH_DELIVERED_MAX 65536 /* not taken by L: then U publishes no more */

struct push;
struct push_conf { /* kept until push_free() */
    const struct connection_conf *connection;
    const char *const *filters; /* command topics to subscribe to */
    const uint8_t *qos;
    uint32_t filter_count;
    const char *status_topic; /* also the will's */
    const void *will_payload; /* also what push_close() leaves behind */
    size_t will_len;
    size_t memory_max; /* 0: PUSH_MEMORY_MAX */
    void *arg;
    void (*on_message)(void *arg, const struct link_message *m); /* on P: commands */
    /* On P: wake L. Delivered ids wait (and so push_wants() may have become true), or a session
     * was lost. */
    void (*wake)(void *arg);
};
/* Starts U and the connection. TCN_EINPUT, TCN_ENOMEM, TCN_EIO: *reterr says why. */
int push_open(const struct push_conf *conf, struct push **ret, struct tcn_fail *reterr);
/* Publishes the will's message as the last status (retained), waits for acknowledgements, stops U
 * and disconnects, all within about timeout_ms. What was delivered until then can still be taken;
 * on_message and wake are not called any more. */
void push_close(struct push *p, int timeout_ms);
void push_free(struct push *p); /* after push_close(); NULL is fine */

/* Copies committed rows (ids assigned, rising). False: it is behind, and not all were taken. Rows
 * that it had before are passed over. */
bool push_feed(struct push *p, const struct outbox_row *rows, uint32_t count);
/* True if it is behind and has room; *ret_after is the id after which to read. */
bool push_wants(struct push *p, uint64_t *ret_after);
/* Rows read back. complete: the database has no more, so that push_feed() takes rows again, if all
 * of these had room. False: not all had; ask push_wants() again when woken. */
bool push_refill(struct push *p, const struct outbox_row *rows, uint32_t count, bool complete);

/* The retained status message: published now and after each connect, before all else; replaces
 * one not yet sent. Not in the outbox. Copied. TCN_ENOMEM. */
int push_status(struct push *p, const void *payload, size_t len);

/* Moves up to max delivered outbox ids out; returns how many. */
uint32_t push_take_delivered(struct push *p, uint64_t *ids, uint32_t max);
/* True once after a connect for which the broker had no session: L then puts all standing state
 * into the outbox again. */
bool push_take_session_lost(struct push *p);

struct push_stats {
    struct link_stats link;
    uint64_t delivered, failed; /* failed: publishes that were refused or cut off */
    uint64_t waiting, in_flight;
    size_t bytes; /* of memory for these */
    bool behind;  /* more waits in the database */
    /* receive -> upstream PUBACK of messages of priority 0 */
    uint64_t fire_count;
    int64_t fire_last_us, fire_max_us;
};
void push_get_stats(struct push *p, struct push_stats *ret);

#endif
