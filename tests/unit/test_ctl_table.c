/* ctl/ctl_table: alignment, cutting to the terminal, colour.  links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ctl/ctl_table.h"
#include "ctl/ctl_text.h"

static const struct ctl_column COLUMNS[] = { { "ID", 0 }, { "WHERE", 6 }, { "TITLE", 4 } };

static struct ctl_table two_rows(void)
{
    struct ctl_table t;

    ctl_table_init(&t, COLUMNS, 3);
    ctl_table_cell(&t, "2K", STYLE_BOLD);
    ctl_table_cell(&t, "城南小区3号楼", STYLE_NONE);
    ctl_table_cell(&t, "烟雾", STYLE_RED);
    ctl_table_cell(&t, "10F", STYLE_BOLD);
    ctl_table_cell(&t, "gate", STYLE_NONE);
    ctl_table_cell(&t, NULL, STYLE_NONE);
    return t;
}

static void assert_printed(const struct ctl_table *t, unsigned width, bool colour,
                           const char *expected)
{
    struct buf out = { 0 };

    ctl_table_print(t, width, colour, &out);
    assert_false(out.failed);
    assert_string_equal(out.bytes, expected);
    buf_done(&out);
}

static void columns_stand_below_each_other_whatever_the_script(void **state)
{
    struct ctl_table t = two_rows();

    (void)state;
    assert_printed(&t, 0, false,
                   "ID   WHERE          TITLE\n"
                   "2K   城南小区3号楼  烟雾\n"
                   "10F  gate           -\n");
    ctl_table_done(&t);
}

/* The column with most to give gives first, and ids stay whole. */
static void a_narrow_terminal_cuts_where_most_can_be_spared(void **state)
{
    struct ctl_table t = two_rows();

    (void)state;
    assert_printed(&t, 20, false,
                   "ID   WHERE     TITLE\n"
                   "2K   城南小…   烟雾\n"
                   "10F  gate      -\n");
    ctl_table_done(&t);
}

static void columns_keep_their_least_width_on_a_tiny_terminal(void **state)
{
    struct ctl_table t = two_rows();
    struct buf out = { 0 };
    char *line, *rest;

    (void)state;
    ctl_table_print(&t, 5, false, &out);
    line = strtok_r(out.bytes, "\n", &rest);
    assert_string_equal(line, "ID   WHERE   TIT…");
    line = strtok_r(NULL, "\n", &rest);
    assert_string_equal(line, "2K   城南…   烟雾");
    buf_done(&out);
    ctl_table_done(&t);
}

static void colours_do_not_move_columns(void **state)
{
    struct ctl_table t;

    (void)state;
    ctl_table_init(&t, COLUMNS, 2);
    ctl_table_cell(&t, "1", STYLE_RED);
    ctl_table_cell(&t, "x", STYLE_NONE);
    assert_printed(&t, 0, true,
                   "\033[1mID\033[0m  \033[1mWHERE\033[0m\n"
                   "\033[1;31m1\033[0m   x\n");
    ctl_table_done(&t);
}

static void a_line_never_exceeds_the_terminal_it_fits(void **state)
{
    struct ctl_table t = two_rows();

    (void)state;
    for (unsigned width = 17; width < 40; width++) {
        struct buf out = { 0 };
        char *rest, *line;

        ctl_table_print(&t, width, false, &out);
        for (line = strtok_r(out.bytes, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest))
            assert_true(ctl_text_width(line) <= width);
        buf_done(&out);
    }
    ctl_table_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stand_below_each_other_whatever_the_script),
        cmocka_unit_test(a_narrow_terminal_cuts_where_most_can_be_spared),
        cmocka_unit_test(columns_keep_their_least_width_on_a_tiny_terminal),
        cmocka_unit_test(colours_do_not_move_columns),
        cmocka_unit_test(a_line_never_exceeds_the_terminal_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
