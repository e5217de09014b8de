/* tests/unit/console_fixture.h - a console with a small town, a real database and a fake
 * application behind it, and clients on its socket; all on one loop. Nothing sleeps: the loop
 * runs until what is waited for is there, or a deadline ends the test. */
#ifndef TOCSIN_TESTS_CONSOLE_FIXTURE_H
#define TOCSIN_TESTS_CONSOLE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/console_part.h"
#include "store/store.h"

#define DEADLINE_MS 20000
#define ISSUED_MS   INT64_C(1772323200000) /* 2026-03-01T08:00:00+08:00 */

/* ---- the town ---- */

static const struct metric METRICS_ITEMS[] = {
    { .name = "smoke", .type = METRIC_BOOL, .stale_after_ms = TCN_NEVER },
    { .name = "exit_blocked", .type = METRIC_BOOL, .stale_after_ms = TCN_NEVER },
};
static const struct metrics METRICS = { METRICS_ITEMS, 2 };
static const char *const TYPES[] = { "smoke-detector", "camera" };
static const struct enterprise ENTERPRISES[] = {
    { "91320600MA1N4P8R2X", "南通城南纺织有限公司", "李敏", "0513-1" },
};
static const struct department DEPARTMENTS[] = { { "fire-chengnan", "城南消防救援大队", "", "" } };
static const struct patrol_unit UNITS[] = {
    { "u1", "城南一组", UNIT_RESIDENTIAL, "王强", "", 0 },
};
static const struct site SITES[] = {
    { "mill", "城南纺织", "工农路1号", 0, 0, 0 },
    { "garden", "城南小区", "青年路8号", REGISTRY_NONE, 0, 0 },
};
static const struct device DEVICES[] = {
    { "smoke-1", NULL, "厨房烟感", 0, 1, REGISTRY_NONE, REGISTRY_NONE, 0, 0 },
    { "cam-1", "gate_cam", "东门摄像机", 1, 0, REGISTRY_NONE, 0, 0, 0 },
    { "cam-2", "yard_cam", "西门摄像机", 1, 0, REGISTRY_NONE, 0, 0, 0 },
};
static struct registry TOWN = {
    /* indexed by setup() */
    .enterprises = ENTERPRISES,
    .departments = DEPARTMENTS,
    .units = UNITS,
    .sites = SITES,
    .devices = DEVICES,
    .types = TYPES,
    .enterprise_count = 1,
    .department_count = 1,
    .unit_count = 1,
    .site_count = 2,
    .device_count = 3,
    .type_count = 2,
};
static const struct rule RULES_ITEMS[] = {
    { .id = "home-smoke",
      .title = "住宅烟雾报警",
      .guidance = "打电话核实",
      .version = "0000aaaa",
      .signal_class = SIGNAL_FIRE,
      .severity = SEVERITY_CRITICAL },
    { .id = "exit-blocked",
      .title = "安全出口堵塞",
      .guidance = "",
      .version = "0000bbbb",
      .signal_class = SIGNAL_HAZARD,
      .severity = SEVERITY_MAJOR },
};
static const struct rules RULES = { RULES_ITEMS, 2 };

/* ---- the fixture ---- */

struct fixture {
    char dir[64], socket[96], database[96];
    uv_loop_t loop;
    uv_timer_t deadline;
    struct arena arena;
    struct message_context message;
    struct console *console;
    struct command last_command; /* what the fake application was asked to do */
    unsigned commands;
    bool reply_at_once;
    int reply_error;
};

static inline json_t *fake_status(void *arg)
{
    (void)arg;
    return json_pack("{s:s,s:i}", "state", "online", "alarmsStanding", 2);
}

static inline json_t *fake_rejects(void *arg)
{
    (void)arg;
    return json_pack("[{s:s}]", "topic", "a/b");
}

static inline json_t *fake_device(void *arg, uint32_t device)
{
    (void)arg;
    return json_pack("{s:s,s:{s:i}}", "lastHeard", "2026-03-01T08:00:00.000+08:00", "values",
                     "number", (int)device);
}

static inline void answer_command(struct fixture *f)
{
    struct command_reply reply = { .origin = f->last_command.origin, .error = f->reply_error };

    (void)snprintf(reply.id, sizeof reply.id, "%s", f->last_command.id);
    (void)snprintf(reply.state, sizeof reply.state, "acknowledged");
    if (f->reply_error != TCN_OK)
        (void)snprintf(reply.text, sizeof reply.text, "the alarm is over");
    console_reply(f->console, &reply);
}

static inline void fake_command(void *arg, const struct command *command)
{
    struct fixture *f = arg;

    f->last_command = *command;
    f->commands++;
    if (f->reply_at_once)
        answer_command(f);
}

static inline void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "what the test waits for did not come within %d ms\n", DEADLINE_MS);
    abort();
}

/* Two alarms, the second with a task of two steps, and ids 1, 2 and 3. */
static inline void fill_database(struct fixture *f)
{
    const struct store_conf conf = {
        .path = f->database, .metrics = &METRICS, .registry = &TOWN, .rules = &RULES
    };
    struct store *store;
    struct snapshot snapshot;
    struct effects e = { .id_counter = 4, .mono_ms = 1 };
    struct store_batch batch = { .effects = &e, .mono_ms = 1, .wall_ms = ISSUED_MS };
    struct tcn_fail fail = { .text = "" };
    struct alarm_change *a;
    struct task_change *t;

    assert_int_equal(store_open(&conf, &store, &fail), TCN_OK);
    assert_int_equal(store_load(store, &snapshot, &fail), TCN_OK);
    f->message.epoch = snapshot.epoch;
    for (uint32_t i = 0; i < 2; i++) {
        a = effects_alarm(&e);
        a->alarm = (struct alarm){ .id = id_pack(snapshot.epoch, i + 1),
                                   .device = i,
                                   .rule = i,
                                   .state = ALARM_UNACKNOWLEDGED,
                                   .has_value = true,
                                   .value_metric = (uint16_t)i,
                                   .value = 1,
                                   .raised_wall_ms = ISSUED_MS + i,
                                   .changed_wall_ms = ISSUED_MS + i,
                                   .task = i == 1 ? id_pack(snapshot.epoch, 3) : 0 };
        a->transition = TRANSITION_RAISED;
        a->seq = 1;
        a->actor.kind = PARTY_SYSTEM;
    }
    for (uint32_t i = 0; i < 2; i++) {
        t = effects_task(&e);
        t->task = (struct task){ .id = id_pack(snapshot.epoch, 3),
                                 .alarm = id_pack(snapshot.epoch, 2),
                                 .device = 1,
                                 .rule = 1,
                                 .enterprise = 0,
                                 .department = 0,
                                 .unit = 0,
                                 .state = i == 0 ? TASK_ISSUED : TASK_ACCEPTED,
                                 .level = HAZARD_GENERAL,
                                 .hazard_present = true,
                                 .issued_wall_ms = ISSUED_MS,
                                 .changed_wall_ms = ISSUED_MS,
                                 .deadline_wall_ms = ISSUED_MS + 86400000,
                                 .deadline_ms = 86400000,
                                 .next_due_ms = 80000000 };
        t->step = (struct task_step){ .event = i == 0 ? TASK_EV_ISSUED : TASK_EV_ACCEPTED,
                                      .state = t->task.state,
                                      .wall_ms = ISSUED_MS,
                                      .actor = { .kind = i == 0 ? PARTY_SYSTEM : PARTY_OPERATOR } };
        t->step_number = i;
    }
    assert_int_equal(store_commit(store, &batch, &fail), TCN_OK);
    snapshot_done(&snapshot);
    effects_done(&e);
    store_close(store);
}

static inline void open_console(struct fixture *f)
{
    const struct console_conf conf = { .loop = &f->loop,
                                       .socket_path = f->socket,
                                       .database = f->database,
                                       .message = &f->message,
                                       .arg = f,
                                       .status = fake_status,
                                       .rejects = fake_rejects,
                                       .device = fake_device,
                                       .command = fake_command };
    struct tcn_fail fail = { .text = "" };

    assert_int_equal(console_open(&conf, &f->console, &fail), TCN_OK);
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    uint32_t a, b;

    assert_non_null(f);
    assert_int_equal(registry_index(&TOWN, &f->arena, &a, &b), TCN_OK);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/tocsin-console-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->socket, sizeof f->socket, "%s/s", f->dir);
    (void)snprintf(f->database, sizeof f->database, "%s/db", f->dir);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_timer_init(&f->loop, &f->deadline), 0);
    assert_int_equal(uv_timer_start(&f->deadline, on_deadline, DEADLINE_MS, 0), 0);
    f->message = (struct message_context){ .gateway = "gw",
                                           .prefix = "tocsin",
                                           .offset_min = 480,
                                           .encoding = MESSAGE_PROTOBUF, /* upstream's, not ours */
                                           .metrics = &METRICS,
                                           .registry = &TOWN,
                                           .rules = &RULES };
    fill_database(f);
    open_console(f);
    *state = f;
    return 0;
}

static inline void close_console(struct fixture *f)
{
    console_close(f->console);
    while (!console_closed(f->console))
        (void)uv_run(&f->loop, UV_RUN_ONCE);
    console_free(f->console);
    f->console = NULL;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    static const char *const ends[] = { "db", "db-wal", "db-shm", "db-lock", "s" };
    char path[128];

    if (f->console != NULL)
        close_console(f);
    uv_close((uv_handle_t *)&f->deadline, NULL);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0); /* nothing was left behind */
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", f->dir, ends[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
    arena_done(&f->arena);
    free(f);
    return 0;
}

/* ---- a client ---- */

struct client {
    struct fixture *f;
    uv_poll_t poll;
    int fd;
    char *text; /* all that came, terminated */
    size_t len, capacity;
    bool ended;
};

static inline void on_readable(uv_poll_t *poll, int status, int events)
{
    struct client *c = poll->data;
    ssize_t n;

    (void)events;
    if (status != 0) { /* reset: libuv has stopped the handle */
        c->ended = true;
        return;
    }
    if (c->capacity < c->len + 65537) {
        c->capacity = 2 * c->len + 65537;
        c->text = realloc(c->text, c->capacity);
        assert_non_null(c->text);
    }
    n = recv(c->fd, c->text + c->len, 65536, 0);
    if (n < 0 && errno == EAGAIN)
        n = 0;
    else if (n <= 0) {
        c->ended = true;
        n = 0;
        (void)uv_poll_stop(poll);
    }
    c->len += (size_t)n;
    c->text[c->len] = '\0';
}

static inline int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline void client_send(struct client *c, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) { /* the server is on our loop, so let it read when its buffer is full */
        const ssize_t n = send(c->fd, text, left, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno != EAGAIN)
                return; /* hung up on: the answer says why */
            (void)uv_run(&c->f->loop, UV_RUN_ONCE);
            continue;
        }
        text += n;
        left -= (size_t)n;
    }
}

static inline struct client *client_open(struct fixture *f, const char *request)
{
    struct client *c = calloc(1, sizeof *c);

    assert_non_null(c);
    c->f = f;
    c->fd = connect_to(f->socket);
    c->text = calloc(1, 1);
    assert_int_equal(uv_poll_init(&f->loop, &c->poll, c->fd), 0);
    c->poll.data = c;
    assert_int_equal(uv_poll_start(&c->poll, UV_READABLE, on_readable), 0);
    client_send(c, request);
    return c;
}

static inline void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;

    (void)close(c->fd);
    free(c->text);
    free(c);
}

static inline void client_close(struct client *c)
{
    uv_close((uv_handle_t *)&c->poll, on_client_closed);
    (void)uv_run(&c->f->loop, UV_RUN_NOWAIT);
}

static inline void wait_end(struct client *c)
{
    while (!c->ended)
        (void)uv_run(&c->f->loop, UV_RUN_ONCE);
}

static inline void wait_text(struct client *c, const char *text)
{
    while (strstr(c->text, text) == NULL) {
        assert_false(c->ended);
        (void)uv_run(&c->f->loop, UV_RUN_ONCE);
    }
}

static inline int status_of(const struct client *c)
{
    int status = 0;

    (void)sscanf(c->text, "HTTP/1.1 %d", &status);
    return status;
}

static inline json_t *json_of(const struct client *c)
{
    const char *body = strstr(c->text, "\r\n\r\n");
    json_t *json;

    assert_non_null(body);
    json = json_loads(body + 4, 0, NULL);
    assert_non_null(json);
    return json;
}

/* One exchange on a connection of its own. *ret_json: the caller's. */
static inline int ask(struct fixture *f, const char *method, const char *path, const char *body,
                      json_t **ret_json)
{
    char head[1024];
    struct client *c;
    int status;

    (void)snprintf(head, sizeof head,
                   "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                   method, path, strlen(body));
    c = client_open(f, head);
    client_send(c, body);
    wait_end(c);
    status = status_of(c);
    *ret_json = json_of(c);
    client_close(c);
    return status;
}

static inline int get(struct fixture *f, const char *path, json_t **ret_json)
{
    return ask(f, "GET", path, "", ret_json);
}

/* A text somewhere in a document: "error.message", "alarms.0.title"; "" when it is not there. */
static inline const char *text_at(const json_t *json, const char *path)
{
    char copy[128], *rest, *word;

    (void)snprintf(copy, sizeof copy, "%s", path);
    for (word = strtok_r(copy, ".", &rest); word != NULL; word = strtok_r(NULL, ".", &rest))
        json = json_is_array(json) ? json_array_get(json, strtoul(word, NULL, 10))
                                   : json_object_get(json, word);
    return json_is_string(json) ? json_string_value(json) : "";
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (strstr(text, part) == NULL)                                                            \
            fail_msg("'%s' is not in '%s'", part, text);                                           \
    } while (0)

#endif
