/* base/text_time.c - durations and times of text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECOND_MS       INT64_C(1000)
#define MINUTE_MS       (60 * SECOND_MS)
#define HOUR_MS         (60 * MINUTE_MS)
#define DAY_MS          (24 * HOUR_MS)
#define DURATION_MAX_MS (400 * DAY_MS)
#define WALL_MAX_MS     INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define OFFSET_MAX_MIN  (18 * 60)

static const struct {
    const char *word;
    int64_t ms;
} duration_units[] = {
    { "d", DAY_MS }, { "h", HOUR_MS }, { "m", MINUTE_MS }, { "s", SECOND_MS }, { "ms", 1 },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int64_t unit_ms(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof duration_units / sizeof duration_units[0]; i++) {
        if (strlen(duration_units[i].word) == len && memcmp(duration_units[i].word, word, len) == 0)
            return duration_units[i].ms;
    }
    return 0;
}

/* A cursor over a duration's text; every complaint quotes the whole of it. */
struct duration_reader {
    const char *text;
    size_t len, at;
    struct tcn_fail *reterr;
};

/* As much of the text as a message can bear. */
static int shown(const struct duration_reader *r)
{
    return (int)(r->len <= 40 ? r->len : tcn_text_fit(r->text, 40));
}

/* Reads one number with its unit. */
static int read_part(struct duration_reader *r, int64_t *ret_count, int64_t *ret_unit_ms)
{
    const char *text = r->text;
    size_t start = r->at;
    int64_t count;

    while (r->at < r->len && is_digit(text[r->at]))
        r->at++;
    if (r->at == start)
        return tcn_fail_set(r->reterr, TCN_EINPUT,
                            "'%.*s' is not a duration: write a number with a unit, like 30s or 5m",
                            shown(r), text);
    if (tcn_parse_int(text + start, r->at - start, 0, DURATION_MAX_MS, &count) < 0)
        return tcn_fail_set(r->reterr, TCN_EINPUT, "'%.*s' is too long: at most 400d", shown(r),
                            text);
    if (r->at < r->len && text[r->at] == '.')
        return tcn_fail_set(r->reterr, TCN_EINPUT,
                            "'%.*s' has a fraction: use a smaller unit, like 1h30m or 1500ms",
                            shown(r), text);
    size_t unit = r->at;
    while (r->at < r->len && is_letter(text[r->at]))
        r->at++;
    if (r->at == unit)
        return tcn_fail_set(r->reterr, TCN_EINPUT, "'%.*s' needs a unit, like %lds or %ldm",
                            shown(r), text, (long)count, (long)count);
    int64_t ms = unit_ms(text + unit, r->at - unit);
    if (ms == 0)
        return tcn_fail_set(r->reterr, TCN_EINPUT,
                            "'%.*s' has an unknown unit: use ms, s, m, h or d", shown(r), text);
    *ret_count = count;
    *ret_unit_ms = ms;
    return TCN_OK;
}

int tcn_parse_duration(const char *text, size_t len, int64_t *ret_ms, struct tcn_fail *reterr)
{
    struct duration_reader r = { .text = text, .len = len, .reterr = reterr };
    int64_t total = 0, last_unit_ms = INT64_MAX;

    if (len == 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "a duration is missing, like 30s or 5m");
    while (r.at < len) {
        int64_t count, ms, part;
        int rc = read_part(&r, &count, &ms);
        if (rc < 0)
            return rc;
        if (ms >= last_unit_ms)
            return tcn_fail_set(reterr, TCN_EINPUT,
                                "'%.*s' must name each unit once, the greatest first, like 1h30m",
                                shown(&r), text);
        last_unit_ms = ms;
        if (__builtin_mul_overflow(count, ms, &part) ||
            __builtin_add_overflow(total, part, &total) || total > DURATION_MAX_MS)
            return tcn_fail_set(reterr, TCN_EINPUT, "'%.*s' is too long: at most 400d", shown(&r),
                                text);
    }
    *ret_ms = total;
    return TCN_OK;
}

/* Appends "<count><unit>" unless count is 0. */
static size_t put_part(char buf[32], size_t at, uint64_t count, const char *unit)
{
    if (count == 0)
        return at;
    /* 32 bytes hold the longest: -2562047788015h12m55s808ms */
    (void)tcn_text_format(buf + at, 32 - at, "%llu%s", (unsigned long long)count, unit);
    return at + strlen(buf + at);
}

void tcn_format_duration(int64_t ms, char buf[32])
{
    uint64_t left = ms < 0 ? (uint64_t)0 - (uint64_t)ms : (uint64_t)ms;
    size_t at = 0;

    if (left == 0) {
        (void)tcn_text_copy(buf, 32, "0s");
        return;
    }
    if (ms < 0)
        buf[at++] = '-';
    buf[at] = '\0';
    if (left % (uint64_t)DAY_MS == 0) {
        (void)put_part(buf, at, left / (uint64_t)DAY_MS, "d");
        return;
    }
    if (left < (uint64_t)MINUTE_MS && left % (uint64_t)SECOND_MS != 0) {
        (void)put_part(buf, at, left, "ms");
        return;
    }
    at = put_part(buf, at, left / (uint64_t)HOUR_MS, "h");
    at = put_part(buf, at, left % (uint64_t)HOUR_MS / (uint64_t)MINUTE_MS, "m");
    at = put_part(buf, at, left % (uint64_t)MINUTE_MS / (uint64_t)SECOND_MS, "s");
    (void)put_part(buf, at, left % (uint64_t)SECOND_MS, "ms");
}

/* --- RFC 3339 ------------------------------------------------------------------------------ */

struct civil {
    int year, month, day;
};

/* Days since 1970-01-01 of a date of the Gregorian calendar, by eras of 400 years that begin on
 * the first of March, so that the leap day is the last of its year. */
static int64_t days_of(struct civil c)
{
    int64_t year = c.month <= 2 ? c.year - 1 : c.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* month, March is 0 */
    struct civil c = {
        .day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1),
        .month = (int)(shifted < 10 ? shifted + 3 : shifted - 9),
    };
    c.year = (int)(year_of_era + era * 400 + (c.month <= 2));
    return c;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

void tcn_format_rfc3339(int64_t wall_ms, int offset_min, char buf[TCN_RFC3339_SIZE])
{
    int offset = (int)clamp(offset_min, -OFFSET_MAX_MIN, OFFSET_MAX_MIN);
    int64_t local = clamp(wall_ms, 0, WALL_MAX_MS) + offset * MINUTE_MS;
    local = clamp(local, 0, WALL_MAX_MS);
    struct civil c = civil_of(local / DAY_MS);
    int ms = (int)(local % DAY_MS);
    int distance = offset < 0 ? -offset : offset;

    /* 29 characters: years have four digits after clamping. */
    (void)tcn_text_format(buf, TCN_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d",
                          c.year, c.month, c.day, ms / (int)HOUR_MS,
                          ms % (int)HOUR_MS / (int)MINUTE_MS, ms % (int)MINUTE_MS / (int)SECOND_MS,
                          ms % (int)SECOND_MS, offset < 0 ? '-' : '+', distance / 60,
                          distance % 60);
}

struct time_reader { /* sticky error: after one, everything reads as 0 */
    const char *text;
    size_t len, at;
    bool bad;
};

static char peek(const struct time_reader *r)
{
    return !r->bad && r->at < r->len ? r->text[r->at] : '\0';
}

static void expect(struct time_reader *r, const char *any_of)
{
    char c = peek(r);
    if (c == '\0' || strchr(any_of, c) == NULL)
        r->bad = true;
    else
        r->at++;
}

static int digits(struct time_reader *r, int count, int min, int max)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!is_digit(peek(r))) {
            r->bad = true;
            return min;
        }
        value = value * 10 + (r->text[r->at++] - '0');
    }
    if (value < min || value > max) {
        r->bad = true;
        return min;
    }
    return value;
}

/* Any number of digits; what is finer than a millisecond is cut off. */
static int fraction_ms(struct time_reader *r)
{
    int ms = 0, weight = 100;

    if (peek(r) != '.')
        return 0;
    r->at++;
    if (!is_digit(peek(r)))
        r->bad = true;
    for (; is_digit(peek(r)); r->at++) {
        ms += (r->text[r->at] - '0') * weight;
        weight /= 10;
    }
    return ms;
}

static int read_offset(struct time_reader *r, int default_offset_min)
{
    if (r->at == r->len)
        return default_offset_min;
    char sign = peek(r);
    expect(r, "Zz+-");
    if (sign == 'Z' || sign == 'z')
        return 0;
    int offset = digits(r, 2, 0, 18) * 60;
    if (peek(r) == ':')
        r->at++;
    offset += digits(r, 2, 0, 59);
    if (offset > OFFSET_MAX_MIN)
        r->bad = true;
    return sign == '-' ? -offset : offset;
}

int tcn_parse_rfc3339(const char *text, size_t len, int default_offset_min, int64_t *ret_wall_ms)
{
    struct time_reader r = { .text = text, .len = len };
    struct civil c;

    c.year = digits(&r, 4, 0, 9999);
    expect(&r, "-");
    c.month = digits(&r, 2, 1, 12);
    expect(&r, "-");
    c.day = digits(&r, 2, 1, days_in_month(c.year, c.month));
    expect(&r, "Tt ");
    int64_t ms = digits(&r, 2, 0, 23) * HOUR_MS;
    expect(&r, ":");
    ms += digits(&r, 2, 0, 59) * MINUTE_MS;
    expect(&r, ":");
    int second = digits(&r, 2, 0, 60);
    ms += second * SECOND_MS + fraction_ms(&r);
    ms += days_of(c) * DAY_MS - read_offset(&r, default_offset_min) * MINUTE_MS;
    if (r.bad || r.at != len || ms < 0 || ms > WALL_MAX_MS)
        return TCN_EINPUT;
    /* A leap second is the last of a day in UTC; it counts as the first of the next. */
    if (second == 60 && ms % DAY_MS >= SECOND_MS)
        return TCN_EINPUT;
    *ret_wall_ms = ms;
    return TCN_OK;
}
