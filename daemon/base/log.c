/* base/log.c - see log.h.
 *
 * Callers append finished lines to the front buffer under the lock; the writer swaps it with its
 * own empty one and writes without the lock. Both keep their memory, so that steady logging
 * allocates nothing. */
#define _GNU_SOURCE
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#define BUFFER_KEPT ((size_t)1 << 20) /* more is given back after a burst */

struct batch {
    struct buf text; /* lines, each ending in '\n' */
    unsigned char levels[LOG_QUEUE_MAX];
    size_t count;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t writer;
    struct log_conf conf;
    struct batch batches[2];
    struct batch *front; /* under lock, like all below up to the blank line */
    uint64_t dropped, dropped_burst;
    bool running, stop, reopen;

    _Atomic int level; /* read before formatting */
    _Atomic int offset_min;
    int file;      /* the writer's, -1: none */
    bool file_bad; /* its last write failed, and this was said */
    bool stderr_off;
} state = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .level = LEVEL_INFO,
    .file = -1,
};

static const char *const level_words[] = {
    [LEVEL_DEBUG] = "DEBUG",     [LEVEL_INFO] = "INFO",   [LEVEL_NOTICE] = "NOTICE",
    [LEVEL_WARNING] = "WARNING", [LEVEL_ERROR] = "ERROR",
};

/* Writes all of it. Returns 0 or the errno that stopped it. */
static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* "TIME LEVEL event rest\n" into line. Control characters can't forge a second line. */
static size_t make_line(char line[LOG_LINE_MAX], int offset_min, enum log_level level,
                        const char *event, const char *format, va_list args)
{
    char at[TCN_RFC3339_SIZE];
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* can't fail for this clock */
    tcn_format_rfc3339((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, offset_min, at);
    (void)tcn_text_format(line, LOG_LINE_MAX, "%s %s %s ", at, level_words[level], event);
    size_t len = strlen(line);
    size_t room = LOG_LINE_MAX - len;
    int n = vsnprintf(line + len, room, format, args);
    if (n >= 0 && (size_t)n + 1 < room) {
        len += (size_t)n;
    } else { /* cut: room for the dots and the line's end */
        if (n >= 0 || len > LOG_LINE_MAX - 5)
            len = tcn_text_fit(line, LOG_LINE_MAX - 5);
        (void)tcn_text_copy(line + len, LOG_LINE_MAX - len, "..."); /* fits */
        len += 3;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?';
    }
    while (len > 0 && line[len - 1] == ' ')
        len--;
    line[len] = '\n';
    return len + 1;
}

/* --- the writer thread --------------------------------------------------------------------- */

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

/* A line of the log about itself: to stderr and the journal only, for it is the file that fails
 * (and to the file as well when it concerns the queue). */
__attribute__((format(printf, 4, 5))) static void write_own_line(enum log_level level, bool to_file,
                                                                 const char *event,
                                                                 const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    va_start(args, format);
    size_t len = make_line(line, atomic_load(&state.offset_min), level, event, format, args);
    va_end(args);
    if (!state.stderr_off)
        (void)write_all(STDERR_FILENO, line, len); /* nowhere to complain to */
    if (to_file && state.file >= 0)
        (void)write_all(state.file, line, len); /* the next batch finds out */
    line[len - 1] = '\0';
    if (state.conf.journal != NULL)
        state.conf.journal(level, line);
}

static void write_to_file(const struct batch *b)
{
    if (state.file < 0)
        return;
    int error = write_all(state.file, b->text.bytes, b->text.len);
    if (error != 0 && !state.file_bad)
        write_own_line(LEVEL_ERROR, false, "log file failed",
                       "error=\"%s\", lines are missing from it until it can be written again",
                       strerrordesc_np(error));
    state.file_bad = error != 0;
}

static void write_to_journal(struct batch *b)
{
    char *line = b->text.bytes;

    for (size_t i = 0; i < b->count; i++) {
        char *end = strchr(line, '\n'); /* every line has one */
        *end = '\0';
        state.conf.journal((enum log_level)b->levels[i], line);
        line = end + 1;
    }
}

static void write_batch(struct batch *b, uint64_t dropped)
{
    if (b->count > 0) {
        if (!state.stderr_off)
            (void)write_all(STDERR_FILENO, b->text.bytes, b->text.len); /* nowhere to complain to */
        write_to_file(b);
        if (state.conf.journal != NULL)
            write_to_journal(b); /* last: it cuts the text into pieces */
    }
    if (dropped > 0)
        write_own_line(LEVEL_WARNING, true, "log lines dropped",
                       "count=%llu, the queue was full, logging goes on",
                       (unsigned long long)dropped);
    buf_reset(&b->text);
    if (b->text.capacity > BUFFER_KEPT)
        buf_done(&b->text);
    b->count = 0;
}

static void reopen_file(void)
{
    if (state.conf.file == NULL)
        return;
    int file = open_file(state.conf.file);
    if (file < 0) {
        write_own_line(LEVEL_ERROR, true, "log file failed",
                       "error=\"%s\", can't be reopened, going on with the old one",
                       strerrordesc_np(errno));
        return;
    }
    if (state.file >= 0)
        (void)close(state.file); /* what was written is written */
    state.file = file;
    state.file_bad = false;
}

static void *run_writer(void *arg)
{
    struct batch *back = &state.batches[1];
    bool stop = false;

    (void)arg;
    while (!stop) {
        pthread_mutex_lock(&state.lock);
        while (state.front->count == 0 && state.dropped_burst == 0 && !state.stop && !state.reopen)
            pthread_cond_wait(&state.wake, &state.lock);
        struct batch *full = state.front;
        state.front = back;
        back = full;
        uint64_t dropped = state.dropped_burst;
        state.dropped_burst = 0;
        bool reopen = state.reopen;
        state.reopen = false;
        stop = state.stop; /* running is off by then: nothing is queued any more */
        pthread_mutex_unlock(&state.lock);

        write_batch(full, dropped);
        if (reopen)
            reopen_file();
    }
    return NULL;
}

/* --- start and stop ------------------------------------------------------------------------ */

/* systemd says in the environment which device and inode its journal's stream has. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    char here[64];

    if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
        return false;
    return tcn_text_format(here, sizeof here, "%llu:%llu", (unsigned long long)st.st_dev,
                           (unsigned long long)st.st_ino) == TCN_OK &&
           strcmp(here, stream) == 0;
}

/* The writer takes no signals: they belong to the loop. */
static int start_thread(void)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&state.writer, NULL, run_writer, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int log_start(const struct log_conf *conf, struct tcn_fail *reterr)
{
    int file = -1;

    assert(!state.running);
    if (conf->file != NULL) {
        file = open_file(conf->file);
        if (file < 0)
            return tcn_fail_set(reterr, TCN_EIO, "can't open the log file %s: %s", conf->file,
                                strerrordesc_np(errno));
    }
    state.conf = *conf;
    state.file = file;
    state.file_bad = false;
    state.stderr_off = conf->quiet || (conf->journal != NULL && stderr_is_journal());
    state.front = &state.batches[0];
    state.stop = state.reopen = false;
    int error = start_thread();
    if (error != 0) {
        if (file >= 0)
            (void)close(file); /* nothing was written */
        state.file = -1;
        return tcn_fail_set(reterr, TCN_EIO, "can't start the log's thread: %s",
                            strerrordesc_np(error));
    }
    atomic_store(&state.offset_min, conf->offset_min);
    atomic_store(&state.level, (int)conf->level);
    pthread_mutex_lock(&state.lock);
    state.running = true;
    pthread_mutex_unlock(&state.lock);
    return TCN_OK;
}

static int join_within(pthread_t thread, int64_t ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail for this clock */
    until.tv_sec += (time_t)(ms / 1000);
    return pthread_timedjoin_np(thread, NULL, &until);
}

void log_stop(void)
{
    pthread_mutex_lock(&state.lock);
    bool was_running = state.running;
    state.running = false;
    state.stop = true;
    pthread_cond_signal(&state.wake);
    pthread_mutex_unlock(&state.lock);
    if (!was_running)
        return;
    if (join_within(state.writer, LOG_STOP_MS) != 0)
        return; /* stuck on a dying disk or a full pipe: the lines are lost, the process is not */
    if (state.file >= 0)
        (void)close(state.file); /* what was written is written */
    state.file = -1;
    buf_done(&state.batches[0].text);
    buf_done(&state.batches[1].text);
}

void log_reopen(void)
{
    pthread_mutex_lock(&state.lock);
    state.reopen = state.running;
    pthread_cond_signal(&state.wake);
    pthread_mutex_unlock(&state.lock);
}

uint64_t log_dropped(void)
{
    pthread_mutex_lock(&state.lock);
    uint64_t dropped = state.dropped;
    pthread_mutex_unlock(&state.lock);
    return dropped;
}

/* False: the log is not running, nothing was done. */
static bool enqueue(enum log_level level, const char *line, size_t len)
{
    pthread_mutex_lock(&state.lock);
    bool running = state.running;
    if (running) {
        struct batch *b = state.front;
        if (b->count < LOG_QUEUE_MAX)
            buf_append(&b->text, line, len);
        if (b->count == LOG_QUEUE_MAX || b->text.failed) {
            state.dropped++;
            state.dropped_burst++;
        } else {
            b->levels[b->count++] = (unsigned char)level;
        }
        pthread_cond_signal(&state.wake);
    }
    pthread_mutex_unlock(&state.lock);
    return running;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    if ((int)level < atomic_load(&state.level))
        return;
    va_start(args, format);
    size_t len = make_line(line, atomic_load(&state.offset_min), level, event, format, args);
    va_end(args);
    if (!enqueue(level, line, len))
        (void)write_all(STDERR_FILENO, line, len); /* nowhere to complain to */
}

/* --- values and repeats -------------------------------------------------------------------- */

static bool is_plain(const char *value, size_t len)
{
    if (len == 0 || len >= LOG_QUOTE_SIZE || !tcn_text_is_utf8(value, len))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c <= 0x20 || c == 0x7F || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return true;
}

/* The quoted form of the character at value into out (at most 4 bytes); *ret_len is how much of
 * value it stands for. */
static size_t quote_character(const char *value, size_t len, char out[4], size_t *ret_len)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)value[0];
    size_t n = tcn_text_sequence(value, len);

    if (n == 0 || c < 0x20 || c == 0x7F) {
        out[0] = '\\';
        out[1] = 'x';
        out[2] = hex[c >> 4];
        out[3] = hex[c & 15];
        *ret_len = 1;
        return 4;
    }
    *ret_len = n;
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    memcpy(out, value, n);
    return n;
}

const char *log_quote(const char *value, char buf[LOG_QUOTE_SIZE])
{
    static const char cut[] = "...\"";
    size_t len = value != NULL ? strlen(value) : 0;

    if (is_plain(value, len)) {
        memcpy(buf, value, len + 1);
        return buf;
    }
    size_t to = 0;
    buf[to++] = '"';
    for (size_t at = 0; at < len;) {
        char piece[4];
        size_t taken;
        size_t n = quote_character(value + at, len - at, piece, &taken);
        if (to + n + sizeof cut > LOG_QUOTE_SIZE) {
            memcpy(buf + to, cut, sizeof cut);
            return buf;
        }
        memcpy(buf + to, piece, n);
        to += n;
        at += taken;
    }
    buf[to++] = '"';
    buf[to] = '\0';
    return buf;
}

bool log_allow(struct log_limit *l, int64_t interval_ms, uint64_t *ret_suppressed)
{
    int64_t now_us = tcn_clock_us();

    if (now_us < l->next_us) {
        l->held++;
        return false;
    }
    l->next_us = now_us + interval_ms * 1000;
    *ret_suppressed = l->held;
    l->held = 0;
    return true;
}
