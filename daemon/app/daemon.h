/* app/daemon.h - everything wired together on one libuv loop, and run until a signal.
 *
 * Flow (design, section 2): P decodes into intake's ring; L feeds the engine from it, batch by
 * batch; S commits; U publishes. Only wake-ups and the delivery results come back.
 * Thread:  main, which is L. */
#ifndef TOCSIN_APP_DAEMON_H
#define TOCSIN_APP_DAEMON_H

#include "settings/settings.h"

/* Runs until SIGTERM or SIGINT. TCN_OK after a stop in good order; else *reterr says what could
 * not be started. */
int daemon_run(const struct settings *settings, struct tcn_fail *reterr);

#endif
