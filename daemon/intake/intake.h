/* intake/intake.h - from the device and command topics to records for the engine.
 *
 * P decodes in Paho's callback and appends one record a message to a ring, from which L takes it.
 * The ring is a memory-mapped file (intake/ring_file.h): a message that was acknowledged and not
 * yet committed when the process is killed is taken again by the next one. Its space is freed only
 * when all that came of it is committed. (The urgent journal against power cuts comes later.)
 *
 * Thread:  intake_device_message() and intake_command_message() on P, which is one thread for all
 *          links of the process; intake_peek(), intake_take() and intake_free_space() on L; the rest on L.
 * Limits:  INTAKE_RING_BYTES. When the ring is full P waits, so the broker keeps the message; that
 *          is counted and logged once per burst. Nothing is dropped. */
#ifndef TOCSIN_INTAKE_INTAKE_H
#define TOCSIN_INTAKE_INTAKE_H

#include "base/clock.h"
#include "codec/mapping.h"
#include "codec/message.h"
#include "link/link.h"
#include "model/command.h"

#define INTAKE_RING_BYTES  ((size_t)8 << 20)
#define INTAKE_COMMAND_MAX 65536 /* bytes of a command */

enum record_kind { RECORD_READINGS, RECORD_COMMAND, RECORD_REPLY };
struct record { /* lies in the ring, 8-byte aligned */
    struct tcn_now now;
    int64_t received_us;
    uint32_t kind;
    uint32_t count; /* readings */
    union {
        struct reading readings[1]; /* count of them */
        struct command command;
        struct command_reply refused; /* RECORD_REPLY: a command that never reaches the engine:
                                         unreadable, retained, or by a party nobody knows */
    };
};

struct intake;
struct intake_conf { /* borrowed until intake_free() */
    const struct metrics *metrics;
    const struct registry *registry;
    const struct sources *sources;
    const struct message_context *message;
    const struct tcn_clock *clock;
    void (*wake)(void *arg); /* called on P after a record was appended: wake L */
    void *wake_arg;
    const char *ring_path; /* ring_file.h, as the rest */
    uint64_t fingerprint;
    uint64_t committed_ring, committed_position;
};
int intake_new(const struct intake_conf *conf, struct intake **ret, struct tcn_fail *reterr);
void intake_free(struct intake *in);

/* The filters of all sources (devices connection; those that others cover are left out) and of
 * commands (upstream connection), valid until intake_free(). */
void intake_device_filters(const struct intake *in, const char *const **ret_filters,
                           const uint8_t **ret_qos, uint32_t *ret_count);
void intake_command_filters(const struct intake *in, const char *const **ret_filters,
                            const uint8_t **ret_qos, uint32_t *ret_count);

/* on_message of the devices and of the upstream connection. A refused command whose id can be read
 * is answered by a RECORD_REPLY; every refused command is also a reject. */
void intake_device_message(void *in, const struct link_message *m);
void intake_command_message(void *in, const struct link_message *m);
/* on_up of the devices connection. */
void intake_device_up(void *in, bool session_present);
/* Ends any wait on a full ring for good (before link_close() at shutdown): what then finds it full
 * is lost, and logged. */
void intake_stop(struct intake *in);

/* The oldest record, or NULL; valid until its space is freed. */
const struct record *intake_peek(struct intake *in);
/* Takes the record last peeked; its space is not free yet. */
void intake_take(struct intake *in);
/* The ring's id, and the position behind the last record taken: what goes into a batch. */
uint64_t intake_ring(const struct intake *in);
uint64_t intake_position(const struct intake *in);
/* All that came of the records before this position is safe: frees their space. */
void intake_free_space(struct intake *in, uint64_t position);
/* The latest stamp of any record, in engine time; 0: there never was one. */
int64_t intake_last_ms(const struct intake *in);

struct reject {
    int64_t wall_ms;
    enum reject_reason reason;
    char source[64]; /* name, or "commands", "-" */
    char topic[256]; /* cut, made printable */
    char detail[160];
    char payload[200]; /* the first bytes, made printable */
    uint64_t payload_len;
};
#define REJECTS_KEPT_MAX 100
/* Copies the last rejects, newest first; returns how many (<= max). Any thread. */
uint32_t intake_rejects(struct intake *in, struct reject *out, uint32_t max);

struct intake_stats {
    uint64_t messages, readings, commands;
    uint64_t rejected;   /* messages with a reject, whether or not readings stood beside it */
    uint64_t ignored;    /* messages with nothing in them for us */
    uint64_t ring_waits; /* how often P found the ring full */
    uint64_t repeats;    /* deliveries that were known already */
    size_t ring_used;
    uint64_t rejected_by_reason[REJECT_REASON_COUNT];
};
void intake_get_stats(struct intake *in, struct intake_stats *ret); /* any thread */
/* Rejects of source number i (their order in conf; sources->count = commands; sources->count + 1 =
 * messages of no source) for one reason. */
uint64_t intake_rejected(struct intake *in, uint32_t source, enum reject_reason reason);

#endif
