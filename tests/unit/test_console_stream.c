/* console: followers of the log, recent lines.  links: rest */
#define _GNU_SOURCE
#include "console_fixture.h"

static struct client *follow(struct fixture *f, const char *query)
{
    char request[256];
    struct client *c;

    (void)snprintf(request, sizeof request, "GET /v1/stream%s HTTP/1.1\r\nHost: t\r\n\r\n", query);
    c = client_open(f, request);
    wait_text(c, "\r\n\r\n");
    return c;
}

static void a_follower_gets_lines_as_they_come(void **state)
{
    struct fixture *f = *state;
    struct client *c = follow(f, "");

    console_line(f->console, "alarm raised class=fire");
    wait_text(c, "alarm raised class=fire\n");
    console_line(f->console, "alarm cleared class=fire");
    wait_text(c, "alarm cleared class=fire\n");
    assert_has(c->text, "text/plain; charset=utf-8");
    client_close(c);
}

static void recent_lines_come_first(void **state)
{
    struct fixture *f = *state;
    struct client *c;

    console_line(f->console, "line one");
    console_line(f->console, "line two");
    console_line(f->console, "line three");
    c = follow(f, "?recent=2");
    wait_text(c, "line two\nline three\n");
    assert_null(strstr(c->text, "line one"));
    console_line(f->console, "line four");
    wait_text(c, "line four\n");
    client_close(c);
}

static void without_follow_the_stream_ends_after_the_recent_lines(void **state)
{
    struct fixture *f = *state;
    struct client *c;

    c = follow(f, "?recent=5&follow=0");
    wait_text(c, "\r\n0\r\n"); /* the last chunk: there was no line yet */
    client_close(c);
    console_line(f->console, "only");
    c = follow(f, "?recent=5&follow=0");
    wait_text(c, "only\n\r\n0\r\n");
    client_close(c);
}

static void only_the_last_thousand_lines_are_kept(void **state)
{
    struct fixture *f = *state;
    char line[32];
    struct client *c;

    for (int i = 0; i < 2500; i++) {
        (void)snprintf(line, sizeof line, "line %d.", i);
        console_line(f->console, line);
    }
    c = follow(f, "?recent=1000&follow=0");
    wait_text(c, "\r\n0\r\n");
    assert_has(c->text, "line 1500.\n");
    assert_has(c->text, "line 2499.\n");
    assert_null(strstr(c->text, "line 1499."));
    client_close(c);
}

/* Lines for a follower that does not read wait up to a limit; then it is told and let go, and
 * the other followers have missed nothing. */
static void a_slow_reader_is_cut_off_with_a_last_line(void **state)
{
    struct fixture *f = *state;
    struct client *slow = follow(f, ""), *good = follow(f, "");
    char line[1100];

    (void)uv_poll_stop(&slow->poll); /* stops reading */
    memset(line, 'x', 1000);
    for (int i = 0; i < 1500; i++) {
        (void)snprintf(line + 1000, 64, " number=%d.", i);
        console_line(f->console, line);
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    wait_text(good, "number=1499.");
    assert_int_equal(f->console->followers.count, 2);
    assert_true(f->console->followers.first->answer.len - f->console->followers.first->sent <=
                CONSOLE_FOLLOWER_MAX);
    assert_int_equal(uv_poll_start(&slow->poll, UV_READABLE, on_readable), 0);
    wait_text(slow, "tocsin: cut off, ");
    wait_text(slow, "\r\n0\r\n");
    assert_null(strstr(slow->text, "number=1499."));
    while (f->console->followers.count == 2)
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    client_close(slow);
    client_close(good);
}

static void a_follower_that_hung_up_is_noticed_in_silence(void **state)
{
    struct fixture *f = *state;
    struct client *c = follow(f, "");

    while (!f->console->followers.first->suspended)
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    client_close(c);
    console_stream_check(&f->console->follower_timer);
    while (f->console->followers.count > 0)
        (void)uv_run(&f->loop, UV_RUN_ONCE);
    console_stream_check(&f->console->follower_timer);
    assert_false(uv_is_active((uv_handle_t *)&f->console->follower_timer));
}

static void followers_leave_room_for_others(void **state)
{
    struct fixture *f = *state;
    struct client *clients[CONSOLE_FOLLOWERS_MAX];
    json_t *json;

    for (unsigned i = 0; i < CONSOLE_FOLLOWERS_MAX; i++)
        clients[i] = follow(f, "");
    assert_int_equal(get(f, "/v1/stream", &json), 503);
    json_decref(json);
    assert_int_equal(get(f, "/v1/alarms", &json), 200);
    json_decref(json);
    for (unsigned i = 0; i < CONSOLE_FOLLOWERS_MAX; i++)
        client_close(clients[i]);
}

static void stopping_ends_streams_after_what_was_said(void **state)
{
    struct fixture *f = *state;
    struct client *c = follow(f, "");

    console_line(f->console, "last words");
    close_console(f);
    wait_end(c);
    assert_has(c->text, "last words\n\r\n0\r\n");
    client_close(c);
}

#define WITH_CONSOLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONSOLE(a_follower_gets_lines_as_they_come),
        WITH_CONSOLE(recent_lines_come_first),
        WITH_CONSOLE(without_follow_the_stream_ends_after_the_recent_lines),
        WITH_CONSOLE(only_the_last_thousand_lines_are_kept),
        WITH_CONSOLE(a_slow_reader_is_cut_off_with_a_last_line),
        WITH_CONSOLE(a_follower_that_hung_up_is_noticed_in_silence),
        WITH_CONSOLE(followers_leave_room_for_others),
        WITH_CONSOLE(stopping_ends_streams_after_what_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
