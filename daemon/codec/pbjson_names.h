/* codec/pbjson_names.h - how names of the schema are written in JSON. Pure. */
#ifndef TOCSIN_CODEC_PBJSON_NAMES_H
#define TOCSIN_CODEC_PBJSON_NAMES_H

#include <protobuf-c/protobuf-c.h>

#define PBJSON_NAME_SIZE  64 /* no name in the schema is longer (asserted) */
#define PBJSON_LEVELS_MAX 16 /* no schema of ours nests messages deeper (asserted) */

/* alarm_id -> alarmId. Returns buf. */
const char *pbjson_field_name(const ProtobufCFieldDescriptor *field, char buf[PBJSON_NAME_SIZE]);
/* Value i of the list: ALARM_STATE_RETURNED_UNACKNOWLEDGED -> returned-unacknowledged. */
const char *pbjson_enum_word(const ProtobufCEnumDescriptor *list, unsigned i,
                             char buf[PBJSON_NAME_SIZE]);

#endif
