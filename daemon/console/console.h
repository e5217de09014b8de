/* console/console.h - the HTTP API on a Unix socket, served on the loop by libmicrohttpd.
 *
 *   GET  /v1/status             the gateway's health as one object
 *   GET  /v1/alarms?all=1&class=fire&limit=N
 *   GET  /v1/tasks?all=1&overdue=1&enterprise=ID&department=ID&unit=ID&limit=N
 *   GET  /v1/tasks/<id>         /v1/alarms/<id>
 *   GET  /v1/devices?query=TEXT&limit=N
 *   GET  /v1/rejects
 *   GET  /v1/stream?recent=N&follow=1
 *                               log lines of transitions, one a line, as they are committed;
 *                               follow=0: it ends after the recent ones
 *   POST /v1/commands           a Command as JSON; answered with its CommandReply once committed
 * Answers are JSON ({"alarms":[…]}, {"task":{…}} and so on; objects as in proto/), errors
 * {"error":{"code","message"}} with a fitting HTTP status. Lists say "more": true when limit (200
 * unless given, 10000 at most) or the size of the answer cut them; those from the database have
 * "gateway" and "epoch" beside them, so that ids can be shown short.
 *
 * Thread:  L. Database queries run in libuv's pool. Limits: CONSOLE_CONNECTIONS_MAX connections,
 *          bodies of CONSOLE_BODY_MAX bytes, a follower that reads too slowly is cut off. */
#ifndef TOCSIN_CONSOLE_CONSOLE_H
#define TOCSIN_CONSOLE_CONSOLE_H

#include <jansson.h>
#include <uv.h>

#include "codec/message.h"
#include "store/query.h"

#define CONSOLE_CONNECTIONS_MAX 256
#define CONSOLE_BODY_MAX        65536

struct console;
struct console_conf { /* kept until console_close() */
    uv_loop_t *loop;
    const char *socket_path;
    const char *socket_group; /* NULL: only our own user; mode 0660 */
    const char *database;
    const struct message_context *message;
    void *arg;
    json_t *(*status)(void *arg);  /* new reference; on L */
    json_t *(*rejects)(void *arg); /* an array */
    /* Live part of one device: lastHeard, values, …; new reference. */
    json_t *(*device)(void *arg, uint32_t device);
    /* Takes a command in; its reply comes back by console_reply() with the same origin (never 0). */
    void (*command)(void *arg, const struct command *command);
};
/* TCN_EIO: the socket can't be made (in use by a live daemon, no permission, …). */
int console_open(const struct console_conf *conf, struct console **ret, struct tcn_fail *reterr);
/* Closes connections and the socket, removes its file; call before the loop ends, then run the
 * loop until console_closed(). */
void console_close(struct console *c);
bool console_closed(const struct console *c);
void console_free(struct console *c);

void console_reply(struct console *c, const struct command_reply *reply);
/* One committed transition's log line, for followers and for `recent`. */
void console_line(struct console *c, const char *line);

#endif
