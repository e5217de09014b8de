/* push/push.h against a real broker. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/log.h"
#include "lib/broker.h"
#include "lib/peer.h"
#include "push/push.h"

static struct broker broker;
static struct peer *watcher;
static struct push *push;
static struct connection_conf connection;
static char url[64];
static const char *const command_filter[] = { "gw/commands" };
static const uint8_t command_qos[] = { 1 };

/* What wake() tells. */
static pthread_mutex_t woken_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken_changed = PTHREAD_COND_INITIALIZER;
static uint32_t woken, commands;

static void on_wake(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&woken_lock);
    woken++;
    pthread_cond_broadcast(&woken_changed);
    pthread_mutex_unlock(&woken_lock);
}

static void on_command(void *arg, const struct link_message *m)
{
    (void)arg, (void)m;
    pthread_mutex_lock(&woken_lock);
    commands++;
    pthread_cond_broadcast(&woken_changed);
    pthread_mutex_unlock(&woken_lock);
}

static struct push_conf conf(void)
{
    (void)snprintf(url, sizeof url, "mqtt://127.0.0.1:%u", broker.port);
    connection = (struct connection_conf){
        .name = "upstream",
        .url = url,
        .host = "127.0.0.1",
        .port = broker.port,
        .mqtt_version = 5,
        .client_id = "gw",
        .keep_alive_ms = 30000,
        .session_expiry_ms = 3600000,
        .backoff_min_ms = 100,
        .backoff_max_ms = 300,
        .window = 20,
    };
    return (struct push_conf){
        .connection = &connection,
        .filters = command_filter,
        .qos = command_qos,
        .filter_count = 1,
        .status_topic = "gw/status",
        .will_payload = "offline",
        .will_len = 7,
        .on_message = on_command,
        .wake = on_wake,
    };
}

static int all_running(void **state)
{
    (void)state;
    woken = commands = 0;
    broker_init(&broker);
    broker_start(&broker, NULL);
    watcher = peer_new("127.0.0.1", broker.port, "watcher", 5);
    peer_filter(watcher, "gw/#");
    assert_int_equal(link_open(&watcher->conf, &watcher->link, NULL), TCN_OK);
    assert_true(peer_wait(watcher, &watcher->ups, 1));
    return 0;
}

static int all_gone(void **state)
{
    (void)state;
    push_close(push, 2000);
    push_free(push);
    push = NULL;
    peer_free(watcher);
    broker_done(&broker);
    return 0;
}

static void open_push(const struct push_conf *c)
{
    assert_int_equal(push_open(c, &push, NULL), TCN_OK);
}

static struct outbox_row row(uint64_t id, const char *topic, const char *payload, uint8_t priority)
{
    return (struct outbox_row){ .id = id,
                                .topic = topic,
                                .payload = payload,
                                .payload_len = strlen(payload),
                                .priority = priority };
}

/* Takes ids until there are n, in ids; waits for wake() between. */
static void take_delivered(uint64_t *ids, uint32_t n)
{
    uint32_t have = 0;

    for (int i = 0; have < n && i < PEER_WAIT_MS; i++) {
        struct timespec until;

        have += push_take_delivered(push, ids + have, n - have);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_mutex_lock(&woken_lock);
        if (have < n)
            (void)pthread_cond_timedwait(&woken_changed, &woken_lock, &until);
        pthread_mutex_unlock(&woken_lock);
    }
    assert_int_equal(have, n);
}

static int by_id(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Waits until the watcher has a message with this payload. */
static void wait_for_payload(const char *payload)
{
    bool found = false;

    for (uint32_t seen = 0; !found; seen++) {
        assert_true(peer_wait(watcher, &watcher->message_count, seen + 1));
        pthread_mutex_lock(&watcher->lock);
        found = strcmp(watcher->messages[seen].payload, payload) == 0;
        pthread_mutex_unlock(&watcher->lock);
    }
}

static void rows_are_published_and_reported(void **state)
{
    struct push_conf c = conf();
    struct outbox_row rows[3] = { row(1, "gw/events/fire", "a", 0),
                                  row(2, "gw/events/fire", "b", 0), row(3, "gw/alarms/x", "", 1) };
    uint64_t ids[3];
    struct push_stats stats;

    (void)state;
    rows[0].received_us = tcn_clock_us();
    open_push(&c);
    push_refill(push, NULL, 0, true);
    assert_true(push_feed(push, rows, 3));
    take_delivered(ids, 3);
    qsort(ids, 3, sizeof *ids, by_id);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(ids[i], i + 1);
    assert_true(peer_wait(watcher, &watcher->message_count, 3));
    assert_string_equal(watcher->messages[0].payload, "a");
    assert_string_equal(watcher->messages[1].payload, "b");
    push_get_stats(push, &stats);
    assert_int_equal(stats.delivered, 3);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(stats.fire_count, 1);
    assert_true(stats.fire_last_us > 0 && stats.fire_max_us == stats.fire_last_us);
    assert_int_equal(push_take_delivered(push, ids, 3), 0);
}

/* The broker is away: what is urgent comes first when it is back, and each topic in its order. */
static void urgent_rows_overtake_after_an_outage(void **state)
{
    struct push_conf c = conf();
    struct outbox_row rows[40];
    uint64_t ids[40];

    (void)state;
    c.filter_count = 0;
    broker_stop(&broker);
    open_push(&c);
    push_refill(push, NULL, 0, true);
    for (uint64_t i = 0; i < 39; i++)
        rows[i] = row(i + 1, "gw/events/hazard", "slow", 3);
    rows[39] = row(40, "gw/events/fire", "fast", 0);
    assert_true(push_feed(push, rows, 40));
    connection.window = 1;
    broker_start(&broker, NULL);
    take_delivered(ids, 40);
    assert_int_equal(ids[0], 40);
    for (uint64_t i = 1; i < 40; i++)
        assert_int_equal(ids[i], i);
}

static void status_is_retained_and_told_again(void **state)
{
    struct push_conf c = conf();
    struct peer *late;

    (void)state;
    open_push(&c);
    assert_int_equal(push_status(push, "online", 6), TCN_OK);
    assert_true(peer_wait(watcher, &watcher->message_count, 1));
    assert_string_equal(watcher->messages[0].topic, "gw/status");
    assert_string_equal(watcher->messages[0].payload, "online");
    broker_stop(&broker);
    broker_start(&broker, NULL);
    assert_true(peer_wait(watcher, &watcher->message_count, 2));
    push_close(push, 2000);
    late = peer_new("127.0.0.1", broker.port, "late", 5);
    peer_filter(late, "gw/status");
    assert_int_equal(link_open(&late->conf, &late->link, NULL), TCN_OK);
    assert_true(peer_wait(late, &late->message_count, 1));
    assert_true(late->messages[0].retained);
    assert_string_equal(late->messages[0].payload, "offline");
    peer_free(late);
}

static void commands_come_in(void **state)
{
    struct push_conf c = conf();

    (void)state;
    open_push(&c);
    assert_int_equal(push_status(push, "online", 6), TCN_OK);
    assert_true(peer_wait(watcher, &watcher->message_count, 1)); /* it is subscribed */
    assert_true(peer_publish(watcher, "gw/commands", "{}", 1));
    pthread_mutex_lock(&woken_lock);
    while (commands == 0)
        pthread_cond_wait(&woken_changed, &woken_lock);
    pthread_mutex_unlock(&woken_lock);
}

static void new_session_is_told_once(void **state)
{
    struct push_conf c = conf();

    (void)state;
    open_push(&c);
    pthread_mutex_lock(&woken_lock);
    while (woken == 0)
        pthread_cond_wait(&woken_changed, &woken_lock);
    pthread_mutex_unlock(&woken_lock);
    assert_true(push_take_session_lost(push));
    assert_false(push_take_session_lost(push));
    broker_stop(&broker);
    broker_start(&broker, NULL);
    assert_int_equal(push_status(push, "again", 5), TCN_OK);
    assert_true(peer_wait(watcher, &watcher->ups, 2));
    assert_true(peer_wait(watcher, &watcher->message_count, 1));
    assert_false(push_take_session_lost(push)); /* that session was there */
}

/* ---- memory and database ---------------------------------------------------------------------- */

#define STORED 500
static char stored_text[2000]; /* big enough that they don't all fit */

/* What S does: reads pages from the "database" as long as push wants them. */
static void refill(void)
{
    uint64_t after;

    while (push_wants(push, &after)) {
        struct outbox_row page[16];
        uint32_t got = 0;

        for (uint64_t id = after + 1; id <= STORED && got < 16; id++)
            page[got++] = row(id, "gw/events/fault", stored_text, 2);
        if (!push_refill(push, page, got, got < 16))
            break;
    }
}

static void rows_beyond_memory_come_from_the_database_once(void **state)
{
    struct push_conf c = conf();
    uint64_t seen[STORED], after = 99;
    uint32_t have = 0;
    struct push_stats stats;
    struct outbox_row first = row(1, "gw/events/fault", stored_text, 2);

    (void)state;
    memset(stored_text, 'x', sizeof stored_text - 1);
    c.memory_max = 64 * 1024; /* some 30 rows */
    open_push(&c);
    assert_true(push_wants(push, &after)); /* it starts behind */
    assert_int_equal(after, 0);
    assert_false(push_feed(push, &first, 1)); /* its place is after what the database has */
    for (int i = 0; have < STORED && i < PEER_WAIT_MS; i++) {
        const struct timespec step = { .tv_nsec = 1000000 };

        refill();
        have += push_take_delivered(push, seen + have, STORED - have);
        push_get_stats(push, &stats);
        assert_true(stats.bytes <= c.memory_max);
        if (have < STORED)
            (void)nanosleep(&step, NULL);
    }
    assert_int_equal(have, STORED);
    for (uint64_t i = 0; i < STORED; i++)
        assert_int_equal(seen[i], i + 1);
    refill();
    push_get_stats(push, &stats);
    assert_false(stats.behind);
    first.id = STORED; /* it had that one */
    assert_true(push_feed(push, &first, 1));
    first.id = STORED + 1;
    assert_true(push_feed(push, &first, 1));
    take_delivered(seen, 1);
    assert_int_equal(seen[0], STORED + 1);
    assert_true(peer_wait(watcher, &watcher->message_count, STORED + 1));
    assert_int_equal(watcher->message_count, STORED + 1);
}

/* Each row gets to the watcher, in order, and is reported once, though the broker goes twice. */
static void nothing_is_lost_across_restarts(void **state)
{
    struct push_conf c = conf();
    uint64_t ids[300];
    uint32_t next = 0;

    (void)state;
    open_push(&c);
    push_refill(push, NULL, 0, true);
    for (uint64_t id = 1; id <= 300; id++) {
        char payload[16];
        struct outbox_row r;

        (void)snprintf(payload, sizeof payload, "%u", (unsigned)id);
        r = row(id, "gw/events/fire", payload, 0);
        assert_true(push_feed(push, &r, 1));
        if (id % 100 == 0) {
            broker_stop(&broker);
            broker_start(&broker, NULL);
        }
    }
    take_delivered(ids, 300);
    qsort(ids, 300, sizeof *ids, by_id);
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(ids[i], i + 1);
    assert_int_equal(push_take_delivered(push, ids, 1), 0);
    wait_for_payload("300");
    pthread_mutex_lock(&watcher->lock);
    for (uint32_t i = 0; i < watcher->message_count; i++) { /* doubles may come, gaps may not */
        uint32_t n = (uint32_t)strtoul(watcher->messages[i].payload, NULL, 10);

        if (strcmp(watcher->messages[i].topic, "gw/status") == 0)
            continue; /* a broker that ends sends the will */
        assert_true(n <= next + 1);
        next = n > next ? n : next;
    }
    pthread_mutex_unlock(&watcher->lock);
    assert_int_equal(next, 300);
}

#define ACL "allow_anonymous true\nacl_file %D/acl"

static void refused_topic_does_not_stop_the_others(void **state)
{
    struct push_conf c = conf();
    struct outbox_row rows[3] = { row(1, "gw/forbidden", "a", 0), row(2, "gw/fine", "b", 3),
                                  row(3, "gw/forbidden", "c", 0) };
    uint64_t ids[3];
    struct push_stats stats;

    (void)state;
    broker_stop(&broker);
    broker_file(&broker, "acl", "topic readwrite gw/fine\ntopic readwrite gw/status\n");
    broker_start(&broker, ACL);
    open_push(&c);
    push_refill(push, NULL, 0, true);
    assert_true(push_feed(push, rows, 3));
    take_delivered(ids, 1);
    assert_int_equal(ids[0], 2);
    for (int i = 0; i < PEER_WAIT_MS; i++) {
        const struct timespec step = { .tv_nsec = 1000000 };

        push_get_stats(push, &stats);
        if (stats.failed >= 2)
            break;
        (void)nanosleep(&step, NULL);
    }
    assert_true(stats.failed >= 2);
    assert_int_equal(stats.delivered, 1);
    broker_stop(&broker); /* access is given: the new connection tries again at once */
    broker_file(&broker, "acl", "topic readwrite gw/#\n");
    broker_start(&broker, NULL);
    take_delivered(ids, 2);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 3);
}

static void topic_that_no_broker_takes_is_dropped(void **state)
{
    struct push_conf c = conf();
    struct outbox_row rows[2] = { row(1, "gw/\xff\xfe", "a", 0), row(2, "gw/fine", "b", 3) };
    uint64_t ids[2];

    (void)state;
    open_push(&c);
    push_refill(push, NULL, 0, true);
    assert_true(push_feed(push, rows, 2));
    take_delivered(ids, 2); /* reported, so that it does not wait in the database for ever */
}

static void close_keeps_to_its_time_without_a_broker(void **state)
{
    struct push_conf c = conf();
    struct outbox_row r = row(1, "gw/fine", "a", 0);
    int64_t start_us;

    (void)state;
    open_push(&c);
    push_refill(push, NULL, 0, true);
    assert_int_equal(push_status(push, "online", 6), TCN_OK);
    assert_true(peer_wait(watcher, &watcher->message_count, 1));
    assert_int_equal(kill(broker.pid, SIGSTOP), 0);
    assert_true(push_feed(push, &r, 1));
    start_us = tcn_clock_us();
    push_close(push, 300);
    assert_in_range(tcn_clock_us() - start_us, 0, 3000000);
    assert_int_equal(kill(broker.pid, SIGCONT), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, all_running, all_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_published_and_reported),
        TEST(urgent_rows_overtake_after_an_outage),
        TEST(status_is_retained_and_told_again),
        TEST(commands_come_in),
        TEST(new_session_is_told_once),
        TEST(rows_beyond_memory_come_from_the_database_once),
        TEST(nothing_is_lost_across_restarts),
        TEST(refused_topic_does_not_stop_the_others),
        TEST(topic_that_no_broker_takes_is_dropped),
        TEST(close_keeps_to_its_time_without_a_broker),
    };
    const struct log_conf quiet = { .level = LEVEL_ERROR, .quiet = true };
    int rc;

    if (log_start(&quiet, NULL) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    log_stop();
    return rc;
}
