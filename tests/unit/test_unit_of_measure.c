/* Units of measure and their conversion. */
#include "model/unit_of_measure.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int unit(const char *text)
{
    return unit_find(text, strlen(text));
}

static double convert(const char *from, const char *to, double value)
{
    double result = NAN;

    assert_int_equal(unit_convert(unit(from), unit(to), value, &result), TCN_OK);
    return result;
}

static void assert_near(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-9 * fmax(1, fabs(b)));
}

static void usual_units_are_known(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Pa",  "kPa",   "MPa", "bar", "mbar",  "psi",  "°C",   "C",   "℃",    "°F",
        "K",   "%",     "ppm", "ppb", "mg/m3", "%LEL", "dB/m", "%/m", "m3/h", "m³/h",
        "L/s", "L/min", "V",   "mV",  "A",     "mA",   "W",    "kW",  "ms",   "s",
        "min", "h",     "d",   "m",   "cm",    "mm",   "lx",   "dB",  "dBm",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_true(unit(texts[i]) > UNIT_NONE);
    assert_int_equal(unit_find("kPa)", 3), unit("kPa")); /* len rules */
}

static void case_matters_and_nonsense_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(unit("mPa"), TCN_ENOENT);
    assert_int_equal(unit("mpa"), TCN_ENOENT);
    assert_int_equal(unit("KPa"), TCN_ENOENT);
    assert_int_equal(unit(""), TCN_ENOENT);
    assert_int_equal(unit("k"), TCN_ENOENT);
    assert_int_not_equal(unit("m"), unit("min"));
}

static void aliases_have_one_preferred_spelling(void **state)
{
    (void)state;
    assert_int_equal(unit("C"), unit("°C"));
    assert_int_equal(unit("℃"), unit("°C"));
    assert_string_equal(unit_name(unit("℃")), "°C");
    assert_string_equal(unit_name(unit("m³/h")), "m3/h");
    assert_string_equal(unit_name(UNIT_NONE), "");
}

/* A rule at 50 kPa and a sensor that says 0.05 MPa must agree to the last bit. */
static void limits_of_the_standards_convert_exactly(void **state)
{
    (void)state;
    assert_true(convert("kPa", "MPa", 50) == 0.05);
    assert_true(convert("kPa", "MPa", 70) == 0.07);
    assert_true(convert("MPa", "kPa", 0.05) == 50);
    assert_true(convert("bar", "MPa", 0.5) == 0.05);
    assert_true(convert("bar", "kPa", 1) == 100);
    assert_true(convert("h", "s", 25) == 90000);
    assert_true(convert("°C", "°C", 0.1) == 0.1);
}

static void scales_convert_both_ways(void **state)
{
    (void)state;
    assert_near(convert("psi", "kPa", 1), 6.894757293168);
    assert_near(convert("°F", "°C", 212), 100);
    assert_near(convert("°F", "°C", -40), -40);
    assert_near(convert("°C", "°F", 57), 134.6);
    assert_near(convert("K", "°C", 0), -273.15);
    assert_near(convert("°C", "K", 25), 298.15);
    assert_near(convert("K", "°F", 273.15), 32);
    assert_near(convert("L/s", "m3/h", 1), 3.6);
    assert_near(convert("L/min", "L/s", 60), 1);
    assert_near(convert("ppm", "ppb", 1.5), 1500);
    assert_near(convert("%vol", "ppm", 1), 10000);
    assert_near(convert("d", "min", 1), 1440);
    assert_near(convert("m/s", "km/h", 10), 36);
    assert_near(convert("mV", "V", 3600), 3.6);
}

/* d = -10 log10(1 - o): 3.39 % per metre is 0.15 dB/m, the least sensitive that a point detector
 * of fixed sensitivity may be. */
static void obscuration_is_logarithmic(void **state)
{
    (void)state;
    assert_near(convert("%/m", "dB/m", 0), 0);
    assert_near(convert("%/m", "dB/m", 90), 10);
    assert_near(convert("dB/m", "%/m", 10), 90);
    assert_true(fabs(convert("dB/m", "%/m", 0.15) - 3.3949) < 1e-3);
    assert_near(convert("dB/m", "%/m", convert("%/m", "dB/m", 3.4)), 3.4);
}

static void what_does_not_convert_leaves_the_output_alone(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "kPa", "°C" },    { "%", "%LEL" }, { "%", "ppm" },
        { "mg/m3", "ppm" }, { "dB", "dBm" }, { "m", "min" },
    };
    double value = 42;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_int_equal(unit_convert(unit(pairs[i][0]), unit(pairs[i][1]), 1, &value), TCN_EINPUT);
    assert_int_equal(unit_convert(UNIT_NONE, unit("%"), 1, &value), TCN_EINPUT);
    assert_int_equal(unit_convert(unit("%"), UNIT_NONE, 1, &value), TCN_EINPUT);
    assert_int_equal(unit_convert(unit("%/m"), unit("dB/m"), 100, &value), TCN_EINPUT);
    assert_int_equal(unit_convert(unit("%/m"), unit("dB/m"), 101, &value), TCN_EINPUT);
    assert_true(value == 42);
    assert_int_equal(unit_convert(UNIT_NONE, UNIT_NONE, 7, &value), TCN_OK);
    assert_true(value == 7);
}

static void every_spelling_is_a_unit(void **state)
{
    (void)state;
    size_t count = 0;

    for (; unit_spelling(count) != NULL; count++) {
        const char *text = unit_spelling(count);
        int found = unit(text);
        assert_true(found > 0);
        assert_int_equal(unit(unit_name(found)), found);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(unit_spelling(i), text);
    }
    assert_true(count >= 40);
    assert_null(unit_spelling(SIZE_MAX));
}

static void list_names_what_would_fit(void **state)
{
    (void)state;
    char buf[100], small[9];

    assert_string_equal(unit_list(unit("kPa"), buf, sizeof buf),
                        "Pa, hPa, kPa, MPa, mbar, bar, psi");
    assert_string_equal(unit_list(unit("kPa"), small, sizeof small), "Pa, hPa");
    assert_string_equal(unit_list(UNIT_NONE, buf, sizeof buf), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_units_are_known),
        cmocka_unit_test(case_matters_and_nonsense_is_unknown),
        cmocka_unit_test(aliases_have_one_preferred_spelling),
        cmocka_unit_test(limits_of_the_standards_convert_exactly),
        cmocka_unit_test(scales_convert_both_ways),
        cmocka_unit_test(obscuration_is_logarithmic),
        cmocka_unit_test(what_does_not_convert_leaves_the_output_alone),
        cmocka_unit_test(every_spelling_is_a_unit),
        cmocka_unit_test(list_names_what_would_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
