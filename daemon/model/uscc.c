/* model/uscc.c - see uscc.h. */
#include "model/uscc.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

#define OLD_LEN 15
#define MODULUS 31

static const char alphabet[MODULUS + 1] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

static int value_of(char c)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int refuse_character(const char *code, size_t at, struct tcn_fail *reterr)
{
    char c = code[at];
    size_t len = tcn_text_sequence(code + at, strlen(code + at));

    if (c >= 'a' && c <= 'z')
        return tcn_fail_set(reterr, TCN_EINPUT, "character %zu is '%c': letters are upper case",
                            at + 1, c);
    if (c != '\0' && strchr("IOSVZ", c) != NULL)
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "character %zu is '%c': a social credit code never has I, O, S, V or Z",
                            at + 1, c);
    if (len == 0 || (unsigned char)c < 0x20 || c == 0x7F)
        return tcn_fail_set(reterr, TCN_EINPUT, "character %zu is the byte 0x%02x", at + 1,
                            (unsigned)(unsigned char)c);
    return tcn_fail_set(reterr, TCN_EINPUT,
                        "character %zu is '%.*s': only digits and capital letters are used", at + 1,
                        (int)len, code + at);
}

static int check_length(const char *code, size_t len, struct tcn_fail *reterr)
{
    size_t characters = 0;

    for (size_t at = 0; at < len; characters++) {
        size_t n = tcn_text_sequence(code + at, len - at);
        at += n > 0 ? n : 1;
    }
    return tcn_fail_set(
        reterr, TCN_EINPUT,
        "%zu characters: a social credit code has %d, an old registration number %d "
        "digits",
        characters, USCC_LEN, OLD_LEN);
}

int uscc_check(const char *code, struct tcn_fail *reterr)
{
    size_t len = strlen(code);
    int sum = 0, weight = 1;

    if (len == OLD_LEN) {
        for (size_t i = 0; i < OLD_LEN; i++) {
            if (!is_digit(code[i]))
                return check_length(code, len, reterr);
        }
        return TCN_OK;
    }
    for (size_t i = 0; i < len && i < USCC_LEN; i++) {
        if (value_of(code[i]) < 0)
            return refuse_character(code, i, reterr);
    }
    if (len != USCC_LEN)
        return check_length(code, len, reterr);
    for (size_t i = 0; i < USCC_LEN - 1; i++) {
        sum += value_of(code[i]) * weight;
        weight = weight * 3 % MODULUS;
    }
    char right = alphabet[(MODULUS - sum % MODULUS) % MODULUS];
    if (code[USCC_LEN - 1] != right)
        return tcn_fail_set(
            reterr, TCN_EINPUT,
            "the check character is '%c' and should be '%c': a character is wrong or "
            "two are swapped",
            code[USCC_LEN - 1], right);
    return TCN_OK;
}
