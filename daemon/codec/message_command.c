/* Commands: bytes of anybody -> a checked struct command, or a sentence that says what is wrong. */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "codec/message_private.h"
#include "codec/pbjson.h"

#define COMMAND_BYTES_MAX ((size_t)16 << 10) /* the longest sensible command is about 2 KiB */
#define QUOTE_SIZE        72

/* Foreign text made fit for a message. */
static const char *quote(const char *text, char buf[QUOTE_SIZE])
{
    bool utf8 = tcn_text_is_utf8(text, strlen(text));

    (void)tcn_text_copy(buf, QUOTE_SIZE, text); /* cut is fine: for people */
    for (char *c = buf; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;

        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8))
            *c = '?';
    }
    return buf;
}

static bool has_control(const char *text, bool lines)
{
    for (const char *c = text; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 || *c == 0x7f) && !(lines && (*c == '\n' || *c == '\t')))
            return true;
    return false;
}

/* Copies one text member whole, or says why it can't be. */
static int take_text(const char *member, const char *text, bool lines, char *dst, size_t size,
                     struct tcn_fail *reterr)
{
    size_t len = strlen(text);

    if (len >= size)
        return tcn_fail_set(reterr, TCN_EINPUT, "%s: %zu bytes, at most %zu are possible", member,
                            len, size - 1);
    if (!tcn_text_is_utf8(text, len))
        return tcn_fail_set(reterr, TCN_EINPUT, "%s: it is not UTF-8 text", member);
    if (has_control(text, lines))
        return tcn_fail_set(reterr, TCN_EINPUT, "%s: control characters are not possible in it",
                            member);
    memcpy(dst, text, len + 1);
    return TCN_OK;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\n")] == '\0';
}

static int take_id(const Tocsin__V1__Command *m, struct command *ret, struct tcn_fail *reterr)
{
    if (is_blank(m->command_id))
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "commandId is missing: any text of 1 to %d bytes "
                            "that is new for every command",
                            COMMAND_ID_MAX);
    return take_text("commandId", m->command_id, false, ret->id, sizeof ret->id, reterr);
}

/* On the operators' topic the message itself says who acts. */
static int take_stated_actor(const struct message_context *c, const Tocsin__V1__Actor *a,
                             struct actor *ret, struct tcn_fail *reterr)
{
    char quoted[QUOTE_SIZE];

    ret->kind = PARTY_OPERATOR;
    if (a == NULL) {
        (void)tcn_text_copy(ret->id, sizeof ret->id, "operator"); /* fits */
        return TCN_OK;
    }
    if (a->kind != TOCSIN__V1__PARTY_KIND__PARTY_KIND_UNSPECIFIED)
        ret->kind = message_party_kind_of(a->kind);
    if (ret->kind == PARTY_NONE || ret->kind == PARTY_SYSTEM)
        return tcn_fail_set(reterr, TCN_EDENIED, "actor.kind: nobody can act as %s",
                            ret->kind == PARTY_SYSTEM ? "the system itself" : "that kind");
    if (ret->kind == PARTY_OPERATOR) {
        if (ret->id[0] == '\0')
            (void)tcn_text_copy(ret->id, sizeof ret->id, "operator"); /* fits */
        return TCN_OK;
    }
    if (message_party_find(c->registry, ret->kind, ret->id) == REGISTRY_NONE)
        return tcn_fail_set(reterr, TCN_EINPUT, "actor.id: there is no %s '%s' in the registry",
                            word_of(&WORDS_PARTY_KIND, (int)ret->kind), quote(ret->id, quoted));
    return TCN_OK;
}

/* On a party's own topic it is that party; the message can add the person's name only. */
static int take_party_actor(const struct message_context *c, const Tocsin__V1__Actor *a,
                            enum party_kind kind, uint32_t party, struct actor *ret,
                            struct tcn_fail *reterr)
{
    const char *id = message_party_id(c->registry, kind, party);

    if (a != NULL && ((a->kind != TOCSIN__V1__PARTY_KIND__PARTY_KIND_UNSPECIFIED &&
                       message_party_kind_of(a->kind) != kind) ||
                      (ret->id[0] != '\0' && strcmp(ret->id, id) != 0)))
        return tcn_fail_set(reterr, TCN_EDENIED,
                            "actor: on this topic %s '%s' acts; leave it "
                            "away, or give only the person as actor.name",
                            word_of(&WORDS_PARTY_KIND, (int)kind), id);
    ret->kind = kind;
    if (tcn_text_copy(ret->id, sizeof ret->id, id) < 0)
        return tcn_fail_set(reterr, TCN_EDENIED,
                            "the id of %s '%s' is too long to act by "
                            "command: at most %d bytes",
                            word_of(&WORDS_PARTY_KIND, (int)kind), id, ACTOR_ID_MAX);
    return TCN_OK;
}

static int take_actor(const struct message_context *c, const Tocsin__V1__Command *m,
                      enum party_kind kind, uint32_t party, struct command *ret,
                      struct tcn_fail *reterr)
{
    const Tocsin__V1__Actor *a = m->actor;
    struct actor *to = &ret->actor;
    int rc;

    if (a != NULL) {
        rc = take_text("actor.id", a->id, false, to->id, sizeof to->id, reterr);
        if (rc == TCN_OK)
            rc = take_text("actor.name", a->name, false, to->name, sizeof to->name, reterr);
        if (rc < 0)
            return rc;
    }
    if (kind == PARTY_NONE)
        return take_stated_actor(c, a, to, reterr);
    return take_party_actor(c, a, kind, party, to, reterr);
}

/* What all command bodies have in common. */
struct body {
    enum command_kind kind;
    const char *member;                   /* name of the target's member */
    const char *target, *note, *evidence; /* evidence NULL: it has none */
};

static int find_body(const Tocsin__V1__Command *m, struct body *ret, struct tcn_fail *reterr)
{
    static const char *const task = "taskId";

    switch (m->body_case) {
    case TOCSIN__V1__COMMAND__BODY_ACKNOWLEDGE:
        *ret = (struct body){ COMMAND_ACKNOWLEDGE, "alarmId", m->acknowledge->alarm_id,
                              m->acknowledge->note, NULL };
        return TCN_OK;
    case TOCSIN__V1__COMMAND__BODY_ACCEPT:
        *ret = (struct body){ COMMAND_ACCEPT, task, m->accept->task_id, m->accept->note, NULL };
        return TCN_OK;
    case TOCSIN__V1__COMMAND__BODY_SUBMIT:
        *ret = (struct body){ COMMAND_SUBMIT, task, m->submit->task_id, m->submit->note,
                              m->submit->evidence };
        return TCN_OK;
    case TOCSIN__V1__COMMAND__BODY_VERIFY:
        *ret = (struct body){ COMMAND_VERIFY, task, m->verify->task_id, m->verify->note,
                              m->verify->evidence };
        return TCN_OK;
    case TOCSIN__V1__COMMAND__BODY_RETURN:
        *ret = (struct body){ COMMAND_RETURN, task, m->return_->task_id, m->return_->note, NULL };
        return TCN_OK;
    case TOCSIN__V1__COMMAND__BODY_WITHDRAW:
        *ret =
            (struct body){ COMMAND_WITHDRAW, task, m->withdraw->task_id, m->withdraw->note, NULL };
        return TCN_OK;
    default:
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "it holds no command: one of acknowledge, accept, "
                            "submit, verify, return, withdraw is needed");
    }
}

static int take_target(const struct message_context *c, const struct body *body, const char *word,
                       struct command *ret, struct tcn_fail *reterr)
{
    char quoted[QUOTE_SIZE];

    if (body->target[0] == '\0')
        return tcn_fail_set(reterr, TCN_EINPUT, "%s.%s is missing", word, body->member);
    if (id_parse(c->gateway, c->epoch, body->target, &ret->target) < 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "%s.%s: '%s' is no id of gateway '%s'", word,
                            body->member, quote(body->target, quoted), c->gateway);
    return TCN_OK;
}

static int take_body(const struct message_context *c, const Tocsin__V1__Command *m,
                     struct command *ret, struct tcn_fail *reterr)
{
    char member[64];
    const char *word;
    struct body body = { .target = "" };
    int rc = find_body(m, &body, reterr);

    if (rc < 0)
        return rc;
    ret->kind = body.kind;
    word = word_of(&WORDS_COMMAND_KIND, (int)body.kind);
    rc = take_target(c, &body, word, ret, reterr);
    if (rc < 0)
        return rc;
    (void)tcn_text_format(member, sizeof member, "%s.note", word); /* fits */
    rc = take_text(member, body.note, true, ret->note, sizeof ret->note, reterr);
    if (rc < 0)
        return rc;
    if ((body.kind == COMMAND_RETURN || body.kind == COMMAND_WITHDRAW) && is_blank(ret->note))
        return tcn_fail_set(reterr, TCN_EINPUT, "%s is missing: say why", member);
    if (body.evidence == NULL)
        return TCN_OK;
    (void)tcn_text_format(member, sizeof member, "%s.evidence", word); /* fits */
    rc = take_text(member, body.evidence, false, ret->evidence, sizeof ret->evidence, reterr);
    if (rc == TCN_OK && body.kind == COMMAND_SUBMIT && is_blank(ret->evidence))
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "%s is missing: a link, file name or number under "
                            "which the proof is kept",
                            member);
    return rc;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return tcn_hash(hash, text, strlen(text) + 1); /* the NUL keeps "a","b" from "ab","" */
}

/* Over what is asked for, not how it is written: member order, encoding and issuedAt don't count. */
static uint64_t digest_of(const struct command *c)
{
    const unsigned char kinds[2] = { (unsigned char)c->kind, (unsigned char)c->actor.kind };
    unsigned char target[8];
    uint64_t hash;

    for (unsigned i = 0; i < sizeof target; i++)
        target[i] = (unsigned char)(c->target >> (8 * i));
    hash = tcn_hash(TCN_HASH_SEED, kinds, sizeof kinds);
    hash = tcn_hash(hash, target, sizeof target);
    hash = hash_text(hash, c->actor.id);
    hash = hash_text(hash, c->actor.name);
    hash = hash_text(hash, c->note);
    return hash_text(hash, c->evidence);
}

static bool has_unknown_field(const Tocsin__V1__Command *m)
{
    const ProtobufCMessage *body = m->body_case == TOCSIN__V1__COMMAND__BODY__NOT_SET
                                       ? NULL
                                       : &m->acknowledge->base; /* all bodies begin with it */

    return m->base.n_unknown_fields > 0 || (body != NULL && body->n_unknown_fields > 0) ||
           (m->actor != NULL && m->actor->base.n_unknown_fields > 0);
}

static int take_command(const struct message_context *c, const Tocsin__V1__Command *m,
                        enum party_kind kind, uint32_t party, struct command *ret,
                        struct tcn_fail *reterr)
{
    int rc = take_id(m, ret, reterr);

    if (rc == TCN_OK && has_unknown_field(m))
        rc = tcn_fail_set(reterr, TCN_EINPUT, "it holds a field that this version does not know");
    if (rc == TCN_OK)
        rc = take_actor(c, m, kind, party, ret, reterr);
    if (rc == TCN_OK)
        rc = take_body(c, m, ret, reterr);
    if (rc < 0)
        return rc;
    ret->issued_wall_ms = m->issued_at;
    ret->digest = digest_of(ret);
    return TCN_OK;
}

/* The id alone, as soon as it can be had: whatever else is wrong can then be answered. */
static void peek_id(const json_t *json, struct command *ret)
{
    const json_t *id = json_object_get(json, "commandId");

    if (json_is_string(id) &&
        take_text("", json_string_value(id), false, ret->id, sizeof ret->id, NULL) < 0)
        ret->id[0] = '\0';
}

/* "actor": "zhang" is short for an actor with that id: {"id": "zhang"}. */
static int expand_actor(json_t *json)
{
    json_t *actor = json_object_get(json, "actor");
    json_t *object;

    if (!json_is_string(actor))
        return TCN_OK;
    object =
        json_pack("{s:s, s:O}", "kind", word_of(&WORDS_PARTY_KIND, PARTY_OPERATOR), "id", actor);
    return json_object_set_new(json, "actor", object) < 0 ? TCN_ENOMEM : TCN_OK;
}

static int load_json(const void *bytes, size_t len, json_t **ret, struct tcn_fail *reterr)
{
    json_error_t error;
    json_t *json;
    char quoted[QUOTE_SIZE];

    if (!tcn_text_is_utf8(bytes, len))
        return tcn_fail_set(reterr, TCN_EINPUT, "it is not UTF-8 text");
    json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL && json_error_code(&error) == json_error_out_of_memory)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
    if (json == NULL)
        return tcn_fail_set(reterr, TCN_EINPUT, "it is not JSON: line %d, column %d: %s",
                            error.line, error.column, quote(error.text, quoted));
    *ret = json;
    return TCN_OK;
}

static int read_json(const struct message_context *c, const void *bytes, size_t len,
                     Tocsin__V1__Command **ret_message, struct command *ret,
                     struct tcn_fail *reterr)
{
    ProtobufCMessage *message = NULL;
    json_t *json = NULL;
    int rc = load_json(bytes, len, &json, reterr);

    if (rc < 0)
        return rc;
    peek_id(json, ret);
    rc = expand_actor(json);
    if (rc < 0)
        rc = tcn_fail_set(reterr, rc, "no memory");
    else
        rc = pbjson_read(&tocsin__v1__command__descriptor, json, c->offset_min, &message, reterr);
    json_decref(json);
    if (rc == TCN_OK)
        *ret_message = (Tocsin__V1__Command *)message;
    return rc;
}

static int read_protobuf(const void *bytes, size_t len, Tocsin__V1__Command **ret_message,
                         struct tcn_fail *reterr)
{
    Tocsin__V1__Command *m = tocsin__v1__command__unpack(NULL, len, bytes);

    if (m == NULL)
        return tcn_fail_set(reterr, TCN_EINPUT, "%zu bytes that are not a tocsin.v1.Command", len);
    *ret_message = m;
    return TCN_OK;
}

int message_read_command(const struct message_context *c, const void *bytes, size_t len,
                         enum party_kind party_kind, uint32_t party, struct command *ret,
                         struct tcn_fail *reterr)
{
    Tocsin__V1__Command *m = NULL;
    int rc;

    memset(ret, 0, sizeof *ret);
    if (len == 0 || len > COMMAND_BYTES_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "a command of %zu bytes: 1 to %zu are possible",
                            len, COMMAND_BYTES_MAX);
    rc = c->encoding == MESSAGE_JSON ? read_json(c, bytes, len, &m, ret, reterr)
                                     : read_protobuf(bytes, len, &m, reterr);
    if (rc < 0)
        return rc;
    rc = take_command(c, m, party_kind, party, ret, reterr);
    tocsin__v1__command__free_unpacked(m, NULL);
    return rc;
}
