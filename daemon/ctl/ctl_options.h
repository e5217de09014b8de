/* ctl/ctl_options.h - the command line of one command, parsed; its help. */
#ifndef TOCSIN_CTL_CTL_OPTIONS_H
#define TOCSIN_CTL_CTL_OPTIONS_H

#include "base/buf.h"
#include "ctl/ctl.h"

#define CTL_GO_ON (-1)

/* Parses argv (argv[0] is ignored; argv is permuted). Returns CTL_GO_ON with *ret filled (it
 * points into argv), or the exit code after having printed help or what is wrong. */
int ctl_options_parse(const struct ctl_command *command, int argc, char **argv,
                      struct ctl_args *ret);
/* Appends the command's help. */
void ctl_options_help(const struct ctl_command *command, struct buf *out);
/* Prints "tocsin WORDS: ..." and where to find help; returns CTL_USAGE. */
int ctl_options_wrong(const struct ctl_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An option's value as a number; false after having said what is wrong. */
bool ctl_options_number(const struct ctl_args *args, unsigned option, int64_t min, int64_t max,
                        int64_t *ret);

extern const char CTL_EXIT_HELP[]; /* the exit codes, for helps */
extern const char CTL_JSON_HELP[]; /* what --json makes of failures at the gateway */

#endif
