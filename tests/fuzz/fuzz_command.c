/* Any bytes as a command, in both encodings and by every kind of sender: refused in words, or a
 * whole command whose texts end where they must.
 *
 * Input: one byte that says encoding and sender; the rest is the command. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "codec/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct enterprise ENTERPRISES[] = { { "91320600MA1ABCDE06", "", "", "" } };
static const struct registry registry = { .enterprises = ENTERPRISES, .enterprise_count = 1 };
static const struct metrics metrics;
static const struct rules rules;

static void check_text(const char *text, size_t size)
{
    assert(memchr(text, '\0', size) != NULL);
    assert(tcn_text_is_utf8(text, strlen(text)));
}

static void check_command(const struct command *c, bool by_party)
{
    assert((unsigned)c->kind < COMMAND_KIND_COUNT);
    assert(c->id[0] != '\0' && c->target != 0);
    assert(c->actor.kind != PARTY_NONE && c->actor.kind != PARTY_SYSTEM);
    assert(!by_party || strcmp(c->actor.id, ENTERPRISES[0].id) == 0);
    check_text(c->id, sizeof c->id);
    check_text(c->actor.id, sizeof c->actor.id);
    check_text(c->actor.name, sizeof c->actor.name);
    check_text(c->note, sizeof c->note);
    check_text(c->evidence, sizeof c->evidence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message_context context = { "gw-1",       "tocsin", 3,         480,
                                       MESSAGE_JSON, &metrics, &registry, &rules };
    struct tcn_fail fail = { 0 };
    struct command command;
    bool by_party;
    int rc;

    if (size == 0)
        return 0;
    context.encoding = (data[0] & 1) != 0 ? MESSAGE_PROTOBUF : MESSAGE_JSON;
    by_party = (data[0] & 2) != 0;
    rc = message_read_command(&context, data + 1, size - 1,
                              by_party ? PARTY_ENTERPRISE : PARTY_NONE, 0, &command, &fail);
    if (rc == TCN_OK) {
        check_command(&command, by_party);
        return 0;
    }
    assert(rc == TCN_EINPUT || rc == TCN_EDENIED);
    assert(fail.code == rc && fail.text[0] != '\0');
    check_text(command.id, sizeof command.id);
    check_text(fail.text, sizeof fail.text);
    return 0;
}
