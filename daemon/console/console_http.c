/* From MHD's calls to requests, and from answers back to MHD. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* More than this beyond CONSOLE_BODY_MAX is not even read to its end. */
#define BODY_DISCARD_MAX ((size_t)16 * CONSOLE_BODY_MAX)

void console_list_add(struct request_list *list, struct request *r)
{
    assert(r->list == NULL);
    r->list = list;
    r->next = NULL;
    r->prev = list->last;
    if (list->last != NULL)
        list->last->next = r;
    else
        list->first = r;
    list->last = r;
    list->count++;
}

void console_list_remove(struct request *r)
{
    struct request_list *list = r->list;

    if (list == NULL)
        return;
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        list->first = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    else
        list->last = r->prev;
    list->count--;
    r->list = NULL;
    r->prev = r->next = NULL;
}

void console_http_suspend(struct request *r)
{
    assert(!r->suspended);
    r->suspended = true;
    MHD_suspend_connection(r->connection);
}

void console_http_resume(struct request *r)
{
    if (!r->suspended)
        return;
    r->suspended = false;
    MHD_resume_connection(r->connection);
    console_run_soon(r->c); /* the epoll descriptor does not tell MHD of it */
}

void console_http_answer(struct request *r, unsigned status, struct buf *answer)
{
    assert(r->status == 0);
    console_list_remove(r);
    buf_done(&r->answer);
    r->answer = *answer;
    *answer = (struct buf){ 0 };
    r->status = status;
    console_http_resume(r);
}

static int append_bytes(const char *bytes, size_t size, void *out)
{
    buf_append(out, bytes, size);
    return ((struct buf *)out)->failed ? -1 : 0;
}

int console_http_dump(const json_t *json, struct buf *out)
{
    if (json == NULL || json_dump_callback(json, append_bytes, out, JSON_COMPACT) != 0)
        return TCN_ENOMEM;
    return TCN_OK;
}

void console_http_answer_json(struct request *r, unsigned status, json_t *json)
{
    static const char no_memory[] =
        "{\"error\":{\"code\":\"no-memory\",\"message\":\"memory ran out\"}}\n";
    struct buf out = { 0 };

    if (console_http_dump(json, &out) < 0) {
        buf_reset(&out);
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
        buf_text(&out, no_memory);
    } else {
        buf_text(&out, "\n");
    }
    json_decref(json);
    console_http_answer(r, status, &out);
}

void console_http_fail(struct request *r, unsigned status, const char *code, const char *format,
                       ...)
{
    char message[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args); /* a sentence cut is still one */
    va_end(args);
    /* A cut may have split a character, and what is quoted from a URL need not be UTF-8. */
    if (!tcn_text_is_utf8(message, strlen(message))) {
        for (char *p = message; *p != '\0'; p++) {
            if ((unsigned char)*p >= 0x80)
                *p = '?';
        }
    }
    console_http_answer_json(r, status,
                             json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message));
}

unsigned console_http_status_of(int code)
{
    switch (code) {
    case TCN_OK:
        return MHD_HTTP_OK;
    case TCN_EINPUT:
    case TCN_EEXPIRED:
        return MHD_HTTP_BAD_REQUEST;
    case TCN_ENOENT:
        return MHD_HTTP_NOT_FOUND;
    case TCN_ECONFLICT:
    case TCN_ESTATE:
        return MHD_HTTP_CONFLICT;
    case TCN_EDENIED:
        return MHD_HTTP_FORBIDDEN;
    case TCN_EAGAIN:
    case TCN_EFULL:
    case TCN_ENOMEM:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

static enum MHD_Result send_answer(struct request *r)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        r->answer.len, r->answer.bytes, MHD_RESPMEM_PERSISTENT); /* lives as long as r */
    enum MHD_Result rc;

    if (response == NULL)
        return MHD_NO;
    rc = MHD_add_response_header(response, "Content-Type", "application/json");
    if (rc == MHD_YES)
        rc = MHD_add_response_header(response, "Cache-Control", "no-store");
    if (rc == MHD_YES && r->allow != NULL)
        rc = MHD_add_response_header(response, "Allow", r->allow);
    if (rc == MHD_YES && r->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        rc = MHD_add_response_header(response, "Retry-After", "1");
    if (rc == MHD_YES)
        rc = MHD_queue_response(r->connection, r->status, response);
    MHD_destroy_response(response);
    return rc;
}

static void too_large(struct request *r)
{
    console_http_fail(r, MHD_HTTP_CONTENT_TOO_LARGE, "too-large",
                      "the body may have %d bytes at most", CONSOLE_BODY_MAX);
}

/* A new request. One that announces too large a body is refused before it sends it. */
static enum MHD_Result begin(struct console *c, struct MHD_Connection *connection, void **request)
{
    struct request *r = calloc(1, sizeof *r);
    const char *length;
    int64_t bytes;

    if (r == NULL)
        return MHD_NO;
    r->c = c;
    r->connection = connection;
    *request = r;
    length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (length == NULL || tcn_parse_int(length, strlen(length), 0, INT64_MAX, &bytes) < 0 ||
        bytes <= CONSOLE_BODY_MAX)
        return MHD_YES;
    too_large(r);
    return send_answer(r);
}

static enum MHD_Result take_body(struct request *r, const char *upload, size_t size)
{
    if (r->body.len + size > CONSOLE_BODY_MAX) {
        r->body_too_large = true;
        r->discarded += size;
        return r->discarded > BODY_DISCARD_MAX ? MHD_NO : MHD_YES;
    }
    buf_append(&r->body, upload, size);
    return r->body.failed ? MHD_NO : MHD_YES;
}

enum MHD_Result console_http_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **request)
{
    struct request *r = *request;

    (void)version; /* MHD answers in kind */
    if (r == NULL)
        return begin(cls, connection, request);
    if (*upload_size > 0) {
        const size_t size = *upload_size;

        *upload_size = 0;
        return take_body(r, upload, size);
    }
    if (r->status == 0) {
        if (r->body_too_large)
            too_large(r);
        else if (r->c->closing)
            console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "tocsind is stopping");
        else
            console_route_begin(r, url, method);
    }
    if (r->streaming || r->status == 0)
        return MHD_YES; /* a response is queued already, or the connection is suspended */
    return send_answer(r);
}

void console_http_completed(void *cls, struct MHD_Connection *connection, void **request,
                            enum MHD_RequestTerminationCode why)
{
    struct request *r = *request;

    (void)cls;
    (void)connection;
    (void)why; /* a client that hangs up is no event for us */
    if (r == NULL)
        return;
    *request = NULL;
    console_list_remove(r);
    console_job_forget(r);
    buf_done(&r->body);
    buf_done(&r->answer);
    free(r);
}
