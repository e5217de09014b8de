/* console: commands, bodies, time-outs.  links: rest */
#define _GNU_SOURCE
#include "console_fixture.h"

#define ACK "{\"commandId\":\"c1\",\"acknowledge\":{\"alarmId\":\"1\",\"note\":\"on my way\"}}"

static struct client *post(struct fixture *f, const char *body)
{
    char request[1024];

    (void)snprintf(request, sizeof request,
                   "POST /v1/commands HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    return client_open(f, request);
}

static void wait_command(struct fixture *f, unsigned count)
{
    while (f->commands < count)
        (void)uv_run(&f->loop, UV_RUN_ONCE);
}

static void a_command_is_answered_when_its_reply_comes(void **state)
{
    struct fixture *f = *state;
    struct client *c = post(f, ACK);
    json_t *json;

    wait_command(f, 1);
    assert_int_equal(f->last_command.kind, COMMAND_ACKNOWLEDGE);
    assert_int_equal(f->last_command.actor.kind, PARTY_OPERATOR);
    assert_true(f->last_command.target == id_pack(f->message.epoch, 1));
    assert_string_equal(f->last_command.note, "on my way");
    assert_true(f->last_command.origin != 0);
    for (int i = 0; i < 5; i++)
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(c->len, 0); /* nothing before it is committed */

    answer_command(f);
    wait_end(c);
    assert_int_equal(status_of(c), 200);
    json = json_of(c);
    assert_string_equal(text_at(json, "commandId"), "c1");
    assert_string_equal(text_at(json, "state"), "acknowledged");
    assert_true(json_is_true(json_object_get(json, "ok")));
    json_decref(json);
    client_close(c);
}

static void a_reply_may_come_before_the_command_call_returns(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    f->reply_at_once = true;
    assert_int_equal(ask(f, "POST", "/v1/commands", ACK, &json), 200);
    json_decref(json);
}

static void a_refusal_has_its_code_and_sentence(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int error, status;
    } rows[] = { { TCN_ESTATE, 409 },
                 { TCN_ENOENT, 404 },
                 { TCN_EDENIED, 403 },
                 { TCN_ECONFLICT, 409 },
                 { TCN_EEXPIRED, 400 } };

    f->reply_at_once = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *json;

        f->reply_error = rows[i].error;
        assert_int_equal(ask(f, "POST", "/v1/commands", ACK, &json), rows[i].status);
        assert_string_equal(text_at(json, "error.code"), tcn_err_word(rows[i].error));
        assert_string_equal(text_at(json, "error.message"), "the alarm is over");
        json_decref(json);
    }
}

static void what_is_no_command_never_reaches_the_application(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{\"commandId\":\"c1\"}",
        "{\"commandId\":\"c1\",\"acknowlege\":{}}",
        "{\"commandId\":\"c1\",\"acknowledge\":{\"alarmId\":\"no id!\"}}",
        "\xff",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        json_t *json;

        assert_int_equal(ask(f, "POST", "/v1/commands", bodies[i], &json), 400);
        assert_true(json_is_false(json_object_get(json, "ok")));
        assert_true(strlen(text_at(json, "error.message")) > 5);
        json_decref(json);
    }
    assert_int_equal(f->commands, 0);
}

static void two_commands_get_their_own_replies_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct client *first = post(f, ACK), *second;
    struct command one;

    wait_command(f, 1);
    one = f->last_command;
    second = post(f, "{\"commandId\":\"c2\",\"acknowledge\":{\"alarmId\":\"2\"}}");
    wait_command(f, 2);
    answer_command(f);
    wait_end(second);
    assert_has(second->text, "\"c2\"");
    assert_int_equal(first->len, 0);
    f->last_command = one;
    answer_command(f);
    wait_end(first);
    assert_has(first->text, "\"c1\"");
    client_close(first);
    client_close(second);
}

static void without_a_reply_a_command_times_out_with_advice(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    f->console->command_timeout_ms = 20;
    assert_int_equal(ask(f, "POST", "/v1/commands", ACK, &json), 504);
    assert_string_equal(text_at(json, "error.code"), "timeout");
    assert_has(text_at(json, "error.message"), "may still be carried out");
    json_decref(json);
    answer_command(f); /* too late: for nobody */
    assert_int_equal(get(f, "/v1/status", &json), 200);
    json_decref(json);
}

static void a_body_above_the_limit_is_refused_announced_or_not(void **state)
{
    struct fixture *f = *state;
    const size_t size = CONSOLE_BODY_MAX + 1000;
    char *big = malloc(size + 64), *at = big;
    struct client *c;

    c = client_open(f, "POST /v1/commands HTTP/1.1\r\nHost: t\r\nContent-Length: 65537\r\n\r\n");
    wait_text(c, "\n{");
    assert_int_equal(status_of(c), 413);
    assert_has(c->text, "65536 bytes at most");
    client_close(c);

    assert_non_null(big);
    at += sprintf(at, "%zx\r\n", size);
    memset(at, ' ', size);
    strcpy(at + size, "\r\n0\r\n\r\n");
    c = client_open(f, "POST /v1/commands HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
    client_send(c, big);
    wait_end(c);
    assert_int_equal(status_of(c), 413);
    client_close(c);
    free(big);
    assert_int_equal(f->commands, 0);
}

static void an_endless_body_is_cut_off(void **state)
{
    struct fixture *f = *state;
    char *chunk = malloc(65536 + 16), *at = chunk;
    struct client *c;

    assert_non_null(chunk);
    at += sprintf(at, "10000\r\n");
    memset(at, 'x', 65536);
    strcpy(at + 65536, "\r\n");
    c = client_open(f, "POST /v1/commands HTTP/1.1\r\nHost: t\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
    while (!c->ended) {
        client_send(c, chunk);
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    client_close(c);
    free(chunk);
}

static void stopping_answers_commands_that_wait(void **state)
{
    struct fixture *f = *state;
    struct client *c = post(f, ACK);

    wait_command(f, 1);
    close_console(f);
    wait_end(c);
    assert_int_equal(status_of(c), 503);
    assert_has(c->text, "safe to repeat");
    client_close(c);
}

static void too_many_waiting_commands_are_sent_away(void **state)
{
    struct fixture *f = *state;
    struct client *clients[CONSOLE_COMMANDS_MAX];
    json_t *json;

    for (unsigned i = 0; i < CONSOLE_COMMANDS_MAX; i++) {
        clients[i] = post(f, ACK);
        wait_command(f, i + 1);
    }
    assert_int_equal(ask(f, "POST", "/v1/commands", ACK, &json), 503);
    assert_string_equal(text_at(json, "error.code"), "busy");
    json_decref(json);
    for (unsigned i = 0; i < CONSOLE_COMMANDS_MAX; i++)
        client_close(clients[i]);
}

#define WITH_CONSOLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONSOLE(a_command_is_answered_when_its_reply_comes),
        WITH_CONSOLE(a_reply_may_come_before_the_command_call_returns),
        WITH_CONSOLE(a_refusal_has_its_code_and_sentence),
        WITH_CONSOLE(what_is_no_command_never_reaches_the_application),
        WITH_CONSOLE(two_commands_get_their_own_replies_in_any_order),
        WITH_CONSOLE(without_a_reply_a_command_times_out_with_advice),
        WITH_CONSOLE(a_body_above_the_limit_is_refused_announced_or_not),
        WITH_CONSOLE(an_endless_body_is_cut_off),
        WITH_CONSOLE(stopping_answers_commands_that_wait),
        WITH_CONSOLE(too_many_waiting_commands_are_sent_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
