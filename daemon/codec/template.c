#include "codec/template.h"

#include <assert.h>
#include <string.h>

#define POINTER_TEXT_MAX 512

/* One token of a pointer, in place: ~1 is '/', ~0 is '~'. */
static void unescape(char *token)
{
    char *to = token;

    for (const char *from = token; *from != '\0'; from++) {
        if (from[0] == '~' && (from[1] == '0' || from[1] == '1')) {
            *to++ = from[1] == '1' ? '/' : '~';
            from++;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static void read_token(char *token, struct path_step *step)
{
    size_t len = strlen(token);
    char *equals = strchr(token, '=');

    memset(step, 0, sizeof *step);
    if (strcmp(token, "*") == 0 || strncmp(token, "*:", 2) == 0) {
        step->kind = STEP_EACH;
        step->key = "";
    } else if (len > 2 && token[0] == '[' && token[len - 1] == ']' && equals != NULL) {
        token[len - 1] = '\0';
        *equals = '\0';
        step->kind = STEP_WHERE;
        step->key = token + 1;
        step->equals = equals + 1;
        unescape(token + 1);
        unescape(equals + 1);
    } else {
        step->kind = STEP_KEY;
        step->key = token;
        unescape(token);
    }
}

/* The scalar at a pointer such as /after/camera; text is len bytes and begins with '/'. */
static void pointer_scalar(struct scope *scope, const char *text, size_t len, struct scalar *ret)
{
    char copy[POINTER_TEXT_MAX];
    struct path_step steps[PATH_STEPS_MAX];
    struct path path = { .from = FROM_DOCUMENT, .steps = steps };
    char *token, *next;

    scalar_from_json(ret, NULL);
    if (len >= sizeof copy)
        return;
    memcpy(copy, text, len);
    copy[len] = '\0';
    for (token = copy + 1; token != NULL; token = next) {
        next = strchr(token, '/');
        if (next != NULL)
            *next++ = '\0';
        if (path.step_count == PATH_STEPS_MAX)
            return;
        read_token(token, &steps[path.step_count++]);
    }
    path_scalar(scope, &path, ret);
}

/* Appends; false when it does not fit. *used counts what is there. */
static bool append(char *buf, size_t size, size_t *used, const char *text, size_t len)
{
    size_t room = size - 1 - *used;
    size_t take = len < room ? len : room;

    memcpy(buf + *used, text, take);
    *used += take;
    buf[*used] = '\0';
    return take == len;
}

enum template_result template_expand(struct scope *scope, const char *template, char *buf,
                                     size_t size, const char **ret_piece, size_t *ret_piece_len)
{
    size_t used = 0, len;

    assert(size > 0);
    buf[0] = '\0';
    for (const char *at = template; *at != '\0'; at += len) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        const char *text = at;
        size_t text_len;
        struct scalar s;

        if (end == NULL) {
            len = 1 + strcspn(at + 1, "{");
            text_len = len;
        } else {
            len = (size_t)(end - at) + 1;
            *ret_piece = at + 1;
            *ret_piece_len = len - 2;
            if (at[1] == '/') {
                pointer_scalar(scope, at + 1, len - 2, &s);
                if (s.kind != SCALAR_TEXT || s.len == 0)
                    return TEMPLATE_NO_VALUE;
                text = s.text;
                text_len = s.len;
            } else {
                text = scope_capture(scope, at + 1, len - 2, &text_len);
                if (text == NULL)
                    return TEMPLATE_NO_CAPTURE;
            }
        }
        if (!append(buf, size, &used, text, text_len)) {
            *ret_piece = template;
            *ret_piece_len = strlen(template);
            return TEMPLATE_TOO_LONG;
        }
    }
    return TEMPLATE_OK;
}
