/* Log lines as journal fields. links: rest */
#include "app/journal_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *line, const char *const *fields)
{
    char field[JOURNAL_FIELD_SIZE];

    for (; *fields != NULL; fields++) {
        assert_true(journal_next_field(&line, field));
        assert_string_equal(field, *fields);
    }
    assert_false(journal_next_field(&line, field));
    assert_false(journal_next_field(&line, field));
}

static void pairs_become_fields_and_leading_words_do_not(void **state)
{
    static const char *const FIELDS[] = { "TOCSIN_CLASS=fire", "TOCSIN_DEVICE=smoke-0301", NULL };

    (void)state;
    expect("2026-03-01T08:00:00.000+08:00 ERROR alarm raised class=fire device=smoke-0301", FIELDS);
}

static void quotes_go_and_blanks_stay(void **state)
{
    static const char *const FIELDS[] = { "TOCSIN_TITLE=烟雾 报警", "TOCSIN_NOTE=a \"b\" \\ c",
                                          "TOCSIN_EMPTY=", "TOCSIN_ID=x", NULL };

    (void)state;
    expect("title=\"烟雾 报警\" note=\"a \\\"b\\\" \\\\ c\" empty=\"\" id=x", FIELDS);
}

static void odd_lines_end(void **state)
{
    static const char *const NONE[] = { NULL };
    static const char *const OPEN[] = { "TOCSIN_A=never closed", NULL };
    static const char *const ODD[] = { "TOCSIN_A_B_C=1=2", NULL };

    (void)state;
    expect("", NONE);
    expect("   ", NONE);
    expect("= == =x", NONE);
    expect("a=\"never closed", OPEN);
    expect("a-b.c=1=2", ODD);
}

static void long_ones_are_cut(void **state)
{
    char line[2000], field[JOURNAL_FIELD_SIZE];
    const char *rest = line;

    (void)state;
    memset(line, 'k', 100);
    line[100] = '=';
    memset(line + 101, 'v', sizeof line - 102);
    line[sizeof line - 1] = '\0';
    assert_true(journal_next_field(&rest, field));
    assert_int_equal(strlen(field), JOURNAL_FIELD_SIZE - 1);
    assert_ptr_equal(strchr(field, '='), field + 7 + JOURNAL_KEY_MAX);
    assert_false(journal_next_field(&rest, field));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_become_fields_and_leading_words_do_not),
        cmocka_unit_test(quotes_go_and_blanks_stay),
        cmocka_unit_test(odd_lines_end),
        cmocka_unit_test(long_ones_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
