/* model/ids.c - see ids.h. */
#include "model/ids.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define EPOCH_DIGITS   6
#define COUNTER_DIGITS 7
#define DIGITS         (EPOCH_DIGITS + COUNTER_DIGITS)
#define COUNTER_LIMIT  (UINT64_C(1) << COUNTER_BITS)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I L O U */

static int is_gateway_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

int gateway_id_check(const char *text, struct tcn_fail *reterr)
{
    size_t len = strlen(text);

    if (len == 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "a gateway id is missing, like nt-chengnan-01");
    if (len > GATEWAY_ID_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "a gateway id has at most %d characters, not %zu",
                            GATEWAY_ID_MAX, len);
    for (size_t i = 0; i < len; i++) {
        if (!is_gateway_character(text[i]))
            return tcn_fail_set(reterr, TCN_EINPUT,
                                "a gateway id is made of a-z, 0-9 and '-', like nt-chengnan-01: "
                                "character %zu is something else",
                                i + 1);
    }
    if (text[0] == '-')
        return tcn_fail_set(reterr, TCN_EINPUT, "a gateway id can't begin with '-'");
    return TCN_OK;
}

static void put_digits(char *buf, size_t count, uint64_t value)
{
    while (count > 0) {
        buf[--count] = alphabet[value & 31];
        value >>= 5;
    }
}

void id_format(const char *gateway, uint64_t id, char buf[ID_TEXT_SIZE])
{
    size_t len = strlen(gateway);

    assert(len <= GATEWAY_ID_MAX);
    memcpy(buf, gateway, len);
    buf[len] = '-';
    put_digits(buf + len + 1, EPOCH_DIGITS, id_epoch(id));
    put_digits(buf + len + 1 + EPOCH_DIGITS, COUNTER_DIGITS, id & (COUNTER_LIMIT - 1));
    buf[len + 1 + DIGITS] = '\0';
}

/* Crockford's rules: case does not matter, I and L read as 1, O as 0. */
static int digit_value(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'I' || c == 'L')
        c = '1';
    if (c == 'O')
        c = '0';
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

static int read_digits(const char *text, size_t count, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++) { /* 11 digits are 55 bits: no overflow */
        int digit = digit_value(text[i]);
        if (digit < 0)
            return TCN_EINPUT;
        value = value << 5 | (uint64_t)digit;
    }
    if (value > max)
        return TCN_EINPUT;
    *ret_value = value;
    return TCN_OK;
}

int id_parse(const char *gateway, uint32_t epoch, const char *text, uint64_t *ret_id)
{
    size_t gateway_len = strlen(gateway), len = strlen(text);
    uint64_t counter, read_epoch = epoch;

    if (strchr(text, '-') != NULL) {
        if (len != gateway_len + 1 + DIGITS || memcmp(text, gateway, gateway_len) != 0 ||
            text[gateway_len] != '-')
            return TCN_EINPUT;
        text += gateway_len + 1;
        len = DIGITS;
    }
    if (len == DIGITS) {
        if (read_digits(text, EPOCH_DIGITS, EPOCH_MAX, &read_epoch) < 0)
            return TCN_EINPUT;
        text += EPOCH_DIGITS;
        len = COUNTER_DIGITS;
    }
    if (len == 0 || len > COUNTER_DIGITS || read_digits(text, len, COUNTER_LIMIT - 1, &counter) < 0)
        return TCN_EINPUT;
    uint64_t id = id_pack((uint32_t)read_epoch, counter);
    if (id == 0) /* "none" everywhere */
        return TCN_EINPUT;
    *ret_id = id;
    return TCN_OK;
}

void id_format_short(uint32_t epoch, uint64_t id, char buf[ID_TEXT_SIZE])
{
    char text[ID_TEXT_SIZE];
    const char *digits = text + 2; /* behind "g-" */

    id_format("g", id, text);
    if (id_epoch(id) == epoch) { /* the counter says it, from its first digit that counts */
        digits += EPOCH_DIGITS;
        while (digits[0] == '0' && digits[1] != '\0')
            digits++;
    }
    (void)tcn_text_copy(buf, ID_TEXT_SIZE, digits); /* shorter than any full one */
}
