/* codec/message.h - our own messages: model structs -> bytes (JSON or protobuf) and commands back.
 * Pure; immutable configuration only, so any thread may call. */
#ifndef TOCSIN_CODEC_MESSAGE_H
#define TOCSIN_CODEC_MESSAGE_H

#include "base/buf.h"
#include "model/connection.h"
#include "model/effects.h"
#include "model/ids.h"

struct message_context { /* all borrowed for the call */
    const char *gateway;
    const char *prefix;
    uint32_t epoch;
    int offset_min;
    enum message_encoding encoding;
    const struct metrics *metrics;
    const struct registry *registry;
    const struct rules *rules;
};

/* Each appends the encoded message to *out. durable: as in design 5.5. TCN_ENOMEM. */
int message_alarm(const struct message_context *c, const struct alarm *a, bool durable,
                  struct buf *out);
int message_alarm_event(const struct message_context *c, const struct alarm_change *a, bool durable,
                        struct buf *out);
/* steps: the task's history so far, the newest last, step_count <= TASK_STEPS_MAX. */
int message_task(const struct message_context *c, const struct task *t,
                 const struct task_step *steps, uint32_t step_count, struct buf *out);
int message_task_notice(const struct message_context *c, const struct notice *n,
                        const struct task *t, const struct task_step *steps, uint32_t step_count,
                        struct buf *out);
int message_reply(const struct message_context *c, const struct command_reply *r, struct buf *out);

struct message_status {
    const char *state; /* "online", "offline" */
    const char *version;
    int64_t since_wall_ms, at_wall_ms;
    uint32_t alarms_standing, alarms_unacknowledged, tasks_open, tasks_overdue;
    uint64_t messages, rejected, outbox, log_dropped;
    bool store_failing; /* commits fail at present */
};
int message_status(const struct message_context *c, const struct message_status *s,
                   struct buf *out);

/* Topics (design 5.1), appended to *out. */
void topic_status(const struct message_context *c, struct buf *out);
void topic_alarm(const struct message_context *c, const struct alarm *a, struct buf *out);
void topic_events(const struct message_context *c, enum signal_class signal_class, struct buf *out);
void topic_task_notice(const struct message_context *c, const struct notice *n, struct buf *out);
void topic_replies(const struct message_context *c, struct buf *out);
/* Filters to subscribe to for commands: "…/commands" (i = 0) and "…/commands/+/+" (i = 1). */
void topic_commands_filter(const struct message_context *c, int i, struct buf *out);
/* True if topic is a command topic; *ret_kind and *ret_party then say whose (PARTY_NONE and
 * REGISTRY_NONE on the operators' topic ".../commands"). A party that is not in the registry is
 * TCN_ENOENT, another topic TCN_EINPUT. */
int topic_command_party(const struct message_context *c, const char *topic, size_t len,
                        enum party_kind *ret_kind, uint32_t *ret_party);

/* A command from bytes. party_kind PARTY_NONE: the actor in the message counts (default: an
 * operator); else the actor must be absent or that party, named by party. *ret is filled on
 * success; on failure, too, as far as ret->id, so that it can be answered.
 * TCN_EINPUT, TCN_EDENIED, TCN_ENOMEM. */
int message_read_command(const struct message_context *c, const void *bytes, size_t len,
                         enum party_kind party_kind, uint32_t party, struct command *ret,
                         struct tcn_fail *reterr);

#endif
