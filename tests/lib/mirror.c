#include "lib/mirror.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void mirror_done(struct mirror *m)
{
    snapshot_done(&m->s);
    memset(m, 0, sizeof *m);
}

/* A list of the snapshot: finds the element that `same` says is the same, adds or replaces it, or
 * takes it out when value is NULL. */
#define KEEP(list, count, value, remove, same)                                                     \
    do {                                                                                           \
        uint32_t at_ = 0;                                                                          \
        if ((list) == NULL)                                                                        \
            (list) = calloc(MIRROR_MAX, sizeof *(list));                                           \
        assert((list) != NULL);                                                                    \
        while (at_ < (count) && !(same(&(list)[at_], (value))))                                    \
            at_++;                                                                                 \
        if (remove) {                                                                              \
            if (at_ < (count))                                                                     \
                (list)[at_] = (list)[--(count)];                                                   \
        } else {                                                                                   \
            assert(at_ < MIRROR_MAX);                                                              \
            (count) += at_ == (count);                                                             \
            (list)[at_] = *(value);                                                                \
        }                                                                                          \
    } while (0)

#define SAME_ID(a, b)     ((a)->id == (b)->id)
#define SAME_TASK(a, b)   ((a)->task.id == (b)->task.id)
#define SAME_POINT(a, b)  ((a)->device == (b)->device && (a)->rule == (b)->rule)
#define SAME_VALUE(a, b)  ((a)->device == (b)->device && (a)->metric == (b)->metric)
#define SAME_OBJECT(a, b) (SAME_VALUE(a, b) && (a)->object == (b)->object)
#define SAME_DEVICE(a, b) ((a)->device == (b)->device)
#define SAME_TEXT(a, b)   (strcmp((a)->id, (b)->id) == 0)

static struct snapshot_topic *topic(struct mirror *m, struct snapshot_topic want)
{
    struct snapshot_topic *t;

    if (m->s.topics == NULL)
        m->s.topics = calloc(MIRROR_MAX, sizeof *m->s.topics);
    assert(m->s.topics != NULL);
    for (uint32_t i = 0; i < m->s.topic_count; i++) {
        t = &m->s.topics[i];
        if (t->is_class == want.is_class && t->signal_class == want.signal_class &&
            t->party_kind == want.party_kind && t->party == want.party)
            return t;
    }
    assert(m->s.topic_count < MIRROR_MAX);
    t = &m->s.topics[m->s.topic_count++];
    *t = want;
    return t;
}

static void count_up(struct snapshot_topic *t, uint64_t seq)
{
    assert(seq == t->seq + 1); /* no gap, no double */
    t->seq = seq;
}

static void apply_alarms(struct mirror *m, const struct effects *e, const struct rules *rules)
{
    for (uint32_t i = 0; i < e->alarm_count; i++) {
        const struct alarm_change *c = &e->alarms[i];
        struct snapshot_topic want = { .is_class = true };

        want.signal_class = rules->items[c->alarm.rule].signal_class;
        count_up(topic(m, want), c->seq);
        KEEP(m->s.alarms, m->s.alarm_count, &c->alarm, c->alarm.state == ALARM_NORMAL, SAME_ID);
    }
}

static void apply_tasks(struct mirror *m, const struct effects *e)
{
    for (uint32_t i = 0; i < e->task_count; i++) {
        const struct task_change *c = &e->tasks[i];
        struct snapshot_task t = { .task = c->task, .step_count = c->step_number + 1 };
        bool over = c->task.state == TASK_CLOSED || c->task.state == TASK_WITHDRAWN;
        uint32_t known = 0;

        for (uint32_t j = 0; j < m->s.task_count; j++) {
            if (m->s.tasks[j].task.id == t.task.id)
                known = m->s.tasks[j].step_count;
        }
        assert(c->step_number == known);
        KEEP(m->s.tasks, m->s.task_count, &t, over, SAME_TASK);
    }
    for (uint32_t i = 0; i < e->notice_count; i++) {
        struct snapshot_topic want = { .party_kind = e->notices[i].party_kind,
                                       .party = e->notices[i].party };

        count_up(topic(m, want), e->notices[i].seq);
    }
}

void mirror_apply(struct mirror *m, const struct effects *e, const struct rules *rules,
                  int64_t mono_ms)
{
    apply_alarms(m, e, rules);
    apply_tasks(m, e);
    for (uint32_t i = 0; i < e->point_count; i++)
        KEEP(m->s.points, m->s.point_count, &e->points[i], e->points[i].pending == PENDING_NONE,
             SAME_POINT);
    for (uint32_t i = 0; i < e->value_count; i++)
        KEEP(m->s.values, m->s.value_count, &e->values[i], false, SAME_VALUE);
    for (uint32_t i = 0; i < e->object_count; i++)
        KEEP(m->s.objects, m->s.object_count, &e->objects[i], !e->objects[i].present, SAME_OBJECT);
    for (uint32_t i = 0; i < e->heard_count; i++)
        KEEP(m->s.heard, m->s.heard_count, &e->heard[i], false, SAME_DEVICE);
    for (uint32_t i = 0; i < e->reply_count; i++) {
        if (!e->replies[i].repeated)
            KEEP(m->s.replies, m->s.reply_count, &e->replies[i], false, SAME_TEXT);
    }
    if (e->mono_ms != 0)
        m->s.id_counter = e->id_counter;
    m->s.epoch = 1;
    m->s.mono_ms = mono_ms;
}
