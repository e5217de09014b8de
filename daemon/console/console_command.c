/* Commands: handed to the application, answered when the effects of the command are committed.
 * Who may connect to the socket has an operator's rights. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <string.h>

#include "base/text.h"

static void answer_reply(struct request *r, const struct command_reply *reply)
{
    struct message_context context = *r->c->conf.message;
    struct buf out = { 0 };

    context.encoding = MESSAGE_JSON;
    if (message_reply(&context, reply, &out) < 0) {
        buf_done(&out);
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", "memory ran out");
        return;
    }
    buf_text(&out, "\n");
    console_http_answer(r, console_http_status_of(reply->error), &out);
}

static void refuse(struct request *r, const struct command *command, int rc, const char *text)
{
    struct command_reply reply = { .error = rc };

    (void)tcn_text_copy(reply.id, sizeof reply.id, command->id);
    (void)tcn_text_copy(reply.text, sizeof reply.text, text); /* a sentence cut is still one */
    answer_reply(r, &reply);
}

/* Time-outs are all the same, so the list is in order of deadlines. */
static void watch_first(struct console *c)
{
    const struct request *first = c->commands.first;
    const int64_t now_ms = (int64_t)uv_now(c->conf.loop);

    if (first == NULL) {
        (void)uv_timer_stop(&c->command_timer); /* always 0 */
        return;
    }
    (void)uv_timer_start(&c->command_timer, console_command_expire,
                         first->deadline_ms > now_ms ? (uint64_t)(first->deadline_ms - now_ms) : 0,
                         0); /* fails without callback only */
}

void console_command_begin(struct request *r)
{
    struct console *c = r->c;
    struct message_context context = *c->conf.message;
    struct command command;
    struct tcn_fail fail = { .text = "" };
    int rc;

    context.encoding = MESSAGE_JSON;
    memset(&command, 0, sizeof command);
    rc = message_read_command(&context, r->body.len > 0 ? r->body.bytes : "", r->body.len,
                              PARTY_NONE, REGISTRY_NONE, &command, &fail);
    if (rc < 0) {
        refuse(r, &command, rc, fail.text);
        return;
    }
    if (c->commands.count >= CONSOLE_COMMANDS_MAX) {
        refuse(r, &command, TCN_EAGAIN, "too many commands wait already; try again in a moment");
        return;
    }
    if (++c->next_origin == 0)
        c->next_origin = 1;
    r->origin = command.origin = c->next_origin;
    r->deadline_ms = (int64_t)uv_now(c->conf.loop) + c->command_timeout_ms;
    console_http_suspend(r);
    console_list_add(&c->commands, r);
    if (c->commands.first == r)
        watch_first(c);
    c->conf.command(c->conf.arg, &command); /* may reply before it returns */
}

void console_reply(struct console *c, const struct command_reply *reply)
{
    struct request *r = c->commands.first;

    while (r != NULL && r->origin != reply->origin)
        r = r->next;
    if (r == NULL)
        return; /* answered with a time-out, or the client is gone */
    answer_reply(r, reply);
    watch_first(c);
}

void console_command_expire(uv_timer_t *timer)
{
    struct console *c = timer->data;
    const int64_t now_ms = (int64_t)uv_now(c->conf.loop);

    while (c->commands.first != NULL && c->commands.first->deadline_ms <= now_ms)
        console_http_fail(c->commands.first, MHD_HTTP_GATEWAY_TIMEOUT, "timeout",
                          "no answer within %lld s: the command may still be carried out; it is "
                          "safe to repeat it with the same commandId",
                          (long long)(c->command_timeout_ms / 1000));
    watch_first(c);
}

void console_command_end(struct console *c)
{
    while (c->commands.first != NULL)
        console_http_fail(c->commands.first, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                          "tocsind is stopping: the command may have been carried out; it is safe "
                          "to repeat it with the same commandId");
}
