/* model/topic.c - see topic.h. */
#include "model/topic.h"

#include <string.h>

#include "base/text.h"

struct parser {
    const char *text;
    size_t len;
    struct arena *arena;
    struct topic_level *levels;
    const char *names[TOPIC_CAPTURES_MAX];
    uint16_t level_count, name_count;
    bool open_end, has_some;
    size_t spot; /* of the error */
    struct tcn_fail *reterr;
};

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *name, size_t len)
{
    if (len == 0 || !is_letter(name[0]))
        return false;
    for (size_t i = 1; i < len; i++) {
        if (!is_letter(name[i]) && !(name[i] >= '0' && name[i] <= '9') && name[i] != '_')
            return false;
    }
    return true;
}

/* ---- compiling ---- */

/* Where the well-formed UTF-8 at the start of the text ends. */
static size_t utf8_prefix(const char *text, size_t len)
{
    size_t at = 0, n;

    while (at < len && (n = tcn_text_sequence(text + at, len - at)) > 0)
        at += n;
    return at;
}

static int check_text(struct parser *p)
{
    if (p->len == 0)
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "the topic is empty: write one like sensors/{device}/state");
    if (p->len > TOPIC_MAX) {
        p->spot = TOPIC_MAX;
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "a topic may have at most %d bytes, this one has %zu", TOPIC_MAX,
                            p->len);
    }
    for (size_t i = 0; i < p->len; i++) {
        if (is_control((unsigned char)p->text[i])) {
            p->spot = i;
            return tcn_fail_set(p->reterr, TCN_EINPUT,
                                "control character 0x%02x: topics hold none of these",
                                (unsigned)(unsigned char)p->text[i]);
        }
    }
    if (!tcn_text_is_utf8(p->text, p->len)) {
        p->spot = utf8_prefix(p->text, p->len);
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "the topic is not UTF-8 here: save the file in UTF-8");
    }
    if (strncmp(p->text, "$share/", 7) == 0)
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "shared subscriptions are not supported: write the topic that follows "
                            "'$share/<group>/'");
    return TCN_OK;
}

static int add_level(struct parser *p, const struct topic_level *level)
{
    if (level->prefix == NULL || level->suffix == NULL)
        return tcn_fail_set(p->reterr, TCN_ENOMEM, "memory ran out");
    p->levels[p->level_count++] = *level;
    return TCN_OK;
}

static int check_name(struct parser *p, size_t start, size_t len)
{
    const char *name = p->text + start;

    p->spot = start;
    if (len == 0) {
        p->spot = start - 1;
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "the capture needs a name, like {device} or {device...}");
    }
    if (!is_name(name, len))
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "'%.*s' can't name a capture: a name is a letter, then letters, "
                            "digits and '_'; several levels are {name...}, with three dots",
                            (int)len, name);
    for (uint16_t i = 0; i < p->name_count; i++) {
        if (strlen(p->names[i]) == len && memcmp(p->names[i], name, len) == 0)
            return tcn_fail_set(p->reterr, TCN_EINPUT,
                                "'%.*s' is captured twice: give the second another name, or use "
                                "'+' if it is not needed",
                                (int)len, name);
    }
    if (p->name_count == TOPIC_CAPTURES_MAX)
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "a topic may capture at most %d names: use '+' for levels that are "
                            "not needed",
                            TOPIC_CAPTURES_MAX);
    return TCN_OK;
}

/* A {name...}, which must be the only one and fill its level. */
static int check_some(struct parser *p, size_t start, size_t end, size_t open, size_t close)
{
    int width = (int)(close + 1 - open);

    p->spot = open;
    if (open != start || close + 1 != end) {
        bool before = open != start;

        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "'%.*s' takes whole levels and can't share one with '%.*s': set it "
                            "off with '/', or capture one level without the dots",
                            width, p->text + open, (int)(before ? open - start : end - close - 1),
                            before ? p->text + start : p->text + close + 1);
    }
    if (p->has_some)
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "only one capture may take several levels, and there is one already: "
                            "it would be unclear where the first ends");
    p->has_some = true;
    return TCN_OK;
}

static int parse_capture(struct parser *p, size_t start, size_t end, size_t open)
{
    const char *closing = memchr(p->text + open, '}', end - open), *again;
    struct topic_level level = { .kind = LEVEL_ONE };
    size_t close, name_len;
    int rc;

    p->spot = open;
    if (closing == NULL)
        return tcn_fail_set(p->reterr, TCN_EINPUT, "'{' is not closed before the level ends");
    close = (size_t)(closing - p->text);
    name_len = close - open - 1;
    if (name_len >= 3 && memcmp(closing - 3, "...", 3) == 0) {
        level.kind = LEVEL_SOME;
        name_len -= 3;
    }
    rc = check_name(p, open + 1, name_len);
    if (rc == TCN_OK && level.kind == LEVEL_SOME)
        rc = check_some(p, start, end, open, close);
    if (rc < 0)
        return rc;

    again = memchr(closing + 1, '{', end - close - 1);
    if (again != NULL) {
        p->spot = (size_t)(again - p->text);
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "one level can hold one capture: it would be unclear where the first "
                            "ends");
    }
    if (p->level_count == 0 && p->text[0] == '$') {
        p->spot = open;
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "brokers deliver no topic that begins with '$' to a wildcard in the "
                            "first level: write that level out");
    }
    level.prefix = arena_text(p->arena, p->text + start, open - start);
    level.suffix = arena_text(p->arena, closing + 1, end - close - 1);
    level.capture = arena_text(p->arena, p->text + open + 1, name_len);
    if (level.capture == NULL)
        return tcn_fail_set(p->reterr, TCN_ENOMEM, "memory ran out");
    p->names[p->name_count++] = level.capture;
    return add_level(p, &level);
}

static int parse_wildcard(struct parser *p, size_t end, char wildcard)
{
    if (wildcard == '+') {
        const struct topic_level one = { .kind = LEVEL_ONE, .prefix = "", .suffix = "" };

        return add_level(p, &one);
    }
    if (end != p->len)
        return tcn_fail_set(p->reterr, TCN_EINPUT,
                            "'#' stands for all further levels, so nothing can follow it: in the "
                            "middle use '+' for one level or {name...} for several");
    p->open_end = true;
    return TCN_OK;
}

static int parse_level(struct parser *p, size_t start, size_t end)
{
    struct topic_level level = { .kind = LEVEL_TEXT, .suffix = "" };
    size_t open = end;
    bool inside = false;

    for (size_t i = start; i < end; i++) {
        char c = p->text[i];

        p->spot = i;
        if ((c == '+' || c == '#') && end - start == 1)
            return parse_wildcard(p, end, c);
        if (c == '+' || c == '#')
            return tcn_fail_set(p->reterr, TCN_EINPUT,
                                "'%c' must be a level of its own: to match a part of a level, "
                                "capture it, like sensor-{id}",
                                c);
        if (c == '}' && !inside)
            return tcn_fail_set(p->reterr, TCN_EINPUT, "'}' closes nothing: a capture is {name}");
        if (c == '{' && open == end)
            open = i;
        inside = c == '{' || (inside && c != '}');
    }
    if (open != end)
        return parse_capture(p, start, end, open);
    level.prefix = arena_text(p->arena, p->text + start, end - start);
    return add_level(p, &level);
}

static int parse_levels(struct parser *p)
{
    size_t start = 0, slashes = 0;

    for (size_t i = 0; i < p->len; i++)
        slashes += p->text[i] == '/';
    p->levels = arena_array(p->arena, slashes + 1, sizeof *p->levels);
    if (p->levels == NULL)
        return tcn_fail_set(p->reterr, TCN_ENOMEM, "memory ran out");

    while (start <= p->len) {
        const char *slash = memchr(p->text + start, '/', p->len - start);
        size_t end = slash != NULL ? (size_t)(slash - p->text) : p->len;
        int rc = parse_level(p, start, end);

        if (rc < 0)
            return rc;
        start = end + 1;
    }
    return TCN_OK;
}

/* Never longer than the pattern: each capture or wildcard becomes one character. */
static const char *make_filter(struct parser *p)
{
    char *filter = arena_alloc(p->arena, p->len + 1);
    size_t len = 0;
    bool some = false;

    if (filter == NULL)
        return NULL;
    for (uint16_t i = 0; i < p->level_count && !some; i++) {
        const struct topic_level *level = &p->levels[i];

        if (i > 0)
            filter[len++] = '/';
        some = level->kind == LEVEL_SOME;
        if (level->kind == LEVEL_TEXT) {
            size_t n = strlen(level->prefix);

            memcpy(filter + len, level->prefix, n);
            len += n;
        } else {
            filter[len++] = some ? '#' : '+';
        }
    }
    if (p->open_end && !some) {
        if (p->level_count > 0)
            filter[len++] = '/';
        filter[len++] = '#';
    }
    filter[len] = '\0';
    return filter;
}

int topic_compile(const char *text, struct arena *arena, struct topic_pattern *ret,
                  size_t *ret_offset, struct tcn_fail *reterr)
{
    struct parser p = { .text = text, .len = strlen(text), .arena = arena, .reterr = reterr };
    struct topic_pattern pattern = { 0 };
    int rc = check_text(&p);

    if (rc == TCN_OK)
        rc = parse_levels(&p);
    if (rc == TCN_OK) {
        pattern.text = arena_text(arena, text, p.len);
        pattern.filter = make_filter(&p);
        if (pattern.text == NULL || pattern.filter == NULL)
            rc = tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out");
    }
    if (rc < 0) {
        if (ret_offset != NULL)
            *ret_offset = p.spot;
        return rc;
    }
    pattern.levels = p.levels;
    pattern.level_count = p.level_count;
    pattern.open_end = p.open_end;
    *ret = pattern;
    return TCN_OK;
}

/* ---- matching ---- */

struct cursor {
    const char *topic;
    size_t len, at; /* at > len: past the last level */
};

static bool next_level(struct cursor *c, const char **ret_level, size_t *ret_len)
{
    const char *level, *slash;
    size_t left;

    if (c->at > c->len)
        return false;
    level = c->topic + c->at;
    left = c->len - c->at;
    slash = memchr(level, '/', left);
    *ret_level = level;
    *ret_len = slash != NULL ? (size_t)(slash - level) : left;
    c->at += *ret_len + 1;
    return true;
}

static void add_capture(struct topic_match *m, const char *name, const char *text, size_t len)
{
    m->captures[m->count].name = name;
    m->captures[m->count].text = text;
    m->captures[m->count].len = len;
    m->count++;
}

static bool match_level(const struct topic_level *level, const char *text, size_t len,
                        struct topic_match *m)
{
    size_t prefix_len = strlen(level->prefix), suffix_len, captured;

    if (len < prefix_len || memcmp(text, level->prefix, prefix_len) != 0)
        return false;
    if (level->kind == LEVEL_TEXT)
        return len == prefix_len;

    suffix_len = strlen(level->suffix);
    if (len - prefix_len < suffix_len ||
        memcmp(text + len - suffix_len, level->suffix, suffix_len) != 0)
        return false;
    captured = len - prefix_len - suffix_len;
    if (level->capture == NULL)
        return true;
    if (captured == 0)
        return false;
    add_capture(m, level->capture, text + prefix_len, captured);
    return true;
}

/* Matches levels one to one from *c on. */
static bool match_levels(const struct topic_level *levels, size_t count, struct cursor *c,
                         struct topic_match *m)
{
    for (size_t i = 0; i < count; i++) {
        const char *text;
        size_t len;

        if (!next_level(c, &text, &len) || !match_level(&levels[i], text, len, m))
            return false;
    }
    return true;
}

/* levels[0] takes one or more levels; the fewest that let the rest match. */
static bool match_some(const struct topic_pattern *p, const struct topic_level *levels,
                       size_t count, struct cursor c, struct topic_match *m)
{
    const size_t start = c.at;
    uint16_t captures = m->count;
    const char *text;
    size_t len;

    while (next_level(&c, &text, &len)) {
        struct cursor rest = c;
        size_t taken = c.at - 1 - start;

        if (taken == 0) /* as above: a capture is never empty */
            continue;
        m->count = captures;
        add_capture(m, levels[0].capture, c.topic + start, taken);
        if (match_levels(levels + 1, count - 1, &rest, m) && (p->open_end || rest.at > rest.len))
            return true;
    }
    return false;
}

bool topic_match(const struct topic_pattern *p, const char *topic, size_t len,
                 struct topic_match *ret_match)
{
    struct topic_match m = { .count = 0 };
    struct cursor c = { .topic = topic, .len = len };
    bool wild = p->level_count == 0 || p->levels[0].kind != LEVEL_TEXT;
    size_t fixed = 0;
    bool matched;

    if (len == 0 || len > TOPIC_MAX || (wild && topic[0] == '$'))
        return false;
    while (fixed < p->level_count && p->levels[fixed].kind != LEVEL_SOME)
        fixed++;
    matched = match_levels(p->levels, fixed, &c, &m);
    if (matched && fixed < p->level_count)
        matched = match_some(p, p->levels + fixed, p->level_count - fixed, c, &m);
    else if (matched)
        matched = p->open_end || c.at > c.len;
    if (matched && ret_match != NULL)
        *ret_match = m;
    return matched;
}

const char *topic_capture(const struct topic_match *m, const char *name, size_t *ret_len)
{
    for (uint16_t i = 0; i < m->count; i++) {
        if (strcmp(m->captures[i].name, name) == 0) {
            *ret_len = m->captures[i].len;
            return m->captures[i].text;
        }
    }
    return NULL;
}

/* ---- publishing ---- */

/* Bytes of the character at text if a topic may hold it as it is, else 0: then one byte of it is
 * encoded. Brokers cut the connection over text that is not UTF-8. */
static size_t plain_bytes(const unsigned char *text, size_t left)
{
    size_t n = tcn_text_sequence((const char *)text, left);

    if (n == 0 || is_control(text[0]) ||
        (text[0] == 0xc2 && text[1] < 0xa0)) /* U+0080 .. U+009F too */
        return 0;
    return text[0] == '/' || text[0] == '+' || text[0] == '#' || text[0] == '%' ? 0 : n;
}

void topic_append_level(struct buf *topic, const char *level)
{
    const unsigned char *text = (const unsigned char *)level;
    size_t len = strlen(level), at = 0;

    while (at < len) {
        size_t run = at, n = 0;

        while (run < len && (n = plain_bytes(text + run, len - run)) > 0)
            run += n;
        buf_append(topic, text + at, run - at);
        if (run < len)
            buf_format(topic, "%%%02X", (unsigned)text[run++]);
        at = run;
    }
}
