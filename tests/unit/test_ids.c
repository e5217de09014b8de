/* Ids as text: both ways, in order, and nothing foreign accepted. */
#include "model/ids.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define GW          "nt-chengnan-01"
#define COUNTER_MAX ((UINT64_C(1) << COUNTER_BITS) - 1)

static void gateway_names_are_checked(void **state)
{
    (void)state;
    static const char *const right[] = { "a", "0", GW, "abcdefghijklmnopqrstuvwxyz-01234" };
    static const struct {
        const char *text, *says;
    } wrong[] = {
        { "", "missing" },
        { "-a", "begin with '-'" },
        { "Nt", "character 1" },
        { "nt_1", "character 3" },
        { "nt/1", "character 3" },
        { "南通", "character 1" },
        { "abcdefghijklmnopqrstuvwxyz-012345", "at most 32 characters, not 33" },
    };

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_int_equal(gateway_id_check(right[i], NULL), TCN_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tcn_fail fail = { 0 };
        assert_int_equal(gateway_id_check(wrong[i].text, &fail), TCN_EINPUT);
        assert_non_null(strstr(fail.text, wrong[i].says));
    }
}

static void ids_are_written_in_base_32(void **state)
{
    (void)state;
    char text[ID_TEXT_SIZE];

    id_format(GW, id_pack(1, 42), text);
    assert_string_equal(text, GW "-000001000001A");
    id_format("gw", id_pack(EPOCH_MAX, COUNTER_MAX), text);
    assert_string_equal(text, "gw-ZZZZZZFZZZZZZ");
    id_format("abcdefghijklmnopqrstuvwxyz-01234", id_pack(1, 1), text);
    assert_int_equal(strlen(text), ID_TEXT_SIZE - 1);
}

static void ids_come_back(void **state)
{
    (void)state;
    static const uint64_t counters[] = { 1, 31, 32, 1023, 1024, 123456789, COUNTER_MAX };
    static const uint32_t epochs[] = { 0, 1, 31, 32, EPOCH_MAX };

    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        for (size_t j = 0; j < sizeof epochs / sizeof epochs[0]; j++) {
            char text[ID_TEXT_SIZE];
            uint64_t id = id_pack(epochs[j], counters[i]), parsed = 0;
            assert_int_equal(id_epoch(id), epochs[j]);
            id_format(GW, id, text);
            assert_int_equal(id_parse(GW, 7, text, &parsed), TCN_OK);
            assert_true(parsed == id);
            assert_int_equal(id_parse(GW, 7, text + strlen(GW) + 1, &parsed), TCN_OK);
            assert_true(parsed == id);
        }
    }
}

/* Receivers sort by id: text order must be the order of minting. */
static void text_sorts_as_the_ids_do(void **state)
{
    (void)state;
    char last[ID_TEXT_SIZE], text[ID_TEXT_SIZE];

    id_format(GW, 1, last);
    for (uint32_t epoch = 1; epoch <= EPOCH_MAX / 3; epoch *= 3) {
        for (uint64_t counter = 1; counter < COUNTER_MAX / 3; counter *= 3) {
            id_format(GW, id_pack(epoch, counter), text);
            assert_true(strcmp(last, text) < 0);
            memcpy(last, text, sizeof last);
        }
    }
}

static void people_may_write_less(void **state)
{
    (void)state;
    static const char *const texts[] = { "1A",
                                         "1a",
                                         "000001A",
                                         "ia",
                                         "LA",
                                         "001a",
                                         "000003000001A",
                                         "00ooo3oooooia",
                                         GW "-000003000001a" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t id = 0;
        assert_int_equal(id_parse(GW, 3, texts[i], &id), TCN_OK);
        assert_true(id == id_pack(3, 42));
    }
}

static void short_texts_come_back(void **state)
{
    (void)state;
    static const struct {
        uint32_t epoch;
        uint64_t counter;
        const char *text;
    } rows[] = {
        { 3, 42, "1A" }, { 3, 1, "1" }, { 3, COUNTER_MAX, "FZZZZZZ" }, { 4, 42, "000004000001A" }
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t id = id_pack(rows[i].epoch, rows[i].counter), parsed = 0;
        char text[ID_TEXT_SIZE];

        id_format_short(3, id, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(id_parse(GW, 3, text, &parsed), TCN_OK);
        assert_true(parsed == id);
    }
}

static void foreign_and_broken_ids_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "-",
        "1U", /* U is no digit */
        "1A ",
        "#1",
        "火",
        "000001000001",   /* 12 digits: neither the one nor the other */
        "000003000001AA", /* 14 */
        "000003ZZZZZZZ",  /* counter too great */
        "ZZZZZZZ",
        "other-01-000003000001A", /* another gateway's */
        GW "-1A",
        GW "000003000001A",
        "nt-chengnan-0-000003000001A",
        "nt-chengnan-01-00000300000-A",
    };
    uint64_t id = 42;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(id_parse(GW, 3, texts[i], &id), TCN_EINPUT);
    assert_int_equal(id_parse(GW, 0, "0", &id), TCN_EINPUT); /* 0 means none */
    assert_int_equal(id, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateway_names_are_checked),
        cmocka_unit_test(ids_are_written_in_base_32),
        cmocka_unit_test(ids_come_back),
        cmocka_unit_test(text_sorts_as_the_ids_do),
        cmocka_unit_test(people_may_write_less),
        cmocka_unit_test(short_texts_come_back),
        cmocka_unit_test(foreign_and_broken_ids_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
