/* ctl/ctl_http.h - questions and commands to the daemon's HTTP API on its Unix socket.
 *
 * Everything here says itself what goes wrong, once: as text on stderr, or where --json was given
 * as one JSON document {"error": {"code", "message"}, ...} on stdout. */
#ifndef TOCSIN_CTL_CTL_HTTP_H
#define TOCSIN_CTL_CTL_HTTP_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "ctl/ctl.h"

#define CTL_ANSWER_MAX ((size_t)64 << 20)

struct ctl_answer {
    long status; /* HTTP */
    struct buf body;
    json_t *json; /* NULL if it is none */
};

/* One exchange; body NULL: GET, else POST. TCN_OK whatever the status is; free *ret with
 * ctl_http_done(). TCN_EIO: no gateway there, *reterr says what to look for. */
int ctl_http_call(const char *socket, const char *path, const char *body, struct ctl_answer *ret,
                  struct tcn_fail *reterr);
void ctl_http_done(struct ctl_answer *answer);

/* GET for a command: CTL_OK and *ret_json (new reference) for it to show, or with --json NULL
 * there, the answer being printed already. Else the exit code, all being said. */
int ctl_http_get(const struct ctl_args *args, const char *path, json_t **ret_json);
/* POST of a command; like ctl_http_get(). */
int ctl_http_post(const struct ctl_args *args, const char *path, const json_t *body,
                  json_t **ret_json);

/* Follows a stream: on_text gets its text as it comes, until it ends or on_text returns false.
 * Returns CTL_OK or the exit code. */
int ctl_http_stream(const struct ctl_args *args, const char *path,
                    bool (*on_text)(void *arg, const char *text, size_t len), void *arg);

/* Says what went wrong, as all here do. */
void ctl_http_say(const struct ctl_args *args, const char *code, const char *message);

/* Appends "?name=value" or "&name=value", percent-encoded. */
void ctl_http_param(struct buf *path, const char *name, const char *value);
/* Appends value percent-encoded: a part of a path. */
void ctl_http_encode(struct buf *path, const char *value);

#endif
