/* Error codes, their words, and the text that travels with them. */
#include "base/err.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int all_codes[] = {
#define CODE(name, word, text) TCN_##name,
    TCN_ERRORS(CODE)
#undef CODE
};

#define CODE_COUNT (sizeof all_codes / sizeof all_codes[0])

/* Replies carry the word; who reads one must get the same code back. */
static void words_and_codes_are_a_bijection(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        assert_true(all_codes[i] < 0);
        assert_int_equal(tcn_err_code(tcn_err_word(all_codes[i])), all_codes[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tcn_err_word(all_codes[i]), tcn_err_word(all_codes[j]));
    }
    assert_int_equal(tcn_err_code(tcn_err_word(TCN_OK)), TCN_OK);
}

static void words_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_string_equal(tcn_err_word(TCN_EINPUT), "bad-input");
    assert_string_equal(tcn_err_word(TCN_ECONFLICT), "conflict");
    assert_string_equal(tcn_err_word(TCN_EEXPIRED), "expired");
}

static void unknown_code_and_word_are_survivable(void **state)
{
    (void)state;
    assert_string_equal(tcn_err_word(-1), "unknown");
    assert_string_equal(tcn_err_word(12), "unknown");
    assert_int_equal(tcn_err_code("no-such-word"), TCN_EINPUT);
    assert_int_equal(tcn_err_code(""), TCN_EINPUT);
}

static void failing_fills_text_and_returns_the_code(void **state)
{
    (void)state;
    struct tcn_fail fail = { 0 };

    assert_int_equal(tcn_fail_set(&fail, TCN_ENOENT, "no device '%s'", "d1"), TCN_ENOENT);
    assert_int_equal(fail.code, TCN_ENOENT);
    assert_string_equal(fail.text, "no device 'd1'");
}

static void nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_int_equal(tcn_fail_set(NULL, TCN_EFULL, "%d", 1), TCN_EFULL);
}

/* Three bytes a character: 511 bytes hold 170 of them and one byte that must not stay. */
static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct tcn_fail fail;
    char text[3 * 300 + 1];

    for (size_t i = 0; i < 300; i++)
        memcpy(text + 3 * i, "火", 3);
    text[900] = '\0';
    (void)tcn_fail_set(&fail, TCN_EINPUT, "%s", text);
    assert_int_equal(strlen(fail.text), 510);
    assert_memory_equal(fail.text, text, 510);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_codes_are_a_bijection),
        cmocka_unit_test(words_are_those_of_the_contract),
        cmocka_unit_test(unknown_code_and_word_are_survivable),
        cmocka_unit_test(failing_fills_text_and_returns_the_code),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
