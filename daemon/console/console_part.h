/* console/console_part.h - what the files of the console share with each other; private to this
 * folder and its tests.
 *
 * A request lives from MHD's first call for it until MHD's completion call. While somebody works
 * on its answer its connection is suspended and it stands in exactly one list of struct console.
 * console_http_answer() is the one way out of there.
 * Thread:  L, except console_job.c's work function, which runs in libuv's pool. */
#ifndef TOCSIN_CONSOLE_CONSOLE_PART_H
#define TOCSIN_CONSOLE_CONSOLE_PART_H

#include <microhttpd.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/buf.h"
#include "console/console.h"

#define CONSOLE_LINES_MAX          1000         /* kept for `recent` */
#define CONSOLE_FOLLOWER_MAX       (256u << 10) /* bytes that wait for one follower */
#define CONSOLE_FOLLOWERS_MAX      64 /* so that other requests always find a connection */
#define CONSOLE_QUERIES_MAX        64 /* queries that wait for the database */
#define CONSOLE_COMMANDS_MAX       64 /* commands that wait for their reply */
#define CONSOLE_SCANS_MAX          32 /* device lists being made */
#define CONSOLE_COMMAND_TIMEOUT_MS 10000
#define CONSOLE_IDLE_TIMEOUT_S     30
#define CONSOLE_FOLLOWER_CHECK_MS  5000
#define CONSOLE_LIMIT_DEFAULT      200
#define CONSOLE_LIMIT_MAX          10000
#define CONSOLE_ANSWER_MAX         ((size_t)8 << 20) /* a list ends early here, with "more": true */

struct request;
struct job;

struct route {
    const char *path; /* ending in '/': what follows is an id */
    const char *method;
    const char *params; /* allowed names, blank separated */
    const char *help;   /* for the list of paths */
    void (*begin)(struct request *r);
};

struct request_list {
    struct request *first, *last;
    uint32_t count;
};

struct request {
    struct console *c;
    struct MHD_Connection *connection;
    const struct route *route;
    const char *id; /* last part of the path, MHD's, valid until the request ends */
    struct request *prev, *next;
    struct request_list *list; /* the list it stands in, or NULL */
    struct buf body;
    bool body_too_large;
    size_t discarded; /* bytes of a body that is too large */
    bool suspended;
    unsigned status;   /* of the answer; 0: not known yet */
    const char *allow; /* for 405 */
    struct buf answer;
    /* commands */
    uint64_t origin;
    int64_t deadline_ms; /* uv_now */
    /* device lists */
    uint32_t next_device, limit, found;
    bool more;
    const char *text; /* what to look for, MHD's */
    /* queries */
    struct job *job;
    /* followers */
    bool streaming, ended, gone, cut;
    size_t sent; /* bytes of answer already handed to MHD */
    uint64_t lost_lines;
};

struct console_socket {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t dev;
    ino_t ino;
};

struct console {
    struct console_conf conf;
    struct console_socket socket;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;       /* MHD's epoll descriptor */
    uv_timer_t mhd_timer; /* MHD's own time-outs */
    uv_timer_t command_timer;
    uv_timer_t follower_timer;
    uv_idle_t scan_idle;
    unsigned open_handles;
    unsigned jobs_running;
    bool closing;
    bool resumed; /* a connection was, and MHD did not run since */
    int64_t command_timeout_ms;
    struct request_list commands, scans, followers;
    uint64_t next_origin;
    /* Used by one job at a time, in the pool; else by L. */
    struct query *query;
    struct query_conf query_conf;
    struct job *job_first, *job_last; /* the first one is running */
    uint32_t job_count;
    char *lines[CONSOLE_LINES_MAX]; /* a ring */
    uint32_t line_first, line_count;
};

/* console.c: lets MHD run in the loop's next turn. */
void console_run_soon(struct console *c);

/* console_socket.c: a listening socket at path, non-blocking, mode 0660. A socket file that nobody
 * listens on is replaced; one that somebody does is TCN_EIO, like every other failure. */
int console_socket_open(const char *path, const char *group, struct console_socket *ret_socket,
                        int *ret_fd, struct tcn_fail *reterr);
/* Removes the file, if it is still the one that we made. */
void console_socket_remove(const struct console_socket *s);

/* console_route.c */
/* Finds the route and checks method and parameters; answers with an error if that fails. */
void console_route_begin(struct request *r, const char *url, const char *method);
/* The value of a parameter, or NULL. A parameter without value is "". */
const char *console_route_param(const struct request *r, const char *name);
/* Each false: the request was answered with 400. Absent: *ret is left alone. */
bool console_route_flag(struct request *r, const char *name, bool *ret);
bool console_route_number(struct request *r, const char *name, uint32_t min, uint32_t max,
                          uint32_t *ret);

/* console_http.c */
/* MHD_AccessHandlerCallback and MHD_RequestCompletedCallback; cls is the console. */
enum MHD_Result console_http_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **request);
void console_http_completed(void *cls, struct MHD_Connection *connection, void **request,
                            enum MHD_RequestTerminationCode why);
void console_http_suspend(struct request *r);
void console_http_resume(struct request *r);
/* Finishes a request with *answer (taken; emptied), waking its connection. */
void console_http_answer(struct request *r, unsigned status, struct buf *answer);
void console_http_answer_json(struct request *r, unsigned status, json_t *json /* taken */);
/* {"error":{"code","message"}} */
void console_http_fail(struct request *r, unsigned status, const char *code, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));
unsigned console_http_status_of(int code); /* TCN_E* -> HTTP status */
int console_http_dump(const json_t *json, struct buf *out);
void console_list_add(struct request_list *list, struct request *r);
void console_list_remove(struct request *r); /* from the list that it stands in, if any */

/* console_job.c: questions to the database, one at a time in libuv's pool. */
void console_job_alarms(struct request *r);
void console_job_alarm(struct request *r);
void console_job_tasks(struct request *r);
void console_job_task(struct request *r);
void console_job_forget(struct request *r); /* the request ends before its job */

/* At shutdown: answers its request without it; returns the next job. */
struct job *console_job_abandon(struct job *j);

/* console_device.c: the device list, made in slices so that the loop never waits for it. */
void console_device_begin(struct request *r);
void console_device_slice(uv_idle_t *idle);

/* console_stream.c */
void console_stream_begin(struct request *r);
void console_stream_check(uv_timer_t *timer); /* lets go of followers that hung up */
void console_stream_end(struct console *c);   /* all of them, at shutdown */
void console_stream_free_lines(struct console *c);

/* console_command.c */
void console_command_begin(struct request *r);
void console_command_expire(uv_timer_t *timer);
void console_command_end(struct console *c); /* answers all that wait, at shutdown */

#endif
