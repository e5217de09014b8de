/* The topics of design.md, section 5.1. */
#include <string.h>

#include "codec/message_private.h"
#include "model/topic.h"

static void base(const struct message_context *c, struct buf *out)
{
    buf_text(out, c->prefix);
    buf_text(out, "/v1/");
    topic_append_level(out, c->gateway);
}

void topic_status(const struct message_context *c, struct buf *out)
{
    base(c, out);
    buf_text(out, "/status");
}

void topic_alarm(const struct message_context *c, const struct alarm *a, struct buf *out)
{
    base(c, out);
    buf_text(out, "/alarms/");
    topic_append_level(out, c->registry->devices[a->device].id);
    buf_text(out, "/");
    topic_append_level(out, c->rules->items[a->rule].id);
}

void topic_events(const struct message_context *c, enum signal_class signal_class, struct buf *out)
{
    base(c, out);
    buf_text(out, "/events/");
    buf_text(out, word_of(&WORDS_SIGNAL_CLASS, (int)signal_class));
}

void topic_task_notice(const struct message_context *c, const struct notice *n, struct buf *out)
{
    base(c, out);
    buf_text(out, "/tasks/");
    buf_text(out, word_of(&WORDS_PARTY_KIND, (int)n->party_kind));
    buf_text(out, "/");
    topic_append_level(out, message_party_id(c->registry, n->party_kind, n->party));
}

void topic_replies(const struct message_context *c, struct buf *out)
{
    base(c, out);
    buf_text(out, "/commands/replies");
}

void topic_commands_filter(const struct message_context *c, int i, struct buf *out)
{
    base(c, out);
    buf_text(out, i == 0 ? "/commands" : "/commands/+/+");
}

/* Takes a fixed piece off the front; false, and nothing taken, if it is not there. */
static bool take(const char **at, size_t *len, const char *piece)
{
    size_t piece_len = strlen(piece);

    if (*len < piece_len || memcmp(*at, piece, piece_len) != 0)
        return false;
    *at += piece_len;
    *len -= piece_len;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Undoes topic_append_level(). False: it is no level, or too long for an id. */
static bool decode_level(const char *at, size_t len, char *buf, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        char c = at[i];

        if (c == '/' || used + 1 >= size)
            return false;
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(at[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(at[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return false;
        buf[used++] = c;
    }
    buf[used] = '\0';
    return used > 0;
}

/* The rest of the topic after ".../commands/": a party kind and an id. */
static int read_party(const struct message_context *c, const char *at, size_t len,
                      enum party_kind *ret_kind, uint32_t *ret_party)
{
    static const enum party_kind kinds[] = { PARTY_ENTERPRISE, PARTY_DEPARTMENT, PARTY_UNIT };
    char id[REGISTRY_ID_MAX + 1];
    uint32_t party;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!take(&at, &len, word_of(&WORDS_PARTY_KIND, (int)kinds[i])) || !take(&at, &len, "/"))
            continue;
        if (!decode_level(at, len, id, sizeof id))
            return TCN_ENOENT;
        party = message_party_find(c->registry, kinds[i], id);
        if (party == REGISTRY_NONE)
            return TCN_ENOENT;
        *ret_kind = kinds[i];
        *ret_party = party;
        return TCN_OK;
    }
    return TCN_EINPUT;
}

int topic_command_party(const struct message_context *c, const char *topic, size_t len,
                        enum party_kind *ret_kind, uint32_t *ret_party)
{
    if (!take(&topic, &len, c->prefix) || !take(&topic, &len, "/v1/") ||
        !take(&topic, &len, c->gateway) || !take(&topic, &len, "/commands"))
        return TCN_EINPUT;
    if (len == 0) {
        *ret_kind = PARTY_NONE;
        *ret_party = REGISTRY_NONE;
        return TCN_OK;
    }
    if (!take(&topic, &len, "/"))
        return TCN_EINPUT;
    return read_party(c, topic, len, ret_kind, ret_party);
}
