/* The listening socket's file: who may connect is decided by its mode and group, so it is made
 * with no more rights than it ends up with. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define SOCKET_MODE    0660
#define BACKLOG        64
#define GROUP_BUF_SIZE 16384

static int failed(const char *path, const char *what, struct tcn_fail *reterr)
{
    return tcn_fail_set(reterr, TCN_EIO, "socket %s: %s: %s", path, what, strerror(errno));
}

/* Makes way for a new socket file at the address. */
static int clear_path(const struct sockaddr_un *address, struct tcn_fail *reterr)
{
    const char *path = address->sun_path;
    struct stat st;
    int fd, rc, error;

    if (lstat(path, &st) < 0) {
        if (errno == ENOENT)
            return TCN_OK;
        return failed(path, "can't be looked at", reterr);
    }
    if (!S_ISSOCK(st.st_mode))
        return tcn_fail_set(reterr, TCN_EIO,
                            "%s exists and is not a socket, so it is left alone; remove it or set "
                            "another 'socket'",
                            path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return failed(path, "no socket to try it with", reterr);
    rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
    error = rc < 0 ? errno : 0;
    (void)close(fd); /* nothing was sent */
    if (error == 0 || error == EAGAIN || error == EINPROGRESS)
        return tcn_fail_set(reterr, TCN_EIO,
                            "socket %s is in use: another tocsind runs here; stop it or set "
                            "another 'socket'",
                            path);
    errno = error;
    if (error != ECONNREFUSED && error != ENOENT)
        return failed(path, "exists and can't be tried", reterr);
    if (unlink(path) < 0 && errno != ENOENT)
        return failed(path, "left by a dead tocsind, can't be removed", reterr);
    return TCN_OK;
}

static int give_to_group(const char *path, const char *group, struct tcn_fail *reterr)
{
    static char text[GROUP_BUF_SIZE]; /* L only, once */
    struct group entry, *found = NULL;

    if (getgrnam_r(group, &entry, text, sizeof text, &found) != 0 || found == NULL)
        return tcn_fail_set(reterr, TCN_EIO,
                            "socket_group '%s': this machine has no such group; make it with "
                            "'groupadd --system %s' or leave 'socket_group' out",
                            group, group);
    if (chown(path, (uid_t)-1, entry.gr_gid) < 0)
        return tcn_fail_set(reterr, TCN_EIO,
                            "socket %s can't be given to group '%s' (%s): our own user has to be "
                            "a member of it",
                            path, group, strerror(errno));
    return TCN_OK;
}

/* errno tells why path can't be made: what a person can do about it. */
static int cannot_make(const char *path, struct tcn_fail *reterr)
{
    static const char advice[] = "choose another socket with 'socket:' or --socket";
    const char *slash = strrchr(path, '/');
    const int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    const char *folder = slash == NULL ? "." : path;

    switch (errno) {
    case ENOENT:
        return tcn_fail_set(reterr, TCN_EIO,
                            "socket %s: the folder %.*s does not exist: make it, or %s", path, len,
                            folder, advice);
    case EACCES:
    case EPERM:
    case EROFS:
        return tcn_fail_set(reterr, TCN_EIO,
                            "socket %s: our user may not write in the folder %.*s (%s): give it "
                            "the right to, or %s",
                            path, len, folder, strerror(errno), advice);
    default:
        return failed(path, "can't be made", reterr);
    }
}

/* Binds fd with the right mode from the first moment on. */
static int bind_file(int fd, const struct sockaddr_un *address, struct tcn_fail *reterr)
{
    const mode_t before = umask(0777 & ~SOCKET_MODE);
    const int rc = bind(fd, (const struct sockaddr *)address, sizeof *address);

    (void)umask(before); /* can't fail; and leaves errno alone */
    return rc < 0 ? cannot_make(address->sun_path, reterr) : TCN_OK;
}

static int note_identity(const char *path, struct console_socket *s, struct tcn_fail *reterr)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return failed(path, "vanished", reterr);
    (void)tcn_text_copy(s->path, sizeof s->path, path); /* fits: it did in sun_path */
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    return TCN_OK;
}

int console_socket_open(const char *path, const char *group, struct console_socket *ret_socket,
                        int *ret_fd, struct tcn_fail *reterr)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct console_socket s = { .path = "" };
    int fd, rc;

    if (tcn_text_copy(address.sun_path, sizeof address.sun_path, path) < 0)
        return tcn_fail_set(reterr, TCN_EIO,
                            "socket %s: the path is longer than the %zu bytes that a Unix socket "
                            "may have",
                            path, sizeof address.sun_path - 1);
    rc = clear_path(&address, reterr);
    if (rc < 0)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return failed(path, "can't be opened", reterr);
    rc = bind_file(fd, &address, reterr);
    if (rc < 0)
        goto close_fd;
    rc = note_identity(path, &s, reterr);
    if (rc < 0)
        goto remove_file;
    if (group != NULL) {
        rc = give_to_group(path, group, reterr);
        if (rc < 0)
            goto remove_file;
    }
    if (listen(fd, BACKLOG) < 0) {
        rc = failed(path, "can't be listened on", reterr);
        goto remove_file;
    }
    *ret_socket = s;
    *ret_fd = fd;
    return TCN_OK;

remove_file:
    (void)unlink(path); /* ours, made a moment ago */
close_fd:
    (void)close(fd);
    return rc;
}

void console_socket_remove(const struct console_socket *s)
{
    struct stat st;

    if (s->path[0] == '\0' || lstat(s->path, &st) < 0)
        return;
    if (st.st_dev == s->dev && st.st_ino == s->ino)
        (void)unlink(s->path); /* a left-over is replaced at the next start */
}
