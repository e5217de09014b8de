/* Life of the console, and MHD on the loop: MHD's epoll descriptor is polled by libuv, and its
 * time-outs are a libuv timer. */
#define _GNU_SOURCE
#include "console/console.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "console/console_part.h"

#define LAST_RUNS 8 /* of MHD at shutdown, so that last answers leave */

static void arm_mhd_timer(struct console *c);

static void run_mhd(struct console *c)
{
    c->resumed = false;
    if (MHD_run(c->mhd) != MHD_YES)
        log_line(LEVEL_ERROR, "console failed", "reason=\"libmicrohttpd can't go on\"");
    arm_mhd_timer(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error on the descriptor shows in MHD_run(), too */
    (void)events;
    run_mhd(poll->data);
}

static void on_mhd_timer(uv_timer_t *timer)
{
    run_mhd(timer->data);
}

void console_run_soon(struct console *c)
{
    c->resumed = true;
    (void)uv_timer_start(&c->mhd_timer, on_mhd_timer, 0, 0); /* callback given */
}

static void arm_mhd_timer(struct console *c)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    if (c->resumed) /* while MHD ran: MHD 0.9.75 does not count that as a reason to run again */
        console_run_soon(c);
    else if (MHD_get_timeout(c->mhd, &timeout_ms) == MHD_YES)
        (void)uv_timer_start(&c->mhd_timer, on_mhd_timer, timeout_ms, 0); /* callback given */
    else
        (void)uv_timer_stop(&c->mhd_timer); /* always 0 */
}

static void on_mhd_log(void *cls, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void on_mhd_log(void *cls, const char *format, va_list args)
{
    char text[256], quoted[LOG_QUOTE_SIZE];

    (void)cls;
    (void)vsnprintf(text, sizeof text, format, args); /* cut is good enough */
    text[strcspn(text, "\n")] = '\0';
    log_line(LEVEL_DEBUG, "console http", "text=%s", log_quote(text, quoted));
}

static int start_mhd(struct console *c, int listen_fd, struct tcn_fail *reterr)
{
    c->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
                              NULL, console_http_handle, c, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log,
                              c, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
                              console_http_completed, c, MHD_OPTION_CONNECTION_LIMIT,
                              (unsigned)CONSOLE_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                              (unsigned)CONSOLE_IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                              (size_t)32768, MHD_OPTION_END);
    if (c->mhd == NULL)
        return tcn_fail_set(reterr, TCN_EIO, "socket %s: libmicrohttpd did not start",
                            c->conf.socket_path);
    return TCN_OK;
}

static int start_handles(struct console *c, struct tcn_fail *reterr)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(c->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    uv_loop_t *loop = c->conf.loop;
    int rc;

    rc = info != NULL ? uv_poll_init(loop, &c->poll, info->epoll_fd) : UV_ENOSYS;
    if (rc != 0)
        return tcn_fail_set(reterr, TCN_EIO, "socket %s: can't be watched: %s", c->conf.socket_path,
                            uv_strerror(rc));
    /* None of these can fail, says libuv's documentation of each. */
    (void)uv_timer_init(loop, &c->mhd_timer);
    (void)uv_timer_init(loop, &c->command_timer);
    (void)uv_timer_init(loop, &c->follower_timer);
    (void)uv_idle_init(loop, &c->scan_idle);
    c->poll.data = c->mhd_timer.data = c->command_timer.data = c->follower_timer.data =
        c->scan_idle.data = c;
    c->open_handles = 5;
    (void)uv_poll_start(&c->poll, UV_READABLE, on_poll);
    arm_mhd_timer(c);
    return TCN_OK;
}

int console_open(const struct console_conf *conf, struct console **ret, struct tcn_fail *reterr)
{
    struct console *c = calloc(1, sizeof *c);
    int fd, rc;

    if (c == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out");
    c->conf = *conf;
    c->command_timeout_ms = CONSOLE_COMMAND_TIMEOUT_MS;
    c->query_conf = (struct query_conf){ .path = conf->database,
                                         .metrics = conf->message->metrics,
                                         .registry = conf->message->registry,
                                         .rules = conf->message->rules };
    rc = console_socket_open(conf->socket_path, conf->socket_group, &c->socket, &fd, reterr);
    if (rc < 0)
        goto free_console;
    rc = start_mhd(c, fd, reterr);
    if (rc < 0) {
        (void)close(fd); /* MHD closes it only when it started */
        goto remove_socket;
    }
    rc = start_handles(c, reterr);
    if (rc < 0)
        goto stop_mhd;
    *ret = c;
    return TCN_OK;

stop_mhd:
    MHD_stop_daemon(c->mhd);
remove_socket:
    console_socket_remove(&c->socket);
free_console:
    free(c);
    return rc;
}

static void on_closed(uv_handle_t *handle)
{
    struct console *c = handle->data;

    c->open_handles--;
}

/* Everybody who waits gets an answer, and MHD a few turns to send it. */
static void answer_all(struct console *c)
{
    console_command_end(c);
    while (c->scans.first != NULL)
        console_http_fail(c->scans.first, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                          "tocsind is stopping");
    for (struct job *j = c->job_first; j != NULL;)
        j = console_job_abandon(j);
    console_stream_end(c);
    for (int i = 0; i < LAST_RUNS; i++)
        (void)MHD_run(c->mhd); /* what can't be sent now is not sent */
}

void console_close(struct console *c)
{
    MHD_socket fd;

    assert(!c->closing);
    c->closing = true;
    console_socket_remove(&c->socket);
    fd = MHD_quiesce_daemon(c->mhd);
    answer_all(c);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    uv_close((uv_handle_t *)&c->mhd_timer, on_closed);
    uv_close((uv_handle_t *)&c->command_timer, on_closed);
    uv_close((uv_handle_t *)&c->follower_timer, on_closed);
    uv_close((uv_handle_t *)&c->scan_idle, on_closed);
    MHD_stop_daemon(c->mhd);
    c->mhd = NULL;
    if (fd != MHD_INVALID_SOCKET)
        (void)close(fd); /* nothing to lose */
}

bool console_closed(const struct console *c)
{
    return c->closing && c->open_handles == 0 && c->jobs_running == 0;
}

void console_free(struct console *c)
{
    if (c == NULL)
        return;
    assert(console_closed(c));
    query_close(c->query);
    console_stream_free_lines(c);
    free(c);
}
