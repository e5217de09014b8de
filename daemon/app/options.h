/* app/options.h - the command line of tocsind. */
#ifndef TOCSIN_APP_OPTIONS_H
#define TOCSIN_APP_OPTIONS_H

#include <stdbool.h>

#include "settings/settings.h"

/* Exit codes, also for systemd (RestartPreventExitStatus=2). */
#define EXIT_OK     0
#define EXIT_FAILED 1
#define EXIT_CONFIG 2

struct options { /* texts point into argv */
    const char *config;
    struct settings_override override;
    bool check_only, quiet;
};

/* True if the daemon is to run; else *ret_exit is the exit code (help and version were printed to
 * stdout, errors to stderr). */
bool options_parse(int argc, char **argv, struct options *ret, int *ret_exit);

#endif
