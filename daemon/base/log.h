/* base/log.h - the daemon's log: lines for people and for grep, written by a thread of its own.
 *
 * A line is "TIME LEVEL event key=value ...": see log_line(). Sinks: stderr (always, or journald
 * instead when stderr is the journal), and an optional file.
 * Thread:  any thread may log; nobody but the writer thread touches a file. Lines pass a bounded
 *          queue (LOG_QUEUE_MAX); when it is full they are dropped, counted, and one line says so.
 * Only app, intake, link, push, console and ctl log; codec, engine and store return errors. */
#ifndef TOCSIN_BASE_LOG_H
#define TOCSIN_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define LOG_QUEUE_MAX 8192
#define LOG_LINE_MAX  2048
#define LOG_STOP_MS   2000

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_NOTICE, LEVEL_WARNING, LEVEL_ERROR };

struct log_conf {
    enum log_level level;                                    /* lines below are not written */
    const char *file;                                        /* NULL: none. Kept until log_stop() */
    int offset_min;                                          /* UTC offset of the times in lines */
    bool quiet;                                              /* nothing to stderr (tests) */
    void (*journal)(enum log_level level, const char *line); /* NULL: none. Called by the writer */
};

/* Starts the writer thread. Before it, and after log_stop(), lines go straight to stderr.
 * TCN_EIO: the file can't be opened (*reterr says why); nothing is started. */
int log_start(const struct log_conf *conf, struct tcn_fail *reterr);
/* Writes out what is queued and ends the thread; gives up after LOG_STOP_MS. */
void log_stop(void);
/* Asks the writer to reopen the file (after logrotate). Async-signal-unsafe; call from the loop. */
void log_reopen(void);
/* Lines dropped so far because the queue was full. */
uint64_t log_dropped(void);

/* event: one lower-case word or two ("alarm raised"); format: the rest as key=value pairs,
 * values with blanks or quotes go through log_quote(). */
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define LOG_QUOTE_SIZE 512
/* Quotes a value where needed: a"b -> "a\"b"; control characters as \xNN. Returns buf. */
const char *log_quote(const char *value, char buf[LOG_QUOTE_SIZE]);

/* Rate limit for repeats: true if the caller should log now; then *ret_suppressed is how many
 * were held back since the last time. One struct per call site; zeroed to start; one thread. */
struct log_limit {
    int64_t next_us;
    uint64_t held;
};
bool log_allow(struct log_limit *l, int64_t interval_ms, uint64_t *ret_suppressed);

#endif
