/* app/transition_log.h - one log line for each alarm or task transition (design 5.8).
 *
 *   alarm raised class=fire severity=critical device=smoke-0101 name=... rule=... id=...
 * The leading words are the event, the rest key=value, so that tail -f | grep is a tool.
 * Thread:  any; immutable configuration only. */
#ifndef TOCSIN_APP_TRANSITION_LOG_H
#define TOCSIN_APP_TRANSITION_LOG_H

#include "base/log.h"
#include "codec/message.h"

struct transition_line {
    enum log_level level;
    char event[64];
    char text[LOG_LINE_MAX]; /* key=value pairs */
};

void transition_alarm(const struct message_context *c, const struct alarm_change *change,
                      struct transition_line *ret);
void transition_task(const struct message_context *c, const struct task_change *change,
                     struct transition_line *ret);

#endif
