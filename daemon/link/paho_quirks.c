/* link/paho_quirks.c - see paho_quirks.h. */
#define _GNU_SOURCE
#include "link/paho_quirks.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LONG_WAIT_MS 50 /* shorter ones are not waits for traffic */
#define HURRY_MS     5  /* between two looks while a connection is being made */
#define SOCKETS_MAX  64 /* more of them: Paho's own way */

enum thread_kind { THREAD_UNKNOWN, THREAD_OTHER, THREAD_RECEIVE, THREAD_SEND };

static pthread_once_t wake_once = PTHREAD_ONCE_INIT;
static int wake_fd = -1; /* -1 as well if there is none: then nothing is woken */
static _Atomic int connecting;
static _Thread_local bool has_polled; /* since the last usleep() */

static enum thread_kind this_thread(void)
{
    static _Thread_local enum thread_kind kind;
    char name[16] = "";

    if (kind != THREAD_UNKNOWN)
        return kind;
    kind = THREAD_OTHER; /* Paho names its threads before all else */
    if (pthread_getname_np(pthread_self(), name, sizeof name) == 0) {
        if (strcmp(name, "MQTTAsync_rcv") == 0)
            kind = THREAD_RECEIVE;
        else if (strcmp(name, "MQTTAsync_send") == 0)
            kind = THREAD_SEND;
    }
    return kind;
}

/* ---- 1 and 2: waiting ---------------------------------------------------------------------- */

static void wake_init(void)
{
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void paho_connecting(int change)
{
    const uint64_t one = 1;

    (void)pthread_once(&wake_once, wake_init);
    (void)atomic_fetch_add(&connecting, change);
    if (wake_fd >= 0 && write(wake_fd, &one, sizeof one) < 0)
        return; /* only when it is full of wake-ups: it is awake */
}

static int wait_ms(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    const struct timespec timeout = { .tv_sec = timeout_ms / 1000,
                                      .tv_nsec = timeout_ms % 1000 * 1000000L };

    return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}

/* Waits for these descriptors and for a wake-up, which counts as a time-out. */
static int wait_or_wake(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct pollfd all[SOCKETS_MAX + 1];
    uint64_t wake_ups;
    int rc;

    (void)pthread_once(&wake_once, wake_init);
    if (atomic_load(&connecting) > 0 && timeout_ms > HURRY_MS)
        timeout_ms = HURRY_MS;
    if (count > 0)
        memcpy(all, fds, count * sizeof *fds);
    all[count] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
    rc = wait_ms(all, count + 1, timeout_ms);
    if (rc < 0)
        return rc;
    if (all[count].revents != 0) {
        rc--;
        if (read(wake_fd, &wake_ups, sizeof wake_ups) < 0)
            wake_ups = 0; /* somebody else read it: fine */
    }
    if (count > 0)
        memcpy(fds, all, count * sizeof *fds);
    return rc;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (timeout_ms < LONG_WAIT_MS || count > SOCKETS_MAX || this_thread() != THREAD_RECEIVE)
        return wait_ms(fds, count, timeout_ms);
    has_polled = true;
    return wait_or_wake(fds, count, timeout_ms);
}

int usleep(useconds_t us)
{
    const struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L };

    if (this_thread() != THREAD_RECEIVE || us / 1000 < LONG_WAIT_MS)
        return nanosleep(&time, NULL);
    if (!has_polled) /* no socket at all: nothing to look at but a wake-up */
        (void)wait_or_wake(NULL, 0, (int)(us / 1000)); /* a signal only cuts it short */
    has_polled = false;
    return 0;
}

/* ---- 3: writing ---------------------------------------------------------------------------- */

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t rc = (ssize_t)syscall(SYS_writev, fd, parts, count);
    size_t all = 0;

    if (rc >= 0 || errno == EAGAIN || errno == EINTR || this_thread() != THREAD_SEND)
        return rc;
    for (int i = 0; i < count; i++)
        all += parts[i].iov_len;
    return (ssize_t)all;
}

typedef int ssl_write_fn(SSL *ssl, const void *bytes, int len);

static pthread_once_t ssl_once = PTHREAD_ONCE_INIT;
static ssl_write_fn *next_ssl_write;

static void find_ssl_write(void)
{
    void *symbol = dlsym(RTLD_NEXT, "SSL_write");

    memcpy(&next_ssl_write, &symbol, sizeof next_ssl_write); /* no such cast in ISO C */
}

int SSL_write(SSL *ssl, const void *bytes, int len)
{
    int rc, error;

    (void)pthread_once(&ssl_once, find_ssl_write);
    if (next_ssl_write == NULL)
        return -1;
    rc = next_ssl_write(ssl, bytes, len);
    if (rc > 0 || this_thread() != THREAD_SEND)
        return rc;
    error = SSL_get_error(ssl, rc);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? rc : len;
}
