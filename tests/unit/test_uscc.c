/* Social credit codes: the check character finds every single slip. The codes are synthetic. */
#include "model/uscc.h"

#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const good[] = {
    "91000000000000000K", "91320600MA1ABCDE06", "92320612MA1WXYPQRU",
    "11320600014207264P", "52320600ABCDEFGH1C",
};

#define GOOD_COUNT (sizeof good / sizeof good[0])

static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

static void right_codes_pass(void **state)
{
    (void)state;
    struct tcn_fail fail = { .code = 42 };

    for (size_t i = 0; i < GOOD_COUNT; i++)
        assert_int_equal(uscc_check(good[i], &fail), TCN_OK);
    assert_int_equal(fail.code, 42); /* nothing to tell */
}

static void every_changed_character_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        for (size_t at = 0; at < USCC_LEN; at++) {
            for (size_t c = 0; c < sizeof alphabet - 1; c++) {
                char code[USCC_LEN + 1];
                memcpy(code, good[i], sizeof code);
                code[at] = alphabet[c];
                bool same = alphabet[c] == good[i][at];
                assert_int_equal(uscc_check(code, NULL), same ? TCN_OK : TCN_EINPUT);
            }
        }
    }
}

static void every_swap_of_neighbours_is_found(void **state)
{
    (void)state;
    unsigned swaps = 0;

    for (size_t i = 0; i < GOOD_COUNT; i++) {
        for (size_t at = 0; at + 1 < USCC_LEN; at++) {
            char code[USCC_LEN + 1];
            memcpy(code, good[i], sizeof code);
            if (code[at] == code[at + 1])
                continue;
            code[at] = good[i][at + 1];
            code[at + 1] = good[i][at];
            assert_int_equal(uscc_check(code, NULL), TCN_EINPUT);
            swaps++;
        }
    }
    assert_true(swaps > 40);
}

static void letters_that_do_not_exist_are_refused_everywhere(void **state)
{
    (void)state;
    static const char letters[] = "IOSVZ";

    for (size_t at = 0; at < USCC_LEN; at++) {
        for (size_t c = 0; c < sizeof letters - 1; c++) {
            char code[USCC_LEN + 1];
            memcpy(code, good[0], sizeof code);
            code[at] = letters[c];
            assert_int_equal(uscc_check(code, NULL), TCN_EINPUT);
        }
    }
}

static void old_registration_numbers_pass_unchecked(void **state)
{
    (void)state;
    assert_int_equal(uscc_check("320600000012345", NULL), TCN_OK);
    assert_int_equal(uscc_check("32060000001234A", NULL), TCN_EINPUT);
}

static void refusal_says_what_to_look_at(void **state)
{
    (void)state;
    static const struct {
        const char *code, *says;
    } rows[] = {
        { "", "0 characters" },
        { "91320600MA1ABCDE0", "17 characters" },
        { "91320600MA1ABCDE066", "19 characters" },
        { "91320600MA1ABCDE07", "is '7' and should be '6'" },
        { "91320600mA1ABCDE06", "character 9 is 'm': letters are upper case" },
        { "91320600MAIABCDE06", "character 11 is 'I'" },
        { "91320600MA1ABCDE0 ", "character 18 is ' '" },
        { "9132060火MA1ABCDE06", "character 8 is '火'" },
        { "91320600MA1ABC\x01"
          "E06",
          "the byte 0x01" },
        { "91320600MA1ABC\xFF"
          "E06",
          "the byte 0xff" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcn_fail fail = { 0 };
        assert_int_equal(uscc_check(rows[i].code, &fail), TCN_EINPUT);
        assert_int_equal(fail.code, TCN_EINPUT);
        assert_non_null(strstr(fail.text, rows[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_codes_pass),
        cmocka_unit_test(every_changed_character_is_found),
        cmocka_unit_test(every_swap_of_neighbours_is_found),
        cmocka_unit_test(letters_that_do_not_exist_are_refused_everywhere),
        cmocka_unit_test(old_registration_numbers_pass_unchecked),
        cmocka_unit_test(refusal_says_what_to_look_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
