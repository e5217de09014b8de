/* model/effects.c - see effects.h. */
#include "model/effects.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 16u

void effects_done(struct effects *e)
{
    free(e->alarms);
    free(e->tasks);
    free(e->notices);
    free(e->replies);
    free(e->points);
    free(e->values);
    free(e->objects);
    free(e->heard);
    memset(e, 0, sizeof *e);
}

void effects_reset(struct effects *e)
{
    e->alarm_count = e->task_count = e->notice_count = e->reply_count = 0;
    e->point_count = e->value_count = e->object_count = e->heard_count = 0;
    e->id_counter = 0;
    e->mono_ms = 0;
}

bool effects_empty(const struct effects *e)
{
    return e->alarm_count == 0 && e->task_count == 0 && e->notice_count == 0 &&
           e->reply_count == 0 && e->point_count == 0 && e->value_count == 0 &&
           e->object_count == 0 && e->heard_count == 0;
}

/* The array with room for one more, or NULL when memory ran out and array is as before. */
static void *grow(void *array, uint32_t count, uint32_t *cap, size_t size)
{
    size_t bytes;

    if (count < *cap)
        return array;
    if (*cap > UINT32_MAX / 2)
        return NULL;
    uint32_t more = *cap > 0 ? *cap * 2 : FIRST_CAP;
    if (__builtin_mul_overflow(more, size, &bytes))
        return NULL;
    void *moved = realloc(array, bytes);
    if (moved != NULL)
        *cap = more;
    return moved;
}

/* The dummy is per thread, so that two engines that run out of memory don't share it. */
#define EFFECTS_APPEND(function, type, array, count, cap)                                          \
    type *function(struct effects *e)                                                              \
    {                                                                                              \
        static _Thread_local type dummy;                                                           \
        type *items = grow(e->array, e->count, &e->cap, sizeof *items);                            \
        type *item = &dummy;                                                                       \
        if (items != NULL) {                                                                       \
            e->array = items;                                                                      \
            item = &items[e->count++];                                                             \
        } else {                                                                                   \
            e->failed = true;                                                                      \
        }                                                                                          \
        memset(item, 0, sizeof *item);                                                             \
        return item;                                                                               \
    }

EFFECTS_APPEND(effects_alarm, struct alarm_change, alarms, alarm_count, alarm_cap)
EFFECTS_APPEND(effects_task, struct task_change, tasks, task_count, task_cap)
EFFECTS_APPEND(effects_notice, struct notice, notices, notice_count, notice_cap)
EFFECTS_APPEND(effects_reply, struct command_reply, replies, reply_count, reply_cap)
EFFECTS_APPEND(effects_point, struct point_change, points, point_count, point_cap)
EFFECTS_APPEND(effects_value, struct value_change, values, value_count, value_cap)
EFFECTS_APPEND(effects_object, struct object_change, objects, object_count, object_cap)
EFFECTS_APPEND(effects_heard, struct heard_change, heard, heard_count, heard_cap)

void snapshot_done(struct snapshot *s)
{
    free(s->alarms);
    free(s->tasks);
    free(s->points);
    free(s->values);
    free(s->objects);
    free(s->heard);
    free(s->replies);
    free(s->topics);
    memset(s, 0, sizeof *s);
}
