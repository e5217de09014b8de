/* Conditions as text: what compiles to what, and what is refused where and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "model/expr.h"
#include "unit/expr_metrics.h"

static struct expr compile(const char *text, struct arena *arena)
{
    const struct metrics m = expr_metrics();
    struct expr_error error = { 0 };
    struct expr e = { 0 };

    if (expr_compile(text, &m, arena, &e, &error) != TCN_OK)
        fail_msg("'%s' was refused: %s", text, error.text);
    return e;
}

/* Compiles one comparison and says what became of it. */
static struct expr_ins only_test_of(const char *text)
{
    struct arena arena = { 0 };
    struct expr e = compile(text, &arena);
    struct expr_ins ins;

    assert_int_equal(e.count, 1);
    ins = e.ins[0];
    arena_done(&arena);
    return ins;
}

/* ---- what compiles ---- */

static void program_is_postfix_with_not_before_and_before_or(void **state)
{
    static const uint8_t expected[] = {
        EXPR_TEST, EXPR_TEST, EXPR_NOT, EXPR_TEST, EXPR_AND, EXPR_OR
    };
    static const uint16_t metrics[] = { SMOKE, FAULT, 0, TEST };
    struct arena arena = { 0 };
    struct expr e = compile("smoke or not fault and test", &arena);

    (void)state;
    assert_int_equal(e.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(e.ins[i].op, expected[i]);
        if (e.ins[i].op == EXPR_TEST)
            assert_int_equal(e.ins[i].metric, metrics[i]);
    }
    assert_string_equal(e.text, "smoke or not fault and test");
    assert_int_equal(e.missing_ms, TCN_NEVER);
    arena_done(&arena);
}

static void metrics_are_listed_once_each(void **state)
{
    struct arena arena = { 0 };
    struct expr e = compile("smoke and (pressure < 1 kPa or smoke) or pressure > 1 MPa", &arena);

    (void)state;
    assert_int_equal(e.metric_count, 2);
    assert_int_equal(e.metrics[0], SMOKE);
    assert_int_equal(e.metrics[1], PRESSURE);
    arena_done(&arena);
}

static void constants_are_in_the_unit_of_the_metric(void **state)
{
    static const struct {
        const char *text;
        uint16_t metric;
        enum expr_cmp cmp;
        double constant;
    } rows[] = {
        { "pressure < 50 kPa", PRESSURE, CMP_LT, 0.05 },
        { "pressure<50kPa", PRESSURE, CMP_LT, 0.05 },
        { "pressure >= 0.3 MPa", PRESSURE, CMP_GE, 0.3 },
        { "pressure <= 5 bar", PRESSURE, CMP_LE, 0.5 },
        { "battery < 15 %", BATTERY, CMP_LT, 15 },
        { "battery<15%", BATTERY, CMP_LT, 15 },
        { "battery < 100 %", BATTERY, CMP_LT, 100 }, /* the ends of its range are in it */
        { "battery > 0 %", BATTERY, CMP_GT, 0 },
        { "temperature > 30 °C", TEMPERATURE, CMP_GT, 30 },
        { "temperature > 30℃", TEMPERATURE, CMP_GT, 30 },
        { "temperature >= 212 °F", TEMPERATURE, CMP_GE, 100 },
        { "temperature < -10.5 C", TEMPERATURE, CMP_LT, -10.5 },
        { "count == 3", COUNT, CMP_EQ, 3 },
        { "count != -1.5e2", COUNT, CMP_NE, -150 },
        { "count > .5", COUNT, CMP_GT, 0.5 },
        { "count < +5", COUNT, CMP_LT, 5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct expr_ins ins = only_test_of(rows[i].text);

        assert_int_equal(ins.op, EXPR_TEST);
        assert_int_equal(ins.metric, rows[i].metric);
        assert_int_equal(ins.cmp, rows[i].cmp);
        assert_true(ins.constant == rows[i].constant);
    }
}

static void literal_on_the_left_turns_the_comparison_round(void **state)
{
    static const struct {
        const char *text;
        enum expr_cmp cmp;
    } rows[] = {
        { "50 kPa < pressure", CMP_GT },  { "50 kPa <= pressure", CMP_GE },
        { "50 kPa > pressure", CMP_LT },  { "50 kPa >= pressure", CMP_LE },
        { "50 kPa == pressure", CMP_EQ }, { "50kPa!=pressure", CMP_NE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct expr_ins ins = only_test_of(rows[i].text);

        assert_int_equal(ins.metric, PRESSURE);
        assert_int_equal(ins.cmp, rows[i].cmp);
        assert_true(ins.constant == 0.05);
    }
}

static void bools_and_words_compile_on_both_sides(void **state)
{
    static const struct {
        const char *text;
        uint16_t metric;
        enum expr_cmp cmp;
        double constant;
    } rows[] = {
        { "smoke", SMOKE, CMP_EQ, 1 },
        { "smoke == true", SMOKE, CMP_EQ, 1 },
        { "smoke != false", SMOKE, CMP_NE, 0 },
        { "false == smoke", SMOKE, CMP_EQ, 0 },
        { "battery_state == low", BATTERY_STATE, CMP_EQ, 1 },
        { "critical != battery_state", BATTERY_STATE, CMP_NE, 2 },
        { "battery_state == 用完", BATTERY_STATE, CMP_EQ, 4 },
        /* fault is a metric, too: the word is meant, on either side */
        { "battery_state == fault", BATTERY_STATE, CMP_EQ, 3 },
        { "fault == battery_state", BATTERY_STATE, CMP_EQ, 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct expr_ins ins = only_test_of(rows[i].text);

        assert_int_equal(ins.metric, rows[i].metric);
        assert_int_equal(ins.cmp, rows[i].cmp);
        assert_true(ins.constant == rows[i].constant);
    }
}

static void shortest_silence_is_kept(void **state)
{
    struct arena arena = { 0 };
    struct expr e =
        compile("missing for 25h or smoke and missing for 1h30m or missing for 2 h", &arena);

    (void)state;
    assert_int_equal(e.missing_ms, 5400000);
    assert_int_equal(e.ins[0].op, EXPR_MISSING);
    assert_int_equal(e.ins[0].duration_ms, 90000000);
    assert_int_equal(e.metric_count, 1);
    arena_done(&arena);
}

static void blanks_and_line_ends_don_t_matter(void **state)
{
    struct arena arena = { 0 };
    struct expr e = compile("  smoke\n\tand(not(\r\ntest))or  missing  for\t25  h ", &arena);

    (void)state;
    assert_int_equal(e.count, 6);
    assert_int_equal(e.ins[4].op, EXPR_MISSING);
    assert_int_equal(e.ins[4].duration_ms, 90000000);
    arena_done(&arena);
}

/* ---- limits ---- */

static char *repeat(const char *before, const char *middle, const char *after, size_t count)
{
    size_t b = strlen(before), m = strlen(middle), a = strlen(after), at = 0;
    char *text = malloc(count * (a + b) + m + 1);

    assert_non_null(text);
    for (size_t i = 0; i < count; i++, at += b)
        memcpy(text + at, before, b);
    memcpy(text + at, middle, m);
    at += m;
    for (size_t i = 0; i < count; i++, at += a)
        memcpy(text + at, after, a);
    text[at] = '\0';
    return text;
}

/* Compiles count times before, middle, count times after; the offset of the error or -1. */
static long error_offset(const char *before, const char *middle, const char *after, size_t count,
                         const char *message)
{
    const struct metrics m = expr_metrics();
    struct arena arena = { 0 };
    struct expr_error error;
    struct expr e;
    char *text = repeat(before, middle, after, count);
    int rc = expr_compile(text, &m, &arena, &e, &error);

    free(text);
    arena_done(&arena);
    if (rc == TCN_OK)
        return -1;
    assert_non_null(strstr(error.text, message));
    return (long)error.offset;
}

static void nesting_is_limited(void **state)
{
    (void)state;
    assert_int_equal(error_offset("(", "smoke", ")", EXPR_DEPTH_MAX, ""), -1);
    assert_int_equal(error_offset("(", "smoke", ")", EXPR_DEPTH_MAX + 1, "nested more than 32"),
                     EXPR_DEPTH_MAX);
    assert_int_equal(error_offset("not ", "smoke", "", EXPR_DEPTH_MAX, ""), -1);
    assert_int_equal(error_offset("not ", "smoke", "", EXPR_DEPTH_MAX + 1, "nested more than 32"),
                     4 * EXPR_DEPTH_MAX);
    /* Depth is given back: many in a row are not deep. */
    assert_int_equal(error_offset("not (smoke) and ", "smoke", "", 50, ""), -1);
    assert_int_equal(error_offset("(", "", "", 2000, "nested more than 32"), EXPR_DEPTH_MAX);
}

static void deepest_nesting_of_everything_compiles(void **state)
{
    (void)state;
    assert_int_equal(error_offset("smoke or smoke and (", "smoke", ")", EXPR_DEPTH_MAX, ""), -1);
    assert_int_equal(error_offset("smoke or smoke and not ", "smoke", "", EXPR_DEPTH_MAX, ""), -1);
}

static void instructions_are_limited(void **state)
{
    (void)state;
    assert_int_equal(error_offset("smoke or ", "smoke", "", 127, ""), -1); /* 255 */
    /* 256 fit, the 257th doesn't: the operator of the 129th test. */
    assert_int_equal(error_offset("smoke or ", "smoke", "", 128, "256 tests and operators"),
                     9 * 127 + 6);
}

static void text_is_limited(void **state)
{
    (void)state;
    assert_int_equal(error_offset(" ", "smoke", "", EXPR_TEXT_MAX - 5, ""), -1);
    assert_int_equal(error_offset(" ", "smoke", "", EXPR_TEXT_MAX - 4, "4096 bytes and has 4097"),
                     EXPR_TEXT_MAX);
}

/* ---- what is refused ---- */

struct refusal {
    const char *text;
    size_t offset, width;
    const char *says[3]; /* each occurs in the message */
};

static void check_refusals(const struct refusal *rows, size_t count)
{
    const struct metrics m = expr_metrics();

    for (size_t i = 0; i < count; i++) {
        const struct refusal *r = &rows[i];
        struct arena arena = { 0 };
        struct expr_error error = { 0 };
        struct expr e, before;

        memset(&e, 0xA5, sizeof e);
        memcpy(&before, &e, sizeof e);
        assert_int_equal(expr_compile(r->text, &m, &arena, &e, &error), TCN_EINPUT);
        assert_memory_equal(&e, &before, sizeof e);
        if (error.offset != r->offset || error.width != r->width)
            fail_msg("'%s': at %zu+%zu, not at %zu+%zu: %s", r->text, error.offset, error.width,
                     r->offset, r->width, error.text);
        for (size_t k = 0; k < 3 && r->says[k] != NULL; k++) {
            if (strstr(error.text, r->says[k]) == NULL)
                fail_msg("'%s': no \"%s\" in: %s", r->text, r->says[k], error.text);
        }
        assert_int_equal(expr_compile(r->text, &m, &arena, &e, NULL), TCN_EINPUT);
        arena_done(&arena);
    }
}

#define CHECK(rows) check_refusals(rows, sizeof(rows) / sizeof(rows)[0])

static void unknown_metrics_are_pointed_at(void **state)
{
    static const struct refusal rows[] = {
        { "presure < 50 kPa", 0, 7, { "unknown metric 'presure': did you mean 'pressure'?" } },
        { "smoke and SMOKE", 10, 5, { "did you mean 'smoke'?" } },
        { "presure < temperature", 0, 7, { "did you mean 'pressure'?" } },
        { "smoke and xyz", 10, 3, { "unknown metric 'xyz'", "smoke, test, pressure" } },
        { "烟雾 and smoke", 0, 6, { "unknown metric '烟雾'", "smoke" } },
        { "5 % > batery", 6, 6, { "did you mean 'battery'?" } },
        { "true == smok", 8, 4, { "did you mean 'smoke'?" } },
    };

    (void)state;
    CHECK(rows);
}

static void units_are_checked(void **state)
{
    static const struct refusal rows[] = {
        { "pressure < 50",
          11,
          2,
          { "pressure is measured in MPa: give 50 a unit, like kPa or MPa" } },
        { "50 > pressure", 0, 2, { "give 50 a unit, like kPa or MPa" } },
        { "battery < 15 and smoke", 10, 2, { "battery is measured in %", "'15 %'" } },
        { "pressure < 50 °C", 14, 3, { "measured in MPa", "accepts", "kPa, MPa" } },
        { "pressure < 50 kpa", 14, 3, { "unknown unit 'kpa': did you mean 'kPa'?" } },
        { "pressure < 50kpa", 13, 3, { "did you mean 'kPa'?", "accepts Pa" } },
        { "pressure < 50 bananas", 14, 7, { "unknown unit 'bananas'", "accepts Pa" } },
        { "count < 50 kPa", 11, 3, { "count has no unit", "without 'kPa'" } },
        { "count < 50 smoke", 11, 5, { "'smoke' can't stand here", "'and', 'or'" } },
        { "temperature > 1e308 °F", 14, 9, { "does not exist in °C" } },
        { "pressure < 50 MPa", 11, 6, { "between 0 and 10 MPa", "never changes" } },
        { "battery > 101 %", 10, 5, { "between 0 and 100 %" } },
    };

    (void)state;
    CHECK(rows);
}

static void types_are_checked(void **state)
{
    static const struct refusal rows[] = {
        { "smoke < true", 6, 1, { "smoke is true or false", "'<'", "'not smoke'" } },
        { "smoke >= 5", 6, 2, { "'>='", "'smoke' or 'not smoke'" } },
        { "smoke == 1", 9, 1, { "smoke is true or false, never '1'" } },
        { "smoke == flase", 9, 5, { "never 'flase'" } },
        { "smoke == battery", 9, 7, { "'battery' is a metric, too", "fixed value" } },
        { "pressure < temperature", 11, 11, { "'temperature' is a metric, too" } },
        { "pressure < low", 11, 3, { "pressure is a number", "'low'", "MPa" } },
        { "count == true", 9, 4, { "count is a number", "'true'" } },
        { "battery_state == 5", 17, 1, { "a word is expected", "ok, low, critical" } },
        { "battery_state == lwo", 17, 3, { "did you mean 'low'?", "ok, low, critical" } },
        { "battery_state == LOW", 17, 3, { "did you mean 'low'?" } },
        { "battery_state != nothing", 17, 7, { "never 'nothing'", "ok, low, critical" } },
        { "battery_state < low", 14, 1, { "no order", "'==' or '!='" } },
        { "not pressure", 4, 8, { "pressure is a number", "like 'pressure < 10 MPa'" } },
        { "(count)", 1, 5, { "like 'count < 10'" } },
        { "smoke and battery_state", 10, 13, { "like 'battery_state == ok'" } },
        { "true", 0, 4, { "'true' alone is no condition" } },
        { "50 kPa", 0, 2, { "'50' alone is no condition" } },
        { "5 < 6", 0, 5, { "must be a metric" } },
        { "true == false", 0, 13, { "must be a metric" } },
        { "count < 1e400", 8, 5, { "'1e400' is not a number" } },
    };

    (void)state;
    CHECK(rows);
}

static void habits_of_other_languages_are_explained(void **state)
{
    static const struct refusal rows[] = {
        { "smoke = true", 6, 1, { "'=' does not compare", "'=='" } },
        { "smoke && test", 6, 2, { "'&&' is written 'and'" } },
        { "smoke || test", 6, 2, { "'||' is written 'or'" } },
        { "smoke & test", 6, 1, { "'&' is written 'and'" } },
        { "smoke | test", 6, 1, { "'|' is written 'or'" } },
        { "!smoke", 0, 1, { "'!' is written 'not'" } },
        { "smoke and !test", 10, 1, { "'!' is written 'not'" } },
        { "pressure =< 5 kPa", 9, 2, { "'=<' is written '<='" } },
        { "pressure => 5 kPa", 9, 2, { "'=>' is written '>='" } },
        { "pressure <> 5 kPa", 9, 2, { "'<>' is written '!='" } },
        { "smoke === true", 6, 3, { "'===' is written '=='" } },
        { "smoke !== true", 6, 3, { "'!==' is written '!='" } },
        { "smoke AND test", 6, 3, { "small letters: and" } },
        { "smoke Or test", 6, 2, { "small letters: or" } },
        { "NOT smoke", 0, 3, { "small letters: not" } },
        { "Missing for 5h", 0, 7, { "small letters: missing" } },
        { "battery_state == \"low\"", 17, 1, { "need no quotes" } },
        { "battery_state == 'low'", 17, 1, { "need no quotes" } },
        { "smoke, test", 5, 1, { "'and' or 'or'" } },
        { "smoke; test", 5, 1, { "'and' or 'or'" } },
        { "[smoke]", 0, 1, { "'(' and ')'" } },
        { "count < 5 + 3", 10, 1, { "no arithmetic" } },
        { "count < 1,000", 9, 1, { "nothing between thousands" } },
        { "% < battery", 0, 1, { "right behind a number" } },
        { "smoke # now", 6, 1, { "comments" } },
        { "@", 0, 1, { "'@' has no meaning" } },
        { "smoke \x01", 6, 1, { "control character 0x01" } },
    };

    (void)state;
    CHECK(rows);
}

static void chinese_typing_is_explained(void **state)
{
    static const struct refusal rows[] = {
        { "（smoke）", 0, 3, { "'（' is full-width", "ASCII '('" } },
        { "(smoke）", 6, 3, { "ASCII ')'" } },
        { "battery_state == “low”", 17, 3, { "'“'", "ASCII", "the word alone" } },
        { "battery_state == ‘low’", 17, 3, { "'‘'", "ASCII" } },
        { "battery_state == 「low」", 17, 3, { "ASCII" } },
        { "pressure ≤ 50 kPa", 9, 3, { "ASCII '<='" } },
        { "pressure ＜ 50 kPa", 9, 3, { "ASCII '<'" } },
        { "smoke ＝ true", 6, 3, { "ASCII '=='" } },
        { "smoke，test", 5, 3, { "full-width comma", "'and' or 'or'" } },
        { "smoke。", 5, 3, { "full stop" } },
        { "battery < １5 %", 10, 3, { "ASCII '1'" } },
        { "battery < 15％", 12, 3, { "ASCII '%'" } },
        { "temperature < −5 °C", 14, 3, { "ASCII '-'" } },
        { "pressure < 50 kPa）", 17, 3, { "ASCII ')'" } },
        { "smoke　and test", 5, 3, { "full-width blank" } },
        { "！smoke", 0, 3, { "'not'" } },
        { "smoke \xff", 6, 1, { "not UTF-8" } },
        { "smoke \xe4\xb8", 6, 1, { "not UTF-8" } },
    };

    (void)state;
    CHECK(rows);
}

static void silence_is_spelt_out(void **state)
{
    static const struct refusal rows[] = {
        { "missing 25h", 0, 11, { "'for' is missing", "'missing for 25h'" } },
        { "smoke or missing 25 h", 9, 12, { "'missing for 25 h'" } },
        { "missing", 0, 7, { "needs 'for' and a duration" } },
        { "missing < 25h", 0, 7, { "needs 'for' and a duration" } },
        { "missing for", 11, 0, { "a duration is missing" } },
        { "missing for 30", 12, 2, { "'30' needs a unit", "30s" } },
        { "missing for 30 and smoke", 12, 2, { "'30' needs a unit" } },
        { "missing for 0s", 12, 2, { "no length" } },
        { "missing for -5h", 12, 3, { "'-5h' is not a duration" } },
        { "missing for 1.5h", 12, 4, { "fraction" } },
        { "missing for 25 hours", 12, 8, { "unknown unit" } },
        { "missing for ever", 12, 4, { "'ever' is not a duration" } },
        { "smoke for 30s", 6, 3, { "'for' goes with 'missing' only", "'for:'" } },
        { "missing for 5h 5m", 15, 1, { "the end must come here" } },
    };

    (void)state;
    CHECK(rows);
}

static void grammar_is_explained(void **state)
{
    static const struct refusal rows[] = {
        { "", 0, 0, { "the condition is empty" } },
        { " \n ", 0, 0, { "the condition is empty" } },
        { "1 kPa < pressure < 50 kPa", 17, 1, { "can't be chained", "pressure > ... and" } },
        { "pressure < 5 kPa < 3", 17, 1, { "can't be chained" } },
        { "smoke == true == false", 14, 2, { "can't be chained: smoke" } },
        { "(smoke", 0, 1, { "'(' is never closed" } },
        { "((smoke) and test", 0, 1, { "'(' is never closed" } },
        { "smoke and (test or (fault)", 10, 1, { "'(' is never closed" } },
        { "smoke)", 5, 1, { "')' has no '('" } },
        { ")", 0, 1, { "')' has no '('" } },
        { "()", 0, 2, { "nothing between" } },
        { "smoke ()", 6, 1, { "not '('" } },
        { "(smoke) == true", 8, 2, { "whole conditions", "'=='" } },
        { "smoke test", 6, 4, { "'and', 'or' or the end", "not 'test'" } },
        { "smoke 5", 6, 1, { "not '5'" } },
        { "smoke not test", 6, 3, { "write 'and not' or 'or not'" } },
        { "and smoke", 0, 3, { "'and' needs something before it" } },
        { "< 5", 0, 1, { "'<' needs something before it" } },
        { "smoke and", 9, 0, { "ends after 'and'" } },
        { "not", 3, 0, { "ends after 'not'" } },
        { "smoke and and test", 10, 3, { "must follow 'and', not 'and'" } },
        { "smoke and (or test)", 11, 2, { "must follow '(', not 'or'" } },
        { "pressure <", 10, 0, { "a value is missing after '<'" } },
        { "pressure < )", 11, 1, { "a value is missing after '<'" } },
        { "smoke == not test", 9, 3, { "a value is missing after '=='" } },
        { "smoke.", 0, 6, { "did you mean 'smoke'?" } },
    };

    (void)state;
    CHECK(rows);
}

/* Nothing in a message grows with the input, and what is cut is cut between characters. */
static void long_words_are_cut_in_messages(void **state)
{
    const struct metrics m = expr_metrics();
    struct arena arena = { 0 };
    struct expr_error error;
    struct expr e;
    char *text = repeat("烟", "", "", 1000);

    (void)state;
    assert_int_equal(expr_compile(text, &m, &arena, &e, &error), TCN_EINPUT);
    assert_int_equal(error.offset, 0);
    assert_int_equal(error.width, 3000);
    assert_non_null(strstr(error.text, "..."));
    assert_true(tcn_text_is_utf8(error.text, strlen(error.text)));
    free(text);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_is_postfix_with_not_before_and_before_or),
        cmocka_unit_test(metrics_are_listed_once_each),
        cmocka_unit_test(constants_are_in_the_unit_of_the_metric),
        cmocka_unit_test(literal_on_the_left_turns_the_comparison_round),
        cmocka_unit_test(bools_and_words_compile_on_both_sides),
        cmocka_unit_test(shortest_silence_is_kept),
        cmocka_unit_test(blanks_and_line_ends_don_t_matter),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(deepest_nesting_of_everything_compiles),
        cmocka_unit_test(instructions_are_limited),
        cmocka_unit_test(text_is_limited),
        cmocka_unit_test(unknown_metrics_are_pointed_at),
        cmocka_unit_test(units_are_checked),
        cmocka_unit_test(types_are_checked),
        cmocka_unit_test(habits_of_other_languages_are_explained),
        cmocka_unit_test(chinese_typing_is_explained),
        cmocka_unit_test(silence_is_spelt_out),
        cmocka_unit_test(grammar_is_explained),
        cmocka_unit_test(long_words_are_cut_in_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
