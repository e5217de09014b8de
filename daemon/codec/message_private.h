/* codec/message_private.h - what the files behind message.h share. Only message*.c include this. */
#ifndef TOCSIN_CODEC_MESSAGE_PRIVATE_H
#define TOCSIN_CODEC_MESSAGE_PRIVATE_H

#include "codec/message.h"
#include "proto/tocsin.pb-c.h"

/* message_enums.c: values of the model as the schema writes them. Out of range: asserted. */
Tocsin__V1__SignalClass message_signal_class(enum signal_class v);
Tocsin__V1__Severity message_severity(enum severity v);
Tocsin__V1__AlarmState message_alarm_state(enum alarm_state v);
Tocsin__V1__Transition message_transition(enum alarm_transition v);
Tocsin__V1__TaskState message_task_state(enum task_state v);
Tocsin__V1__TaskEvent message_task_event(enum task_event v);
Tocsin__V1__HazardLevel message_hazard_level(enum hazard_level v);
Tocsin__V1__PartyKind message_party_kind(enum party_kind v); /* PARTY_NONE: unspecified */
/* And back; unspecified and values of a newer sender are PARTY_NONE. */
enum party_kind message_party_kind_of(Tocsin__V1__PartyKind v);

/* message_party.c: the id of a party by registry index; "" for REGISTRY_NONE or another kind. */
const char *message_party_id(const struct registry *r, enum party_kind kind, uint32_t party);
const char *message_party_name(const struct registry *r, enum party_kind kind, uint32_t party);
/* The registry index of a party by id, or REGISTRY_NONE. */
uint32_t message_party_find(const struct registry *r, enum party_kind kind, const char *id);

/* message_encode.c: appends the message in the context's encoding. TCN_ENOMEM. */
int message_encode(const struct message_context *c, const ProtobufCMessage *message,
                   struct buf *out);
/* protobuf-c's structs hold char *; packing only reads. NULL becomes "". */
char *message_text(const char *text);

#endif
