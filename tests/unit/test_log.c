/* The log: lines, levels, quoting, fullness and the reopened file. No test waits for time: the
 * journal callback, which runs on the writer thread, is where the writer is held.
 * links: rest */
#define _GNU_SOURCE
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEPT_MAX (LOG_QUEUE_MAX + 100)

/* What the journal was told, and a gate: a line that contains "gate" waits until it is opened. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned arrived, opened;
    unsigned count;
    enum log_level levels[KEPT_MAX];
    char *lines[KEPT_MAX];
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static char folder[64], path[96], rotated[96];

static void on_journal(enum log_level level, const char *line)
{
    pthread_mutex_lock(&journal.lock);
    if (journal.count < KEPT_MAX) {
        journal.levels[journal.count] = level;
        journal.lines[journal.count++] = strdup(line);
    }
    if (strstr(line, "gate") != NULL) {
        unsigned number = ++journal.arrived;
        pthread_cond_broadcast(&journal.changed);
        while (journal.opened < number)
            pthread_cond_wait(&journal.changed, &journal.lock);
    }
    pthread_mutex_unlock(&journal.lock);
}

/* Until the writer stands at the gate's n-th line. */
static void wait_for_gate(unsigned number)
{
    pthread_mutex_lock(&journal.lock);
    while (journal.arrived < number)
        pthread_cond_wait(&journal.changed, &journal.lock);
    pthread_mutex_unlock(&journal.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&journal.lock);
    journal.opened++;
    pthread_cond_broadcast(&journal.changed);
    pthread_mutex_unlock(&journal.lock);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/tocsin-test-log-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/alarms.log", folder);
    (void)snprintf(rotated, sizeof rotated, "%s/alarms.log.1", folder);
    journal.arrived = journal.opened = journal.count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < journal.count; i++)
        free(journal.lines[i]);
    journal.count = 0;
    (void)unlink(path);
    (void)unlink(rotated);
    return rmdir(folder);
}

static void start(enum log_level level)
{
    const struct log_conf conf = {
        .level = level,
        .file = path,
        .offset_min = 480,
        .quiet = true,
        .journal = on_journal,
    };
    assert_int_equal(log_start(&conf, NULL), TCN_OK);
}

/* The whole file, to be freed. */
static char *read_file(const char *name)
{
    FILE *f = fopen(name, "r");
    char *text = calloc(1, 100000);

    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, 99999, f) < 99999);
    (void)fclose(f);
    return text;
}

static void line_has_time_level_event_and_rest(void **state)
{
    (void)state;
    start(LEVEL_INFO);
    log_line(LEVEL_NOTICE, "alarm raised", "class=%s device=%s", "fire", "smoke-1");
    log_line(LEVEL_WARNING, "plain", "%s", "");
    log_stop();
    char *text = read_file(path);
    char *second = strchr(text, '\n') + 1;
    assert_memory_equal(text + 10, "T", 1);
    assert_memory_equal(text + 23, "+08:00 NOTICE alarm raised class=fire device=smoke-1\n", 53);
    assert_string_equal(second + 23, "+08:00 WARNING plain\n");
    second[-1] = '\0';
    assert_string_equal(journal.lines[0], text); /* the same line, without its end */
    assert_int_equal(journal.levels[0], LEVEL_NOTICE);
    assert_int_equal(journal.levels[1], LEVEL_WARNING);
    free(text);
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    start(LEVEL_NOTICE);
    log_line(LEVEL_DEBUG, "no", "x=1");
    log_line(LEVEL_INFO, "no", "x=1");
    log_line(LEVEL_NOTICE, "yes", "x=1");
    log_line(LEVEL_ERROR, "yes", "x=1");
    log_stop();
    assert_int_equal(journal.count, 2);
    assert_non_null(strstr(journal.lines[1], "ERROR yes x=1"));
}

/* A device's name must not forge a line of its own. */
static void control_characters_can_not_forge_a_line(void **state)
{
    (void)state;
    start(LEVEL_INFO);
    log_line(LEVEL_INFO, "odd", "name=%s", "a\n2026-01-01 ERROR\x1b[0m\x7f");
    log_stop();
    char *text = read_file(path);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_non_null(strstr(text, "name=a?2026-01-01 ERROR?[0m?\n"));
    free(text);
}

static void long_line_is_cut_between_characters(void **state)
{
    (void)state;
    char name[3 * 1000 + 1];

    for (size_t i = 0; i < 1000; i++)
        memcpy(name + 3 * i, "火", 3);
    name[3000] = '\0';
    start(LEVEL_INFO);
    log_line(LEVEL_INFO, "long", "name=%s", name);
    log_stop();
    size_t len = strlen(journal.lines[0]);
    assert_true(len < LOG_LINE_MAX && len > LOG_LINE_MAX - 10);
    assert_string_equal(journal.lines[0] + len - 6, "火...");
}

static void file_is_appended_to_and_not_public(void **state)
{
    (void)state;
    struct stat st;

    start(LEVEL_INFO);
    log_line(LEVEL_INFO, "first", "n=1");
    log_stop();
    start(LEVEL_INFO);
    log_line(LEVEL_INFO, "second", "n=2");
    log_stop();
    assert_int_equal(journal.count, 2);
    char *text = read_file(path);
    assert_non_null(strstr(text, "first n=1\n"));
    assert_non_null(strstr(text, "second n=2\n"));
    free(text);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777 & ~(mode_t)0640, 0);
}

static void file_that_can_not_be_opened_starts_nothing(void **state)
{
    (void)state;
    struct tcn_fail fail = { 0 };
    const struct log_conf conf = { .file = "/nonexistent/alarms.log", .quiet = true };

    assert_int_equal(log_start(&conf, &fail), TCN_EIO);
    assert_non_null(strstr(fail.text, "/nonexistent/alarms.log"));
    assert_non_null(strstr(fail.text, "No such file"));
    log_stop(); /* harmless */
}

/* What logrotate does: the old file keeps all before, the new one gets all after. */
static void rotated_file_is_reopened_without_loss(void **state)
{
    (void)state;
    start(LEVEL_INFO);
    log_line(LEVEL_INFO, "gate", "n=1");
    wait_for_gate(1);
    assert_int_equal(rename(path, rotated), 0);
    log_reopen();
    log_line(LEVEL_INFO, "gate", "n=2"); /* the writer takes it together with the request */
    open_gate();
    wait_for_gate(2);
    log_line(LEVEL_INFO, "after", "n=3");
    open_gate();
    log_stop();
    char *old = read_file(rotated), *new = read_file(path);
    assert_non_null(strstr(old, "gate n=1\n"));
    assert_non_null(strstr(old, "gate n=2\n"));
    assert_null(strstr(old, "after"));
    assert_non_null(strstr(new, "after n=3\n"));
    assert_null(strstr(new, "gate"));
    free(old);
    free(new);
}

/* While the writer stands, the queue takes LOG_QUEUE_MAX lines; the rest is counted and told of
 * in one line. */
static void full_queue_drops_counts_and_says_so_once(void **state)
{
    (void)state;
    uint64_t before = log_dropped();
    const struct log_conf conf = { .level = LEVEL_INFO, .quiet = true, .journal = on_journal };

    assert_int_equal(log_start(&conf, NULL), TCN_OK);
    log_line(LEVEL_INFO, "gate", "n=0");
    wait_for_gate(1);
    for (int i = 0; i < LOG_QUEUE_MAX + 23; i++)
        log_line(LEVEL_INFO, "flood", "n=%d", i);
    assert_int_equal(log_dropped() - before, 23);
    open_gate();
    log_stop();
    assert_int_equal(journal.count, 1 + LOG_QUEUE_MAX + 1);
    assert_non_null(strstr(journal.lines[LOG_QUEUE_MAX], "flood n=8191"));
    assert_non_null(strstr(journal.lines[LOG_QUEUE_MAX + 1],
                           "WARNING log lines dropped count=23, the queue was full"));
    assert_int_equal(log_dropped() - before, 23);
}

#define WRITERS    4
#define LINES_EACH 500

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES_EACH; i++)
        log_line(LEVEL_INFO, "busy", "writer=%d n=%d", *(int *)arg, i);
    return NULL;
}

static void threads_log_at_once_and_in_their_order(void **state)
{
    (void)state;
    pthread_t threads[WRITERS];
    int numbers[WRITERS], next[WRITERS] = { 0 };

    start(LEVEL_INFO);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    log_stop();
    assert_int_equal(journal.count, WRITERS * LINES_EACH);
    for (unsigned i = 0; i < journal.count; i++) {
        int writer, n;
        assert_int_equal(sscanf(strstr(journal.lines[i], "writer="), "writer=%d n=%d", &writer, &n),
                         2);
        assert_int_equal(n, next[writer]++);
    }
}

static void values_are_quoted_where_needed(void **state)
{
    (void)state;
    static const struct {
        const char *value, *quoted;
    } rows[] = {
        { "smoke-1", "smoke-1" },
        { "住宅", "住宅" },
        { "", "\"\"" },
        { "two words", "\"two words\"" },
        { "a\"b", "\"a\\\"b\"" },
        { "a\\b", "\"a\\\\b\"" },
        { "a=b", "\"a=b\"" },
        { "a\nb", "\"a\\x0ab\"" },
        { "\xFFz", "\"\\xffz\"" },
        { NULL, "\"\"" },
        { "\x7F", "\"\\x7f\"" },
    };
    char buf[LOG_QUOTE_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_ptr_equal(log_quote(rows[i].value, buf), buf);
        assert_string_equal(buf, rows[i].quoted);
    }
}

static void long_values_are_cut_and_still_closed(void **state)
{
    (void)state;
    char value[3 * 400 + 1], buf[LOG_QUOTE_SIZE];

    for (size_t i = 0; i < 400; i++)
        memcpy(value + 3 * i, "烟", 3);
    value[1200] = '\0';
    (void)log_quote(value, buf);
    size_t len = strlen(buf);
    assert_true(len < LOG_QUOTE_SIZE && len > LOG_QUOTE_SIZE - 10);
    assert_string_equal(buf + len - 7, "烟...\"");
    memset(value, '\n', sizeof value - 1);
    (void)log_quote(value, buf);
    assert_true(strlen(buf) < LOG_QUOTE_SIZE);
    assert_string_equal(buf + strlen(buf) - 8, "\\x0a...\"");
}

/* An interval of a century never passes during a test; one of 0 always has. */
static void repeats_are_held_back_and_counted(void **state)
{
    (void)state;
    struct log_limit limit = { 0 };
    uint64_t held = 99;

    assert_true(log_allow(&limit, INT64_C(3155760000000), &held));
    assert_int_equal(held, 0);
    held = 99;
    for (int i = 0; i < 5; i++)
        assert_false(log_allow(&limit, 0, &held));
    assert_int_equal(held, 99);
    limit.next_us = 0;
    assert_true(log_allow(&limit, 0, &held));
    assert_int_equal(held, 5);
    assert_true(log_allow(&limit, 0, &held));
    assert_int_equal(held, 0);
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(line_has_time_level_event_and_rest),
        LOG_TEST(lines_below_the_level_are_not_written),
        LOG_TEST(control_characters_can_not_forge_a_line),
        LOG_TEST(long_line_is_cut_between_characters),
        LOG_TEST(file_is_appended_to_and_not_public),
        LOG_TEST(file_that_can_not_be_opened_starts_nothing),
        LOG_TEST(rotated_file_is_reopened_without_loss),
        LOG_TEST(full_queue_drops_counts_and_says_so_once),
        LOG_TEST(threads_log_at_once_and_in_their_order),
        cmocka_unit_test(values_are_quoted_where_needed),
        cmocka_unit_test(long_values_are_cut_and_still_closed),
        cmocka_unit_test(repeats_are_held_back_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
