/* Bounded text: copying, UTF-8, numbers, durations, times, suggestions, hash. */
#include "base/text.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* --- copying ------------------------------------------------------------------------------- */

static void copy_fits_or_is_cut_between_characters(void **state)
{
    (void)state;
    char dst[8];

    assert_int_equal(tcn_text_copy(dst, sizeof dst, "1234567"), TCN_OK);
    assert_string_equal(dst, "1234567");
    assert_int_equal(tcn_text_copy(dst, sizeof dst, "12345678"), TCN_EFULL);
    assert_string_equal(dst, "1234567");
    assert_int_equal(tcn_text_copy(dst, sizeof dst, "火警火警"), TCN_EFULL);
    assert_string_equal(dst, "火警");
    assert_int_equal(tcn_text_copy(dst, sizeof dst, "123456é"), TCN_EFULL);
    assert_string_equal(dst, "123456");
    assert_int_equal(tcn_text_copy(dst, 1, "x"), TCN_EFULL);
    assert_string_equal(dst, "");
    assert_int_equal(tcn_text_copy(dst, 1, ""), TCN_OK);
}

static void copy_of_a_piece_stops_at_nul_and_at_len(void **state)
{
    (void)state;
    char dst[8];

    assert_int_equal(tcn_text_copy_n(dst, sizeof dst, "abcdef", 3), TCN_OK);
    assert_string_equal(dst, "abc");
    assert_int_equal(tcn_text_copy_n(dst, sizeof dst, "a\0cdefghijk", 11), TCN_OK);
    assert_string_equal(dst, "a");
    assert_int_equal(tcn_text_copy_n(dst, sizeof dst, NULL, 0), TCN_OK);
    assert_string_equal(dst, "");
}

static void format_says_when_it_cut(void **state)
{
    (void)state;
    char dst[8];

    assert_int_equal(tcn_text_format(dst, sizeof dst, "%d", 1234567), TCN_OK);
    assert_string_equal(dst, "1234567");
    assert_int_equal(tcn_text_format(dst, sizeof dst, "%d", 12345678), TCN_EFULL);
    assert_string_equal(dst, "1234567");
    assert_int_equal(tcn_text_format(dst, sizeof dst, "ab%s", "火警"), TCN_EFULL);
    assert_string_equal(dst, "ab火");
}

static void utf8_is_told_from_what_only_looks_like_it(void **state)
{
    (void)state;
    static const char *const good[] = { "",
                                        "abc",
                                        "é",
                                        "火警",
                                        "\xF0\x9F\x94\xA5",
                                        "\xEF\xBF\xBF",
                                        "\xF4\x8F\xBF\xBF",
                                        "\xED\x9F\xBF",
                                        "\xC2\x80" };
    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xC3",             /* cut off */
        "\xE7\x81",         /* cut off */
        "\xC0\xAF",         /* overlong '/' */
        "\xC1\xBF",         /* overlong */
        "\xE0\x9F\xBF",     /* overlong */
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF5\x80\x80\x80",
        "\xFF",
        "a\xE7z",
        "\xBB\xF0\xBE\xAF" /* GB 18030 */,
    };

    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(tcn_text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(tcn_text_is_utf8(bad[i], strlen(bad[i])));
    assert_true(tcn_text_is_utf8("a\0b", 3));
}

/* --- numbers ------------------------------------------------------------------------------- */

static void decimal_numbers_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        { "0", 0 },      { "-1.5", -1.5 }, { "+3", 3 },      { ".5", 0.5 },   { "5.", 5 },
        { "1e3", 1000 }, { "2E-2", 0.02 }, { "0.05", 0.05 }, { "-0.0", 0.0 }, { "007", 7 }
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        double value = NAN;
        assert_int_equal(tcn_parse_double(rows[i].text, strlen(rows[i].text), &value), TCN_OK);
        assert_true(value == rows[i].value);
    }
    double value;
    assert_int_equal(tcn_parse_double("12x", 2, &value), TCN_OK); /* len rules, not the NUL */
    assert_true(value == 12);
}

static void what_is_no_decimal_number_leaves_the_output_alone(void **state)
{
    (void)state;
    static const char *const bad[] = { "",     " 1", "1 ",    "nan", "inf",   "-Infinity",
                                       "0x10", "1e", "1e+",   "1,5", "1.2.3", "-",
                                       ".",    "e5", "1e999", "--1" };
    double value = 42;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(tcn_parse_double(bad[i], strlen(bad[i]), &value), TCN_EINPUT);
    assert_int_equal(tcn_parse_double("1\0", 2, &value), TCN_EINPUT);
    char longer[200];
    memset(longer, '1', sizeof longer);
    assert_int_equal(tcn_parse_double(longer, sizeof longer, &value), TCN_EINPUT);
    assert_true(value == 42);
}

static void whole_numbers_keep_their_bounds(void **state)
{
    (void)state;
    int64_t value = 42;

    assert_int_equal(tcn_parse_int("", 0, 0, 9, &value), TCN_EINPUT);
    assert_int_equal(tcn_parse_int("-", 1, -9, 9, &value), TCN_EINPUT);
    assert_int_equal(tcn_parse_int("1.0", 3, 0, 9, &value), TCN_EINPUT);
    assert_int_equal(tcn_parse_int("10", 2, 0, 9, &value), TCN_EINPUT);
    assert_int_equal(tcn_parse_int("-1", 2, 0, 9, &value), TCN_EINPUT);
    assert_int_equal(tcn_parse_int("9223372036854775808", 19, INT64_MIN, INT64_MAX, &value),
                     TCN_EINPUT);
    assert_int_equal(tcn_parse_int("99999999999999999999999", 23, INT64_MIN, INT64_MAX, &value),
                     TCN_EINPUT);
    assert_true(value == 42);
    assert_int_equal(tcn_parse_int("-9223372036854775808", 20, INT64_MIN, INT64_MAX, &value),
                     TCN_OK);
    assert_true(value == INT64_MIN);
    assert_int_equal(tcn_parse_int("+0009", 5, 0, 9, &value), TCN_OK);
    assert_true(value == 9);
}

/* --- durations ----------------------------------------------------------------------------- */

static void durations_are_read_and_written_back(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        const char *written;
    } rows[] = {
        { "500ms", 500, "500ms" },
        { "30s", 30000, "30s" },
        { "5m", 300000, "5m" },
        { "25h", 90000000, "25h" },
        { "3d", 259200000, "3d" },
        { "1h30m", 5400000, "1h30m" },
        { "90m", 5400000, "1h30m" },
        { "0s", 0, "0s" },
        { "1500ms", 1500, "1500ms" },
        { "1s500ms", 1500, "1500ms" },
        { "24h", 86400000, "1d" },
        { "1m1s1ms", 61001, "1m1s1ms" },
        { "400d", INT64_C(34560000000), "400d" },
        { "1d12h", 129600000, "36h" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = -1;
        char text[32];
        assert_int_equal(tcn_parse_duration(rows[i].text, strlen(rows[i].text), &ms, NULL), TCN_OK);
        assert_true(ms == rows[i].ms);
        tcn_format_duration(ms, text);
        assert_string_equal(text, rows[i].written);
        assert_int_equal(tcn_parse_duration(text, strlen(text), &ms, NULL), TCN_OK);
        assert_true(ms == rows[i].ms);
    }
}

static void bad_durations_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "30", "'30' needs a unit, like 30s or 30m" },
        { "", "missing" },
        { "soon", "write a number with a unit" },
        { "-5s", "write a number with a unit" },
        { "5 m", "needs a unit" },
        { "5min", "unknown unit" },
        { "5M", "unknown unit" },
        { "1.5h", "fraction" },
        { "30m1h", "greatest first" },
        { "1h1h", "once" },
        { "401d", "at most 400d" },
        { "400d1ms", "at most 400d" },
        { "99999999999999999999d", "too long" },
        { "34560000000d", "too long" },
        { "1h30", "needs a unit" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tcn_fail fail = { 0 };
        int64_t ms = 42;
        assert_int_equal(tcn_parse_duration(rows[i].text, strlen(rows[i].text), &ms, &fail),
                         TCN_EINPUT);
        assert_non_null(strstr(fail.text, rows[i].says));
        assert_true(ms == 42);
    }
}

static void every_duration_fits_its_buffer(void **state)
{
    (void)state;
    char text[32];

    tcn_format_duration(INT64_MAX, text);
    assert_string_equal(text, "2562047788015h12m55s807ms");
    tcn_format_duration(INT64_MIN, text);
    assert_string_equal(text, "-2562047788015h12m55s808ms");
}

/* --- times --------------------------------------------------------------------------------- */

static void times_are_written_with_offset_and_milliseconds(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        int offset_min;
        const char *text;
    } rows[] = {
        { 0, 0, "1970-01-01T00:00:00.000+00:00" },
        { INT64_C(1772323200123), 480, "2026-03-01T08:00:00.123+08:00" },
        { INT64_C(1772323200000), -570, "2026-02-28T14:30:00.000-09:30" },
        { INT64_C(951782400000), 0, "2000-02-29T00:00:00.000+00:00" },
        { INT64_C(1709164800000), 0, "2024-02-29T00:00:00.000+00:00" },
        { INT64_C(4107542400000), 0, "2100-03-01T00:00:00.000+00:00" },
        { INT64_C(253402300799999), 0, "9999-12-31T23:59:59.999+00:00" },
        { INT64_C(1767225599999), 0, "2025-12-31T23:59:59.999+00:00" },
        /* clamped */
        { -5, 0, "1970-01-01T00:00:00.000+00:00" },
        { INT64_MIN, -480, "1970-01-01T00:00:00.000-08:00" },
        { INT64_MAX, 480, "9999-12-31T23:59:59.999+08:00" },
        { 0, 100000, "1970-01-01T18:00:00.000+18:00" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[TCN_RFC3339_SIZE];
        tcn_format_rfc3339(rows[i].ms, rows[i].offset_min, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void times_are_read_in_all_usual_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-03-01T08:00:00.123+08:00", INT64_C(1772323200123) },
        { "2026-03-01 08:00:00.123+0800", INT64_C(1772323200123) },
        { "2026-03-01t00:00:00z", INT64_C(1772323200000) },
        { "2026-03-01T08:00:00", INT64_C(1772323200000) }, /* default offset +08:00 */
        { "2026-03-01T00:00:00.1Z", INT64_C(1772323200100) },
        { "2026-03-01T00:00:00.123456789Z", INT64_C(1772323200123) },
        { "2026-02-28T14:30:00-09:30", INT64_C(1772323200000) },
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
        { "2000-02-29T00:00:00Z", INT64_C(951782400000) },
        { "2016-12-31T23:59:60Z", INT64_C(1483228800000) },      /* leap second */
        { "2017-01-01T07:59:60+08:00", INT64_C(1483228800000) }, /* the same one */
        { "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = -1;
        assert_int_equal(tcn_parse_rfc3339(rows[i].text, strlen(rows[i].text), 480, &ms), TCN_OK);
        assert_true(ms == rows[i].ms);
    }
}

static void times_that_never_were_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-03-01",
        "2026-03-01T08:00",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z", /* no leap year */
        "2100-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T12:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+08",
        "2026-01-01T00:00:00+19:00",
        "2026-01-01T00:00:00+18:01",
        "2026-01-01T00:00:00+08:60",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00 +08:00",
        "2026/01/01T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "+026-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-08:00",
    };
    int64_t ms = 42;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(tcn_parse_rfc3339(bad[i], strlen(bad[i]), 0, &ms), TCN_EINPUT);
    assert_int_equal(tcn_parse_rfc3339("2026-01-01T00:00:00Z", 18, 0, &ms), TCN_EINPUT);
    assert_true(ms == 42);
}

/* Every day of four centuries, both ways: leap rules can't hide anywhere. */
static void every_day_comes_back(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 146097 + 60; day++) {
        char text[TCN_RFC3339_SIZE];
        int64_t ms = -1;
        tcn_format_rfc3339(day * 86400000 + 45296789, 330, text);
        assert_int_equal(tcn_parse_rfc3339(text, strlen(text), 0, &ms), TCN_OK);
        assert_true(ms == day * 86400000 + 45296789);
    }
}

/* --- suggestions --------------------------------------------------------------------------- */

static const char *nearest(const char *word, const char *const *candidates, size_t count)
{
    struct tcn_nearest n;

    tcn_nearest_init(&n, word, strlen(word));
    for (size_t i = 0; i < count; i++)
        tcn_nearest_try(&n, candidates[i]);
    return n.best;
}

static void typing_slips_find_what_was_meant(void **state)
{
    (void)state;
    static const char *const words[] = {
        "pressure", "smoke", "temperature", "battery", "on", "off"
    };

    assert_string_equal(nearest("presure", words, COUNT(words)), "pressure");
    assert_string_equal(nearest("presusre", words, COUNT(words)), "pressure");
    assert_string_equal(nearest("smkoe", words, COUNT(words)), "smoke");
    assert_string_equal(nearest("temprature", words, COUNT(words)), "temperature");
    assert_string_equal(nearest("smoke", words, COUNT(words)), "smoke");
    assert_string_equal(nearest("of", words, COUNT(words)), "on"); /* the first of equals */
}

static void other_words_are_not_suggested(void **state)
{
    (void)state;
    static const char *const words[] = { "pressure", "smoke", "x" };
    char endless[100];

    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_null(nearest("valve_open", words, COUNT(words)));
    assert_null(nearest("y", words, COUNT(words)));
    assert_null(nearest("", words, COUNT(words)));
    assert_null(nearest(endless, words, COUNT(words)));
    assert_null(nearest("smoke", (const char *const[]){ endless }, 1));
}

static void hash_is_fnv1a(void **state)
{
    (void)state;
    assert_true(tcn_hash(TCN_HASH_SEED, "", 0) == TCN_HASH_SEED);
    assert_true(tcn_hash(TCN_HASH_SEED, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(tcn_hash(TCN_HASH_SEED, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(tcn_hash(tcn_hash(TCN_HASH_SEED, "foo", 3), "bar", 3) ==
                UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_fits_or_is_cut_between_characters),
        cmocka_unit_test(copy_of_a_piece_stops_at_nul_and_at_len),
        cmocka_unit_test(format_says_when_it_cut),
        cmocka_unit_test(utf8_is_told_from_what_only_looks_like_it),
        cmocka_unit_test(decimal_numbers_are_read_whole),
        cmocka_unit_test(what_is_no_decimal_number_leaves_the_output_alone),
        cmocka_unit_test(whole_numbers_keep_their_bounds),
        cmocka_unit_test(durations_are_read_and_written_back),
        cmocka_unit_test(bad_durations_are_explained),
        cmocka_unit_test(every_duration_fits_its_buffer),
        cmocka_unit_test(times_are_written_with_offset_and_milliseconds),
        cmocka_unit_test(times_are_read_in_all_usual_spellings),
        cmocka_unit_test(times_that_never_were_are_refused),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(typing_slips_find_what_was_meant),
        cmocka_unit_test(other_words_are_not_suggested),
        cmocka_unit_test(hash_is_fnv1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
