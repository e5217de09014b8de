/* console: the HTTP API over its socket, with a real database.  links: rest */
#define _GNU_SOURCE
#include "console_fixture.h"

static void an_unknown_path_is_answered_with_the_paths_there_are(void **state)
{
    json_t *json;

    assert_int_equal(get(*state, "/v1/nothing", &json), 404);
    assert_string_equal(text_at(json, "error.code"), "not-found");
    assert_has(text_at(json, "error.message"), "/v1/nothing");
    assert_string_equal(text_at(json, "paths.0"), "GET /v1/status");
    json_decref(json);
    assert_int_equal(get(*state, "/v1/tasks/a/b", &json), 404);
    json_decref(json);
    assert_int_equal(get(*state, "/%ff%fe", &json), 404); /* not UTF-8 */
    json_decref(json);
}

static void a_wrong_method_is_told_the_right_one(void **state)
{
    struct client *c =
        client_open(*state, "POST /v1/alarms HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                            "Content-Length: 2\r\n\r\n{}");
    json_t *json;

    wait_end(c);
    assert_int_equal(status_of(c), 405);
    assert_has(c->text, "Allow: GET");
    json = json_of(c);
    assert_string_equal(text_at(json, "error.message"), "/v1/alarms answers to GET only");
    json_decref(json);
    client_close(c);
    assert_int_equal(get(*state, "/v1/commands", &json), 405);
    json_decref(json);
}

struct bad {
    const char *path;
    int status;
    const char *says;
};

static void a_bad_parameter_is_named(void **state)
{
    static const struct bad rows[] = {
        { "/v1/alarms?limt=4", 400, "'limt' here: did you mean 'limit'" },
        { "/v1/alarms?foo=1", 400, "there are: all class limit" },
        { "/v1/status?all=1", 400, "takes none" },
        { "/v1/alarms?limit=x", 400, "limit: 'x' is not a number" },
        { "/v1/alarms?limit=0", 400, "limit: '0' is not a number from 1 to 10000" },
        { "/v1/tasks?limit=0", 400, "limit: '0'" },
        { "/v1/devices?limit=0", 400, "limit: '0'" },
        { "/v1/alarms?limit=10001", 400, "limit: '10001'" },
        { "/v1/alarms?all=maybe", 400, "all: 'maybe' is neither 1 nor 0" },
        { "/v1/alarms?class=water", 400, "class: 'water' is none of fire, supervisory" },
        { "/v1/tasks?enterprise=nobody", 404, "enterprise: the registry has no 'nobody'" },
        { "/v1/tasks?unit=%ff", 400, "unit: not UTF-8" },
        { "/v1/devices?limit=-1", 400, "limit: '-1'" },
        { "/v1/stream?recent=1001", 400, "recent: '1001'" },
        { "/v1/alarms/other-0000010000001", 404, "is not the id of an alarm at gateway gw" },
        { "/v1/alarms/a/b", 404, "'a/b' is not the id of an alarm at gateway gw" },
        { "/v1/tasks/9", 404, "there is no task '9'" },
        { "/v1/tasks/1", 404, "there is no task '1'" }, /* that is an alarm */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *json;

        assert_int_equal(get(*state, rows[i].path, &json), rows[i].status);
        assert_string_equal(text_at(json, "error.code"),
                            rows[i].status == 400 ? "bad-input" : "not-found");
        assert_has(text_at(json, "error.message"), rows[i].says);
        json_decref(json);
    }
}

static void status_and_rejects_come_from_the_application(void **state)
{
    json_t *json;

    assert_int_equal(get(*state, "/v1/status", &json), 200);
    assert_string_equal(text_at(json, "state"), "online");
    json_decref(json);
    assert_int_equal(get(*state, "/v1/rejects", &json), 200);
    assert_string_equal(text_at(json, "rejects.0.topic"), "a/b");
    json_decref(json);
}

static void alarms_come_from_the_database_most_urgent_first(void **state)
{
    json_t *json;

    assert_int_equal(get(*state, "/v1/alarms", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "alarms")), 2);
    assert_true(json_is_false(json_object_get(json, "more")));
    assert_int_equal(json_integer_value(json_object_get(json, "epoch")),
                     ((struct fixture *)*state)->message.epoch);
    assert_string_equal(text_at(json, "alarms.0.title"), "住宅烟雾报警");
    assert_string_equal(text_at(json, "alarms.0.signalClass"), "fire");
    assert_string_equal(text_at(json, "alarms.0.raisedAt"), "2026-03-01T08:00:00.000+08:00");
    assert_string_equal(text_at(json, "alarms.1.deviceName"), "东门摄像机");
    assert_true(json_is_true(
        json_object_get(json_array_get(json_object_get(json, "alarms"), 0), "durable")));
    json_decref(json);

    assert_int_equal(get(*state, "/v1/alarms?class=hazard", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "alarms")), 1);
    assert_string_equal(text_at(json, "alarms.0.rule"), "exit-blocked");
    json_decref(json);
}

static void a_list_that_is_cut_says_so(void **state)
{
    json_t *json;

    assert_int_equal(get(*state, "/v1/alarms?limit=1", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "alarms")), 1);
    assert_true(json_is_true(json_object_get(json, "more")));
    json_decref(json);
    assert_int_equal(get(*state, "/v1/devices?limit=3", &json), 200);
    assert_true(json_is_false(json_object_get(json, "more")));
    json_decref(json);
    assert_int_equal(get(*state, "/v1/devices?limit=2", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 2);
    assert_true(json_is_true(json_object_get(json, "more")));
    json_decref(json);
}

static void one_alarm_is_found_by_its_short_or_full_id(void **state)
{
    struct fixture *f = *state;
    char full[ID_TEXT_SIZE], path[128];
    json_t *json;

    assert_int_equal(get(f, "/v1/alarms/1", &json), 200);
    assert_string_equal(text_at(json, "alarm.device"), "smoke-1");
    json_decref(json);
    id_format("gw", id_pack(f->message.epoch, 2), full);
    (void)snprintf(path, sizeof path, "/v1/alarms/%s", full);
    assert_int_equal(get(f, path, &json), 200);
    assert_string_equal(text_at(json, "alarm.alarmId"), full);
    json_decref(json);
}

static void a_task_comes_with_its_history(void **state)
{
    json_t *json;

    assert_int_equal(get(*state, "/v1/tasks/3", &json), 200);
    assert_string_equal(text_at(json, "task.state"), "accepted");
    assert_string_equal(text_at(json, "task.history.0.event"), "issued");
    assert_string_equal(text_at(json, "task.history.1.event"), "accepted");
    json_decref(json);
    assert_int_equal(get(*state, "/v1/tasks?enterprise=91320600MA1N4P8R2X", &json), 200);
    assert_string_equal(text_at(json, "tasks.0.enterpriseName"), "南通城南纺织有限公司");
    json_decref(json);
    assert_int_equal(get(*state, "/v1/tasks?overdue=1", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "tasks")), 0);
    json_decref(json);
}

static void devices_have_their_registry_and_their_live_part(void **state)
{
    json_t *json;

    assert_int_equal(get(*state, "/v1/devices?query=GATE_CAM", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 1);
    assert_string_equal(text_at(json, "devices.0.device"), "cam-1");
    assert_string_equal(text_at(json, "devices.0.type"), "camera");
    assert_string_equal(text_at(json, "devices.0.address"), "gate_cam");
    assert_string_equal(text_at(json, "devices.0.siteName"), "城南纺织");
    assert_string_equal(text_at(json, "devices.0.enterprise"), "91320600MA1N4P8R2X");
    assert_string_equal(text_at(json, "devices.0.officer"), "王强");
    assert_string_equal(text_at(json, "devices.0.lastHeard"), "2026-03-01T08:00:00.000+08:00");
    json_decref(json);
    assert_int_equal(get(*state, "/v1/devices?query=%E5%9F%8E%E5%8D%97%E5%B0%8F%E5%8C%BA", &json),
                     200); /* 城南小区, a site */
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 1);
    assert_string_equal(text_at(json, "devices.0.device"), "smoke-1");
    json_decref(json);
    assert_int_equal(get(*state, "/v1/devices?query=zzz", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 0);
    json_decref(json);
}

static void too_many_queries_are_sent_away_for_now(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    f->console->job_count += CONSOLE_QUERIES_MAX;
    assert_int_equal(get(f, "/v1/alarms", &json), 503);
    assert_string_equal(text_at(json, "error.code"), "busy");
    json_decref(json);
    f->console->job_count -= CONSOLE_QUERIES_MAX;
    assert_int_equal(get(f, "/v1/alarms", &json), 200);
    json_decref(json);
}

static void a_hundred_clients_at_once_are_all_answered(void **state)
{
    static const char *const paths[] = { "/v1/devices", "/v1/status", "/v1/rejects",
                                         "/v1/devices?query=cam" };
    struct client *clients[100];
    char request[128];
    unsigned good = 0, busy = 0;

    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
                       i < 50 ? "/v1/tasks" : paths[i % 4]);
        clients[i] = client_open(*state, request);
        if (i % 10 == 9)
            (void)uv_run(&((struct fixture *)*state)->loop, UV_RUN_NOWAIT);
    }
    for (size_t i = 0; i < 100; i++) {
        wait_end(clients[i]);
        good += status_of(clients[i]) == 200;
        busy += status_of(clients[i]) == 503;
        client_close(clients[i]);
    }
    assert_int_equal(good, 100); /* 50 queries fit the queue */
    assert_int_equal(busy, 0);
}

static void clients_that_leave_early_disturb_nothing(void **state)
{
    json_t *json;

    for (int i = 0; i < 20; i++) {
        client_close(client_open(*state, "GET /v1/alarms?all=1 HTTP/1.1\r\nHost: t\r\n\r\n"));
        client_close(client_open(*state, "GET /v1/devices HTTP/1.1\r\nHost"));
        client_close(client_open(*state, "rubbish\r\n\r\n"));
    }
    assert_int_equal(get(*state, "/v1/alarms", &json), 200);
    json_decref(json);
}

/* The queries of a stopping console are answered or dropped, and nothing is left (teardown and
 * the sanitizer look). */
static void stopping_answers_those_who_wait_for_a_query(void **state)
{
    struct fixture *f = *state;
    struct client *clients[20];

    for (size_t i = 0; i < 20; i++)
        clients[i] =
            client_open(f, "GET /v1/tasks HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    while (f->console->job_count == 0)
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    close_console(f);
    for (size_t i = 0; i < 20; i++) {
        wait_end(clients[i]);
        if (clients[i]->len > 0)
            assert_true(status_of(clients[i]) == 503 || status_of(clients[i]) == 200);
        client_close(clients[i]);
    }
}

static void a_database_that_is_gone_is_an_error_for_the_query_alone(void **state)
{
    struct fixture *f = *state;
    json_t *json;

    close_console(f);
    (void)unlink(f->database);
    open_console(f);
    assert_int_equal(get(f, "/v1/alarms", &json), 500);
    assert_true(strlen(text_at(json, "error.message")) > 10);
    json_decref(json);
    assert_int_equal(get(f, "/v1/status", &json), 200);
    json_decref(json);
}

#define WITH_CONSOLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONSOLE(an_unknown_path_is_answered_with_the_paths_there_are),
        WITH_CONSOLE(a_wrong_method_is_told_the_right_one),
        WITH_CONSOLE(a_bad_parameter_is_named),
        WITH_CONSOLE(status_and_rejects_come_from_the_application),
        WITH_CONSOLE(alarms_come_from_the_database_most_urgent_first),
        WITH_CONSOLE(a_list_that_is_cut_says_so),
        WITH_CONSOLE(one_alarm_is_found_by_its_short_or_full_id),
        WITH_CONSOLE(a_task_comes_with_its_history),
        WITH_CONSOLE(devices_have_their_registry_and_their_live_part),
        WITH_CONSOLE(too_many_queries_are_sent_away_for_now),
        WITH_CONSOLE(a_hundred_clients_at_once_are_all_answered),
        WITH_CONSOLE(clients_that_leave_early_disturb_nothing),
        WITH_CONSOLE(stopping_answers_those_who_wait_for_a_query),
        WITH_CONSOLE(a_database_that_is_gone_is_an_error_for_the_query_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
