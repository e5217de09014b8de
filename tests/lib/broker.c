#define _GNU_SOURCE
#include "lib/broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MAX_MS 10000
#define STOP_MAX_MS  5000

static void die(const char *what)
{
    (void)fprintf(stderr, "broker: %s: %s\n", what, strerror(errno));
    abort();
}

static int bind_any(uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("no free port");
    *ret_port = ntohs(a.sin_port);
    return fd;
}

void broker_init(struct broker *b)
{
    memset(b, 0, sizeof *b);
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/tocsin-broker-XXXXXX");
    if (mkdtemp(b->dir) == NULL)
        die("no temporary directory");
    (void)close(bind_any(0, &b->port));
}

void broker_file(const struct broker *b, const char *name, const char *text)
{
    char path[160];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", b->dir, name);
    f = fopen(path, "w");
    if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
        die(path);
}

static void write_conf(const struct broker *b, const char *more)
{
    char path[160];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/mosquitto.conf", b->dir);
    f = fopen(path, "w");
    if (f == NULL)
        die(path);
    (void)fprintf(f,
                  "persistence true\npersistence_location %s/\n%sset_tcp_nodelay true\n"
                  "max_inflight_messages 1000\nmax_queued_messages 100000\n"
                  "log_dest file %s/mosquitto.log\nlistener %u 127.0.0.1\n",
                  b->dir, geteuid() == 0 ? "user root\n" : "", b->dir, b->port);
    for (const char *p = more; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] == 'D') {
            (void)fputs(b->dir, f);
            p++;
        } else {
            (void)fputc(*p, f);
        }
    }
    (void)fputc('\n', f);
    if (fclose(f) != 0)
        die(path);
}

static bool accepts(const struct broker *b)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(b->port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static void run(const struct broker *b)
{
    char conf[160];
    int null = open("/dev/null", O_RDWR);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves no broker */
    (void)snprintf(conf, sizeof conf, "%s/mosquitto.conf", b->dir);
    (void)dup2(null, 0);
    (void)dup2(null, 1);
    (void)dup2(null, 2);
    for (int fd = 3; fd < 256; fd++)
        (void)close(fd);
    (void)execlp("mosquitto", "mosquitto", "-c", conf, (char *)NULL);
    (void)execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
    _exit(127);
}

void broker_start(struct broker *b, const char *more)
{
    char conf[160];
    const struct timespec step = { .tv_nsec = 5000000 };

    (void)snprintf(conf, sizeof conf, "%s/mosquitto.conf", b->dir);
    if (more != NULL || access(conf, R_OK) != 0)
        write_conf(b, more != NULL ? more : "allow_anonymous true");
    b->pid = fork();
    if (b->pid < 0)
        die("fork");
    if (b->pid == 0)
        run(b);
    for (int ms = 0; ms < START_MAX_MS; ms += 5) {
        if (accepts(b))
            return;
        if (waitpid(b->pid, NULL, WNOHANG) == b->pid) {
            errno = 0;
            die("mosquitto ended at once: see mosquitto.log in its directory");
        }
        (void)nanosleep(&step, NULL);
    }
    die("mosquitto does not accept connections");
}

void broker_stop(struct broker *b)
{
    const struct timespec step = { .tv_nsec = 5000000 };

    if (b->pid <= 0)
        return;
    /* A SIGTERM during its start is lost on mosquitto, so it is told again, and at last killed. */
    (void)kill(b->pid, SIGCONT);
    for (int ms = 0; ms < STOP_MAX_MS; ms += 5) {
        if (ms % 1000 == 0)
            (void)kill(b->pid, SIGTERM);
        if (waitpid(b->pid, NULL, WNOHANG) == b->pid) {
            b->pid = 0;
            return;
        }
        (void)nanosleep(&step, NULL);
    }
    (void)kill(b->pid, SIGKILL);
    while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    b->pid = 0;
}

void broker_done(struct broker *b)
{
    char command[128];

    broker_stop(b);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", b->dir);
    if (system(command) != 0)
        die(command);
}
