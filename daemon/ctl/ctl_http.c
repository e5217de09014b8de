#define _GNU_SOURCE
#include "ctl/ctl_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl_show.h"

#define CONNECT_TIMEOUT_MS 5000L
#define TIMEOUT_MS         60000L

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;

    (void)size; /* always 1 */
    if (body->len + count > CTL_ANSWER_MAX)
        return 0;
    buf_append(body, bytes, count);
    return body->failed ? 0 : count;
}

/* What a person can do about a socket that does not answer. */
static int unreachable(const char *socket, CURL *curl, CURLcode code, struct tcn_fail *reterr)
{
    long error = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error); /* stays 0 otherwise */
    if (code != CURLE_COULDNT_CONNECT)
        return tcn_fail_set(reterr, TCN_EIO, "the gateway at %s broke off: %s", socket,
                            curl_easy_strerror(code));
    if (error == EACCES || error == EPERM)
        return tcn_fail_set(reterr, TCN_EIO,
                            "no permission for %s: run this as root or as a member of the "
                            "socket's group",
                            socket);
    return tcn_fail_set(reterr, TCN_EIO,
                        "no gateway at %s (%s): is tocsind running? --socket PATH or "
                        "TOCSIN_SOCKET names another socket",
                        socket,
                        error == ENOENT         ? "no such file"
                        : error == ECONNREFUSED ? "nobody listens"
                        : strlen(socket) > 107  ? "the path is too long"
                                                : strerror((int)error));
}

static CURL *start(const char *socket, const char *path)
{
    CURL *curl = curl_easy_init();
    struct buf url = { 0 };
    CURLcode code;

    if (curl == NULL)
        return NULL;
    buf_text(&url, "http://tocsin");
    buf_text(&url, path);
    code = url.failed ? CURLE_OUT_OF_MEMORY : curl_easy_setopt(curl, CURLOPT_URL, url.bytes);
    buf_done(&url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK)
        return curl;
    curl_easy_cleanup(curl);
    return NULL;
}

int ctl_http_call(const char *socket, const char *path, const char *body, struct ctl_answer *ret,
                  struct tcn_fail *reterr)
{
    CURL *curl = start(socket, path);
    struct curl_slist *headers = NULL;
    struct ctl_answer answer = { 0 };
    int rc = TCN_OK;
    CURLcode code;

    if (curl == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "libcurl can't be set up");
    /* A setter below fails for lack of memory only; the exchange then fails, too. */
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    if (body != NULL) {
        headers = curl_slist_append(NULL, "Content-Type: application/json");
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code != CURLE_OK)
        rc = unreachable(socket, curl, code, reterr);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (rc < 0) {
        buf_done(&answer.body);
        return rc;
    }
    answer.json = json_loadb(answer.body.len > 0 ? answer.body.bytes : "", answer.body.len,
                             JSON_ALLOW_NUL, NULL);
    *ret = answer;
    return TCN_OK;
}

void ctl_http_done(struct ctl_answer *answer)
{
    json_decref(answer->json);
    buf_done(&answer->body);
    *answer = (struct ctl_answer){ 0 };
}

void ctl_http_say(const struct ctl_args *args, const char *code, const char *message)
{
    struct buf text = { 0 };

    if (args->json) {
        /* NULL if a path in it is not UTF-8 */
        json_t *json = json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message);

        if (json == NULL)
            json = json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", code);
        ctl_show_json(json);
        json_decref(json);
        return;
    }
    ctl_table_style(&text, STYLE_NONE, false, message);
    fprintf(stderr, "tocsin %s: %s\n", args->command->words, text.failed ? code : text.bytes);
    buf_done(&text);
}

static int say_unreachable(const struct ctl_args *args, const struct tcn_fail *fail)
{
    ctl_http_say(args, "unreachable", fail->text);
    return CTL_UNREACHABLE;
}

/* The error in an answer, said; returns the exit code. A question with a wrong parameter is wrong
 * usage; a command may be refused for what it says. */
static int say_error(const struct ctl_args *args, const struct ctl_answer *answer, bool question)
{
    const json_t *error = json_object_get(answer->json, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    struct buf text = { 0 };

    if (code == NULL || message == NULL) {
        buf_format(&text, "the answer (HTTP %ld) makes no sense: is %s the socket of a tocsind?",
                   answer->status, args->socket);
        ctl_http_say(args, "bad-answer", text.failed ? "memory ran out" : text.bytes);
        buf_done(&text);
        return CTL_REFUSED;
    }
    if (args->json) {
        ctl_show_json(answer->json);
    } else {
        buf_format(&text, "%s (%s)", message, code);
        ctl_http_say(args, code, text.failed ? code : text.bytes);
        buf_done(&text);
    }
    if (question && strcmp(code, "bad-input") == 0)
        return CTL_USAGE;
    return strcmp(code, "not-found") == 0 ? CTL_NOT_FOUND : CTL_REFUSED;
}

static int exchange(const struct ctl_args *args, const char *path, const char *body,
                    json_t **ret_json)
{
    struct ctl_answer answer;
    struct tcn_fail fail = { .text = "" };
    int rc = CTL_OK;

    if (ctl_http_call(args->socket, path, body, &answer, &fail) < 0)
        return say_unreachable(args, &fail);
    *ret_json = NULL;
    if (answer.status != 200 || !json_is_object(answer.json))
        rc = say_error(args, &answer, body == NULL);
    else if (args->json)
        ctl_show_json(answer.json);
    else
        *ret_json = json_incref(answer.json);
    ctl_http_done(&answer);
    return rc;
}

int ctl_http_get(const struct ctl_args *args, const char *path, json_t **ret_json)
{
    return exchange(args, path, NULL, ret_json);
}

int ctl_http_post(const struct ctl_args *args, const char *path, const json_t *body,
                  json_t **ret_json)
{
    char *text = json_dumps(body, JSON_COMPACT);
    int rc;

    if (text == NULL) {
        fprintf(stderr, "tocsin %s: a text given is not UTF-8\n", args->command->words);
        return CTL_USAGE;
    }
    rc = exchange(args, path, text, ret_json);
    free(text);
    return rc;
}

struct stream {
    CURL *curl;
    bool (*on_text)(void *arg, const char *text, size_t len);
    void *arg;
    struct buf error; /* the body of an answer that is no stream */
    bool stopped;
};

static size_t take_stream(char *bytes, size_t size, size_t count, void *arg)
{
    struct stream *s = arg;
    long status = 0;

    (void)curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status); /* stays 0 otherwise */
    if (status != 200)
        return take_body(bytes, size, count, &s->error);
    if (s->on_text(s->arg, bytes, count))
        return count;
    s->stopped = true;
    return 0;
}

int ctl_http_stream(const struct ctl_args *args, const char *path,
                    bool (*on_text)(void *arg, const char *text, size_t len), void *arg)
{
    struct stream s = { .curl = start(args->socket, path), .on_text = on_text, .arg = arg };
    struct ctl_answer answer = { 0 };
    struct tcn_fail fail = { .text = "libcurl can't be set up" };
    int rc = CTL_OK;
    CURLcode code;

    if (s.curl == NULL)
        return say_unreachable(args, &fail);
    (void)curl_easy_setopt(s.curl, CURLOPT_WRITEFUNCTION, take_stream); /* as in call */
    (void)curl_easy_setopt(s.curl, CURLOPT_WRITEDATA, &s);
    code = curl_easy_perform(s.curl);
    if (code != CURLE_OK && !s.stopped) {
        (void)unreachable(args->socket, s.curl, code, &fail); /* said below */
        rc = say_unreachable(args, &fail);
    } else if (code == CURLE_OK) {
        (void)curl_easy_getinfo(s.curl, CURLINFO_RESPONSE_CODE, &answer.status);
        if (answer.status != 200) {
            answer.json = json_loadb(s.error.len > 0 ? s.error.bytes : "", s.error.len, 0, NULL);
            rc = say_error(args, &answer, true);
            json_decref(answer.json);
        }
    }
    curl_easy_cleanup(s.curl);
    buf_done(&s.error);
    return rc;
}

void ctl_http_encode(struct buf *path, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (const char *p = value; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL)
            buf_append(path, p, 1);
        else
            buf_format(path, "%%%02X", (unsigned)(unsigned char)*p);
    }
}

void ctl_http_param(struct buf *path, const char *name, const char *value)
{
    const bool first = path->len == 0 || memchr(path->bytes, '?', path->len) == NULL;

    buf_format(path, "%s%s=", first ? "?" : "&", name);
    ctl_http_encode(path, value);
}
