/* ctl/ctl_options: command lines, right and wrong.  links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl_options.h"
#include "unit/ctl_capture.h"

enum { OPT_ALL, OPT_LIMIT };
static const struct ctl_option OPTIONS[] = {
    [OPT_ALL] = { "all", 'a', NULL, "all of them" },
    [OPT_LIMIT] = { "limit", 'l', "N", "at most" },
};
static const struct ctl_command COMMAND = {
    .words = "things",
    .usage = "THING",
    .summary = "shows things",
    .examples = "  tocsin things 7\n",
    .options = OPTIONS,
    .option_count = 2,
    .min = 1,
    .max = 1,
};

/* Splits a command line at blanks and parses it; what is printed lands in said. */
static char words[256];
static char *argv[16];
static int parse(const char *line, struct ctl_args *ret)
{
    int argc = 0, rc;

    (void)snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    capture();
    rc = ctl_options_parse(&COMMAND, argc, argv, ret);
    release();
    return rc;
}

static void options_may_stand_anywhere(void **state)
{
    struct ctl_args args;

    (void)state;
    assert_int_equal(parse("things 2K --limit 5 -a --json --socket /x", &args), CTL_GO_ON);
    assert_string_equal(args.positional[0], "2K");
    assert_int_equal(args.count, 1);
    assert_string_equal(args.value[OPT_LIMIT], "5");
    assert_non_null(args.value[OPT_ALL]);
    assert_true(args.json);
    assert_string_equal(args.socket, "/x");

    assert_int_equal(parse("things -l7 2K", &args), CTL_GO_ON);
    assert_string_equal(args.value[OPT_LIMIT], "7");
    assert_null(args.value[OPT_ALL]);
    assert_false(args.json);
}

static void the_socket_comes_from_the_environment_or_the_default(void **state)
{
    struct ctl_args args;

    (void)state;
    assert_int_equal(setenv("TOCSIN_SOCKET", "/tmp/t.sock", 1), 0);
    assert_int_equal(parse("things 1", &args), CTL_GO_ON);
    assert_string_equal(args.socket, "/tmp/t.sock");
    assert_int_equal(setenv("TOCSIN_SOCKET", "", 1), 0);
    assert_int_equal(parse("things 1", &args), CTL_GO_ON);
    assert_string_equal(args.socket, CTL_DEFAULT_SOCKET);
    assert_int_equal(unsetenv("TOCSIN_SOCKET"), 0);
}

static void a_slip_in_an_option_is_answered_with_what_was_meant(void **state)
{
    struct ctl_args args;

    (void)state;
    assert_int_equal(parse("things 1 --limt 4", &args), CTL_USAGE);
    assert_non_null(strstr(said, "'--limt': did you mean '--limit'?"));
    assert_int_equal(parse("things 1 -z", &args), CTL_USAGE);
    assert_non_null(strstr(said, "there is no option '-z'"));
}

static void wrong_usage_says_what_is_missing_or_too_much(void **state)
{
    struct ctl_args args = { .count = 77 };

    (void)state;
    assert_int_equal(parse("things", &args), CTL_USAGE);
    assert_non_null(strstr(said, "THING is missing"));
    assert_int_equal(parse("things 1 2", &args), CTL_USAGE);
    assert_non_null(strstr(said, "'2' is too much"));
    assert_int_equal(parse("things 1 --limit", &args), CTL_USAGE);
    assert_non_null(strstr(said, "'--limit' needs a value"));
    assert_int_equal(parse("things 1 --socket=", &args), CTL_USAGE);
    assert_non_null(strstr(said, "--socket needs a path"));
    assert_int_equal(args.count, 77); /* untouched */
}

static void a_thing_without_a_name_is_refused_before_anybody_is_asked(void **state)
{
    char name[] = "things", empty[] = "";
    char *line[] = { name, empty, NULL };
    struct ctl_args args = { .count = 77 };
    int rc;

    (void)state;
    capture();
    rc = ctl_options_parse(&COMMAND, 2, line, &args);
    release();
    assert_int_equal(rc, CTL_USAGE);
    assert_non_null(strstr(said, "tocsin things: THING is empty\n"));
    assert_int_equal(args.count, 77);
}

static void help_has_options_examples_and_exit_codes(void **state)
{
    struct ctl_args args;

    (void)state;
    assert_int_equal(parse("things --help", &args), CTL_OK);
    assert_non_null(strstr(said, "-l, --limit N"));
    assert_non_null(strstr(said, "tocsin things 7"));
    assert_non_null(strstr(said, "3  the gateway can't be reached"));
    assert_int_equal(parse("things -h", &args), CTL_OK);
}

static void numbers_out_of_range_name_their_option(void **state)
{
    struct ctl_args args;
    int64_t number = -5;

    (void)state;
    assert_int_equal(parse("things 1 --limit 4", &args), CTL_GO_ON);
    assert_true(ctl_options_number(&args, OPT_LIMIT, 0, 10, &number));
    assert_int_equal(number, 4);
    assert_int_equal(parse("things 1", &args), CTL_GO_ON);
    assert_true(ctl_options_number(&args, OPT_LIMIT, 0, 10, &number));
    assert_int_equal(number, 4); /* not given: left alone */
    assert_int_equal(parse("things 1 --limit 11", &args), CTL_GO_ON);
    capture();
    assert_false(ctl_options_number(&args, OPT_LIMIT, 0, 10, &number));
    release();
    assert_non_null(strstr(said, "--limit needs a number from 0 to 10, found '11'"));
    assert_int_equal(number, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(the_socket_comes_from_the_environment_or_the_default),
        cmocka_unit_test(a_slip_in_an_option_is_answered_with_what_was_meant),
        cmocka_unit_test(wrong_usage_says_what_is_missing_or_too_much),
        cmocka_unit_test(a_thing_without_a_name_is_refused_before_anybody_is_asked),
        cmocka_unit_test(help_has_options_examples_and_exit_codes),
        cmocka_unit_test(numbers_out_of_range_name_their_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
