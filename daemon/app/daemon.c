#define _GNU_SOURCE
#include "app/daemon.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "app/core.h"
#include "app/supervise.h"
#include "app/views.h"
#include "console/console.h"
#include "base/log.h"
#include "base/text.h"
#include "model/ids.h"

#define DATABASE_NAME "tocsin.db"
/* At a stop: how long to wait for commits, and for the broker to take what is waiting. What does
 * not go out then goes out after the next start. */
#define STOP_COMMIT_MS     5000
#define STOP_DELIVER_MS    2000
#define STOP_DISCONNECT_MS 1000

struct daemon {
    const struct settings *settings;
    struct message_context message;
    struct tcn_clock clock;
    struct tcn_now started, engine_start;
    char *database;
    struct store *store;
    struct snapshot snapshot;
    struct core *core;
    struct intake *intake;
    struct link *devices;
    struct push *push;
    struct console *console;
    struct views views;
    struct buf status_topic, will, status, ring_path;
    uv_loop_t loop;
    bool loop_ready, stopping, closing; /* closing: the parts are being taken down */
    uv_async_t wake;
    uv_timer_t deadline, status_timer, watchdog;
    uv_signal_t signals[3];
};

static void on_wake_any_thread(void *arg)
{
    struct daemon *d = arg;

    (void)uv_async_send(&d->wake); /* fails only on a closed handle */
}

static void on_deadline(uv_timer_t *timer);

/* One turn, and the next one planned. */
static void turn(struct daemon *d)
{
    int64_t deadline_ms, now_ms;
    struct push_stats push;
    bool more;

    if (d->closing)
        return;
    deadline_ms = core_turn(d->core, &more);
    now_ms = tcn_clock_now(&d->clock).mono_ms;

    if (more) {
        on_wake_any_thread(d);
    } else if (deadline_ms != TCN_NEVER) {
        int64_t wait_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;

        uv_timer_start(&d->deadline, on_deadline, (uint64_t)wait_ms, 0);
    }
    if (!d->stopping)
        return;
    push_get_stats(d->push, &push);
    if (more || !core_quiet(d->core))
        return; /* the writer's wake-up goes on */
    if (push.waiting + push.in_flight == 0 || push.link.state != LINK_UP)
        uv_stop(&d->loop);
}

static void on_deadline(uv_timer_t *timer)
{
    turn(timer->data);
}

static void on_wake(uv_async_t *async)
{
    turn(async->data);
}

static void publish_status(struct daemon *d)
{
    struct message_status status;

    views_fill_status(&d->views, &status);
    buf_reset(&d->status);
    if (message_status(&d->message, &status, &d->status) < 0 ||
        push_status(d->push, d->status.bytes, d->status.len) < 0)
        log_line(LEVEL_ERROR, "status not published", "error=no-memory");
}

static void on_status(uv_timer_t *timer)
{
    publish_status(timer->data);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    supervise_alive();
}

static void on_stop_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    struct tcn_fail fail;
    char quoted[LOG_QUOTE_SIZE];

    if (number == SIGHUP) {
        log_line(LEVEL_INFO, d->settings->log_file != NULL ? "log reopened" : "nothing to reopen",
                 "signal=HUP configuration=\"as it was at the start\"");
        log_reopen();
        return;
    }
    if (d->stopping)
        return;
    log_line(LEVEL_NOTICE, "stopping", "signal=%s", number == SIGINT ? "INT" : "TERM");
    supervise_stopping();
    d->stopping = true;
    /* No more messages come in; what came before is still worked on. The ring is emptied first, so
     * that P, which may wait for room in it, gets its last message in. */
    if (core_drain(d->core, STOP_COMMIT_MS, &fail) < 0)
        log_line(LEVEL_WARNING, "stopping slowly", "reason=%s", log_quote(fail.text, quoted));
    intake_stop(d->intake);
    link_close(d->devices, STOP_DISCONNECT_MS);
    d->devices = NULL;
    uv_timer_stop(&d->status_timer);
    uv_timer_start(&d->status_timer, on_stop_deadline, STOP_DELIVER_MS, 0);
    on_wake_any_thread(d);
}

/* What the console asks of us. */
static json_t *console_status(void *arg)
{
    struct daemon *d = arg;

    return d->devices == NULL ? NULL : views_status(&d->views);
}

static json_t *console_rejects(void *arg)
{
    return views_rejects(&((struct daemon *)arg)->views);
}

static json_t *console_device(void *arg, uint32_t device)
{
    return views_device(&((struct daemon *)arg)->views, device);
}

static void console_command(void *arg, const struct command *command)
{
    core_command(((struct daemon *)arg)->core, command);
}

static int make_state_dir(struct daemon *d, struct tcn_fail *reterr)
{
    const char *dir = d->settings->state_dir;
    struct buf path = { 0 };

    if (mkdir(dir, 0750) < 0 && errno != EEXIST)
        return tcn_fail_set(reterr, TCN_EIO, "state_dir %s can't be made: %s", dir,
                            strerror(errno));
    buf_format(&path, "%s/" DATABASE_NAME, dir);
    if (path.failed) {
        buf_done(&path);
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
    }
    d->database = path.bytes;
    return TCN_OK;
}

/* What stands for a device or rule that is gone can't be decided any more; people must know. */
static void tell_orphan(void *arg, const struct store_orphan *o)
{
    const struct daemon *d = arg;
    char id[ID_TEXT_SIZE];

    id_format(d->settings->gateway, o->alarm != 0 ? o->alarm : o->task, id);
    log_line(LEVEL_WARNING, "state left aside",
             "%s=%s device=%s rule=%s reason=\"device or rule is not configured any more\"",
             o->alarm != 0 ? "alarm" : "task", id, o->device, o->rule);
}

static int open_store(struct daemon *d, struct tcn_fail *reterr)
{
    struct store_conf conf = { .gateway = d->settings->gateway,
                               .metrics = &d->settings->metrics,
                               .registry = &d->settings->registry,
                               .rules = &d->settings->rules };
    struct tcn_now now;
    int rc = make_state_dir(d, reterr);

    if (rc < 0)
        return rc;
    conf.path = d->database;
    tcn_clock_init(&d->clock, 0, 0);
    now = tcn_clock_now(&d->clock);
    conf.wall_ms = now.wall_ms;
    rc = store_open(&conf, &d->store, reterr);
    if (rc < 0)
        return rc;
    rc = store_load(d->store, &d->snapshot, reterr);
    if (rc < 0)
        return rc;
    if (d->snapshot.orphan_count > 0)
        return store_orphans(d->store, tell_orphan, d, reterr);
    return TCN_OK;
}

static void set_message_context(struct daemon *d)
{
    const struct settings *s = d->settings;

    d->message = (struct message_context){ .gateway = s->gateway,
                                           .prefix = s->prefix,
                                           .epoch = d->snapshot.epoch,
                                           .offset_min = s->offset_min,
                                           .encoding = s->upstream.encoding,
                                           .metrics = &s->metrics,
                                           .registry = &s->registry,
                                           .rules = &s->rules };
}

/* "<socket>.ring": in the runtime directory, which outlives the process and no boot. */
static int open_intake(struct daemon *d, struct tcn_fail *reterr)
{
    struct intake_conf conf = { .metrics = &d->settings->metrics,
                                .registry = &d->settings->registry,
                                .sources = &d->settings->sources,
                                .message = &d->message,
                                .clock = &d->clock,
                                .wake = on_wake_any_thread,
                                .wake_arg = d,
                                .fingerprint = d->settings->fingerprint,
                                .committed_ring = d->snapshot.ring,
                                .committed_position = d->snapshot.ring_position };

    buf_format(&d->ring_path, "%s.ring", d->settings->socket_path);
    if (d->ring_path.failed)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
    conf.ring_path = d->ring_path.bytes;
    return intake_new(&conf, &d->intake, reterr);
}

/* Engine time goes on where the last run stopped: at its last record, if some are left to take.
 * The engine itself starts at the first of those, so that each is taken at its own time. */
static void set_clock(struct daemon *d)
{
    const struct record *first = intake_peek(d->intake);
    int64_t last_ms = intake_last_ms(d->intake);

    tcn_clock_init(&d->clock,
                   first != NULL && last_ms > d->snapshot.mono_ms ? last_ms : d->snapshot.mono_ms,
                   d->snapshot.wall_ms);
    d->started = tcn_clock_now(&d->clock);
    d->engine_start = d->started;
    if (first == NULL)
        return;
    log_line(LEVEL_NOTICE, "records taken again", "reason=\"acknowledged, and not yet committed\"");
    if (first->now.mono_ms < d->engine_start.mono_ms)
        d->engine_start = first->now;
    if (d->engine_start.mono_ms < d->snapshot.mono_ms)
        d->engine_start.mono_ms = d->snapshot.mono_ms;
}

static int open_core(struct daemon *d, struct tcn_fail *reterr)
{
    struct core_conf conf = { .message = &d->message,
                              .clock = &d->clock,
                              .store = d->store,
                              .arg = d,
                              .wake = on_wake_any_thread };
    int rc = open_intake(d, reterr);

    if (rc < 0)
        return rc;
    set_clock(d);
    conf.started = d->engine_start;
    return core_new(&conf, &d->snapshot, &d->core, reterr);
}

/* The status message that the broker sends for us when we vanish. */
static int build_will(struct daemon *d, struct tcn_fail *reterr)
{
    struct message_status offline = { .state = "offline",
                                      .version = TOCSIN_VERSION,
                                      .since_wall_ms = d->started.wall_ms };

    topic_status(&d->message, &d->status_topic);
    if (message_status(&d->message, &offline, &d->will) < 0 || d->status_topic.failed)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for the last will");
    return TCN_OK;
}

static void on_command_message(void *arg, const struct link_message *m)
{
    intake_command_message(((struct daemon *)arg)->intake, m);
}

static int open_push(struct daemon *d, struct tcn_fail *reterr)
{
    struct push_conf conf = { .connection = &d->settings->upstream,
                              .arg = d,
                              .on_message = on_command_message,
                              .wake = on_wake_any_thread };
    int rc = build_will(d, reterr);

    if (rc < 0)
        return rc;
    conf.status_topic = d->status_topic.bytes;
    conf.will_payload = d->will.bytes;
    conf.will_len = d->will.len;
    intake_command_filters(d->intake, &conf.filters, &conf.qos, &conf.filter_count);
    return push_open(&conf, &d->push, reterr);
}

static int open_devices(struct daemon *d, struct tcn_fail *reterr)
{
    struct link_conf conf = { .connection = &d->settings->devices,
                              .events = { .arg = d->intake,
                                          .on_message = intake_device_message,
                                          .on_up = intake_device_up } };

    intake_device_filters(d->intake, &conf.filters, &conf.qos, &conf.filter_count);
    return link_open(&conf, &d->devices, reterr);
}

static int open_console(struct daemon *d, struct tcn_fail *reterr)
{
    const struct console_conf conf = { .loop = &d->loop,
                                       .socket_path = d->settings->socket_path,
                                       .socket_group = d->settings->socket_group,
                                       .database = d->database,
                                       .message = &d->message,
                                       .arg = d,
                                       .status = console_status,
                                       .rejects = console_rejects,
                                       .device = console_device,
                                       .command = console_command };

    return console_open(&conf, &d->console, reterr);
}

static int open_loop(struct daemon *d, struct tcn_fail *reterr)
{
    static const int SIGNALS[3] = { SIGTERM, SIGINT, SIGHUP };
    int rc = uv_loop_init(&d->loop);

    if (rc < 0)
        return tcn_fail_set(reterr, TCN_EIO, "the event loop can't be made: %s", uv_strerror(rc));
    d->loop_ready = true;
    rc = uv_async_init(&d->loop, &d->wake, on_wake);
    if (rc < 0)
        return tcn_fail_set(reterr, TCN_EIO, "no wake-up for the loop: %s", uv_strerror(rc));
    d->wake.data = d;
    uv_timer_init(&d->loop, &d->deadline);
    uv_timer_init(&d->loop, &d->status_timer);
    uv_timer_init(&d->loop, &d->watchdog);
    d->deadline.data = d;
    d->status_timer.data = d;
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&d->loop, &d->signals[i]);
        d->signals[i].data = d;
        rc = uv_signal_start(&d->signals[i], on_signal, SIGNALS[i]);
        if (rc < 0)
            return tcn_fail_set(reterr, TCN_EIO, "signals can't be caught: %s", uv_strerror(rc));
    }
    return TCN_OK;
}

static void start_timers(struct daemon *d)
{
    int64_t watchdog_ms = supervise_watchdog_ms();

    uv_timer_start(&d->status_timer, on_status, 0, (uint64_t)d->settings->status_every_ms);
    if (watchdog_ms > 0)
        uv_timer_start(&d->watchdog, on_watchdog, 0, (uint64_t)watchdog_ms);
}

/* Order matters: nothing comes in before everything that it may reach stands. */
static int open_all(struct daemon *d, struct tcn_fail *reterr)
{
    int rc = open_store(d, reterr);

    if (rc < 0)
        return rc;
    set_message_context(d);
    rc = open_loop(d, reterr);
    if (rc == TCN_OK)
        rc = open_core(d, reterr);
    if (rc == TCN_OK)
        rc = open_console(d, reterr);
    if (rc == TCN_OK)
        rc = open_push(d, reterr);
    if (rc < 0)
        return rc;
    core_attach(d->core, d->intake, d->push, d->console);
    rc = open_devices(d, reterr);
    if (rc < 0)
        return rc;
    d->views = (struct views){ .message = &d->message,
                               .clock = &d->clock,
                               .core = d->core,
                               .intake = d->intake,
                               .push = d->push,
                               .devices = d->devices,
                               .sources = &d->settings->sources,
                               .since_wall_ms = d->started.wall_ms };
    return TCN_OK;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Takes down what stands, in the reverse order; also after a start that failed half-way. */
static int close_all(struct daemon *d, struct tcn_fail *reterr)
{
    int rc = TCN_OK;

    d->closing = true;
    if (d->intake != NULL)
        intake_stop(d->intake);
    link_close(d->devices, STOP_DISCONNECT_MS);
    if (d->core != NULL && d->stopping)
        rc = core_drain(d->core, STOP_COMMIT_MS, reterr);
    if (d->push != NULL)
        push_close(d->push, STOP_DISCONNECT_MS);
    /* Once more: what was delivered at the last moment must not go out again. */
    if (rc == TCN_OK && d->core != NULL && d->stopping)
        rc = core_drain(d->core, STOP_COMMIT_MS, reterr);
    if (d->console != NULL) {
        console_close(d->console);
        while (!console_closed(d->console))
            uv_run(&d->loop, UV_RUN_ONCE);
    }
    core_free(d->core); /* and with it S, which may still feed push */
    push_free(d->push);
    console_free(d->console);
    intake_free(d->intake);
    store_close(d->store);
    if (d->loop_ready) {
        uv_walk(&d->loop, close_handle, NULL);
        uv_run(&d->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&d->loop); /* all handles are closed */
    }
    snapshot_done(&d->snapshot);
    buf_done(&d->status_topic);
    buf_done(&d->will);
    buf_done(&d->status);
    buf_done(&d->ring_path);
    free(d->database);
    return rc;
}

int daemon_run(const struct settings *settings, struct tcn_fail *reterr)
{
    struct daemon *d = calloc(1, sizeof *d);
    int rc, close_rc;

    if (d == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
    d->settings = settings;
    rc = open_all(d, reterr);
    if (rc == TCN_OK) {
        log_line(LEVEL_NOTICE, "started",
                 "version=%s gateway=%s devices=%u rules=%u epoch=%u alarms=%u tasks=%u",
                 TOCSIN_VERSION, settings->gateway, settings->registry.device_count,
                 settings->rules.count, d->snapshot.epoch, d->snapshot.alarm_count,
                 d->snapshot.task_count);
        snapshot_done(&d->snapshot);
        start_timers(d);
        supervise_ready("running");
        on_wake_any_thread(d);
        uv_run(&d->loop, UV_RUN_DEFAULT);
    }
    close_rc = close_all(d, rc == TCN_OK ? reterr : NULL);
    free(d);
    if (rc == TCN_OK && close_rc == TCN_OK)
        log_line(LEVEL_NOTICE, "stopped", "reason=signal");
    return rc < 0 ? rc : close_rc;
}
