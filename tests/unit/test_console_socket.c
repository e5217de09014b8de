/* console_socket: whose file it is, and who may connect.  links: rest */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>

#include "console_fixture.h"

struct place {
    char dir[64], path[96];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "/tmp/tocsin-socket-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->path, sizeof p->path, "%s/s", p->dir);
    *state = p;
    return 0;
}

static int drop_place(void **state)
{
    struct place *p = *state;

    (void)unlink(p->path);
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
    return 0;
}

static void only_owner_and_group_may_connect(void **state)
{
    struct place *p = *state;
    struct console_socket s;
    struct tcn_fail fail;
    struct stat st;
    int fd;

    assert_int_equal(console_socket_open(p->path, NULL, &s, &fd, &fail), TCN_OK);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    (void)close(connect_to(p->path));
    console_socket_remove(&s);
    assert_int_equal(access(p->path, F_OK), -1);
    (void)close(fd);
}

static void a_socket_left_by_a_dead_daemon_is_replaced(void **state)
{
    struct place *p = *state;
    struct console_socket first, second;
    struct tcn_fail fail;
    int fd;

    assert_int_equal(console_socket_open(p->path, NULL, &first, &fd, &fail), TCN_OK);
    (void)close(fd); /* died without cleaning up */
    assert_int_equal(console_socket_open(p->path, NULL, &second, &fd, &fail), TCN_OK);
    (void)close(connect_to(p->path));
    console_socket_remove(&first); /* not its file any more, if the inode differs */
    console_socket_remove(&second);
    (void)close(fd);
}

static void a_live_daemons_socket_is_refused(void **state)
{
    struct place *p = *state;
    struct console_socket s, untouched, other;
    struct tcn_fail fail = { .text = "" };
    int fd, other_fd = -7;

    memset(&other, 0xA5, sizeof other);
    memcpy(&untouched, &other, sizeof other);
    assert_int_equal(console_socket_open(p->path, NULL, &s, &fd, &fail), TCN_OK);
    assert_int_equal(console_socket_open(p->path, NULL, &other, &other_fd, &fail), TCN_EIO);
    assert_has(fail.text, "another tocsind runs here");
    assert_int_equal(other_fd, -7);
    assert_memory_equal(&other, &untouched, sizeof other);
    (void)close(connect_to(p->path)); /* still served */
    console_socket_remove(&s);
    (void)close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct place *p = *state;
    struct console_socket s;
    struct tcn_fail fail = { .text = "" };
    int fd = open(p->path, O_CREAT | O_WRONLY, 0600);

    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(console_socket_open(p->path, NULL, &s, &fd, &fail), TCN_EIO);
    assert_has(fail.text, "not a socket");
    assert_int_equal(access(p->path, F_OK), 0);
}

static void what_is_wrong_is_said(void **state)
{
    struct place *p = *state;
    struct console_socket s;
    struct tcn_fail fail = { .text = "" };
    char path[256], says[256];
    int fd;

    (void)snprintf(path, sizeof path, "%s/no/such/dir", p->dir);
    assert_int_equal(console_socket_open(path, NULL, &s, &fd, &fail), TCN_EIO);
    (void)snprintf(says, sizeof says, "the folder %s/no/such does not exist: make it, or choose",
                   p->dir);
    assert_has(fail.text, says);
    assert_has(fail.text, "--socket");
    memset(path, 'x', 200);
    path[200] = '\0';
    assert_int_equal(console_socket_open(path, NULL, &s, &fd, &fail), TCN_EIO);
    assert_has(fail.text, "longer than");
    assert_int_equal(console_socket_open(p->path, "no-such-group", &s, &fd, &fail), TCN_EIO);
    assert_has(fail.text, "groupadd");
    assert_int_equal(access(p->path, F_OK), -1); /* nothing left behind */
}

static void the_group_gets_the_socket(void **state)
{
    struct place *p = *state;
    const struct group *own = getgrgid(getegid());
    struct console_socket s;
    struct tcn_fail fail = { .text = "" };
    struct stat st;
    int fd;

    if (own == NULL)
        skip();
    assert_int_equal(console_socket_open(p->path, own->gr_name, &s, &fd, &fail), TCN_OK);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_gid, getegid());
    console_socket_remove(&s);
    (void)close(fd);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(only_owner_and_group_may_connect),
        WITH_PLACE(a_socket_left_by_a_dead_daemon_is_replaced),
        WITH_PLACE(a_live_daemons_socket_is_refused),
        WITH_PLACE(a_file_that_is_no_socket_is_left_alone),
        WITH_PLACE(what_is_wrong_is_said),
        WITH_PLACE(the_group_gets_the_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
