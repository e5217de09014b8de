#include "settings/path_text.h"

#include <string.h>

#include "base/text.h"

/* A step without its escapes, or NULL: no memory. */
static char *unescape(struct arena *arena, const char *text, size_t len)
{
    char *key = arena_text(arena, text, len);
    size_t used = 0;

    for (size_t i = 0; key != NULL && i < len; i++) {
        if (text[i] == '~' && i + 1 < len)
            key[used++] = text[++i] == '1' ? '/' : '~';
        else
            key[used++] = text[i];
    }
    if (key != NULL)
        key[used] = '\0';
    return key;
}

static int check_escapes(const char *text, size_t len, size_t *ret_offset, struct tcn_fail *reterr)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '~' && (i + 1 == len || (text[i + 1] != '0' && text[i + 1] != '1'))) {
            *ret_offset += i;
            return tcn_fail_set(reterr, TCN_EINPUT,
                                "'~' is an escape in a path: write ~0 for '~', ~1 for '/'");
        }
    }
    return TCN_OK;
}

static int parse_where(const char *text, size_t len, struct arena *arena, struct path_step *ret,
                       struct tcn_fail *reterr)
{
    const char *equals = memchr(text, '=', len);

    if (text[len - 1] != ']' || equals == NULL || equals == text + 1)
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "a step in [ ] chooses an array element by a member, like [id=smoke]");
    ret->kind = STEP_WHERE;
    ret->key = unescape(arena, text + 1, (size_t)(equals - text - 1));
    ret->equals = unescape(arena, equals + 1, (size_t)(text + len - 1 - (equals + 1)));
    return ret->key == NULL || ret->equals == NULL ? tcn_fail_set(reterr, TCN_ENOMEM, "no memory")
                                                   : TCN_OK;
}

static int parse_step(const char *text, size_t len, struct arena *arena, struct path_step *ret,
                      size_t *ret_offset, struct tcn_fail *reterr)
{
    int rc = check_escapes(text, len, ret_offset, reterr);

    if (rc < 0)
        return rc;
    if (len > 0 && text[0] == '[')
        return parse_where(text, len, arena, ret, reterr);
    if (len > 0 && text[0] == '*' && (len == 1 || text[1] == ':')) {
        ret->kind = STEP_EACH;
        ret->key = "";
        if (len == 2)
            return tcn_fail_set(reterr, TCN_EINPUT, "'*:' needs a name for the key, like *:device");
        if (len > 2 && (ret->capture = arena_text(arena, text + 2, len - 2)) == NULL)
            return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
        return TCN_OK;
    }
    ret->kind = STEP_KEY;
    ret->key = unescape(arena, text, len);
    return ret->key == NULL ? tcn_fail_set(reterr, TCN_ENOMEM, "no memory") : TCN_OK;
}

static int parse_steps(const char *text, size_t len, struct arena *arena, struct path *ret,
                       size_t *ret_offset, struct tcn_fail *reterr)
{
    uint16_t count = 0, i = 0, each = 0;

    for (size_t k = 0; k < len && count <= PATH_TEXT_STEPS_MAX; k++)
        count = (uint16_t)(count + (text[k] == '/'));
    if (count > PATH_TEXT_STEPS_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "a path has at most %d steps", PATH_TEXT_STEPS_MAX);

    struct path_step *steps = arena_array(arena, count, sizeof *steps);
    if (steps == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
    for (size_t at = 0; at < len; i++) {
        size_t start = at + 1; /* behind the slash */
        const char *slash = memchr(text + start, '/', len - start);
        size_t end = slash == NULL ? len : (size_t)(slash - text);
        *ret_offset = start;
        int rc = parse_step(text + start, end - start, arena, &steps[i], ret_offset, reterr);
        each = (uint16_t)(each + (rc == TCN_OK && steps[i].kind == STEP_EACH));
        if (each > PATH_TEXT_EACH_MAX)
            rc = tcn_fail_set(reterr, TCN_EINPUT, "a path has at most %d steps '*'",
                              PATH_TEXT_EACH_MAX);
        if (rc < 0)
            return rc;
        at = end;
    }
    *ret = (struct path){ .from = FROM_DOCUMENT, .steps = steps, .step_count = count };
    return TCN_OK;
}

int path_text_parse(const char *text, size_t len, struct arena *arena, struct path *ret,
                    size_t *ret_offset, struct tcn_fail *reterr)
{
    *ret_offset = 0;
    if (len == 1 && text[0] == '.') {
        *ret = (struct path){ .from = FROM_TEXT };
        return TCN_OK;
    }
    if (len > 2 && text[0] == '{' && text[len - 1] == '}') {
        const char *name = arena_text(arena, text + 1, len - 2);
        if (name == NULL)
            return tcn_fail_set(reterr, TCN_ENOMEM, "no memory");
        *ret = (struct path){ .from = FROM_CAPTURE, .capture = name };
        return TCN_OK;
    }
    if (len > 0 && text[0] == '/')
        return parse_steps(text, len, arena, ret, ret_offset, reterr);
    return tcn_fail_set(reterr, TCN_EINPUT,
                        "a path begins with '/', like /after/camera; or it is {name} for a "
                        "capture of the topic, or \".\" for the whole text");
}

int path_text_next_hole(const char *template, size_t *at, size_t *ret_start, size_t *ret_len,
                        size_t *ret_offset, struct tcn_fail *reterr)
{
    size_t open = *at + strcspn(template + *at, "{}");

    if (template[open] == '\0')
        return 0;
    size_t close = open + strcspn(template + open, "}");
    *ret_offset = open;
    if (template[open] == '}')
        return tcn_fail_set(reterr, TCN_EINPUT, "'}' without a '{' before it");
    if (template[close] == '\0')
        return tcn_fail_set(reterr, TCN_EINPUT, "'{' is never closed");
    *ret_start = open + 1;
    *ret_len = close - open - 1;
    *at = close + 1;
    return 1;
}
