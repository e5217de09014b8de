/* engine/commands.c - commands: checked, done once, answered, and remembered. */
#include "engine/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define REPLIES_FIRST_CAP 64u

static uint64_t id_hash(const char *id)
{
    return tcn_hash(TCN_HASH_SEED, id, strlen(id));
}

static struct command_reply *reply_at(struct engine *e, uint32_t i)
{
    return &e->replies[(e->reply_first + i) % e->reply_cap];
}

static void forget_first(struct engine *e)
{
    struct command_reply *r = reply_at(e, 0);
    uint32_t place;

    /* A later command whose id has the same hash may have taken the entry over. */
    if (map_get(&e->reply_by_id, id_hash(r->id), &place) && place == e->reply_first)
        map_remove(&e->reply_by_id, id_hash(r->id));
    e->reply_first = (e->reply_first + 1) % e->reply_cap;
    e->reply_count--;
}

/* Doubles the ring; places change, so the map is made anew. */
static int grow(struct engine *e)
{
    uint32_t cap = e->reply_cap == 0 ? REPLIES_FIRST_CAP : e->reply_cap * 2;
    struct command_reply *replies = malloc(cap * sizeof *replies);
    struct map by_id = { 0 };

    if (replies == NULL)
        return TCN_ENOMEM;
    for (uint32_t i = 0; i < e->reply_count; i++) {
        replies[i] = *reply_at(e, i);
        if (map_put(&by_id, id_hash(replies[i].id), i) < 0) {
            map_done(&by_id);
            free(replies);
            return TCN_ENOMEM;
        }
    }
    free(e->replies);
    map_done(&e->reply_by_id);
    e->replies = replies;
    e->reply_by_id = by_id;
    e->reply_first = 0;
    e->reply_cap = cap;
    return TCN_OK;
}

int command_remember(struct engine *e, const struct command_reply *reply)
{
    uint32_t place;
    int rc;

    while (e->reply_count > 0 && (e->reply_count >= COMMANDS_KEPT_MAX ||
                                  reply->mono_ms - reply_at(e, 0)->mono_ms > COMMAND_KEPT_MS))
        forget_first(e);
    if (e->reply_count == e->reply_cap) {
        rc = grow(e);
        if (rc < 0)
            return rc;
    }
    place = (e->reply_first + e->reply_count) % e->reply_cap;
    rc = map_put(&e->reply_by_id, id_hash(reply->id), place);
    if (rc < 0)
        return rc;
    e->replies[place] = *reply;
    e->reply_count++;
    return TCN_OK;
}

/* True if the id was used before: *reply is then the old answer, or a conflict. */
static bool answer_again(const struct engine *e, const struct command *command,
                         struct command_reply *reply)
{
    uint32_t place;
    const struct command_reply *old;

    if (!map_get(&e->reply_by_id, id_hash(command->id), &place))
        return false;
    old = &e->replies[place];
    if (strcmp(old->id, command->id) != 0)
        return false;
    if (old->digest == command->digest) {
        *reply = *old;
    } else {
        reply->error = TCN_ECONFLICT;
        (void)tcn_text_copy(reply->text, sizeof reply->text,
                            "this commandId was used before for something else");
    }
    reply->repeated = true;
    return true;
}

static int check_time(struct tcn_now now, const struct command *command, struct tcn_fail *reterr)
{
    if (command->issued_wall_ms == 0)
        return TCN_OK;
    if (now.wall_ms - command->issued_wall_ms > COMMAND_TOO_OLD_MS)
        return tcn_fail_set(reterr, TCN_EEXPIRED, "issuedAt is more than 24 h ago");
    if (command->issued_wall_ms - now.wall_ms > COMMAND_AHEAD_MAX_MS)
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "issuedAt is more than 5 min ahead of the gateway's clock");
    return TCN_OK;
}

static int act(struct engine *e, struct tcn_now now, const struct command *command,
               struct effects *out, const char **ret_state, struct tcn_fail *reterr)
{
    enum alarm_state alarm_state = ALARM_STATE_COUNT;
    enum task_state task_state = TASK_STATE_COUNT;
    int rc = check_time(now, command, reterr);

    *ret_state = "";
    if (rc < 0)
        return rc;
    if (command->kind == COMMAND_ACKNOWLEDGE) {
        rc = alarm_acknowledge(e, now, command, out, &alarm_state, reterr);
        if (alarm_state != ALARM_STATE_COUNT)
            *ret_state = word_of(&WORDS_ALARM_STATE, (int)alarm_state);
    } else {
        rc = task_command(e, now, command, out, &task_state, reterr);
        if (task_state != TASK_STATE_COUNT)
            *ret_state = word_of(&WORDS_TASK_STATE, (int)task_state);
    }
    return rc;
}

void command_run(struct engine *e, struct tcn_now now, const struct command *command,
                 struct effects *out)
{
    struct command_reply *slot, reply = { .digest = command->digest };
    struct tcn_fail fail = { 0 };
    const char *state;

    (void)tcn_text_copy(reply.id, sizeof reply.id, command->id); /* of the same size */
    if (!answer_again(e, command, &reply)) {
        reply.error = act(e, now, command, out, &state, &fail);
        (void)tcn_text_copy(reply.text, sizeof reply.text, fail.text);
        (void)tcn_text_copy(reply.state, sizeof reply.state, state);
        reply.mono_ms = now.mono_ms;
        if (command_remember(e, &reply) < 0)
            out->failed = true;
    }
    slot = effects_reply(out);
    *slot = reply;
    slot->origin = command->origin;
    slot->wall_ms = now.wall_ms;
}
