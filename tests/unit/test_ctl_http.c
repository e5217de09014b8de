/* ctl/ctl_http against a real console whose loop runs in a thread: answers, refusals and exit
 * codes.  links: rest */
#define _GNU_SOURCE
#include <pthread.h>

#include "console_fixture.h"
#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"

struct server {
    struct fixture *f;
    pthread_t thread;
    uv_async_t stop;
};

static void on_stop(uv_async_t *stop)
{
    uv_stop(stop->loop);
}

static void *serve(void *arg)
{
    (void)uv_run(arg, UV_RUN_DEFAULT);
    return NULL;
}

static int start(void **state)
{
    struct server *s = calloc(1, sizeof *s);
    void *fixture;

    assert_non_null(s);
    assert_int_equal(setup(&fixture), 0);
    s->f = fixture;
    s->f->reply_at_once = true;
    assert_int_equal(uv_async_init(&s->f->loop, &s->stop, on_stop), 0);
    *state = s;
    return 0;
}

/* From here on the fixture belongs to the thread, until halt(). */
static struct ctl_args run(struct server *s, const struct ctl_command *command)
{
    assert_int_equal(pthread_create(&s->thread, NULL, serve, &s->f->loop), 0);
    return (struct ctl_args){ .command = command, .socket = s->f->socket };
}

static void halt(struct server *s)
{
    assert_int_equal(uv_async_send(&s->stop), 0);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
}

static int finish(void **state)
{
    struct server *s = *state;
    void *fixture = s->f;

    uv_close((uv_handle_t *)&s->stop, NULL);
    assert_int_equal(teardown(&fixture), 0);
    free(s);
    return 0;
}

static void an_answer_comes_as_json(void **state)
{
    struct server *s = *state;
    struct ctl_args args = run(s, &CTL_STATUS);
    json_t *json = NULL;

    assert_int_equal(ctl_http_get(&args, "/v1/status", &json), CTL_OK);
    assert_string_equal(text_at(json, "state"), "online");
    json_decref(json);
    assert_int_equal(ctl_http_get(&args, "/v1/tasks", &json), CTL_OK);
    assert_string_equal(text_at(json, "tasks.0.state"), "accepted");
    json_decref(json);
    halt(s);
}

static void exit_codes_tell_scripts_what_happened(void **state)
{
    struct server *s = *state;
    struct ctl_args args;
    json_t *json = NULL,
           *body = json_pack("{s:s,s:{s:s}}", "commandId", "c1", "acknowledge", "alarmId", "1");

    s->f->reply_error = TCN_ESTATE;
    args = run(s, &CTL_ACK);
    assert_int_equal(ctl_http_get(&args, "/v1/tasks/99", &json), CTL_NOT_FOUND);
    assert_int_equal(ctl_http_get(&args, "/v1/tasks?enterprise=x", &json), CTL_NOT_FOUND);
    assert_int_equal(ctl_http_get(&args, "/v1/alarms?class=x", &json), CTL_USAGE);
    assert_int_equal(ctl_http_post(&args, "/v1/commands", body, &json), CTL_REFUSED);
    assert_null(json);
    args.socket = "/nonexistent/socket";
    assert_int_equal(ctl_http_get(&args, "/v1/status", &json), CTL_UNREACHABLE);
    assert_null(json);
    json_decref(body);
    halt(s);
}

/* Sends a stream to a file; returns what brings it back. */
static int divert(FILE *stream, FILE *file)
{
    int saved;

    (void)fflush(stream);
    saved = dup(fileno(stream));
    assert_true(saved >= 0 && dup2(fileno(file), fileno(stream)) >= 0);
    return saved;
}

static void bring_back(FILE *stream, int saved)
{
    (void)fflush(stream);
    assert_true(dup2(saved, fileno(stream)) >= 0);
    (void)close(saved);
}

static size_t read_back(FILE *file, char *buf, size_t size)
{
    size_t len;

    rewind(file);
    len = fread(buf, 1, size - 1, file);
    buf[len] = '\0';
    (void)fclose(file);
    return len;
}

static void a_failure_is_told_once(void **state)
{
    static const struct {
        const char *path, *code;
        bool reachable;
    } rows[] = { { "/v1/tasks/99", "not-found", true }, { "/v1/status", "unreachable", false } };
    struct server *s = *state;
    struct ctl_args args = run(s, &CTL_STATUS);
    char out[1024], err[1024];

    for (size_t i = 0; i < 4; i++) {
        const size_t row = i / 2;
        FILE *out_file = tmpfile(), *err_file = tmpfile();
        json_t *json = NULL;
        int out_saved, err_saved;

        args.json = i % 2 == 0;
        args.socket = rows[row].reachable ? s->f->socket : "/nonexistent/socket";
        assert_true(out_file != NULL && err_file != NULL);
        out_saved = divert(stdout, out_file);
        err_saved = divert(stderr, err_file);
        (void)ctl_http_get(&args, rows[row].path, &json); /* other tests look at the code */
        bring_back(stdout, out_saved);
        bring_back(stderr, err_saved);
        (void)read_back(out_file, out, sizeof out);
        (void)read_back(err_file, err, sizeof err);
        if (args.json) {
            json = json_loads(out, 0, NULL);
            assert_string_equal(text_at(json, "error.code"), rows[row].code);
            json_decref(json);
            assert_string_equal(err, "");
        } else {
            assert_string_equal(out, "");
            assert_int_equal(strncmp(err, "tocsin status: ", 15), 0);
        }
    }
    halt(s);
}

static void a_command_line_becomes_a_command(void **state)
{
    struct server *s = *state;
    char *argv[] = {
        "submit",    "3",      "--note", "exit cleared", "--evidence",
        "photo.jpg", "--name", "李敏",   "--as",         "enterprise:91320600MA1N4P8R2X",
        "--id",      "c7",     NULL
    };
    struct ctl_args args, base = run(s, &CTL_TASK_SUBMIT);
    const struct command *c = &s->f->last_command;

    assert_int_equal(ctl_options_parse(&CTL_TASK_SUBMIT, 12, argv, &args), CTL_GO_ON);
    args.socket = base.socket;
    assert_int_equal(CTL_TASK_SUBMIT.run(&args), CTL_OK);
    halt(s);
    assert_int_equal(c->kind, COMMAND_SUBMIT);
    assert_string_equal(c->id, "c7");
    assert_true(c->target == id_pack(s->f->message.epoch, 3));
    assert_string_equal(c->note, "exit cleared");
    assert_string_equal(c->evidence, "photo.jpg");
    assert_int_equal(c->actor.kind, PARTY_ENTERPRISE);
    assert_string_equal(c->actor.id, "91320600MA1N4P8R2X");
    assert_string_equal(c->actor.name, "李敏");
}

static void an_operator_acts_by_default_and_ids_are_minted(void **state)
{
    struct server *s = *state;
    struct ctl_args args = run(s, &CTL_ACK);
    char *const id[] = { "1" };
    char first[COMMAND_ID_MAX + 1];

    args.positional = id;
    args.count = 1;
    assert_int_equal(CTL_ACK.run(&args), CTL_OK);
    halt(s);
    assert_int_equal(s->f->last_command.actor.kind, PARTY_OPERATOR);
    assert_true(strlen(s->f->last_command.actor.id) > 0);
    assert_true(strlen(s->f->last_command.id) > 20);
    (void)snprintf(first, sizeof first, "%s", s->f->last_command.id);
    args = run(s, &CTL_ACK);
    args.positional = id;
    args.count = 1;
    assert_int_equal(CTL_ACK.run(&args), CTL_OK);
    halt(s);
    assert_string_not_equal(first, s->f->last_command.id);
}

static void parameters_are_percent_encoded(void **state)
{
    struct buf path = { 0 };

    (void)state;
    buf_text(&path, "/v1/devices");
    ctl_http_param(&path, "query", "城 a&b=c?/");
    ctl_http_param(&path, "limit", "5");
    assert_string_equal(path.bytes, "/v1/devices?query=%E5%9F%8E%20a%26b%3Dc%3F%2F&limit=5");
    buf_done(&path);
}

static bool collect(void *arg, const char *text, size_t len)
{
    buf_append(arg, text, len);
    return true;
}

static void a_stream_is_handed_on_and_an_error_is_told(void **state)
{
    struct server *s = *state;
    struct ctl_args args;
    struct buf text = { 0 };

    console_line(s->f->console, "one");
    console_line(s->f->console, "two");
    args = run(s, &CTL_TAIL);
    assert_int_equal(ctl_http_stream(&args, "/v1/stream?recent=9&follow=0", collect, &text),
                     CTL_OK);
    assert_string_equal(text.bytes, "one\ntwo\n");
    assert_int_equal(ctl_http_stream(&args, "/v1/stream?recent=x", collect, &text), CTL_USAGE);
    assert_string_equal(text.bytes, "one\ntwo\n");
    buf_done(&text);
    halt(s);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(an_answer_comes_as_json),
        WITH_SERVER(exit_codes_tell_scripts_what_happened),
        WITH_SERVER(a_failure_is_told_once),
        WITH_SERVER(a_command_line_becomes_a_command),
        WITH_SERVER(an_operator_acts_by_default_and_ids_are_minted),
        cmocka_unit_test(parameters_are_percent_encoded),
        WITH_SERVER(a_stream_is_handed_on_and_an_error_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
