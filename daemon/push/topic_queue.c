/* push/topic_queue.c - see topic_queue.h.
 *
 * Topics are found by a hash table of chains. Those in which something may go now are in a binary
 * heap, those that rest are in a list; a topic with nothing in it is forgotten. */
#include "push/topic_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TABLE_SIZE  4096 /* a power of two */
#define NOT_IN_HEAP SIZE_MAX
#define HEAP_START  64

struct item {
    struct queue_message m;          /* first: a pointer to it is one to the item */
    struct item *next;               /* in its topic, while it waits */
    struct item *all_next, **all_at; /* among all, taken ones included */
    struct topic *topic;
    size_t bytes;
};

struct topic {
    struct topic *chain;     /* in the hash table */
    struct topic *rest_next; /* among those that rest */
    uint64_t hash;
    struct item *first, *last; /* waiting, by id */
    uint32_t by_priority[TOPIC_QUEUE_PRIORITIES];
    uint32_t taken, refusals;
    size_t heap_at; /* NOT_IN_HEAP: rests, or nothing waits */
    bool rests;
    int64_t rest_until_us;
    size_t bytes;
    char name[];
};

struct topic_queue {
    size_t memory_max;
    struct topic *table[TABLE_SIZE];
    struct topic **heap;
    size_t heap_count, heap_capacity;
    struct topic *resting;
    struct item *all;
    int64_t rest_until_us; /* the earliest of them */
    struct topic_queue_counts counts;
};

/* ---- the heap ------------------------------------------------------------------------------ */

static unsigned urgency(const struct topic *t)
{
    unsigned p = 0;

    while (p < TOPIC_QUEUE_PRIORITIES - 1 && t->by_priority[p] == 0)
        p++;
    return p;
}

static bool before(const struct topic *a, const struct topic *b)
{
    unsigned ua = urgency(a), ub = urgency(b);

    return ua != ub ? ua < ub : a->first->m.id < b->first->m.id;
}

static void heap_set(struct topic_queue *q, size_t at, struct topic *t)
{
    q->heap[at] = t;
    t->heap_at = at;
}

static void heap_up(struct topic_queue *q, size_t at)
{
    struct topic *t = q->heap[at];

    while (at > 0 && before(t, q->heap[(at - 1) / 2])) {
        heap_set(q, at, q->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(q, at, t);
}

static void heap_down(struct topic_queue *q, size_t at)
{
    struct topic *t = q->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= q->heap_count)
            break;
        if (child + 1 < q->heap_count && before(q->heap[child + 1], q->heap[child]))
            child++;
        if (!before(q->heap[child], t))
            break;
        heap_set(q, at, q->heap[child]);
        at = child;
    }
    heap_set(q, at, t);
}

static void heap_remove(struct topic_queue *q, struct topic *t)
{
    size_t at = t->heap_at;
    struct topic *moved = q->heap[--q->heap_count];

    t->heap_at = NOT_IN_HEAP;
    if (moved == t)
        return;
    heap_set(q, at, moved);
    heap_up(q, at);
    heap_down(q, moved->heap_at);
}

/* There is room: every topic of the table has its place, see topic_new(). */
static void heap_add(struct topic_queue *q, struct topic *t)
{
    assert(q->heap_count < q->heap_capacity);
    heap_set(q, q->heap_count++, t);
    heap_up(q, t->heap_at);
}

/* After something changed in a topic: into the heap, out of it, or to its new place in it. */
static void settle(struct topic_queue *q, struct topic *t)
{
    /* Of a retained topic one is under way at a time: if a connection is lost, or a publish
     * refused, no older state may come behind a newer one. */
    bool ready = t->first != NULL && !t->rests && !(t->first->m.retain && t->taken > 0);

    if (ready && t->heap_at == NOT_IN_HEAP) {
        heap_add(q, t);
    } else if (!ready && t->heap_at != NOT_IN_HEAP) {
        heap_remove(q, t);
    } else if (ready) {
        heap_up(q, t->heap_at);
        heap_down(q, t->heap_at);
    }
}

/* ---- topics -------------------------------------------------------------------------------- */

static struct topic *topic_find(const struct topic_queue *q, const char *name, uint64_t hash)
{
    struct topic *t = q->table[hash & (TABLE_SIZE - 1)];

    while (t != NULL && (t->hash != hash || strcmp(t->name, name) != 0))
        t = t->chain;
    return t;
}

static bool heap_reserve(struct topic_queue *q)
{
    size_t capacity = q->heap_capacity > 0 ? q->heap_capacity * 2 : HEAP_START;
    struct topic **heap;

    if (q->counts.topics < q->heap_capacity)
        return true;
    heap = realloc(q->heap, capacity * sizeof *heap);
    if (heap == NULL)
        return false;
    q->heap = heap;
    q->heap_capacity = capacity;
    return true;
}

static struct topic *topic_new(struct topic_queue *q, const char *name, uint64_t hash)
{
    size_t len = strlen(name) + 1;
    struct topic *t;

    if (!heap_reserve(q))
        return NULL;
    t = calloc(1, sizeof *t + len);
    if (t == NULL)
        return NULL;
    memcpy(t->name, name, len);
    t->hash = hash;
    t->heap_at = NOT_IN_HEAP;
    t->bytes = sizeof *t + len;
    t->chain = q->table[hash & (TABLE_SIZE - 1)];
    q->table[hash & (TABLE_SIZE - 1)] = t;
    q->counts.topics++;
    q->counts.bytes += t->bytes;
    return t;
}

static void rest_end(struct topic_queue *q, struct topic *t)
{
    struct topic **at = &q->resting;

    while (*at != t)
        at = &(*at)->rest_next;
    *at = t->rest_next;
    t->rests = false;
}

static void topic_forget_if_empty(struct topic_queue *q, struct topic *t)
{
    struct topic **at = &q->table[t->hash & (TABLE_SIZE - 1)];

    if (t->first != NULL || t->taken > 0)
        return;
    assert(t->heap_at == NOT_IN_HEAP);
    if (t->rests)
        rest_end(q, t);
    while (*at != t)
        at = &(*at)->chain;
    *at = t->chain;
    q->counts.topics--;
    q->counts.bytes -= t->bytes;
    free(t);
}

/* ---- items --------------------------------------------------------------------------------- */

static unsigned priority_of(const struct queue_message *m)
{
    return m->priority < TOPIC_QUEUE_PRIORITIES ? m->priority : TOPIC_QUEUE_PRIORITIES - 1;
}

/* To its place by id; nearly always that is the end, or the beginning for one that comes back. */
static void insert(struct topic_queue *q, struct topic *t, struct item *i)
{
    struct item **at = &t->first;

    if (t->last != NULL && t->last->m.id < i->m.id)
        at = &t->last->next;
    while (*at != NULL && (*at)->m.id < i->m.id)
        at = &(*at)->next;
    i->next = *at;
    *at = i;
    if (i->next == NULL)
        t->last = i;
    t->by_priority[priority_of(&i->m)]++;
    q->counts.waiting++;
    settle(q, t);
}

static void all_add(struct topic_queue *q, struct item *i)
{
    i->all_next = q->all;
    i->all_at = &q->all;
    if (q->all != NULL)
        q->all->all_at = &i->all_next;
    q->all = i;
}

static void all_remove(struct item *i)
{
    *i->all_at = i->all_next;
    if (i->all_next != NULL)
        i->all_next->all_at = i->all_at;
}

static struct item *item_new(const struct queue_message *m)
{
    size_t bytes = sizeof(struct item) + m->payload_len;
    struct item *i = malloc(bytes);

    if (i == NULL)
        return NULL;
    memset(i, 0, sizeof *i);
    i->m = *m;
    i->bytes = bytes;
    if (m->payload_len > 0)
        memcpy(i + 1, m->payload, m->payload_len);
    i->m.payload = i + 1;
    return i;
}

int topic_queue_put(struct topic_queue *q, const struct queue_message *m)
{
    uint64_t hash = tcn_hash(TCN_HASH_SEED, m->topic, strlen(m->topic));
    struct topic *t = topic_find(q, m->topic, hash);
    size_t bytes =
        sizeof(struct item) + m->payload_len + (t == NULL ? sizeof *t + strlen(m->topic) + 1 : 0);
    struct item *i;

    if (q->counts.bytes > 0 && (bytes > q->memory_max || q->counts.bytes > q->memory_max - bytes))
        return TCN_EFULL;
    i = item_new(m);
    if (i == NULL)
        return TCN_ENOMEM;
    if (t == NULL)
        t = topic_new(q, m->topic, hash);
    if (t == NULL) {
        free(i);
        return TCN_ENOMEM;
    }
    i->topic = t;
    i->m.topic = t->name;
    all_add(q, i);
    q->counts.bytes += i->bytes;
    insert(q, t, i);
    return TCN_OK;
}

/* ---- taking -------------------------------------------------------------------------------- */

static void end_rests(struct topic_queue *q, int64_t now_us)
{
    struct topic **at = &q->resting;

    q->rest_until_us = TCN_NEVER;
    while (*at != NULL) {
        struct topic *t = *at;

        if (t->rest_until_us <= now_us) {
            *at = t->rest_next;
            t->rests = false;
            settle(q, t);
            continue;
        }
        if (t->rest_until_us < q->rest_until_us)
            q->rest_until_us = t->rest_until_us;
        at = &t->rest_next;
    }
}

const struct queue_message *topic_queue_take(struct topic_queue *q, int64_t now_us)
{
    struct topic *t;
    struct item *i;

    if (now_us >= q->rest_until_us)
        end_rests(q, now_us);
    if (q->heap_count == 0)
        return NULL;
    t = q->heap[0];
    i = t->first;
    t->first = i->next;
    if (t->first == NULL)
        t->last = NULL;
    t->by_priority[priority_of(&i->m)]--;
    t->taken++;
    q->counts.waiting--;
    q->counts.taken++;
    settle(q, t);
    return &i->m;
}

static struct item *taken(struct topic_queue *q, const struct queue_message *m)
{
    struct item *i = (struct item *)(uintptr_t)m; /* ours: it was given out as const */

    assert(i->topic->taken > 0 && q->counts.taken > 0);
    i->topic->taken--;
    q->counts.taken--;
    return i;
}

void topic_queue_done(struct topic_queue *q, const struct queue_message *m)
{
    struct item *i = taken(q, m);
    struct topic *t = i->topic;

    t->refusals = 0;
    q->counts.bytes -= i->bytes;
    all_remove(i);
    free(i);
    settle(q, t);
    topic_forget_if_empty(q, t);
}

static int64_t rest_us(uint32_t refusals)
{
    int64_t us = TOPIC_QUEUE_HOLD_MIN_US;

    for (uint32_t i = 0; i < refusals && us < TOPIC_QUEUE_HOLD_MAX_US; i++)
        us *= 2;
    return us < TOPIC_QUEUE_HOLD_MAX_US ? us : TOPIC_QUEUE_HOLD_MAX_US;
}

int64_t topic_queue_back(struct topic_queue *q, const struct queue_message *m, bool refused,
                         int64_t now_us)
{
    struct item *i = taken(q, m);
    struct topic *t = i->topic;
    int64_t us = 0;

    if (refused && !t->rests) { /* several of one topic refused together count once */
        us = rest_us(t->refusals++);
        t->rests = true;
        t->rest_until_us = now_us + us;
        t->rest_next = q->resting;
        q->resting = t;
        if (t->rest_until_us < q->rest_until_us)
            q->rest_until_us = t->rest_until_us;
    } else if (refused) {
        us = t->rest_until_us - now_us;
    }
    insert(q, t, i);
    return us;
}

void topic_queue_release(struct topic_queue *q)
{
    end_rests(q, TCN_NEVER);
}

int64_t topic_queue_due_us(const struct topic_queue *q)
{
    return q->heap_count > 0 ? 0 : q->rest_until_us;
}

struct topic_queue_counts topic_queue_counts(const struct topic_queue *q)
{
    return q->counts;
}

/* ---- new and free -------------------------------------------------------------------------- */

int topic_queue_new(size_t memory_max, struct topic_queue **ret)
{
    struct topic_queue *q = calloc(1, sizeof *q);

    if (q == NULL)
        return TCN_ENOMEM;
    q->memory_max = memory_max;
    q->rest_until_us = TCN_NEVER;
    *ret = q;
    return TCN_OK;
}

void topic_queue_free(struct topic_queue *q)
{
    if (q == NULL)
        return;
    while (q->all != NULL) {
        struct item *i = q->all;

        q->all = i->all_next;
        free(i);
    }
    for (size_t n = 0; n < TABLE_SIZE; n++)
        while (q->table[n] != NULL) {
            struct topic *t = q->table[n];

            q->table[n] = t->chain;
            free(t);
        }
    free(q->heap);
    free(q);
}
