/* The paths of the API: which there are, with what method and parameters. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <string.h>

#include "base/text.h"

#define PARAM_NAME_MAX 32

static void begin_status(struct request *r)
{
    json_t *status = r->c->conf.status(r->c->conf.arg);

    console_http_answer_json(r, MHD_HTTP_OK, status);
}

static void begin_rejects(struct request *r)
{
    json_t *rejects = r->c->conf.rejects(r->c->conf.arg);

    if (json_is_array(rejects))
        rejects = json_pack("{s:o}", "rejects", rejects);
    console_http_answer_json(r, MHD_HTTP_OK, rejects);
}

static const struct route ROUTES[] = {
    { "/v1/status", "GET", "", "GET /v1/status", begin_status },
    { "/v1/alarms", "GET", "all class limit", "GET /v1/alarms?all=1&class=fire&limit=N",
      console_job_alarms },
    { "/v1/alarms/", "GET", "", "GET /v1/alarms/ID", console_job_alarm },
    { "/v1/tasks", "GET", "all overdue enterprise department unit limit",
      "GET /v1/tasks?all=1&overdue=1&enterprise=ID&department=ID&unit=ID&limit=N",
      console_job_tasks },
    { "/v1/tasks/", "GET", "", "GET /v1/tasks/ID", console_job_task },
    { "/v1/devices", "GET", "query limit", "GET /v1/devices?query=TEXT&limit=N",
      console_device_begin },
    { "/v1/rejects", "GET", "", "GET /v1/rejects", begin_rejects },
    { "/v1/stream", "GET", "recent follow", "GET /v1/stream?recent=N&follow=1",
      console_stream_begin },
    { "/v1/commands", "POST", "", "POST /v1/commands", console_command_begin },
};
#define ROUTE_COUNT (sizeof ROUTES / sizeof ROUTES[0])

static const struct route *find_route(const char *url, const char **ret_id)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &ROUTES[i];
        const size_t len = strlen(route->path);

        if (route->path[len - 1] != '/') {
            if (strcmp(url, route->path) == 0)
                return route;
        } else if (strncmp(url, route->path, len) == 0 && url[len] != '\0') {
            *ret_id = url + len;
            return route;
        }
    }
    return NULL;
}

static void no_such_path(struct request *r, const char *url)
{
    json_t *paths = json_array();
    char message[512];

    for (size_t i = 0; i < ROUTE_COUNT; i++)
        (void)json_array_append_new(paths, json_string(ROUTES[i].help)); /* NULL: checked below */
    (void)tcn_text_format(message, sizeof message, "there is nothing at '%.200s'; see 'paths'",
                          tcn_text_is_utf8(url, strlen(url)) ? url : "?");
    console_http_answer_json(r, MHD_HTTP_NOT_FOUND,
                             json_pack("{s:{s:s,s:s},s:o}", "error", "code", "not-found", "message",
                                       message, "paths", paths));
}

/* True if name is one of the blank separated words; each is also tried as what was meant. */
static bool is_allowed(const char *words, const char *name, char best[PARAM_NAME_MAX])
{
    static char word[8][PARAM_NAME_MAX]; /* L only */
    struct tcn_nearest nearest;
    unsigned count = 0;

    tcn_nearest_init(&nearest, name, strlen(name));
    while (*words != '\0' && count < 8) {
        const size_t len = strcspn(words, " ");

        (void)tcn_text_copy_n(word[count], PARAM_NAME_MAX, words, len); /* ours, short */
        if (strcmp(word[count], name) == 0)
            return true;
        tcn_nearest_try(&nearest, word[count]);
        count++;
        words += len + (words[len] == ' ');
    }
    (void)tcn_text_copy(best, PARAM_NAME_MAX, nearest.best != NULL ? nearest.best : "");
    return false;
}

static enum MHD_Result check_param(void *cls, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    struct request *r = cls;
    char best[PARAM_NAME_MAX];

    (void)kind;
    if (is_allowed(r->route->params, key, best)) {
        if (value == NULL || tcn_text_is_utf8(value, strlen(value)))
            return MHD_YES;
        console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input", "%s: not UTF-8", key);
        return MHD_NO;
    }
    if (best[0] != '\0')
        console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input",
                          "there is no parameter '%.60s' here: did you mean '%s'?", key, best);
    else if (r->route->params[0] == '\0')
        console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input",
                          "there is no parameter '%.60s' here: %s takes none", key, r->route->path);
    else
        console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input",
                          "there is no parameter '%.60s' here; there are: %s", key,
                          r->route->params);
    return MHD_NO;
}

void console_route_begin(struct request *r, const char *url, const char *method)
{
    r->route = find_route(url, &r->id);
    if (r->route == NULL) {
        no_such_path(r, url);
        return;
    }
    if (strcmp(method, r->route->method) != 0) {
        r->allow = r->route->method;
        console_http_fail(r, MHD_HTTP_METHOD_NOT_ALLOWED, "wrong-method", "%s answers to %s only",
                          r->route->path, r->route->method);
        return;
    }
    (void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, check_param, r);
    if (r->status == 0)
        r->route->begin(r);
}

const char *console_route_param(const struct request *r, const char *name)
{
    const char *value = NULL;
    size_t size;

    if (MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, &size) != MHD_YES)
        return NULL;
    return value != NULL ? value : "";
}

bool console_route_flag(struct request *r, const char *name, bool *ret)
{
    const char *value = console_route_param(r, name);

    if (value == NULL)
        return true;
    if (*value == '\0' || strcmp(value, "1") == 0 || strcmp(value, "true") == 0) {
        *ret = true;
        return true;
    }
    if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0) {
        *ret = false;
        return true;
    }
    console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input", "%s: '%.60s' is neither 1 nor 0", name,
                      value);
    return false;
}

bool console_route_number(struct request *r, const char *name, uint32_t min, uint32_t max,
                          uint32_t *ret)
{
    const char *value = console_route_param(r, name);
    int64_t number;

    if (value == NULL)
        return true;
    if (tcn_parse_int(value, strlen(value), min, max, &number) < 0) {
        console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input",
                          "%s: '%.60s' is not a number from %u to %u", name, value, min, max);
        return false;
    }
    *ret = (uint32_t)number;
    return true;
}
