/* The ring as a file: what a later process finds in it. links: rest */
#define _GNU_SOURCE
#include "intake/ring_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPACITY 65536

static char folder[64], path[96];
static struct ring_file_conf conf;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/tocsin-ring-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/ring", folder);
    conf = (struct ring_file_conf){ .path = path, .capacity = CAPACITY, .fingerprint = 7 };
    return 0;
}

static int tear_down(void **state)
{
    char old[112];

    (void)state;
    (void)snprintf(old, sizeof old, "%s.old", path);
    (void)unlink(old);
    (void)unlink(path);
    return rmdir(folder);
}

static struct ring_file opened(void)
{
    struct tcn_fail fail = { 0 };
    struct ring_file f;

    if (ring_file_open(&conf, &f, &fail) < 0)
        fail_msg("%s", fail.text);
    return f;
}

static void put(struct ring_file *f, uint64_t value)
{
    uint64_t *record = ring_reserve(&f->ring, sizeof value);

    assert_non_null(record);
    *record = value;
    ring_commit(&f->ring);
}

static uint64_t take(struct ring_file *f)
{
    uint32_t len;
    const uint64_t *record = ring_peek(&f->ring, &len);
    uint64_t value = record == NULL ? 0 : *record;

    if (record != NULL)
        ring_take(&f->ring);
    return value;
}

static void what_was_not_committed_is_there_again(void **state)
{
    struct ring_file f = opened();

    (void)state;
    assert_string_equal(f.aside, "");
    for (uint64_t i = 1; i <= 3; i++)
        put(&f, i);
    ring_file_set_last_ms(&f, 1234);
    assert_int_equal(take(&f), 1);
    conf.committed_ring = f.id;
    conf.committed_position = ring_position(&f.ring);
    assert_int_equal(take(&f), 2);
    ring_file_close(&f); /* as a kill does */
    f = opened();
    assert_int_equal(f.id, conf.committed_ring);
    assert_int_equal(ring_file_last_ms(&f), 1234);
    assert_int_equal(take(&f), 2);
    assert_int_equal(take(&f), 3);
    assert_int_equal(take(&f), 0);
    ring_file_close(&f);
}

/* A database that knows nothing of this ring: all that was not freed is taken again. */
static void another_databases_position_does_not_count(void **state)
{
    struct ring_file f = opened();

    (void)state;
    put(&f, 5);
    conf.committed_ring = f.id + 1;
    conf.committed_position = 16;
    ring_file_close(&f);
    f = opened();
    assert_int_equal(take(&f), 5);
    ring_file_close(&f);
}

static void a_changed_configuration_sets_it_aside(void **state)
{
    struct ring_file f = opened();
    uint64_t id = f.id;

    (void)state;
    put(&f, 5);
    ring_file_close(&f);
    conf.fingerprint = 8;
    f = opened();
    assert_non_null(strstr(f.aside, "configuration"));
    assert_int_not_equal(f.id, id);
    assert_int_equal(take(&f), 0);
    ring_file_close(&f);
}

static void foreign_and_torn_files_are_set_aside(void **state)
{
    static const char *const SAYS[] = { "not a ring of ours", "another size" };
    struct ring_file f;

    (void)state;
    for (int i = 0; i < 2; i++) {
        int fd;

        f = opened();
        ring_file_close(&f);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        if (i == 0)
            assert_int_equal(pwrite(fd, "garbage!", 8, 0), 8);
        else
            assert_int_equal(ftruncate(fd, 1000), 0);
        close(fd);
        f = opened();
        assert_non_null(strstr(f.aside, SAYS[i]));
        put(&f, 1);
        assert_int_equal(take(&f), 1);
        ring_file_close(&f);
        assert_int_equal(unlink(path), 0);
    }
}

static void deliveries_are_known_again_after_a_restart(void **state)
{
    struct ring_file f = opened();

    (void)state;
    for (uint64_t key = 1; key <= RING_REPEATS + 10; key++)
        ring_file_note_delivered(&f, key);
    ring_file_close(&f);
    f = opened();
    assert_false(ring_file_was_delivered(&f, 10)); /* too long ago */
    assert_true(ring_file_was_delivered(&f, 11));
    assert_true(ring_file_was_delivered(&f, RING_REPEATS + 10));
    ring_file_forget_delivered(&f); /* the broker lost our session */
    assert_false(ring_file_was_delivered(&f, RING_REPEATS + 10));
    ring_file_close(&f);
}

static void two_processes_do_not_share_it(void **state)
{
    struct ring_file first = opened(), second;
    struct tcn_fail fail = { 0 };

    (void)state;
    put(&first, 5);
    assert_int_equal(ring_file_open(&conf, &second, &fail), TCN_EIO);
    assert_non_null(strstr(fail.text, "in use"));
    assert_int_equal(take(&first), 5);
    ring_file_close(&first);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct ring_file f;
    struct tcn_fail fail = { 0 };

    (void)state;
    conf.path = "/nowhere/at/all";
    assert_int_equal(ring_file_open(&conf, &f, &fail), TCN_EIO);
    assert_non_null(strstr(fail.text, "/nowhere/at/all"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_was_not_committed_is_there_again),      T(another_databases_position_does_not_count),
        T(a_changed_configuration_sets_it_aside),      T(foreign_and_torn_files_are_set_aside),
        T(deliveries_are_known_again_after_a_restart), T(two_processes_do_not_share_it),
        T(a_folder_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
