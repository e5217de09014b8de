/* app/outgoing.h - what an engine batch puts into the outbox: encoded messages on their topics.
 *
 * Per alarm change: the retained alarm as it stands now (empty when over), and the event. Per task
 * notice: the task with its history. Per command from MQTT: the reply.
 * Owner:   struct outgoing owns rows, topics and payloads; outgoing_reset() keeps the row array.
 * Thread:  S. */
#ifndef TOCSIN_APP_OUTGOING_H
#define TOCSIN_APP_OUTGOING_H

#include "base/arena.h"
#include "codec/message.h"
#include "store/store.h"

struct outgoing { /* zeroed: empty */
    struct arena arena;
    struct buf topic, payload; /* scratch */
    struct outbox_row *rows;
    uint32_t count, cap;
};

void outgoing_done(struct outgoing *o);
void outgoing_reset(struct outgoing *o);

/* Appends the rows for all that is in effects. store: for the history of tasks.
 * TCN_ENOMEM, or what store_task_steps() returns; *o is then incomplete: reset it. */
int outgoing_build(struct outgoing *o, const struct message_context *context,
                   const struct effects *effects, struct store *store, int64_t wall_ms,
                   struct tcn_fail *reterr);
/* Appends only the retained state of these alarms: for a broker that has lost ours. */
int outgoing_standing(struct outgoing *o, const struct message_context *context,
                      const struct alarm *alarms, uint32_t count, int64_t wall_ms,
                      struct tcn_fail *reterr);

#endif
