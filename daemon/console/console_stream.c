/* Followers of the log: each has a bounded buffer, and who reads too slowly is let go with a last
 * line that says so. While nothing waits for a follower its connection is suspended. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* ---- lines kept ---- */

static void keep(struct console *c, const char *line)
{
    char *copy = strdup(line);
    uint32_t at;

    if (copy == NULL)
        return; /* a line less to look back on */
    at = (c->line_first + c->line_count) % CONSOLE_LINES_MAX;
    if (c->line_count == CONSOLE_LINES_MAX) {
        free(c->lines[at]);
        c->line_first = (c->line_first + 1) % CONSOLE_LINES_MAX;
    } else {
        c->line_count++;
    }
    c->lines[at] = copy;
}

void console_stream_free_lines(struct console *c)
{
    for (uint32_t i = 0; i < c->line_count; i++)
        free(c->lines[(c->line_first + i) % CONSOLE_LINES_MAX]);
    c->line_count = 0;
}

/* ---- followers ---- */

static void add_line(struct request *r, const char *line)
{
    const size_t len = strlen(line);

    if (r->cut || r->ended) {
        r->lost_lines++;
        return;
    }
    if (r->sent == r->answer.len) {
        buf_reset(&r->answer);
        r->sent = 0;
    }
    if (r->answer.len - r->sent + len + 1 > CONSOLE_FOLLOWER_MAX) {
        r->cut = true;
        r->lost_lines = 1;
        return;
    }
    buf_append(&r->answer, line, len);
    buf_text(&r->answer, "\n");
    if (r->answer.failed)
        r->gone = true;
}

/* All that waited is read, and the follower was cut off: its last line. */
static void say_goodbye(struct request *r)
{
    buf_reset(&r->answer);
    r->sent = 0;
    buf_format(&r->answer,
               "tocsin: cut off, %llu lines are missing: this reader was more than %u KiB "
               "behind; connect again\n",
               (unsigned long long)r->lost_lines, CONSOLE_FOLLOWER_MAX >> 10);
    log_line(LEVEL_NOTICE, "console follower", "reason=\"reads too slowly\" lost_lines=%llu",
             (unsigned long long)r->lost_lines);
    r->cut = false;
    r->ended = true;
}

/* MHD_ContentReaderCallback */
static ssize_t read_lines(void *cls, uint64_t pos, char *out, size_t max)
{
    struct request *r = cls;
    size_t len;

    (void)pos;
    if (r->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (r->sent == r->answer.len && r->cut)
        say_goodbye(r);
    len = r->answer.len - r->sent;
    if (len == 0) {
        if (r->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        console_http_suspend(r);
        return 0;
    }
    if (len > max)
        len = max;
    memcpy(out, r->answer.bytes + r->sent, len);
    r->sent += len;
    /* What was sent is dropped now and then, so that the buffer keeps to its bound. */
    if (r->sent >= CONSOLE_FOLLOWER_MAX / 2 || r->sent == r->answer.len) {
        memmove(r->answer.bytes, r->answer.bytes + r->sent, r->answer.len - r->sent);
        r->answer.len -= r->sent;
        r->answer.bytes[r->answer.len] = '\0';
        r->sent = 0;
    }
    return (ssize_t)len;
}

static enum MHD_Result queue_stream(struct request *r)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_lines, r, NULL);
    enum MHD_Result rc;

    if (response == NULL)
        return MHD_NO;
    rc = MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    if (rc == MHD_YES)
        rc = MHD_add_response_header(response, "Cache-Control", "no-store");
    if (rc == MHD_YES)
        rc = MHD_queue_response(r->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return rc;
}

void console_stream_begin(struct request *r)
{
    struct console *c = r->c;
    uint32_t recent = 0;
    bool follow = true;

    if (!console_route_number(r, "recent", 0, CONSOLE_LINES_MAX, &recent) ||
        !console_route_flag(r, "follow", &follow))
        return;
    if (c->followers.count >= CONSOLE_FOLLOWERS_MAX) {
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                          "%d followers are connected already, and there is room for no more",
                          CONSOLE_FOLLOWERS_MAX);
        return;
    }
    if (recent > c->line_count)
        recent = c->line_count;
    for (uint32_t i = c->line_count - recent; i < c->line_count; i++) {
        const char *line = c->lines[(c->line_first + i) % CONSOLE_LINES_MAX];

        buf_text(&r->answer, line);
        buf_text(&r->answer, "\n");
    }
    if (r->answer.failed) {
        buf_reset(&r->answer);
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", "memory ran out");
        return;
    }
    r->streaming = true;
    r->ended = !follow;
    if (queue_stream(r) != MHD_YES) {
        r->streaming = false;
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", "memory ran out");
        return;
    }
    console_list_add(&c->followers, r);
    if (!uv_is_active((uv_handle_t *)&c->follower_timer))
        (void)uv_timer_start(&c->follower_timer, console_stream_check, CONSOLE_FOLLOWER_CHECK_MS,
                             CONSOLE_FOLLOWER_CHECK_MS); /* fails without callback only */
}

void console_line(struct console *c, const char *line)
{
    keep(c, line);
    for (struct request *r = c->followers.first; r != NULL; r = r->next) {
        add_line(r, line);
        console_http_resume(r);
    }
}

/* MHD does not look at a suspended connection, so nobody else would notice. */
void console_stream_check(uv_timer_t *timer)
{
    struct console *c = timer->data;

    for (struct request *r = c->followers.first; r != NULL; r = r->next) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct pollfd p = { .fd = info != NULL ? info->connect_fd : -1 };

        if (!r->suspended || poll(&p, 1, 0) <= 0)
            continue;
        r->gone = true;
        console_http_resume(r);
    }
    if (c->followers.count == 0)
        (void)uv_timer_stop(timer); /* always 0 */
}

void console_stream_end(struct console *c)
{
    for (struct request *r = c->followers.first; r != NULL; r = r->next) {
        r->ended = true;
        console_http_resume(r);
    }
}
