/* model/command.h - what people and systems ask of the gateway, and its answer. Plain data. */
#ifndef TOCSIN_MODEL_COMMAND_H
#define TOCSIN_MODEL_COMMAND_H

#include "model/task.h"

#define COMMAND_ID_MAX       63
#define COMMAND_KEPT_MS      INT64_C(604800000) /* 7 d: a repeat is recognised this long */
#define COMMAND_TOO_OLD_MS   INT64_C(86400000)  /* 24 h: an older issuedAt is refused */
#define COMMAND_AHEAD_MAX_MS INT64_C(300000)    /* 5 min: a later issuedAt is refused */
#define COMMANDS_KEPT_MAX    100000

struct command {
    enum command_kind kind;
    char id[COMMAND_ID_MAX + 1];
    uint64_t digest; /* over the content: the same id with another digest is a conflict */
    uint64_t origin; /* whoever waits for the reply on this machine; 0: answered by MQTT */
    struct actor actor;
    int64_t issued_wall_ms; /* 0: not given */
    uint64_t target;        /* alarm or task id */
    char note[NOTE_MAX + 1];
    char evidence[EVIDENCE_MAX + 1];
};

struct command_reply {
    char id[COMMAND_ID_MAX + 1];
    uint64_t digest, origin;
    int error;               /* TCN_OK or TCN_E* */
    char text[NOTE_MAX + 1]; /* a sentence when error */
    char state[32];          /* state of alarm or task afterwards; "" unknown */
    int64_t wall_ms;
    int64_t mono_ms; /* engine time: when it may be forgotten counts from here */
    bool repeated;   /* answered from memory, or refused unread: nothing was done, not stored */
};

#endif
