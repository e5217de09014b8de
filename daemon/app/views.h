/* app/views.h - what the HTTP API shows of the running gateway, as JSON. Thread: L. */
#ifndef TOCSIN_APP_VIEWS_H
#define TOCSIN_APP_VIEWS_H

#include <jansson.h>

#include "app/core.h"
#include "intake/intake.h"
#include "push/push.h"

struct views { /* borrowed for each call */
    const struct message_context *message;
    const struct tcn_clock *clock;
    struct core *core;
    struct intake *intake;
    struct push *push;
    struct link *devices;
    const struct sources *sources;
    int64_t since_wall_ms;
};

/* The figures of the status message. */
void views_fill_status(const struct views *v, struct message_status *ret);
/* Each returns a new reference, or NULL when memory ran out. */
json_t *views_status(const struct views *v);
json_t *views_rejects(const struct views *v);
json_t *views_device(const struct views *v, uint32_t device);

#endif
