/* ctl/ctl.h - what the commands of `tocsin` have in common: description, options, exit codes.
 *
 * A command is one constant struct ctl_command, listed in main.c; its run function gets parsed
 * arguments and returns an exit code. Text for people goes to stdout, complaints to stderr.
 * Thread:  the only one. */
#ifndef TOCSIN_CTL_CTL_H
#define TOCSIN_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#define CTL_DEFAULT_SOCKET "/run/tocsin/tocsin.sock"
#define CTL_DEFAULT_CONFIG "/etc/tocsin/tocsin.yaml"
#define CTL_OPTIONS_MAX    12
#define CTL_LIMIT_MAX      10000 /* rows of a list that a gateway gives at most */

/* For scripts; documented in every help. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_REFUSED = 1,     /* the gateway, or this machine, said no */
    CTL_USAGE = 2,       /* wrong usage, or a configuration with errors */
    CTL_UNREACHABLE = 3, /* no gateway at the socket */
    CTL_NOT_FOUND = 4,
};

struct ctl_option {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* what follows, for the help; NULL: nothing */
    const char *help;
};

struct ctl_args {
    const struct ctl_command *command;
    const char *socket;
    bool json;
    const char *value[CTL_OPTIONS_MAX]; /* by position in options; NULL: not given; "" for flags */
    char *const *positional;
    int count;
};

struct ctl_command {
    const char *words;   /* "alarms", "task show" */
    const char *usage;   /* what follows them, "" if nothing */
    const char *summary; /* one line */
    const char *details; /* more lines for its help, or NULL */
    const char *examples;
    const struct ctl_option *options;
    unsigned option_count;
    int min, max; /* positional arguments */
    bool offline; /* has no --socket */
    int (*run)(const struct ctl_args *args);
};

extern const struct ctl_command CTL_STATUS, CTL_ALARMS, CTL_ALARM_SHOW, CTL_ACK, CTL_TASKS,
    CTL_TASK_SHOW, CTL_TASK_ACCEPT, CTL_TASK_SUBMIT, CTL_TASK_VERIFY, CTL_TASK_RETURN,
    CTL_TASK_WITHDRAW, CTL_DEVICES, CTL_REJECTS, CTL_TAIL, CTL_CHECK, CTL_VERSION;

#endif
