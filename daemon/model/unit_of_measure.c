/* model/unit_of_measure.c - see unit_of_measure.h.
 *
 * In the base unit of its dimension a value is (value - zero) * num / den. Multiplying by whole
 * numbers and dividing once keeps 50 kPa exactly 0.05 MPa. */
#include "model/unit_of_measure.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

enum dimension {
    DIM_PRESSURE,
    DIM_TEMPERATURE,
    DIM_RATIO,
    DIM_MIXING, /* parts of gas by volume */
    DIM_MASS_CONCENTRATION,
    DIM_EXPLOSION_LIMIT,
    DIM_OBSCURATION,
    DIM_FLOW,
    DIM_VOLTAGE,
    DIM_CURRENT,
    DIM_POWER,
    DIM_ENERGY,
    DIM_TIME,
    DIM_LENGTH,
    DIM_SPEED,
    DIM_LIGHT,
    DIM_LEVEL,
    DIM_POWER_LEVEL,
    DIM_FREQUENCY,
};

static const struct unit {
    const char *name;
    enum dimension dimension;
    double zero, num, den;
    bool logarithmic; /* %/m: not a factor, see to_base() */
} units[] = {
    { "Pa", DIM_PRESSURE, 0, 1, 1, false },
    { "hPa", DIM_PRESSURE, 0, 100, 1, false },
    { "kPa", DIM_PRESSURE, 0, 1000, 1, false },
    { "MPa", DIM_PRESSURE, 0, 1000000, 1, false },
    { "mbar", DIM_PRESSURE, 0, 100, 1, false },
    { "bar", DIM_PRESSURE, 0, 100000, 1, false },
    { "psi", DIM_PRESSURE, 0, 6894.757293168, 1, false },
    { "°C", DIM_TEMPERATURE, 0, 1, 1, false },
    { "°F", DIM_TEMPERATURE, 32, 5, 9, false },
    { "K", DIM_TEMPERATURE, 273.15, 1, 1, false },
    { "%", DIM_RATIO, 0, 1, 1, false },
    { "ppb", DIM_MIXING, 0, 1, 1, false },
    { "ppm", DIM_MIXING, 0, 1000, 1, false },
    { "%vol", DIM_MIXING, 0, 10000000, 1, false },
    { "ug/m3", DIM_MASS_CONCENTRATION, 0, 1, 1, false },
    { "mg/m3", DIM_MASS_CONCENTRATION, 0, 1000, 1, false },
    { "%LEL", DIM_EXPLOSION_LIMIT, 0, 1, 1, false },
    { "dB/m", DIM_OBSCURATION, 0, 1, 1, false },
    { "%/m", DIM_OBSCURATION, 0, 1, 1, true },
    { "L/min", DIM_FLOW, 0, 60, 1, false },
    { "L/s", DIM_FLOW, 0, 3600, 1, false },
    { "m3/h", DIM_FLOW, 0, 1000, 1, false },
    { "mV", DIM_VOLTAGE, 0, 1, 1, false },
    { "V", DIM_VOLTAGE, 0, 1000, 1, false },
    { "mA", DIM_CURRENT, 0, 1, 1, false },
    { "A", DIM_CURRENT, 0, 1000, 1, false },
    { "W", DIM_POWER, 0, 1, 1, false },
    { "kW", DIM_POWER, 0, 1000, 1, false },
    { "Wh", DIM_ENERGY, 0, 1, 1, false },
    { "kWh", DIM_ENERGY, 0, 1000, 1, false },
    { "ms", DIM_TIME, 0, 1, 1, false },
    { "s", DIM_TIME, 0, 1000, 1, false },
    { "min", DIM_TIME, 0, 60000, 1, false },
    { "h", DIM_TIME, 0, 3600000, 1, false },
    { "d", DIM_TIME, 0, 86400000, 1, false },
    { "mm", DIM_LENGTH, 0, 1, 1, false },
    { "cm", DIM_LENGTH, 0, 10, 1, false },
    { "m", DIM_LENGTH, 0, 1000, 1, false },
    { "m/s", DIM_SPEED, 0, 18, 5, false },
    { "km/h", DIM_SPEED, 0, 1, 1, false },
    { "lx", DIM_LIGHT, 0, 1, 1, false },
    { "dB", DIM_LEVEL, 0, 1, 1, false },
    { "dBm", DIM_POWER_LEVEL, 0, 1, 1, false },
    { "Hz", DIM_FREQUENCY, 0, 1, 1, false },
};

#define UNIT_COUNT (sizeof units / sizeof units[0])

static const struct {
    const char *text, *name;
} aliases[] = {
    { "C", "°C" },        { "℃", "°C" },        { "F", "°F" },        { "℉", "°F" },
    { "l/min", "L/min" }, { "l/s", "L/s" },     { "m³/h", "m3/h" },   { "mg/m³", "mg/m3" },
    { "µg/m³", "ug/m3" }, { "μg/m³", "ug/m3" }, { "µg/m3", "ug/m3" }, { "lux", "lx" },
};

#define ALIAS_COUNT (sizeof aliases / sizeof aliases[0])

static bool is_unit(int unit)
{
    return unit > UNIT_NONE && (size_t)unit <= UNIT_COUNT;
}

static const struct unit *unit_at(int unit)
{
    assert(is_unit(unit));
    return &units[unit - 1];
}

static int find_name(const char *text, size_t len)
{
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strlen(units[i].name) == len && memcmp(units[i].name, text, len) == 0)
            return (int)i + 1;
    }
    return TCN_ENOENT;
}

int unit_find(const char *text, size_t len)
{
    for (size_t i = 0; i < ALIAS_COUNT; i++) {
        if (strlen(aliases[i].text) == len && memcmp(aliases[i].text, text, len) == 0)
            return find_name(aliases[i].name, strlen(aliases[i].name));
    }
    return find_name(text, len);
}

const char *unit_name(int unit)
{
    return unit == UNIT_NONE ? "" : unit_at(unit)->name;
}

/* Obscuration o per metre and its decibels: d = -10 log10(1 - o). */
static double to_base(const struct unit *u, double value)
{
    if (u->logarithmic)
        return -10 * log10(1 - value / 100);
    return (value - u->zero) * u->num / u->den;
}

static double from_base(const struct unit *u, double value)
{
    if (u->logarithmic)
        return (1 - pow(10, -value / 10)) * 100;
    return value * u->den / u->num + u->zero;
}

int unit_convert(int from, int to, double value, double *ret_value)
{
    if (from == to) {
        *ret_value = value;
        return TCN_OK;
    }
    if (from == UNIT_NONE || to == UNIT_NONE || unit_at(from)->dimension != unit_at(to)->dimension)
        return TCN_EINPUT;
    double converted = from_base(unit_at(to), to_base(unit_at(from), value));
    if (isfinite(value) && !isfinite(converted))
        return TCN_EINPUT;
    *ret_value = converted;
    return TCN_OK;
}

const char *unit_list(int like_unit, char *buf, size_t size)
{
    const char *spelling;

    assert(size > 0);
    buf[0] = '\0';
    if (like_unit == UNIT_NONE)
        return buf;
    for (size_t i = 0; (spelling = unit_spelling(i)) != NULL; i++) {
        int unit = unit_find(spelling, strlen(spelling));
        if (unit_at(unit)->dimension != unit_at(like_unit)->dimension)
            continue;
        size_t at = strlen(buf);
        if (tcn_text_format(buf + at, size - at, "%s%s", at > 0 ? ", " : "", spelling) < 0) {
            buf[at] = '\0'; /* no half a unit */
            break;
        }
    }
    return buf;
}

const char *unit_spelling(size_t i)
{
    if (i < UNIT_COUNT)
        return units[i].name;
    i -= UNIT_COUNT;
    return i < ALIAS_COUNT ? aliases[i].text : NULL;
}
