/* ctl/simulate_tell.h - the simulator's voice on the terminal: narration in Chinese and English,
 * set apart from the daemon's log beside it. Colours only on a terminal and without NO_COLOR.
 * Thread: one at a time. */
#ifndef TOCSIN_CTL_SIMULATE_TELL_H
#define TOCSIN_CTL_SIMULATE_TELL_H

#include <stdbool.h>
#include <stdint.h>

struct simulate_where {
    int64_t at_us;  /* since the story began */
    unsigned scene; /* from 1, so that lines of scenes side by side can be told apart; 0: none */
};

/* zh and en say the same. */
void simulate_tell_title(const char *zh, const char *en);
void simulate_tell_scene(struct simulate_where where, const char *zh, const char *en);
void simulate_tell_sent(struct simulate_where where, const char *zh, const char *en);
/* took_us: how long it took, negative: not told. */
void simulate_tell_met(struct simulate_where where, const char *zh, const char *en,
                       int64_t took_us);
void simulate_tell_failed(struct simulate_where where, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One line of the summary: label in both languages, then the text. */
void simulate_tell_row(const char *zh, const char *en, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void simulate_tell_result(bool good, const char *zh, const char *en);

#endif
