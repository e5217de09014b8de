/* `tocsin check` on files and folders, and the command line of `tocsin simulate`.  links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl_options.h"
#include "ctl/simulate.h"
#include "unit/ctl_capture.h"

static int check(char *given)
{
    char *const positional[] = { given };
    const struct ctl_args args = { .command = &CTL_CHECK, .positional = positional, .count = 1 };
    int rc;

    capture();
    rc = CTL_CHECK.run(&args);
    release();
    return rc;
}

static int simulate(const char *option)
{
    char word[] = "simulate", copy[32];
    char *argv[] = { word, copy, NULL };
    int rc;

    (void)snprintf(copy, sizeof copy, "%s", option);
    capture();
    rc = simulate_main(2, argv);
    release();
    return rc;
}

static void a_folder_means_the_main_file_in_it(void **state)
{
    char bare[] = "tests/data/gateway", slash[] = "tests/data/gateway/",
         slashes[] = "tests/data/gateway//", main_file[] = "tests/data/gateway/tocsin.yaml";
    char *const rows[] = { bare, slash, slashes, main_file };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(check(rows[i]), CTL_OK);
        assert_non_null(strstr(said, "tests/data/gateway/tocsin.yaml is right"));
        assert_null(strstr(said, "//"));
    }
}

static void a_folder_without_configuration_is_told(void **state)
{
    char folder[] = "tests/data/", empty[] = "";

    (void)state;
    assert_int_equal(check(folder), CTL_USAGE);
    assert_non_null(strstr(said, "tests/data/tocsin.yaml: No such file"));
    assert_int_equal(check(empty), CTL_USAGE);
    assert_non_null(strstr(said, "tocsin check: CONFIG is empty"));
}

static void simulate_complains_under_its_own_name(void **state)
{
    static const char *const rows[][2] = {
        { "--bad", "tocsin simulate: there is no option '--bad'" },
        { "-x", "tocsin simulate: there is no option '-x'" },
        { "--json", "tocsin simulate: there is no option '--json'" },
        { "--qiet", "tocsin simulate: there is no option '--qiet': did you mean '--quiet'?" },
        { "--speed", "tocsin simulate: '--speed' needs a value" },
        { "now", "tocsin simulate: there are only options" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(simulate(rows[i][0]), CTL_USAGE);
        assert_ptr_equal(strstr(said, rows[i][1]), said); /* it begins so */
    }
    assert_int_equal(simulate("--help"), CTL_OK);
    assert_non_null(strstr(said, "no --json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_means_the_main_file_in_it),
        cmocka_unit_test(a_folder_without_configuration_is_told),
        cmocka_unit_test(simulate_complains_under_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
