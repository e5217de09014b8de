/* link/link.h over TLS: whose certificates are believed. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/log.h"
#include "lib/broker.h"
#include "lib/peer.h"
#include "link/resolve.h"

/* A CA, a certificate for "localhost", one for another name, one of our own, and a CA of a
 * stranger, as files in the directory $1. */
static const char make_certificates[] =
    "set -e\n"
    "cd \"$1\"\n"
    "k='-newkey rsa:2048 -nodes -days 2'\n"
    "openssl req -x509 $k -keyout ca.key -out ca.pem -subj /CN=test-ca\n"
    "openssl req -x509 $k -keyout stranger.key -out stranger.pem -subj /CN=stranger\n"
    "for n in localhost elsewhere.example gateway; do\n"
    "  openssl req -new $k -keyout $n.key -out $n.csr -subj /CN=$n\n"
    "  printf 'subjectAltName=DNS:%s\\n' $n > $n.ext\n"
    "  openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \\\n"
    "    -extfile $n.ext -out $n.pem\n"
    "done\n"
    "openssl rsa -aes256 -passout pass:secret -in gateway.key -out locked.key\n";

static struct broker broker;
static char ca[160], stranger[160], cert[160], key[160], locked[160];

static void in_dir(char path[160], const char *name)
{
    (void)snprintf(path, 160, "%s/%s", broker.dir, name);
}

static int certificates(void **state)
{
    char command[256];

    (void)state;
    broker_init(&broker);
    broker_file(&broker, "make.sh", make_certificates);
    (void)snprintf(command, sizeof command, "sh %s/make.sh %s > %s/make.log 2>&1", broker.dir,
                   broker.dir, broker.dir);
    in_dir(ca, "ca.pem");
    in_dir(stranger, "stranger.pem");
    in_dir(cert, "gateway.pem");
    in_dir(key, "gateway.key");
    in_dir(locked, "locked.key");
    return system(command);
}

static int all_gone(void **state)
{
    (void)state;
    broker_done(&broker);
    return 0;
}

static int stopped(void **state)
{
    (void)state;
    broker_stop(&broker);
    return 0;
}

static void start_as(const char *name, const char *more)
{
    char conf[512];

    (void)snprintf(conf, sizeof conf,
                   "allow_anonymous true\ncafile %%D/ca.pem\ncertfile %%D/%s.pem\n"
                   "keyfile %%D/%s.key\n%s",
                   name, name, more);
    broker_start(&broker, conf);
}

static struct peer *tls_peer(const char *host, const char *ca_file)
{
    struct peer *p = peer_new(host, broker.port, "p", 5);

    p->connection.tls = true;
    p->connection.ca_file = ca_file;
    peer_filter(p, "t");
    return p;
}

static void certificate_for_the_name_is_accepted(void **state)
{
    struct peer *p;

    (void)state;
    start_as("localhost", "");
    p = tls_peer("localhost", ca);
    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_true(peer_wait(p, &p->ups, 1));
    assert_true(peer_publish(p, "t", "secret", 1));
    assert_true(peer_wait(p, &p->message_count, 1));
    broker_stop(&broker); /* and once more, with the TLS session that Paho keeps */
    assert_true(peer_wait(p, &p->downs, 1));
    broker_start(&broker, NULL);
    assert_true(peer_wait(p, &p->ups, 2));
    peer_free(p);
}

static void never_comes_up(struct peer *p, const char *reason)
{
    struct link_stats stats;

    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_true(peer_wait_failures(p, 3, &stats));
    assert_int_equal(p->ups, 0);
    assert_int_equal(stats.connects, 0);
    if (reason != NULL && strstr(stats.last_error, reason) == NULL)
        fail_msg("'%s' does not say '%s'", stats.last_error, reason);
    peer_free(p);
}

/* The trap of handing Paho an address: it would then have no name to check against. */
static void certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    start_as("elsewhere.example", "");
    never_comes_up(tls_peer("localhost", ca), "TLS");
}

static int is_here(const char *name, unsigned turn, char *address, struct tcn_fail *reterr)
{
    (void)name, (void)turn, (void)reterr;
    memcpy(address, "127.0.0.1", sizeof "127.0.0.1");
    return TCN_OK;
}

static void certificate_is_checked_against_the_configured_name(void **state)
{
    struct peer *p;

    (void)state;
    start_as("elsewhere.example", "");
    resolve_use(is_here);
    p = tls_peer("elsewhere.example", ca);
    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_true(peer_wait(p, &p->ups, 1));
    peer_free(p);
    resolve_use(NULL);
}

static void certificate_of_a_stranger_is_refused(void **state)
{
    (void)state;
    start_as("localhost", "");
    never_comes_up(tls_peer("localhost", stranger), "certificate");
}

static void system_authorities_do_not_know_ours(void **state)
{
    (void)state;
    start_as("localhost", "");
    never_comes_up(tls_peer("localhost", NULL), "certificate");
}

static void our_own_certificate_opens_the_door(void **state)
{
    struct peer *p;

    (void)state;
    start_as("localhost", "require_certificate true");
    p = tls_peer("localhost", ca);
    p->connection.cert_file = cert;
    p->connection.key_file = key;
    assert_int_equal(link_open(&p->conf, &p->link, NULL), TCN_OK);
    assert_true(peer_wait(p, &p->ups, 1));
    peer_free(p);
    never_comes_up(tls_peer("localhost", ca), NULL);
}

static void files_that_do_not_fit_are_refused_at_once(void **state)
{
    struct peer *p = tls_peer("localhost", ca);
    struct tcn_fail fail;
    char other_key[160], not_pem[160];

    (void)state;
    in_dir(other_key, "localhost.key");
    in_dir(not_pem, "make.sh");
    p->connection.cert_file = cert;
    p->connection.key_file = other_key;
    assert_int_equal(link_open(&p->conf, &p->link, &fail), TCN_EINPUT);
    assert_non_null(strstr(fail.text, "localhost.key"));
    p->connection.key_file = locked; /* and nobody is asked on the terminal */
    assert_int_equal(link_open(&p->conf, &p->link, &fail), TCN_EINPUT);
    assert_non_null(strstr(fail.text, "passphrase"));
    p->connection.cert_file = NULL;
    assert_int_equal(link_open(&p->conf, &p->link, &fail), TCN_EINPUT);
    p->connection.key_file = NULL;
    p->connection.ca_file = not_pem;
    assert_int_equal(link_open(&p->conf, &p->link, &fail), TCN_EINPUT);
    assert_non_null(strstr(fail.text, "make.sh"));
    peer_free(p);
}

#define TEST(f) cmocka_unit_test_teardown(f, stopped)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(certificate_for_the_name_is_accepted),
        TEST(certificate_for_another_name_is_refused),
        TEST(certificate_of_a_stranger_is_refused),
        TEST(system_authorities_do_not_know_ours),
        TEST(our_own_certificate_opens_the_door),
        TEST(files_that_do_not_fit_are_refused_at_once),
        TEST(certificate_is_checked_against_the_configured_name),
    };
    const struct log_conf quiet = { .level = LEVEL_ERROR, .quiet = true };
    int rc;

    if (log_start(&quiet, NULL) < 0)
        return 1;
    rc = cmocka_run_group_tests(tests, certificates, all_gone);
    log_stop();
    return rc;
}
