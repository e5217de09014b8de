/* Disk and memory fail at the n-th operation, for every n (but see next()): then the database is as before or as
 * after, never between, the same call succeeds when tried again, and outputs are untouched.
 * links: rest */
#define _GNU_SOURCE
#include "lib/store_fixture.h"
#include "lib/vfs_fault.h"

#define NEVER 100000 /* more operations than any call here makes */

/* What fails. */
struct way {
    const char *name;
    unsigned operations; /* 0: memory instead */
    bool full, for_good;
};
static const struct way WAYS[] = {
    { "one operation", FAULT_ALL, false, false },
    { "all from one on", FAULT_ALL, false, true },
    { "the disk is full", FAULT_WRITE | FAULT_SHM, true, true },
    { "one sync", FAULT_SYNC, false, false },
    { "one allocation", 0, false, false },
};
#define WAY_COUNT (sizeof WAYS / sizeof WAYS[0])

static void arm(const struct way *way, int n)
{
    if (way->operations == 0) {
        malloc_fault_arm(n);
        return;
    }
    vfs_fault.full = way->full;
    vfs_fault.for_good = way->for_good;
    vfs_fault_arm(way->operations, n);
}

static bool disarm(const struct way *way)
{
    faults_disarm();
    return way->operations == 0 ? malloc_fault.fired : vfs_fault.fired;
}

/* Opening allocates some 5,000 times, nearly always inside SQLite's parser: of those beyond the
 * first hundred every 37th is enough. */
static int next(const struct way *way, int n)
{
    return n < 100 || way->operations != 0 ? n + 1 : n + 37;
}

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
    faults_disarm();
    fixture_done(*state);
    free(*state);
    return 0;
}

static void assert_told(const struct way *way, int rc, const struct tcn_fail *fail)
{
    assert_int_equal(fail->code, rc);
    assert_non_null(strstr(fail->text, "tocsin.db"));
    if (way->operations == 0)
        assert_int_equal(rc, TCN_ENOMEM);
    else if (way->full)
        assert_int_equal(rc, TCN_EFULL);
    else if (rc != TCN_EIO && rc != TCN_EFULL)
        fail_msg("%s: %s", way->name, fail->text);
}

/* The content after the story alone, and after the sequel: what a commit leads from and to. */
static void reference(struct fixture *f, uint64_t *ret_before, uint64_t *ret_after)
{
    struct fixture_batch b;

    fixture_open(f);
    batch_story(&b);
    batch_commit(f, &b);
    *ret_before = fixture_digest(f->path);
    batch_sequel(&b);
    batch_commit(f, &b);
    *ret_after = fixture_digest(f->path);
    assert_true(*ret_before != *ret_after);
    fixture_close(f);
    fixture_lose(f);
}

/* As the disk would look to the next process, if this one died now. */
static uint64_t digest_after_kill(struct fixture *f)
{
    char from[160], to[160];

    (void)snprintf(from, sizeof from, "%s-wal", f->path);
    (void)snprintf(to, sizeof to, "%s.copy-wal", f->path);
    fixture_copy_file(from, to);
    (void)snprintf(to, sizeof to, "%s.copy", f->path);
    fixture_copy_file(f->path, to);
    uint64_t digest = fixture_digest(to);
    fixture_remove(f, ".copy");
    fixture_remove(f, ".copy-wal");
    fixture_remove(f, ".copy-shm");
    return digest;
}

/* One round: true while the n-th operation exists. */
static bool commit_round(struct fixture *f, const struct way *way, int n, uint64_t before,
                         uint64_t after)
{
    struct fixture_batch b;
    struct tcn_fail fail = { 0 };

    fixture_open(f);
    batch_story(&b);
    batch_commit(f, &b);
    batch_sequel(&b);
    arm(way, n);
    int rc = store_commit(f->store, &b.batch, &fail);
    bool fired = disarm(way);
    if (rc < 0) {
        assert_true(fired);
        assert_told(way, rc, &fail);
        assert_true(fixture_digest(f->path) == before);
        uint64_t killed = digest_after_kill(f);
        assert_true(killed == before || killed == after);
        batch_commit(f, &b);
    }
    assert_int_equal(b.rows[0].id, 3);
    assert_true(fixture_digest(f->path) == after);
    assert_true(digest_after_kill(f) == after);
    fixture_close(f);
    assert_true(fixture_digest(f->path) == after);
    fixture_lose(f);
    return fired;
}

static void a_failing_commit_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t before, after;

    reference(f, &before, &after);
    for (size_t i = 0; i < WAY_COUNT; i++) {
        int n = 1;
        while (commit_round(f, &WAYS[i], n, before, after))
            n++;
        if (n == 1 && WAYS[i].operations != 0)
            fail_msg("%s: nothing was made to fail", WAYS[i].name);
    }
}

/* The same commit fails several times, each time one operation later, as on a dying disk. */
static void a_commit_may_fail_many_times_before_it_succeeds(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    uint64_t before, after;
    int n = 0, rc;

    reference(f, &before, &after);
    fixture_open(f);
    batch_story(&b);
    batch_commit(f, &b);
    batch_sequel(&b);
    do {
        vfs_fault_arm(FAULT_WRITE | FAULT_SYNC, ++n);
        rc = store_commit(f->store, &b.batch, NULL);
        faults_disarm();
        assert_true(fixture_digest(f->path) == (rc < 0 ? before : after));
    } while (rc < 0);
    assert_true(n > 3);
    assert_int_equal(b.rows[0].id, 3);
}

/* The checkpoint that rides on a commit may fail: what is in the WAL is committed all the same. */
static void a_failing_checkpoint_does_not_undo_a_commit(void **state)
{
    enum { SIZE = 9 << 20 }; /* more than the WAL may grow to */
    static const unsigned OPERATIONS[] = { FAULT_WRITE, FAULT_SYNC };
    struct fixture *f = *state;
    char *payload = calloc(1, SIZE);

    assert_non_null(payload);
    for (size_t i = 0; i < 2; i++) {
        struct fixture_batch b;
        fixture_open(f);
        batch_story(&b);
        b.rows[0].payload = payload;
        b.rows[0].payload_len = SIZE;
        vfs_fault.files = SQLITE_OPEN_MAIN_DB;
        vfs_fault.for_good = true;
        vfs_fault_arm(OPERATIONS[i], 1);
        batch_commit(f, &b);
        assert_true(vfs_fault.fired);
        faults_disarm();
        batch_sequel(&b);
        batch_commit(f, &b);
        uint64_t live = fixture_digest(f->path);
        assert_true(digest_after_kill(f) == live);
        fixture_close(f);
        assert_true(fixture_digest(f->path) == live);
        fixture_lose(f);
    }
    free(payload);
}

/* --- opening --- */

static bool open_round(struct fixture *f, const struct way *way, int n, bool exists,
                       uint64_t digest)
{
    struct store *const untouched = (struct store *)(void *)f;
    struct store *s = untouched;
    struct tcn_fail fail = { 0 };
    struct fixture_batch b;

    if (exists) {
        fixture_open(f);
        batch_story(&b);
        batch_commit(f, &b);
        fixture_close(f);
    }
    arm(way, n);
    int rc = store_open(&f->conf, &s, &fail);
    bool fired = disarm(way);
    if (rc < 0) {
        assert_true(fired);
        assert_told(way, rc, &fail);
        assert_ptr_equal(s, untouched);
        fixture_open(f);
    } else {
        f->store = s;
    }
    assert_true(fixture_digest(f->path) == digest);
    fixture_close(f);
    fixture_lose(f);
    return fired;
}

static void a_new_database_is_made_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;

    fixture_open(f);
    uint64_t digest = fixture_digest(f->path);
    fixture_close(f);
    fixture_lose(f);
    for (size_t i = 0; i < WAY_COUNT; i++) {
        int n = 1;
        while (open_round(f, &WAYS[i], n, false, digest))
            n = next(&WAYS[i], n);
        assert_true(n > 1);
    }
}

static void opening_harms_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t digest, after;

    reference(f, &digest, &after);
    for (size_t i = 0; i < WAY_COUNT; i++) {
        int n = 1;
        while (open_round(f, &WAYS[i], n, true, digest))
            n = next(&WAYS[i], n);
        /* Opening neither fills the disk nor syncs. */
        assert_true(n > 1 || WAYS[i].full || WAYS[i].operations == FAULT_SYNC);
    }
}

/* --- reading --- */

static bool load_round(struct fixture *f, const struct way *way, int n)
{
    static const struct snapshot EMPTY;
    struct snapshot s;
    struct tcn_fail fail = { 0 };

    fixture_reopen(f);
    memset(&s, 0xA5, sizeof s);
    arm(way, n);
    int rc = store_load(f->store, &s, &fail);
    bool fired = disarm(way);
    if (rc < 0) {
        assert_true(fired);
        assert_told(way, rc, &fail);
        assert_memory_equal(&s, &EMPTY, sizeof s);
        s = fixture_load(f);
    }
    assert_int_equal(s.alarm_count, 1);
    assert_int_equal(s.task_count, 1);
    assert_int_equal(s.topic_count, 2);
    assert_int_equal(s.reply_count, 1);
    snapshot_done(&s);
    return fired;
}

static void a_failing_load_leaves_an_empty_snapshot(void **state)
{
    static const struct way READING[] = {
        { "one read", FAULT_ALL, false, false },
        { "one allocation", 0, false, false },
    };
    struct fixture *f = *state;
    struct fixture_batch b;

    fixture_open(f);
    batch_story(&b);
    batch_commit(f, &b);
    for (size_t i = 0; i < 2; i++) {
        int n = 1;
        while (load_round(f, &READING[i], n))
            n++;
        assert_true(n > 1);
    }
}

static bool count_task(void *arg, const struct task *t, const struct task_step *steps,
                       uint32_t step_count)
{
    (void)t;
    (void)steps;
    assert_int_equal(step_count, 1);
    ++*(int *)arg;
    return true;
}

/* Opens a query, asks, closes. *ret_tasks counts what was told. */
static int ask(struct fixture *f, int *ret_tasks, struct tcn_fail *fail)
{
    const struct query_conf conf = { f->path, &f->metrics, &f->registry, &f->rules };
    const struct query_tasks filter = {
        .enterprise = REGISTRY_NONE, .department = REGISTRY_NONE, .unit = REGISTRY_NONE, .limit = 10
    };
    struct query *q = NULL;
    int rc = query_open(&conf, &q, fail);

    if (rc < 0) {
        assert_null(q);
        return rc;
    }
    rc = query_tasks_run(q, &filter, count_task, ret_tasks, fail);
    query_close(q);
    return rc;
}

static void a_failing_query_says_so(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    fixture_open(f);
    batch_story(&b);
    batch_commit(f, &b);
    for (size_t i = 0; i < WAY_COUNT; i++) {
        for (int n = 1; n < NEVER; n = next(&WAYS[i], n)) {
            struct tcn_fail fail = { 0 };
            int tasks = 0;
            arm(&WAYS[i], n);
            int rc = ask(f, &tasks, &fail);
            if (!disarm(&WAYS[i])) {
                assert_int_equal(rc, TCN_OK);
                break;
            }
            if (rc < 0)
                assert_told(&WAYS[i], rc, &fail);
            else
                assert_int_equal(tasks, 1);
            tasks = 0;
            assert_int_equal(ask(f, &tasks, NULL), TCN_OK);
            assert_int_equal(tasks, 1);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failing_commit_is_all_or_nothing),
        TEST(a_commit_may_fail_many_times_before_it_succeeds),
        TEST(a_failing_checkpoint_does_not_undo_a_commit),
        TEST(a_new_database_is_made_whole_or_not_at_all),
        TEST(opening_harms_nothing),
        TEST(a_failing_load_leaves_an_empty_snapshot),
        TEST(a_failing_query_says_so),
    };
    vfs_fault_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
