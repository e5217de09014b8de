/* The first line is a pattern, the rest a topic. What matches the pattern must match its filter
 * by MQTT's own rules, or the broker would never have sent it; with only '+' and '#' in the pattern
 * the two must agree. clang -fsanitize=fuzzer,address,undefined */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t level_len(const char *text, size_t len)
{
    const char *slash = memchr(text, '/', len);

    return slash != NULL ? (size_t)(slash - text) : len;
}

/* MQTT 5.0, section 4.7. */
static bool broker_matches(const char *filter, const char *topic, size_t len)
{
    size_t filter_len = strlen(filter), f = 0, t = 0;

    if (len == 0 || (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')))
        return false;
    for (;;) {
        size_t fl = level_len(filter + f, filter_len - f), tl;

        if (fl == 1 && filter[f] == '#')
            return true;
        tl = level_len(topic + t, len - t);
        if (!(fl == 1 && filter[f] == '+') && (fl != tl || memcmp(filter + f, topic + t, fl) != 0))
            return false;
        f += fl;
        t += tl;
        if (t == len)
            return f == filter_len || strcmp(filter + f, "/#") == 0;
        if (f == filter_len)
            return false;
        f++;
        t++;
    }
}

static void check_match(const struct topic_pattern *p, const char *topic, size_t len)
{
    struct topic_match m;
    bool matched = topic_match(p, topic, len, &m);

    assert(matched == topic_match(p, topic, len, NULL));
    if (matched)
        assert(broker_matches(p->filter, topic, len));
    if (strchr(p->text, '{') == NULL && len <= TOPIC_MAX)
        assert(matched == broker_matches(p->filter, topic, len));
    for (uint16_t i = 0; matched && i < m.count; i++) {
        assert(m.captures[i].len > 0 && m.captures[i].text >= topic);
        assert(m.captures[i].text + m.captures[i].len <= topic + len);
        assert(i == 0 || m.captures[i].text >= m.captures[i - 1].text + m.captures[i - 1].len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t pattern_len = line != NULL ? (size_t)(line - data) : size, offset = 0;
    size_t topic_len = line != NULL ? size - pattern_len - 1 : 0;
    char *pattern = malloc(pattern_len + 1), *topic = malloc(topic_len + 1);
    struct arena arena = { 0 };
    struct buf level = { 0 };
    struct tcn_fail fail = { 0 };
    struct topic_pattern p;

    assert(pattern != NULL && topic != NULL);
    memcpy(pattern, data, pattern_len);
    pattern[pattern_len] = '\0';
    if (topic_len > 0)
        memcpy(topic, line + 1, topic_len);
    topic[topic_len] = '\0';

    if (topic_compile(pattern, &arena, &p, &offset, &fail) == TCN_OK) {
        assert(strlen(p.filter) <= strlen(pattern));
        check_match(&p, topic, topic_len);
    } else {
        assert(offset <= strlen(pattern) && fail.text[0] != '\0');
    }
    topic_append_level(&level, topic);
    assert(tcn_text_is_utf8(level.bytes, level.len));
    assert(level.len == 0 || strpbrk(level.bytes, "/+#") == NULL);

    buf_done(&level);
    arena_done(&arena);
    free(topic);
    free(pattern);
    return 0;
}
