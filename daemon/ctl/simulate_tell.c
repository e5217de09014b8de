#define _GNU_SOURCE
#include "ctl/simulate_tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE     1024
#define LABEL_COLUMNS 20

/* "" where colours are not wanted. */
static const char *colour(const char *code)
{
    static int wanted = -1;

    if (wanted < 0)
        wanted = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    return wanted ? code : "";
}

#define BOLD  colour("\033[1m")
#define DIM   colour("\033[2m")
#define CYAN  colour("\033[36m")
#define GREEN colour("\033[32m")
#define RED   colour("\033[1;31m")
#define PLAIN colour("\033[0m")

/* Whole lines at once, so that they don't mix with the daemon's. */
static void line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void line(const char *format, ...)
{
    char text[LINE_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* too long: the end is missing, no harm */
    va_end(args);
    (void)puts(text); /* a closed terminal ends the program by SIGPIPE */
    (void)fflush(stdout);
}

#define WHERE_SIZE 32

/* "00:31 ③" */
static const char *where_text(struct simulate_where where, char buf[WHERE_SIZE])
{
    static const char *const MARKS[] = { " ", "①", "②", "③", "④", "⑤", "⑥", "⑦", "⑧" };
    unsigned mark = where.scene < sizeof MARKS / sizeof MARKS[0] ? where.scene : 0;

    (void)snprintf(buf, WHERE_SIZE, "%02d:%02d %s", (int)(where.at_us / 60000000),
                   (int)(where.at_us / 1000000 % 60), MARKS[mark]); /* fits */
    return buf;
}

void simulate_tell_title(const char *zh, const char *en)
{
    line("%s%s══ %s · %s ══%s", BOLD, CYAN, zh, en, PLAIN);
}

void simulate_tell_scene(struct simulate_where where, const char *zh, const char *en)
{
    char buf[WHERE_SIZE];

    line("%s%s── %s  %s · %s ──%s", BOLD, CYAN, where_text(where, buf), zh, en, PLAIN);
}

void simulate_tell_sent(struct simulate_where where, const char *zh, const char *en)
{
    char buf[WHERE_SIZE];

    line("%s▶  %s  %s%s  %s%s%s", CYAN, where_text(where, buf), zh, PLAIN, DIM, en, PLAIN);
}

void simulate_tell_met(struct simulate_where where, const char *zh, const char *en, int64_t took_us)
{
    char buf[WHERE_SIZE], took[32] = "";

    if (took_us >= 0 && took_us < 1000000)
        (void)snprintf(took, sizeof took, "  (%.1f ms)", (double)took_us / 1000.0);
    else if (took_us >= 0)
        (void)snprintf(took, sizeof took, "  (%.1f s)", (double)took_us / 1e6);
    line("%s✓  %s  %s%s  %s%s%s%s", GREEN, where_text(where, buf), zh, PLAIN, DIM, en, took, PLAIN);
}

void simulate_tell_failed(struct simulate_where where, const char *format, ...)
{
    char buf[WHERE_SIZE], text[LINE_SIZE - 64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* too long: the end is missing, no harm */
    va_end(args);
    line("%s✗  %s  %s%s", RED, where_text(where, buf), text, PLAIN);
}

void simulate_tell_row(const char *zh, const char *en, const char *format, ...)
{
    char text[LINE_SIZE - 128];
    va_list args;
    /* Every Chinese character here takes 3 bytes and 2 columns. */
    int used = (int)(strlen(zh) / 3 * 2 + 1 + strlen(en));
    int fill = used < LABEL_COLUMNS ? LABEL_COLUMNS - used : 1;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* too long: the end is missing, no harm */
    va_end(args);
    line("  %s%s %s%s%*s%s", BOLD, zh, en, PLAIN, fill, "", text);
}

void simulate_tell_result(bool good, const char *zh, const char *en)
{
    line("%s%s %s  %s%s", good ? GREEN : RED, good ? "✓" : "✗", zh, en, PLAIN);
}
