/* ctl/ctl_text.h - text on a terminal: how wide it is, and times as people say them. Pure.
 *
 * Units:   widths are terminal columns: a Chinese character takes two, a combining mark none.
 *          Source: Unicode's East Asian Width (UAX #11), classes W and F. */
#ifndef TOCSIN_CTL_CTL_TEXT_H
#define TOCSIN_CTL_CTL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CTL_TIME_SIZE 64

/* Columns that the text takes once it is cleaned. */
unsigned ctl_text_width(const char *text);
/* Appends text, made harmless for a terminal (control characters and bytes that are not UTF-8
 * become '?'), cut to max columns with an ellipsis; max 0: not cut. Returns the columns taken. */
unsigned ctl_text_fit(const char *text, unsigned max, struct buf *out);

/* "3 min": the largest unit that gives at least 1; hours up to two days. */
void ctl_text_span(int64_t ms, char buf[CTL_TIME_SIZE]);
/* "just now", "3 min ago", "in 2 h". */
void ctl_text_relative(int64_t now_ms, int64_t at_ms, char buf[CTL_TIME_SIZE]);
/* A deadline: "in 2 h", "overdue 5 min". */
void ctl_text_deadline(int64_t now_ms, int64_t at_ms, char buf[CTL_TIME_SIZE]);
/* An RFC 3339 time of the gateway in short: "03-01 08:00:05", with the year if it is another than
 * now's; "-" for NULL, text as it is when it is no time. now: RFC 3339, too, or "". */
void ctl_text_time(const char *rfc3339, const char *now, char buf[CTL_TIME_SIZE]);

#endif
