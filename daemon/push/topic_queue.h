/* push/topic_queue.h - messages that wait to be published: in order within a topic, the most
 * urgent topic first. Pure.
 *
 * A topic has the priority of the most urgent message that waits in it, so that a fire message
 * pulls along what was before it in its own topic and overtakes all other topics. Among topics
 * of one priority the one with the oldest message comes first. Messages are taken, and end by
 * done or back; of a topic whose next message is retained, one at a time.
 *
 * Units:   *_us are microseconds of one clock that never goes back; the caller gives "now".
 * Owner:   the queue copies what is put in and owns it, also while it is taken.
 * Thread:  one at a time.
 * Limits:  memory_max bytes, of waiting and taken messages together; what does not fit is refused.
 *          Priorities from TOPIC_QUEUE_PRIORITIES on count as the last one. */
#ifndef TOCSIN_PUSH_TOPIC_QUEUE_H
#define TOCSIN_PUSH_TOPIC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TOPIC_QUEUE_PRIORITIES  8
#define TOPIC_QUEUE_HOLD_MIN_US INT64_C(1000000)
#define TOPIC_QUEUE_HOLD_MAX_US INT64_C(60000000)

struct queue_message {
    uint64_t id;       /* gives the order within a topic; unique */
    const char *topic; /* kept by the queue until the message is done */
    const void *payload;
    size_t payload_len;
    bool retain;
    uint8_t priority;    /* 0 is the most urgent */
    int64_t received_us; /* the queue does not look at it */
};

struct topic_queue;
int topic_queue_new(size_t memory_max, struct topic_queue **ret);
void topic_queue_free(struct topic_queue *q);

/* Copies m into the queue. TCN_EFULL: no room now (a message that is too large by itself is taken
 * when nothing else is there). TCN_ENOMEM. The queue is unchanged then. */
int topic_queue_put(struct topic_queue *q, const struct queue_message *m);

/* The next message, or NULL if none may go now. It is the caller's to publish until it is done or
 * back. */
const struct queue_message *topic_queue_take(struct topic_queue *q, int64_t now_us);
/* It is delivered, or given up: forgets it. */
void topic_queue_done(struct topic_queue *q, const struct queue_message *m);
/* It was not delivered: it goes to its place in its topic. refused: the receiver did not want it,
 * so its topic rests, for TOPIC_QUEUE_HOLD_MIN_US at first and twice as long each time. Returns
 * how long it rests. */
int64_t topic_queue_back(struct topic_queue *q, const struct queue_message *m, bool refused,
                         int64_t now_us);
/* Ends the rest of all topics, for instance in a new connection. */
void topic_queue_release(struct topic_queue *q);

/* When take has to be tried again even if nothing happens: 0 at once, TCN_NEVER not at all. */
int64_t topic_queue_due_us(const struct topic_queue *q);

struct topic_queue_counts {
    uint64_t waiting, taken;
    size_t bytes, topics;
};
struct topic_queue_counts topic_queue_counts(const struct topic_queue *q);

#endif
