#include "codec/message_private.h"
#include "codec/pbjson.h"

struct sink { /* a ProtobufCBuffer that appends to a struct buf */
    ProtobufCBuffer base;
    struct buf *out;
};

static void sink_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *bytes)
{
    struct sink *sink = (struct sink *)buffer;

    buf_append(sink->out, bytes, len);
}

char *message_text(const char *text)
{
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

int message_encode(const struct message_context *c, const ProtobufCMessage *message,
                   struct buf *out)
{
    struct sink sink = { { sink_append }, out };

    if (c->encoding == MESSAGE_JSON)
        return pbjson_write(message, c->offset_min, out);
    (void)protobuf_c_message_pack_to_buffer(message, &sink.base); /* its length is in out */
    return out->failed ? TCN_ENOMEM : TCN_OK;
}
