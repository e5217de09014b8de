/* Questions to the database. They run in libuv's pool, one at a time and in order, because a
 * struct query serves one at a time; the connection is opened by the first of them. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum job_kind { JOB_ALARMS, JOB_ALARM, JOB_TASKS, JOB_TASK };

struct job {
    uv_work_t work;
    struct console *c;
    struct request *request; /* L only; NULL once the client is gone */
    struct job *next;
    enum job_kind kind;
    struct query_alarms alarms;
    struct query_tasks tasks;
    struct message_context message; /* JSON, whatever the upstream connection speaks */
    uint32_t limit, count;
    bool more;
    struct buf out;
    int rc;
    struct tcn_fail fail;
};

static void run_next(struct console *c);

/* ---- in the pool ---- */

/* Room for one more row, or the end of the list. */
static bool begin_row(struct job *j)
{
    if (j->count == j->limit || j->out.len > CONSOLE_ANSWER_MAX) {
        j->more = true;
        return false;
    }
    if (j->count > 0)
        buf_text(&j->out, ",");
    j->count++;
    return true;
}

static bool add_alarm(void *arg, const struct alarm *a)
{
    struct job *j = arg;

    if (!begin_row(j))
        return false;
    j->rc = message_alarm(&j->message, a, true, &j->out);
    return j->rc >= 0;
}

static bool add_task(void *arg, const struct task *t, const struct task_step *steps,
                     uint32_t step_count)
{
    struct job *j = arg;

    if (!begin_row(j))
        return false;
    j->rc = message_task(&j->message, t, steps, step_count, &j->out);
    return j->rc >= 0;
}

static void list_rows(struct job *j)
{
    static const char *const heads[] = {
        [JOB_ALARMS] = "\"alarms\":[",
        [JOB_ALARM] = "\"alarm\":",
        [JOB_TASKS] = "\"tasks\":[",
        [JOB_TASK] = "\"task\":",
    };
    const bool is_list = j->kind == JOB_ALARMS || j->kind == JOB_TASKS;
    int rc;

    buf_format(&j->out, "{\"gateway\":\"%s\",\"epoch\":%u,", j->message.gateway, j->message.epoch);
    buf_text(&j->out, heads[j->kind]);
    if (j->kind == JOB_ALARMS || j->kind == JOB_ALARM)
        rc = query_alarms_run(j->c->query, &j->alarms, add_alarm, j, &j->fail);
    else
        rc = query_tasks_run(j->c->query, &j->tasks, add_task, j, &j->fail);
    if (is_list)
        buf_format(&j->out, "],\"more\":%s", j->more ? "true" : "false");
    buf_text(&j->out, "}\n");
    if (rc < 0)
        j->rc = rc;
    else if (j->rc >= 0 && j->out.failed)
        j->rc = TCN_ENOMEM;
}

static void work(uv_work_t *w)
{
    struct job *j = w->data;
    struct console *c = j->c;

    if (c->query == NULL) {
        j->rc = query_open(&c->query_conf, &c->query, &j->fail);
        if (j->rc < 0) {
            c->query = NULL;
            return;
        }
    }
    list_rows(j);
    if (j->rc == TCN_EIO || j->rc == TCN_ECORRUPT) { /* the next one tries a new connection */
        query_close(c->query);
        c->query = NULL;
    }
}

/* ---- on the loop ---- */

static void answer(struct job *j)
{
    struct request *r = j->request;
    static struct log_limit limit;
    uint64_t held;
    char quoted[LOG_QUOTE_SIZE];

    r->job = NULL;
    if (j->rc < 0) {
        if (log_allow(&limit, 10000, &held))
            log_line(LEVEL_WARNING, "console query", "error=%s reason=%s repeats=%llu",
                     tcn_err_word(j->rc), log_quote(j->fail.text, quoted),
                     (unsigned long long)held);
        console_http_fail(r, console_http_status_of(j->rc), tcn_err_word(j->rc), "%s",
                          j->fail.text[0] != '\0' ? j->fail.text : "memory ran out");
    } else if (j->count == 0 && (j->kind == JOB_ALARM || j->kind == JOB_TASK)) {
        console_http_fail(r, MHD_HTTP_NOT_FOUND, "not-found", "there is no %s '%.80s'",
                          j->kind == JOB_ALARM ? "alarm" : "task", r->id);
    } else {
        console_http_answer(r, MHD_HTTP_OK, &j->out);
    }
}

static void after(uv_work_t *w, int status)
{
    struct job *j = w->data;
    struct console *c = j->c;

    (void)status; /* we never cancel */
    assert(c->job_first == j);
    c->job_first = j->next;
    if (c->job_first == NULL)
        c->job_last = NULL;
    c->job_count--;
    c->jobs_running--;
    if (j->request != NULL)
        answer(j);
    buf_done(&j->out);
    free(j);
    run_next(c);
}

static void run_next(struct console *c)
{
    while (c->job_first != NULL && c->job_first->request == NULL) { /* nobody waits any more */
        struct job *gone = c->job_first;

        c->job_first = gone->next;
        c->job_count--;
        free(gone);
    }
    if (c->job_first == NULL) {
        c->job_last = NULL;
        return;
    }
    c->job_first->work.data = c->job_first;
    c->jobs_running++;
    if (uv_queue_work(c->conf.loop, &c->job_first->work, work, after) != 0)
        abort(); /* fails only without a work function */
}

/* A new job, not yet in the queue, or NULL after having answered. */
static struct job *job_new(struct request *r, enum job_kind kind)
{
    struct console *c = r->c;
    struct job *j;

    if (c->job_count >= CONSOLE_QUERIES_MAX) {
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                          "%d queries wait already; try again in a moment", CONSOLE_QUERIES_MAX);
        return NULL;
    }
    j = calloc(1, sizeof *j);
    if (j == NULL) {
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", "memory ran out");
        return NULL;
    }
    j->c = c;
    j->request = r;
    j->kind = kind;
    j->message = *c->conf.message;
    j->message.encoding = MESSAGE_JSON;
    j->limit = kind == JOB_ALARMS || kind == JOB_TASKS ? CONSOLE_LIMIT_DEFAULT : 1;
    j->alarms.signal_class = -1;
    j->tasks.enterprise = j->tasks.department = j->tasks.unit = REGISTRY_NONE;
    return j;
}

static void start(struct job *j)
{
    struct console *c = j->c;

    /* One more than asked for tells whether there are more. */
    j->alarms.limit = j->tasks.limit = j->limit + 1;
    j->request->job = j;
    console_http_suspend(j->request);
    if (c->job_last != NULL)
        c->job_last->next = j;
    else
        c->job_first = j;
    c->job_last = j;
    c->job_count++;
    if (c->job_first == j)
        run_next(c);
}

void console_job_forget(struct request *r)
{
    if (r->job != NULL)
        r->job->request = NULL;
    r->job = NULL;
}

struct job *console_job_abandon(struct job *j)
{
    struct request *r = j->request;
    struct job *next = j->next;

    if (r != NULL) {
        console_job_forget(r);
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "tocsind is stopping");
    }
    return next;
}

/* The class named in the request, if any; false after having answered. */
static bool read_class(struct request *r, int *ret)
{
    const char *word = console_route_param(r, "class");
    int found;

    if (word == NULL)
        return true;
    found = word_find(&WORDS_SIGNAL_CLASS, word);
    if (found < 0) {
        struct buf list = { 0 };

        for (unsigned i = 0; i < WORDS_SIGNAL_CLASS.count; i++)
            buf_format(&list, "%s%s", i == 0 ? "" : ", ", WORDS_SIGNAL_CLASS.words[i]);
        console_http_fail(r, MHD_HTTP_BAD_REQUEST, "bad-input", "class: '%.60s' is none of %s",
                          word, list.failed ? "?" : list.bytes);
        buf_done(&list);
        return false;
    }
    *ret = found;
    return true;
}

/* The party named in the request, if any; false after having answered. */
static bool read_party(struct request *r, const char *name,
                       uint32_t (*find)(const struct registry *, const char *), uint32_t *ret)
{
    const char *id = console_route_param(r, name);

    if (id == NULL)
        return true;
    *ret = find(r->c->conf.message->registry, id);
    if (*ret != REGISTRY_NONE)
        return true;
    console_http_fail(r, MHD_HTTP_NOT_FOUND, "not-found", "%s: the registry has no '%.120s'", name,
                      id);
    return false;
}

static bool read_id(struct request *r, const char *what, uint64_t *ret)
{
    const struct message_context *m = r->c->conf.message;

    if (id_parse(m->gateway, m->epoch, r->id, ret) >= 0)
        return true;
    console_http_fail(r, MHD_HTTP_NOT_FOUND, "not-found",
                      "'%.80s' is not the id of %s at gateway %s", r->id, what, m->gateway);
    return false;
}

void console_job_alarms(struct request *r)
{
    struct job *j = job_new(r, JOB_ALARMS);

    if (j == NULL)
        return;
    if (console_route_flag(r, "all", &j->alarms.all) && read_class(r, &j->alarms.signal_class) &&
        console_route_number(r, "limit", 1, CONSOLE_LIMIT_MAX, &j->limit))
        start(j);
    else
        free(j);
}

void console_job_alarm(struct request *r)
{
    struct job *j = job_new(r, JOB_ALARM);

    if (j == NULL)
        return;
    j->alarms.all = true;
    if (read_id(r, "an alarm", &j->alarms.id))
        start(j);
    else
        free(j);
}

void console_job_tasks(struct request *r)
{
    struct job *j = job_new(r, JOB_TASKS);

    if (j == NULL)
        return;
    if (console_route_flag(r, "all", &j->tasks.all) &&
        console_route_flag(r, "overdue", &j->tasks.overdue) &&
        read_party(r, "enterprise", registry_enterprise, &j->tasks.enterprise) &&
        read_party(r, "department", registry_department, &j->tasks.department) &&
        read_party(r, "unit", registry_unit, &j->tasks.unit) &&
        console_route_number(r, "limit", 1, CONSOLE_LIMIT_MAX, &j->limit))
        start(j);
    else
        free(j);
}

void console_job_task(struct request *r)
{
    struct job *j = job_new(r, JOB_TASK);

    if (j == NULL)
        return;
    j->tasks.all = true;
    if (read_id(r, "a task", &j->tasks.id))
        start(j);
    else
        free(j);
}
