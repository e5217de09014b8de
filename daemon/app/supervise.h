/* app/supervise.h - what the service manager sees: readiness, the watchdog, structured journal
 * entries. Everything does nothing when not started by systemd.
 * Thread:  L, but for supervise_journal(), which the log's writer calls. */
#ifndef TOCSIN_APP_SUPERVISE_H
#define TOCSIN_APP_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/* True if stderr is the journal: log lines then go there with fields instead. */
bool supervise_stderr_is_journal(void);
/* Writes one log line to the journal: MESSAGE, PRIORITY, and each key=value as TOCSIN_<KEY>. */
void supervise_journal(enum log_level level, const char *line);

void supervise_ready(const char *status);
void supervise_stopping(void);
/* How often supervise_alive() is wanted, in ms, 0: never. Half of WatchdogSec=. */
int64_t supervise_watchdog_ms(void);
void supervise_alive(void);

#endif
