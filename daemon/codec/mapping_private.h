/* codec/mapping_private.h - what the files of the mapper share. Only mapping*.c include this. */
#ifndef TOCSIN_CODEC_MAPPING_PRIVATE_H
#define TOCSIN_CODEC_MAPPING_PRIVATE_H

#include "codec/mapping.h"
#include "codec/path.h"

#define MAPPING_VALUES_MAX 100000u             /* values in one JSON document */
#define MAPPING_SCRATCH    ((size_t)512 << 10) /* what one protobuf message may need when unpacked */

enum document_state { DOCUMENT_UNREAD, DOCUMENT_READ, DOCUMENT_REFUSED };

struct mapper {
    struct mapper_conf conf;
    struct reading readings[READINGS_PER_MESSAGE_MAX];
    uint32_t count;

    /* the message at work */
    const struct mapping_message *message;
    struct mapping_result *result;
    enum document_state document_state;
    json_t *document; /* read once, even if several sources want it */

    /* the source at work on it */
    const struct source *source;
    struct topic_match match;
    struct scope scope;
    bool device_known; /* device is what the source's template gives without "*" captures */
    uint32_t device;
    uint8_t flags;
    int64_t device_ms;

    size_t scratch_used;
    bool scratch_full;
    _Alignas(16) unsigned char scratch[MAPPING_SCRATCH];
};

/* Notes why something was refused; only the first of a message is kept. */
void mapping_reject(struct mapper *m, enum reject_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Foreign text made fit for a detail: cut, and without control characters and broken UTF-8. */
#define MAPPING_QUOTE_SIZE 72
const char *mapping_quote(const char *text, size_t len, char buf[MAPPING_QUOTE_SIZE]);

/* Adds a reading; false when there are too many (then it is rejected). */
bool mapping_emit(struct mapper *m, uint32_t device, uint16_t metric, enum quality quality,
                  double value, uint64_t object);
/* The registered device with that id or address, or REGISTRY_NONE after noting it. */
uint32_t mapping_find_device(struct mapper *m, const char *key, size_t len);

/* Judges a device time: 0 if it can't be true. */
int64_t mapping_plausible(const struct mapper *m, int64_t wall_ms);

/* mapping_document.c: m->document from the payload; false after noting why not. */
bool mapping_load_document(struct mapper *m);
/* mapping_readings.c: runs the readings of a JSON or text source whose scope is set up. */
void mapping_run_readings(struct mapper *m);
/* mapping_readings.c: the device that a template names, or REGISTRY_NONE after noting why.
 * quiet_key: a name that only a "*" step can give is no reason to complain. */
uint32_t mapping_template_device(struct mapper *m, const char *template, bool quiet_key);
/* mapping_protobuf.c: the whole of a protobuf source. */
void mapping_run_protobuf(struct mapper *m);

#endif
