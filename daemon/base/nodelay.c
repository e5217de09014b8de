#define _GNU_SOURCE
#include "base/nodelay.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

/* The port of the peer of a connected TCP socket, 0 for anything else. */
static uint16_t peer_port(int fd)
{
    struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof peer;
    int type = 0;
    socklen_t type_len = sizeof type;

    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 || type != SOCK_STREAM)
        return 0;
    if (peer.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&peer)->sin_port);
    if (peer.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&peer)->sin6_port);
    return 0;
}

static bool set_and_verify(int fd)
{
    int on = 1, now = 0;
    socklen_t len = sizeof now;

    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, &len) == 0 && now != 0;
}

/* By port and not by address: a name may have been resolved anew for another link meanwhile, and
 * the option harms no other socket. */
unsigned nodelay_set(uint16_t port, unsigned *ret_failed)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    unsigned set = 0, failed = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int64_t fd;

        if (tcn_parse_int(entry->d_name, strlen(entry->d_name), 0, INT32_MAX, &fd) < 0)
            continue;
        if (peer_port((int)fd) != port)
            continue;
        if (set_and_verify((int)fd))
            set++;
        else
            failed++;
    }
    if (dir != NULL)
        (void)closedir(dir); /* opened for reading: nothing can be lost */
    *ret_failed = failed;
    return set;
}
