/* link/resolve.h: the table, and getaddrinfo() of the whole program. links: rest */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "link/resolve.h"

static int look_ups;

static int answers(const char *name, unsigned turn, char *address, struct tcn_fail *reterr)
{
    (void)name, (void)reterr;
    look_ups++;
    (void)tcn_text_copy(address, RESOLVE_ADDRESS_SIZE, turn % 2 == 0 ? "192.0.2.7" : "2001:db8::7");
    return TCN_OK;
}

static int fails(const char *name, unsigned turn, char *address, struct tcn_fail *reterr)
{
    (void)turn, (void)address;
    look_ups++;
    return tcn_fail_set(reterr, TCN_EIO, "can't resolve '%s': no such host", name);
}

static int nothing_set_up(void **state)
{
    (void)state;
    look_ups = 0;
    resolve_use(answers);
    return 0;
}

static int back_to_library(void **state)
{
    (void)state;
    resolve_use(NULL);
    return 0;
}

/* What the program's getaddrinfo() says, as text in buf; its result code. */
static int ask(const char *name, char *buf, size_t size)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(name, NULL, &hints, &list);

    if (rc == 0) {
        assert_non_null(list);
        assert_int_equal(getnameinfo(list->ai_addr, list->ai_addrlen, buf, (socklen_t)size, NULL, 0,
                                     NI_NUMERICHOST),
                         0);
        freeaddrinfo(list);
    }
    return rc;
}

static void name_is_looked_up_once_and_kept(void **state)
{
    char buf[64] = "untouched";

    (void)state;
    assert_false(resolve_get("broker.example", buf, sizeof buf));
    assert_string_equal(buf, "untouched");
    assert_int_equal(resolve_name("broker.example", NULL), TCN_OK);
    assert_true(resolve_get("broker.example", buf, sizeof buf));
    assert_string_equal(buf, "192.0.2.7");
    assert_int_equal(look_ups, 1);
    assert_int_equal(ask("broker.example", buf, sizeof buf), 0);
    assert_string_equal(buf, "192.0.2.7");
    assert_int_equal(look_ups, 1);
}

static void failure_keeps_the_older_address(void **state)
{
    struct tcn_fail fail;
    char buf[64];

    (void)state;
    assert_int_equal(resolve_name("old.example", NULL), TCN_OK);
    resolve_use(fails);
    assert_int_equal(resolve_name("old.example", &fail), TCN_EIO);
    assert_non_null(strstr(fail.text, "old.example"));
    assert_true(resolve_get("old.example", buf, sizeof buf));
    assert_string_equal(buf, "192.0.2.7");
}

static void address_that_did_not_answer_gives_way(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(resolve_name("two.example", NULL), TCN_OK);
    resolve_failed("two.example");
    assert_int_equal(resolve_name("two.example", NULL), TCN_OK);
    assert_int_equal(ask("two.example", buf, sizeof buf), 0);
    assert_string_equal(buf, "2001:db8::7");
    resolve_failed("two.example");
    assert_int_equal(resolve_name("two.example", NULL), TCN_OK);
    assert_true(resolve_get("two.example", buf, sizeof buf));
    assert_string_equal(buf, "192.0.2.7");
    resolve_failed("nobody asked for this one");
}

/* The hosts file has it: no name server is asked. */
static void library_prefers_ipv4(void **state)
{
    char buf[64];

    (void)state;
    resolve_use(NULL);
    assert_int_equal(resolve_name("localhost", NULL), TCN_OK);
    assert_true(resolve_get("localhost", buf, sizeof buf));
    assert_string_equal(buf, "127.0.0.1");
}

static void known_name_without_address_answers_at_once(void **state)
{
    char buf[64];

    (void)state;
    resolve_use(fails);
    assert_int_equal(resolve_name("never.example", NULL), TCN_EIO);
    assert_int_equal(ask("never.example", buf, sizeof buf), EAI_AGAIN);
    assert_int_equal(look_ups, 1);
}

static void address_needs_no_look_up(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(resolve_name("127.0.0.1", NULL), TCN_OK);
    assert_int_equal(resolve_name("::1", NULL), TCN_OK);
    assert_int_equal(look_ups, 0);
    assert_int_equal(ask("127.0.0.1", buf, sizeof buf), 0);
    assert_string_equal(buf, "127.0.0.1");
    assert_int_equal(ask("::1", buf, sizeof buf), 0);
    assert_string_equal(buf, "::1");
}

/* What this file does not know passes to the C library. */
static void other_names_pass(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(ask("127.0.0.2", buf, sizeof buf), 0);
    assert_string_equal(buf, "127.0.0.2");
}

/* Paho must get ours, not the C library's: the dynamic linker finds this program's first. */
static void shared_libraries_find_ours(void **state)
{
    void *symbol = dlsym(RTLD_DEFAULT, "getaddrinfo");
    Dl_info symbol_info, own_info;
    void *own;
    int (*function)(void **) = nothing_set_up;

    (void)state;
    memcpy(&own, &function, sizeof own);
    assert_non_null(symbol);
    assert_int_not_equal(dladdr(symbol, &symbol_info), 0);
    assert_int_not_equal(dladdr(own, &own_info), 0);
    assert_ptr_equal(symbol_info.dli_fbase, own_info.dli_fbase);
}

static void bad_names_and_addresses_are_refused(void **state)
{
    char long_name[RESOLVE_NAME_MAX + 2];

    (void)state;
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(resolve_name("", NULL), TCN_EINPUT);
    assert_int_equal(resolve_name(long_name, NULL), TCN_EINPUT);
    assert_int_equal(resolve_set("x.example", "localhost"), TCN_EINPUT);
    assert_int_equal(resolve_set("x.example", "2001:db8::1"), TCN_OK);
}

/* Last: it fills the table for good. */
static void table_is_bounded(void **state)
{
    struct tcn_fail fail;
    int rc = TCN_OK;

    (void)state;
    for (int i = 0; i <= RESOLVE_NAMES_MAX && rc == TCN_OK; i++) {
        char name[32];
        (void)tcn_text_format(name, sizeof name, "host-%d.example", i);
        rc = resolve_name(name, &fail);
    }
    assert_int_equal(rc, TCN_EFULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, nothing_set_up, back_to_library)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(name_is_looked_up_once_and_kept),
        TEST(failure_keeps_the_older_address),
        TEST(address_that_did_not_answer_gives_way),
        TEST(library_prefers_ipv4),
        TEST(known_name_without_address_answers_at_once),
        TEST(address_needs_no_look_up),
        TEST(other_names_pass),
        TEST(shared_libraries_find_ours),
        TEST(bad_names_and_addresses_are_refused),
        TEST(table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
