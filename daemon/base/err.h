/* base/err.h - the error codes of the whole project, and the text that travels with one.
 *
 * A function returns TCN_OK (0) or a negative TCN_E*. Text for people is filled into a
 * struct tcn_fail, the last parameter, which may be NULL.
 * Thread:  any; struct tcn_fail belongs to the caller. */
#ifndef TOCSIN_BASE_ERR_H
#define TOCSIN_BASE_ERR_H

#include <stdarg.h>
#include <stdint.h>

/* A code exists only where a caller acts differently on it. */
#define TCN_ERRORS(X)                                                                              \
    X(EINPUT, "bad-input", "the input is not acceptable")                                          \
    X(ENOMEM, "no-memory", "memory ran out")                                                       \
    X(EFULL, "full", "a bounded queue, table or text is full")                                     \
    X(ENOENT, "not-found", "there is no such thing")                                               \
    X(ECONFLICT, "conflict", "the same id was used before for something else")                     \
    X(ESTATE, "wrong-state", "not allowed in the present state")                                   \
    X(EDENIED, "denied", "this actor may not do that")                                             \
    X(EEXPIRED, "expired", "too old to be acted on")                                               \
    X(EIO, "io", "the operating system or a library reported a failure")                           \
    X(ECORRUPT, "corrupt", "stored data does not make sense")                                      \
    X(EAGAIN, "busy", "not now; the same call may succeed later")

enum tcn_err {
    TCN_OK = 0,
    TCN_ERR_BEFORE_FIRST = -100,
#define TCN_ERR_ENUM(name, word, text) TCN_##name,
    TCN_ERRORS(TCN_ERR_ENUM)
#undef TCN_ERR_ENUM
};

#define TCN_NEVER         INT64_MAX /* a time that does not come */
#define TCN_FAIL_TEXT_MAX 512

struct tcn_fail {
    int code;
    char text[TCN_FAIL_TEXT_MAX];
};

/* The code's word as used in replies and counters ("bad-input"), "ok" for TCN_OK. Static. */
const char *tcn_err_word(int code);
/* The code for a word as tcn_err_word() gives it; TCN_EINPUT for an unknown word. */
int tcn_err_code(const char *word);

/* Fills *reterr (may be NULL) and returns code, so that failing is one statement. Text that is
 * too long is cut at a UTF-8 boundary. A macro, so that compiler and analyser see that what comes
 * back is the code, which it therefore evaluates twice. */
#define tcn_fail_set(reterr, code, ...)                                                            \
    tcn_fail_code((code), tcn_fail_fill((reterr), (code), __VA_ARGS__))

int tcn_fail_fill(struct tcn_fail *reterr, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline int tcn_fail_code(int code, int filled)
{
    (void)filled; /* the same code, where the compiler can't see it */
    return code;
}

#endif
