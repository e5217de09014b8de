/* link/link.h against a real broker on the loopback interface. links: rest */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/text.h"
#include "lib/broker.h"
#include "lib/peer.h"
#include "link/resolve.h"

static int fresh_broker(void **state)
{
    struct broker *b = calloc(1, sizeof *b);

    broker_init(b);
    broker_start(b, NULL);
    *state = b;
    return 0;
}

static int broker_gone(void **state)
{
    broker_done(*state);
    free(*state);
    return 0;
}

static void open_and_wait(struct peer *p, uint32_t ups)
{
    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_true(peer_wait(p, &p->ups, ups));
}

static void message_passes(struct broker *b, int version)
{
    struct peer *in = peer_new("127.0.0.1", b->port, "in", version);
    struct peer *out = peer_new("127.0.0.1", b->port, "out", version);
    struct link_stats stats;

    peer_filter(in, "a/+/state");
    peer_filter(in, "b/#");
    open_and_wait(in, 1);
    open_and_wait(out, 1);
    assert_false(in->session_present);
    assert_true(peer_publish(out, "a/1/state", "ON", 1));
    assert_true(peer_publish(out, "not/for/us", "x", 2));
    assert_true(peer_publish(out, "b", "", 3));
    assert_true(peer_wait(in, &in->message_count, 2));
    assert_true(peer_wait(out, &out->ok_count, 3));
    assert_string_equal(in->messages[0].topic, "a/1/state");
    assert_string_equal(in->messages[0].payload, "ON");
    assert_string_equal(in->messages[1].topic, "b");
    assert_int_equal(in->messages[1].payload_len, 0);
    link_get_stats(in->link, &stats);
    assert_int_equal(stats.state, LINK_UP);
    assert_int_equal(stats.received, 2);
    assert_int_equal(stats.connects, 1);
    link_get_stats(out->link, &stats);
    assert_int_equal(stats.sent, 3);
    assert_string_equal(stats.last_error, "");
    peer_free(in);
    peer_free(out);
}

static void message_passes_with_mqtt_5(void **state)
{
    message_passes(*state, 5);
}

static void message_passes_with_mqtt_3(void **state)
{
    message_passes(*state, 3);
}

/* Looks from outside: every socket of ours whose peer is the broker has the option. */
static void nodelay_is_set(void **state)
{
    struct broker *b = *state;
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);
    int found = 0;

    open_and_wait(p, 1);
    for (int fd = 0; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer, on_len = sizeof(int);
        int on = 0;

        if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != b->port)
            continue;
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &on_len), 0);
        assert_int_not_equal(on, 0);
        found++;
    }
    assert_int_equal(found, 1);
    peer_free(p);
}

static void session_survives_broker_restart(struct broker *b, int version)
{
    struct peer *in = peer_new("127.0.0.1", b->port, "in", version);
    struct peer *out = peer_new("127.0.0.1", b->port, "out", version);

    peer_filter(in, "a/#");
    open_and_wait(in, 1);
    open_and_wait(out, 1);
    broker_stop(b);
    assert_true(peer_wait(in, &in->downs, 1));
    assert_true(peer_wait(out, &out->downs, 1));
    assert_int_equal(link_publish(out->link, "a/1", "x", 1, false, 9, NULL), TCN_EAGAIN);
    broker_start(b, NULL);
    assert_true(peer_wait(in, &in->ups, 2));
    assert_true(in->session_present);
    assert_true(peer_publish(out, "a/1", "again", 1));
    assert_true(peer_wait(in, &in->message_count, 1));
    assert_string_equal(in->messages[0].payload, "again");
    peer_free(in);
    peer_free(out);
}

static void session_survives_broker_restart_5(void **state)
{
    session_survives_broker_restart(*state, 5);
}

static void session_survives_broker_restart_3(void **state)
{
    session_survives_broker_restart(*state, 3);
}

#define MANY 400

/* Frequent enough losses under load to meet each way in which a connection can end. */
static void publish_across_restart(struct broker *b, int version, int restarts)
{
    struct peer *in = peer_new("127.0.0.1", b->port, "in", version);
    struct peer *out = peer_new("127.0.0.1", b->port, "out", version);

    peer_filter(in, "n");
    open_and_wait(in, 1);
    open_and_wait(out, 1);
    for (int i = 0; i < MANY; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "%d", i);
        assert_true(peer_publish(out, "n", text, (uint64_t)i));
        if (restarts > 0 && i % (MANY / (restarts + 1)) == MANY / (restarts + 1) - 1) {
            broker_stop(b); /* with publishes on their way */
            broker_start(b, NULL);
            restarts--;
        }
    }
    assert_true(peer_wait(out, &out->ok_count, MANY));
    for (int i = 0; i < MANY; i++)
        assert_int_equal(out->ok[i] + out->failed[i], 1); /* exactly once */
    assert_int_equal(out->ok_count, MANY);                /* the session was there each time */
    assert_true(peer_wait(in, &in->message_count, MANY));
    peer_free(out);
    peer_free(in);
}

/* What Paho has when the connection ends is told exactly once, and not handed over again by us. */
static void every_publish_ends_once_across_restarts(void **state)
{
    publish_across_restart(*state, 5, 3);
    publish_across_restart(*state, 3, 3);
}

/* The broker is stopped in the middle of the night with our messages in its socket: it never saw
 * them, keeps our session, and gets them from Paho in the next connection. */
static void unacknowledged_messages_are_sent_by_the_next_connection(void **state)
{
    struct broker *b = *state;
    struct peer *out = peer_new("127.0.0.1", b->port, "out", 5);
    struct peer *in = peer_new("127.0.0.1", b->port, "in", 5);

    peer_filter(in, "n");
    open_and_wait(in, 1);
    open_and_wait(out, 1);
    assert_int_equal(kill(b->pid, SIGSTOP), 0);
    for (uint64_t i = 0; i < 20; i++)
        assert_true(peer_publish(out, "n", "x", i));
    broker_stop(b); /* SIGTERM is there when it continues */
    broker_start(b, NULL);
    assert_true(peer_wait(out, &out->ok_count, 20));
    for (int i = 0; i < 20; i++)
        assert_int_equal(out->ok[i] + out->failed[i], 1);
    assert_true(peer_wait(in, &in->message_count, 20));
    peer_free(out);
    peer_free(in);
}

/* A broker that lost our session: what it may have seen is reported as not sent; what had not left
 * Paho goes out in the next connection. */
static void lost_session_reports_what_was_under_way(void **state)
{
    struct broker *b = *state;
    struct peer *out = peer_new("127.0.0.1", b->port, "out", 5);

    open_and_wait(out, 1);
    assert_int_equal(kill(b->pid, SIGSTOP), 0);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(peer_publish(out, "n", "x", i));
    assert_int_equal(kill(b->pid, SIGKILL), 0); /* saves nothing */
    broker_stop(b);
    broker_start(b, NULL);
    assert_true(peer_wait(out, &out->ups, 2));
    assert_false(out->session_present);
    assert_true(peer_wait(out, &out->ended_count, 5));
    for (int i = 0; i < 5; i++)
        assert_int_equal(out->ok[i] + out->failed[i], 1);
    peer_free(out);
}

static void window_limits_what_paho_holds(void **state)
{
    struct broker *b = *state;
    struct peer *out = peer_new("127.0.0.1", b->port, "out", 5);

    out->connection.window = 3;
    open_and_wait(out, 1);
    assert_int_equal(kill(b->pid, SIGSTOP), 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(link_publish(out->link, "n", "x", 1, false, i, NULL), TCN_OK);
    assert_int_equal(link_publish(out->link, "n", "x", 1, false, 3, NULL), TCN_EAGAIN);
    assert_int_equal(kill(b->pid, SIGCONT), 0);
    assert_true(peer_wait(out, &out->ok_count, 3));
    assert_int_equal(link_publish(out->link, "n", "x", 1, false, 3, NULL), TCN_OK);
    assert_true(peer_wait(out, &out->ok_count, 4));
    peer_free(out);
}

static void broker_that_is_not_there_yet(void **state)
{
    struct broker *b = *state;
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);
    struct link_stats stats;

    broker_stop(b);
    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_true(peer_wait_failures(p, 2, &stats));
    assert_int_not_equal(stats.last_error[0], '\0');
    assert_int_equal(p->ups, 0);
    assert_int_equal(p->downs, 0);
    broker_start(b, NULL);
    assert_true(peer_wait(p, &p->ups, 1));
    peer_free(p);
}

/* Access rules that refuse a subscription need the broker's plugin: its ACL file can't. */
#define ACL                                                                                        \
    "plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so\n"                             \
    "plugin_opt_config_file %D/rules.json\nallow_anonymous true"
#define ACL_RULES                                                                                  \
    "{\"defaultACLAccess\":{\"publishClientSend\":true,\"publishClientReceive\":true,"             \
    "\"subscribe\":true,\"unsubscribe\":true},\"clients\":[],\"anonymousGroup\":\"all\","          \
    "\"groups\":[{\"groupname\":\"all\",\"roles\":[{\"rolename\":\"r\"}]}],"                       \
    "\"roles\":[{\"rolename\":\"r\",\"acls\":["                                                    \
    "{\"acltype\":\"subscribePattern\",\"topic\":\"secret/#\",\"allow\":false},"                   \
    "{\"acltype\":\"publishClientSend\",\"topic\":\"closed\",\"allow\":false}]}]}"

static void refused_filter_and_publish(struct broker *b, int version)
{
    struct peer *p = peer_new("127.0.0.1", b->port, "p", version);
    struct link_stats stats;

    broker_stop(b);
    broker_file(b, "rules.json", ACL_RULES);
    broker_start(b, ACL);
    peer_filter(p, "open/#");
    peer_filter(p, "secret/#");
    open_and_wait(p, 1);
    link_get_stats(p->link, &stats);
    assert_non_null(strstr(stats.last_error, "secret/#"));
    assert_true(peer_publish(p, "open/1", "x", 0)); /* all else works */
    assert_true(peer_wait(p, &p->message_count, 1));
    assert_true(peer_wait(p, &p->ok_count, 1));
    if (version == 5) { /* 3.1.1 has no way to say it */
        assert_true(peer_publish(p, "closed", "x", 1));
        assert_true(peer_wait(p, &p->failed_count, 1));
        assert_int_equal(p->failed[1], 1);
        link_get_stats(p->link, &stats);
        assert_non_null(strstr(stats.last_error, "refused a publish"));
    }
    peer_free(p);
}

static void refusals_are_told(void **state)
{
    refused_filter_and_publish(*state, 5);
    refused_filter_and_publish(*state, 3);
}

/* Paho takes another way when there is but one filter. */
static void single_refused_filter_is_told(void **state)
{
    struct broker *b = *state;
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);
    struct link_stats stats;

    broker_stop(b);
    broker_file(b, "rules.json", ACL_RULES);
    broker_start(b, ACL);
    peer_filter(p, "secret/#");
    open_and_wait(p, 1);
    link_get_stats(p->link, &stats);
    assert_non_null(strstr(stats.last_error, "secret/#"));
    peer_free(p);
}

static void wrong_password_is_told(void **state)
{
    struct broker *b = *state;
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);
    struct peer *old = peer_new("127.0.0.1", b->port, "old", 3);
    struct link_stats stats;

    broker_stop(b);
    broker_file(b, "users", "");
    broker_start(b, "allow_anonymous false\npassword_file %D/users");
    p->connection.user = old->connection.user = "gw";
    p->connection.password = old->connection.password = "wrong";
    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_int_equal(link_open(&old->conf, &old->link, NULL), TCN_OK);
    assert_true(peer_wait_failures(p, 1, &stats));
    assert_non_null(strcasestr(stats.last_error, "authorized"));
    assert_true(peer_wait_failures(old, 1, &stats));
    assert_non_null(strcasestr(stats.last_error, "authorized"));
    peer_free(p);
    peer_free(old);
}

static void orderly_close_sends_no_will(void **state)
{
    struct broker *b = *state;
    struct peer *in = peer_new("127.0.0.1", b->port, "in", 5);
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);

    peer_filter(in, "#");
    open_and_wait(in, 1);
    p->conf.will_topic = "will";
    p->conf.will_payload = "gone";
    p->conf.will_len = 4;
    open_and_wait(p, 1);
    peer_free(p);
    assert_true(peer_publish(in, "end", "x", 0));
    assert_true(peer_wait(in, &in->message_count, 1));
    assert_string_equal(in->messages[0].topic, "end");
    peer_free(in);
}

/* Cuts every TCP connection of ours to the broker whose number is above `above`; the highest one. */
static int cut_connections(const struct broker *b, int above)
{
    int last = 0;

    for (int fd = 0; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;

        if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != b->port)
            continue;
        last = fd;
        if (fd > above)
            (void)shutdown(fd, SHUT_RDWR);
    }
    return last;
}

static void will_is_sent_when_the_connection_breaks(void **state)
{
    struct broker *b = *state;
    struct peer *in = peer_new("127.0.0.1", b->port, "in", 5);
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);
    int first;

    peer_filter(in, "will");
    open_and_wait(in, 1);
    first = cut_connections(b, INT32_MAX);
    p->conf.will_topic = "will";
    p->conf.will_payload = "gone";
    p->conf.will_len = 4;
    open_and_wait(p, 1);
    (void)cut_connections(b, first);
    assert_true(peer_wait(p, &p->downs, 1));
    assert_true(peer_wait(in, &in->message_count, 1));
    assert_string_equal(in->messages[0].payload, "gone");
    assert_true(peer_wait(p, &p->ups, 2)); /* and it comes back by itself */
    assert_int_equal(in->downs, 0);
    peer_free(p);
    peer_free(in);
}

/* ---- look-ups that hang -------------------------------------------------------------------- */

static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hang_changed = PTHREAD_COND_INITIALIZER;
static bool hang_released;
static int hang_inside;

static int hangs(const char *name, unsigned turn, char *address, struct tcn_fail *reterr)
{
    (void)turn, (void)address;
    pthread_mutex_lock(&hang_lock);
    hang_inside++;
    pthread_cond_broadcast(&hang_changed);
    while (!hang_released)
        pthread_cond_wait(&hang_changed, &hang_lock);
    hang_inside--;
    pthread_cond_broadcast(&hang_changed);
    pthread_mutex_unlock(&hang_lock);
    return tcn_fail_set(reterr, TCN_EIO, "can't resolve '%s': it hung", name);
}

static void wait_inside(int n)
{
    pthread_mutex_lock(&hang_lock);
    while (hang_inside != n)
        pthread_cond_wait(&hang_changed, &hang_lock);
    pthread_mutex_unlock(&hang_lock);
}

static void hanging_look_up_delays_nobody(void **state)
{
    struct broker *b = *state;
    struct peer *stuck = peer_new("upstream.example", 1883, "stuck", 5);
    struct peer *p = peer_new("127.0.0.1", b->port, "p", 5);
    int64_t start_us;

    resolve_use(hangs);
    assert_int_equal(link_open(&stuck->conf, &stuck->link, NULL), TCN_OK);
    wait_inside(1);
    peer_filter(p, "fire");
    open_and_wait(p, 1);
    for (uint32_t i = 0; i < 20; i++) {
        start_us = tcn_clock_us();
        assert_true(peer_publish(p, "fire", "!", i));
        assert_true(peer_wait(p, &p->message_count, i + 1));
        assert_in_range(p->messages[i].at_us - start_us, 0, 50000);
    }
    /* Nor does it hold up the end of its own link. */
    start_us = tcn_clock_us();
    peer_free(stuck);
    assert_in_range(tcn_clock_us() - start_us, 0, 1000000);
    pthread_mutex_lock(&hang_lock);
    hang_released = true;
    pthread_cond_broadcast(&hang_changed);
    pthread_mutex_unlock(&hang_lock);
    wait_inside(0);
    resolve_use(NULL);
    peer_free(p);
}

static void impossible_settings_are_refused(void **state)
{
    struct peer *p = peer_new("", 1883, "p", 5);
    struct tcn_fail fail;

    (void)state;
    assert_int_equal(link_open(&p->conf, &p->link, &fail), TCN_EINPUT);
    p->connection.host = "localhost";
    p->connection.tls = true;
    p->connection.ca_file = "/nonexistent/ca.pem";
    assert_int_equal(link_open(&p->conf, &p->link, &fail), TCN_EINPUT);
    assert_non_null(strstr(fail.text, "/nonexistent/ca.pem"));
    assert_null(p->link);
    peer_free(p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_broker, broker_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(message_passes_with_mqtt_5),
        TEST(message_passes_with_mqtt_3),
        TEST(nodelay_is_set),
        TEST(session_survives_broker_restart_5),
        TEST(session_survives_broker_restart_3),
        TEST(every_publish_ends_once_across_restarts),
        TEST(unacknowledged_messages_are_sent_by_the_next_connection),
        TEST(lost_session_reports_what_was_under_way),
        TEST(window_limits_what_paho_holds),
        TEST(broker_that_is_not_there_yet),
        TEST(refusals_are_told),
        TEST(single_refused_filter_is_told),
        TEST(wrong_password_is_told),
        TEST(orderly_close_sends_no_will),
        TEST(will_is_sent_when_the_connection_breaks),
        TEST(hanging_look_up_delays_nobody),
        cmocka_unit_test(impossible_settings_are_refused),
    };
    const struct log_conf quiet = { .level = LEVEL_ERROR, .quiet = true };
    int rc;

    if (log_start(&quiet, NULL) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    log_stop();
    return rc;
}
