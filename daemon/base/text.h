/* base/text.h - bounded handling of text: copying, numbers, UTF-8, durations, times. Pure.
 *
 * Units:   durations and times are int64 milliseconds.
 * Thread:  any; nothing is kept. */
#ifndef TOCSIN_BASE_TEXT_H
#define TOCSIN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Copies src (NUL-terminated) into dst of size bytes, always terminated.
 * TCN_EFULL: it was cut, at a UTF-8 boundary. */
int tcn_text_copy(char *dst, size_t size, const char *src);
/* The same for len bytes that need not be terminated; stops at a NUL. */
int tcn_text_copy_n(char *dst, size_t size, const char *src, size_t len);
/* printf into a bounded buffer, always terminated. TCN_EFULL: it was cut. */
int tcn_text_format(char *dst, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many of the len bytes are left when a UTF-8 sequence that the end cuts off is dropped. */
size_t tcn_text_fit(const char *text, size_t len);
/* Length of the well-formed UTF-8 sequence at text, 1 .. 4, or 0 if there is none (len 0, too). */
size_t tcn_text_sequence(const char *text, size_t len);

/* True if the len bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool tcn_text_is_utf8(const char *text, size_t len);

/* Whole text must be a decimal number, finite. TCN_EINPUT otherwise; output untouched. */
int tcn_parse_double(const char *text, size_t len, double *ret_value);
int tcn_parse_int(const char *text, size_t len, int64_t min, int64_t max, int64_t *ret_value);

/* A duration with unit: 500ms, 30s, 5m, 25h, 3d, or sums such as 1h30m. Range 0 .. 400 d.
 * TCN_EINPUT: *reterr says what is missing ("'30' needs a unit, like 30s or 5m"). */
int tcn_parse_duration(const char *text, size_t len, int64_t *ret_ms, struct tcn_fail *reterr);
/* Writes the shortest exact form ("25h", "1h30m", "1.5s" is "1500ms"). buf of 32 bytes. */
void tcn_format_duration(int64_t ms, char buf[32]);

/* RFC 3339 with milliseconds and numeric offset, e.g. 2026-03-01T08:00:00.000+08:00.
 * Range: years 1970 .. 9999, offset within +-18 h; clamped into it. */
#define TCN_RFC3339_SIZE 32
void tcn_format_rfc3339(int64_t wall_ms, int offset_min, char buf[TCN_RFC3339_SIZE]);
/* Accepts RFC 3339 with any number of fraction digits, 'T' or a space, offset "Z", "+08:00",
 * "+0800" or none (then default_offset_min applies). TCN_EINPUT: not a real date. */
int tcn_parse_rfc3339(const char *text, size_t len, int default_offset_min, int64_t *ret_wall_ms);

/* The candidate nearest to word by edit distance, if near enough to be a likely typing slip
 * (at most 1 + len/3 edits), else NULL. For "did you mean". */
struct tcn_nearest {
    const char *word;
    size_t word_len;
    const char *best;
    unsigned best_distance;
};
void tcn_nearest_init(struct tcn_nearest *n, const char *word, size_t len);
void tcn_nearest_try(struct tcn_nearest *n, const char *candidate); /* candidate: kept by pointer */

/* FNV-1a, 64 bit; not for security. Start with TCN_HASH_SEED. */
#define TCN_HASH_SEED UINT64_C(14695981039346656037)
uint64_t tcn_hash(uint64_t seed, const void *data, size_t len);

#endif
