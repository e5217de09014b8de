/* Databases that can't be opened, and who else may have one open. links: rest */
#define _GNU_SOURCE
#include "lib/store_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/migrate.h"

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fixture_init(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_done(*state);
    free(*state);
    return 0;
}

/* Opening must fail with this code and say this, and leave the output alone. */
static void assert_refused(struct fixture *f, int code, const char *text)
{
    struct store *const untouched = (struct store *)(void *)f;
    struct store *s = untouched;
    struct tcn_fail fail = { 0 };

    assert_int_equal(store_open(&f->conf, &s, &fail), code);
    assert_ptr_equal(s, untouched);
    assert_int_equal(fail.code, code);
    if (strstr(fail.text, text) == NULL)
        fail_msg("'%s' does not contain '%s'", fail.text, text);
    assert_non_null(strstr(fail.text, f->path));
}

static void write_file(const char *path, const void *bytes, size_t len, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    assert_int_equal(close(fd), 0);
}

static void text_file_is_no_database(void **state)
{
    struct fixture *f = *state;
    static const char TEXT[] = "dear diary, there was smoke today. I shall write of it at length, "
                               "and longer than the 100 bytes that a database header has.";

    write_file(f->path, TEXT, sizeof TEXT, 0);
    assert_refused(f, TCN_ECORRUPT, "file is not a database");
    char back[sizeof TEXT];
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, back, sizeof back), sizeof back);
    assert_memory_equal(back, TEXT, sizeof TEXT);
    assert_int_equal(close(fd), 0);
}

static void anothers_database_is_left_alone(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = fixture_raw(f->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

    assert_int_equal(sqlite3_exec(db, "CREATE TABLE recipe (name TEXT)", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    uint64_t before = fixture_digest(f->path);
    assert_refused(f, TCN_ECORRUPT, "belongs to another program");
    assert_true(fixture_digest(f->path) == before);
    assert_int_equal(fixture_ask(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 0);
}

static void newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;

    fixture_open(f);
    fixture_close(f);
    fixture_exec(f, "PRAGMA user_version = 99");
    assert_refused(f, TCN_ECORRUPT, "newer version of Tocsin (its schema is number 99");
    fixture_exec(f, "PRAGMA user_version = 1");
    fixture_open(f);
}

static void empty_file_is_a_new_database(void **state)
{
    struct fixture *f = *state;

    write_file(f->path, "", 0, 0);
    fixture_open(f);
    assert_int_equal(fixture_ask(f, "PRAGMA user_version"), migrate_version());
}

/* Every page in turn is overwritten: opening and loading either say so, or the page was free or
 * holds only history; never does anything crash or hang. */
static void damaged_pages_are_noticed(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    char garbage[4096];
    unsigned noticed = 0;

    memset(garbage, 0xA5, sizeof garbage);
    fixture_open(f);
    batch_story(&b);
    batch_commit(f, &b);
    int64_t pages = fixture_ask(f, "PRAGMA page_count");
    fixture_close(f);
    assert_true(pages > 15);
    char saved[128];
    (void)snprintf(saved, sizeof saved, "%s.copy", f->path);
    fixture_copy_file(f->path, saved);
    for (int64_t page = 0; page < pages; page++) {
        struct store *s = NULL;
        struct tcn_fail fail = { 0 };
        fixture_copy_file(saved, f->path);
        write_file(f->path, garbage, sizeof garbage, (off_t)(page * 4096));
        int rc = store_open(&f->conf, &s, &fail);
        if (rc < 0) {
            assert_int_equal(rc, TCN_ECORRUPT);
            assert_non_null(strstr(fail.text, f->path));
            noticed++;
        }
        store_close(s);
    }
    assert_int_equal(noticed, pages);
}

static void truncated_database_is_noticed(void **state)
{
    struct fixture *f = *state;

    fixture_open(f);
    fixture_close(f);
    assert_int_equal(truncate(f->path, 3 * 4096), 0);
    assert_refused(f, TCN_ECORRUPT, "malformed");
}

static void missing_directory_is_named(void **state)
{
    struct fixture *f = *state;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/none/here.db", f->dir);
    f->conf.path = path;
    memcpy(f->path, path, sizeof f->path - 1);
    assert_refused(f, TCN_EIO, "make the directory first");
    (void)snprintf(f->path, sizeof f->path, "%s/tocsin.db", f->dir);
}

static void path_that_is_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    struct tcn_fail fail = { 0 };
    static char path[8192];

    memset(path, 'x', sizeof path - 1);
    f->conf.path = path;
    assert_int_equal(store_open(&f->conf, &s, &fail), TCN_EINPUT);
    assert_null(s);
    assert_non_null(strstr(fail.text, "longer than"));
}

/* Runs in a child that gives up root, for whom permissions don't count. */
static int open_unprivileged(struct fixture *f, struct tcn_fail *fail)
{
    struct store *s = NULL;

    if (geteuid() == 0 && seteuid(65534) != 0)
        return -1000;
    int rc = store_open(&f->conf, &s, fail);
    store_close(s);
    return rc;
}

static void assert_refused_unprivileged(struct fixture *f, const char *text)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct tcn_fail fail = { 0 };
        int rc = open_unprivileged(f, &fail);
        _exit(rc == TCN_EIO && strstr(fail.text, text) != NULL ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void unwritable_directory_is_told(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(chmod(f->dir, 0555), 0);
    assert_refused_unprivileged(f, "Permission denied");
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void write_protected_file_is_told(void **state)
{
    struct fixture *f = *state;
    char lock[128];

    fixture_open(f);
    fixture_close(f);
    (void)snprintf(lock, sizeof lock, "%s-lock", f->path);
    assert_int_equal(chmod(f->dir, 0777), 0);
    assert_int_equal(chmod(lock, 0666), 0);
    assert_int_equal(chmod(f->path, 0444), 0);
    assert_refused_unprivileged(f, "write-protected");
}

/* --- two at once --- */

/* A child that does something, tells so by a byte, and then waits to be killed. */
static pid_t run_beside(struct fixture *f, bool (*act)(struct fixture *f))
{
    int ready[2];
    char byte = 0;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        byte = act(f) ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            (void)pause();
        _exit(1);
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    assert_int_equal(byte, 'y');
    return child;
}

static void end_child(pid_t child)
{
    int status;

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static bool act_open(struct fixture *f)
{
    struct fixture_batch b;

    batch_story(&b);
    return store_open(&f->conf, &f->store, NULL) == TCN_OK &&
           store_commit(f->store, &b.batch, NULL) == TCN_OK;
}

static void second_daemon_is_refused_until_the_first_is_gone(void **state)
{
    struct fixture *f = *state;
    pid_t child = run_beside(f, act_open);

    assert_refused(f, TCN_EIO, "in use by another daemon");
    end_child(child); /* kill -9 */
    fixture_open(f);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 1);
    snapshot_done(&s);
}

static bool act_lock(struct fixture *f)
{
    sqlite3 *db;

    return sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
           sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM heard", NULL, NULL, NULL) == SQLITE_OK;
}

static void another_writer_is_waited_for_only_so_long(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    struct tcn_fail fail = { 0 };

    fixture_open(f);
    fixture_close(f);
    pid_t child = run_beside(f, act_lock);
    fixture_open(f); /* reading is not disturbed */
    batch_story(&b);
    assert_int_equal(store_commit(f->store, &b.batch, &fail), TCN_EAGAIN);
    assert_int_equal(store_commit(f->store, &b.batch, &fail), TCN_EAGAIN);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.alarm_count, 0);
    snapshot_done(&s);
    end_child(child);
    batch_commit(f, &b);
    s = fixture_load(f);
    assert_int_equal(s.alarm_count, 1);
    snapshot_done(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_file_is_no_database),
        TEST(anothers_database_is_left_alone),
        TEST(newer_schema_is_refused),
        TEST(empty_file_is_a_new_database),
        TEST(damaged_pages_are_noticed),
        TEST(truncated_database_is_noticed),
        TEST(missing_directory_is_named),
        TEST(path_that_is_too_long_is_refused),
        TEST(unwritable_directory_is_told),
        TEST(write_protected_file_is_told),
        TEST(second_daemon_is_refused_until_the_first_is_gone),
        TEST(another_writer_is_waited_for_only_so_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
