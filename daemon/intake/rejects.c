#include "intake/rejects.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

struct rejects {
    uint32_t rows;
    _Atomic uint64_t *counts; /* rows * REJECT_REASON_COUNT */
    struct log_limit *limits; /* by row; P only */
    pthread_mutex_t lock;     /* all below */
    struct reject kept[REJECTS_KEPT_MAX];
    uint32_t next, used;
};

int rejects_new(uint32_t rows, struct rejects **ret)
{
    struct rejects *r = calloc(1, sizeof *r);

    if (r == NULL)
        return TCN_ENOMEM;
    r->rows = rows;
    r->counts = calloc((size_t)rows * REJECT_REASON_COUNT, sizeof *r->counts);
    r->limits = calloc(rows, sizeof *r->limits);
    if (r->counts == NULL || r->limits == NULL || pthread_mutex_init(&r->lock, NULL) != 0) {
        free(r->counts);
        free(r->limits);
        free(r);
        return TCN_ENOMEM;
    }
    *ret = r;
    return TCN_OK;
}

void rejects_free(struct rejects *r)
{
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r->counts);
    free(r->limits);
    free(r);
}

/* Length of the well-formed, visible character at p, 0 if there is none. */
static size_t visible(const unsigned char *p, size_t left)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (len == 1)
        return p[0] >= 0x20 && p[0] != 0x7f;
    if (len > left || !tcn_text_is_utf8((const char *)p, len))
        return 0;
    return p[0] == 0xc2 && p[1] < 0xa0 ? 0 : len; /* U+0080..U+009F: controls, too */
}

void rejects_printable(char *dst, size_t size, const void *bytes, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    size_t at = 0;

    assert(size > 0);
    for (size_t i = 0; i < len;) {
        size_t n = visible(p + i, len - i);

        if (at + (n > 0 ? n : 4) >= size)
            break;
        if (n > 0) {
            memcpy(dst + at, p + i, n);
            at += n;
            i += n;
            continue;
        }
        dst[at++] = '\\';
        dst[at++] = 'x';
        dst[at++] = hex[p[i] >> 4];
        dst[at++] = hex[p[i] & 15];
        i++;
    }
    dst[at] = '\0';
}

static void fill(struct reject *e, const char *source, enum reject_reason reason,
                 const char *detail, const struct link_message *m, int64_t wall_ms)
{
    e->wall_ms = wall_ms;
    e->reason = reason;
    (void)tcn_text_copy(e->source, sizeof e->source, source); /* cut is fine, here and below */
    (void)tcn_text_copy(e->detail, sizeof e->detail, detail);
    rejects_printable(e->topic, sizeof e->topic, m->topic, m->topic_len);
    rejects_printable(e->payload, sizeof e->payload, m->payload, m->payload_len);
    e->payload_len = m->payload_len;
}

static void log_reject(struct rejects *r, uint32_t row, const struct reject *e)
{
    char topic[LOG_QUOTE_SIZE], detail[LOG_QUOTE_SIZE];
    uint64_t held;

    if (!log_allow(&r->limits[row], REJECTS_LOG_EVERY_MS, &held))
        return;
    log_line(LEVEL_WARNING, "message rejected",
             "source=%s reason=%s topic=%s bytes=%llu detail=%s more=%llu, going on without it: "
             "see 'tocsin rejects'",
             e->source, reject_word(e->reason), log_quote(e->topic, topic),
             (unsigned long long)e->payload_len, log_quote(e->detail, detail),
             (unsigned long long)held);
}

void reject_add(struct rejects *r, uint32_t row, const char *source, enum reject_reason reason,
                const char *detail, const struct link_message *m, int64_t wall_ms)
{
    struct reject e;

    assert(row < r->rows && reason < REJECT_REASON_COUNT);
    atomic_fetch_add_explicit(&r->counts[row * REJECT_REASON_COUNT + reason], 1,
                              memory_order_relaxed);
    fill(&e, source, reason, detail, m, wall_ms);

    pthread_mutex_lock(&r->lock);
    r->kept[r->next] = e;
    r->next = (r->next + 1) % REJECTS_KEPT_MAX;
    if (r->used < REJECTS_KEPT_MAX)
        r->used++;
    pthread_mutex_unlock(&r->lock);
    log_reject(r, row, &e);
}

uint32_t rejects_copy(struct rejects *r, struct reject *out, uint32_t max)
{
    uint32_t count;

    pthread_mutex_lock(&r->lock);
    count = r->used < max ? r->used : max;
    for (uint32_t i = 0; i < count; i++)
        out[i] = r->kept[(r->next + REJECTS_KEPT_MAX - 1 - i) % REJECTS_KEPT_MAX];
    pthread_mutex_unlock(&r->lock);
    return count;
}

uint64_t rejects_count(const struct rejects *r, uint32_t row, enum reject_reason reason)
{
    assert(row < r->rows && reason < REJECT_REASON_COUNT);
    return atomic_load_explicit(&r->counts[row * REJECT_REASON_COUNT + reason],
                                memory_order_relaxed);
}

uint64_t rejects_total(const struct rejects *r, enum reject_reason reason)
{
    uint64_t total = 0;

    for (uint32_t row = 0; row < r->rows; row++)
        total += rejects_count(r, row, reason);
    return total;
}
