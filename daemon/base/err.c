/* base/err.c - see err.h. */
#include "base/err.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
    int code;
    const char *word, *text;
} errors[] = {
#define ERROR_ROW(name, word, text) { TCN_##name, word, text },
    TCN_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

#define ERROR_COUNT (sizeof errors / sizeof errors[0])

const char *tcn_err_word(int code)
{
    if (code == TCN_OK)
        return "ok";
    for (size_t i = 0; i < ERROR_COUNT; i++) {
        if (errors[i].code == code)
            return errors[i].word;
    }
    return "unknown";
}

int tcn_err_code(const char *word)
{
    if (strcmp(word, "ok") == 0)
        return TCN_OK;
    for (size_t i = 0; i < ERROR_COUNT; i++) {
        if (strcmp(errors[i].word, word) == 0)
            return errors[i].code;
    }
    return TCN_EINPUT;
}

/* What the code means by itself, for when a message can't be made. */
static const char *error_text(int code)
{
    for (size_t i = 0; i < ERROR_COUNT; i++) {
        if (errors[i].code == code)
            return errors[i].text;
    }
    return "";
}

int tcn_fail_fill(struct tcn_fail *reterr, int code, const char *format, ...)
{
    va_list args;

    if (reterr == NULL)
        return code;
    reterr->code = code;
    va_start(args, format);
    int n = vsnprintf(reterr->text, sizeof reterr->text, format, args);
    va_end(args);
    if (n < 0)
        (void)tcn_text_copy(reterr->text, sizeof reterr->text, error_text(code)); /* fits */
    else if ((size_t)n >= sizeof reterr->text)
        reterr->text[tcn_text_fit(reterr->text, sizeof reterr->text - 1)] = '\0';
    return code;
}
