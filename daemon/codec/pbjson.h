/* codec/pbjson.h - JSON for any protobuf-c message, both ways, by walking its descriptor. Pure.
 * The conventions are those written at the top of proto/tocsin.proto. */
#ifndef TOCSIN_CODEC_PBJSON_H
#define TOCSIN_CODEC_PBJSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the message as compact JSON, every field written. Times get offset_min.
 * TCN_ENOMEM. */
int pbjson_write(const ProtobufCMessage *message, int offset_min, struct buf *out);
/* The same as a jansson tree (new reference), or NULL when memory ran out. */
json_t *pbjson_tree(const ProtobufCMessage *message, int offset_min);

/* Builds a message from JSON. Unknown members are refused with their path, so are wrong types,
 * unknown words (with a suggestion), numbers out of range. A null or missing member is absent.
 * Free *ret with protobuf_c_message_free_unpacked(). TCN_EINPUT, TCN_ENOMEM. */
int pbjson_read(const ProtobufCMessageDescriptor *descriptor, const json_t *json, int offset_min,
                ProtobufCMessage **ret, struct tcn_fail *reterr);

#endif
