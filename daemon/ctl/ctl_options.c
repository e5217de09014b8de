#define _GNU_SOURCE
#include "ctl/ctl_options.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char CTL_EXIT_HELP[] = "Exit codes:\n"
                             "  0  done\n"
                             "  1  the gateway refused, and said why\n"
                             "  2  wrong usage, or a configuration with errors\n"
                             "  3  the gateway can't be reached\n"
                             "  4  there is no such thing\n";
const char CTL_JSON_HELP[] =
    "With --json a failure is one document {\"error\": {\"code\", \"message\"}} "
    "on stdout;\nonly wrong usage is told as text.\n";

enum { OPT_SOCKET = 256, OPT_JSON, OPT_HELP, OPT_OWN };
#define COMMON_MAX 3

static const struct ctl_option SOCKET_OPTION = {
    "socket", 0, "PATH", "the gateway's socket (else $TOCSIN_SOCKET, else " CTL_DEFAULT_SOCKET ")"
};
static const struct ctl_option JSON_OPTION = { "json", 0, NULL, "JSON instead of text" };
static const struct ctl_option HELP_OPTION = { "help", 'h', NULL, "this help" };

int ctl_options_wrong(const struct ctl_command *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "tocsin %s: ", command->words);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nUsage: tocsin %s [options]%s%s; 'tocsin %s --help' says more\n",
            command->words, *command->usage != '\0' ? " " : "", command->usage, command->words);
    return CTL_USAGE;
}

static void help_option(const struct ctl_option *o, struct buf *out)
{
    char left[64];

    (void)tcn_text_format(left, sizeof left, "%c%c%s--%s%s%s", o->letter != 0 ? '-' : ' ',
                          o->letter != 0 ? o->letter : ' ', o->letter != 0 ? ", " : "  ", o->name,
                          o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
    buf_format(out, "  %-26s %s\n", left, o->help);
}

void ctl_options_help(const struct ctl_command *command, struct buf *out)
{
    buf_format(out, "tocsin %s: %s\n\nUsage: tocsin %s [options]%s%s\n", command->words,
               command->summary, command->words, *command->usage != '\0' ? " " : "",
               command->usage);
    if (command->details != NULL)
        buf_format(out, "\n%s", command->details);
    buf_text(out, "\nOptions:\n");
    for (unsigned i = 0; i < command->option_count; i++)
        help_option(&command->options[i], out);
    if (!command->offline)
        help_option(&SOCKET_OPTION, out);
    help_option(&JSON_OPTION, out);
    help_option(&HELP_OPTION, out);
    buf_format(out, "\nExamples:\n%s\n%s%s", command->examples, CTL_EXIT_HELP,
               command->offline ? "" : CTL_JSON_HELP);
}

static int print_help(const struct ctl_command *command)
{
    struct buf out = { 0 };

    ctl_options_help(command, &out);
    if (!out.failed)
        (void)fwrite(out.bytes, 1, out.len, stdout); /* main checks stdout at the end */
    buf_done(&out);
    return CTL_OK;
}

static int unknown_option(const struct ctl_command *command, const char *given)
{
    struct tcn_nearest nearest;
    const char *name = given;
    size_t len;

    while (*name == '-')
        name++;
    len = strcspn(name, "=");
    tcn_nearest_init(&nearest, name, len);
    for (unsigned i = 0; i < command->option_count; i++)
        tcn_nearest_try(&nearest, command->options[i].name);
    if (!command->offline)
        tcn_nearest_try(&nearest, SOCKET_OPTION.name);
    tcn_nearest_try(&nearest, JSON_OPTION.name);
    tcn_nearest_try(&nearest, HELP_OPTION.name);
    if (nearest.best != NULL && name - given == 2)
        return ctl_options_wrong(command, "there is no option '--%.*s': did you mean '--%s'?",
                                 (int)len, name, nearest.best);
    return ctl_options_wrong(command, "there is no option '%s'", given);
}

/* Fills getopt's two descriptions of the options. */
static void describe(const struct ctl_command *command, struct option *longs, char *shorts)
{
    unsigned n = 0;

    *shorts++ = ':'; /* tell a missing argument from an unknown option */
    for (unsigned i = 0; i < command->option_count; i++) {
        const struct ctl_option *o = &command->options[i];
        const int has_arg = o->arg != NULL ? required_argument : no_argument;

        longs[n++] = (struct option){ o->name, has_arg, NULL, OPT_OWN + (int)i };
        if (o->letter != 0) {
            *shorts++ = o->letter;
            if (o->arg != NULL)
                *shorts++ = ':';
        }
    }
    if (!command->offline)
        longs[n++] = (struct option){ SOCKET_OPTION.name, required_argument, NULL, OPT_SOCKET };
    longs[n++] = (struct option){ JSON_OPTION.name, no_argument, NULL, OPT_JSON };
    longs[n++] = (struct option){ HELP_OPTION.name, no_argument, NULL, OPT_HELP };
    longs[n] = (struct option){ 0 };
    *shorts++ = 'h';
    *shorts = '\0';
}

/* The option's position for what getopt returned, or -1. */
static int own_option(const struct ctl_command *command, int c)
{
    if (c >= OPT_OWN)
        return c - OPT_OWN;
    for (unsigned i = 0; i < command->option_count; i++) {
        if (c != 0 && command->options[i].letter == c)
            return (int)i;
    }
    return -1;
}

static int check_count(const struct ctl_command *command, int count, char *const *positional)
{
    if (count < command->min)
        return ctl_options_wrong(command, "%s is missing", command->usage);
    if (count > command->max)
        return ctl_options_wrong(command, "'%s' is too much", positional[command->max]);
    for (int i = 0; i < command->min; i++) {
        if (positional[i][0] == '\0')
            return ctl_options_wrong(command, "%s is empty", command->usage);
    }
    return CTL_GO_ON;
}

int ctl_options_parse(const struct ctl_command *command, int argc, char **argv,
                      struct ctl_args *ret)
{
    struct option longs[CTL_OPTIONS_MAX + COMMON_MAX + 1];
    char shorts[2 * CTL_OPTIONS_MAX + 4];
    struct ctl_args args = { .command = command };
    int c, own, rc;

    assert(command->option_count <= CTL_OPTIONS_MAX);
    describe(command, longs, shorts);
    args.socket = getenv("TOCSIN_SOCKET");
    if (args.socket == NULL || *args.socket == '\0')
        args.socket = CTL_DEFAULT_SOCKET;
    opterr = 0;
    optind = 0; /* glibc: start anew */
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        own = own_option(command, c);
        if (own >= 0)
            args.value[own] = optarg != NULL ? optarg : "";
        else if (c == OPT_SOCKET)
            args.socket = optarg;
        else if (c == OPT_JSON)
            args.json = true;
        else if (c == OPT_HELP || c == 'h')
            return print_help(command);
        else if (c == ':')
            return ctl_options_wrong(command, "'%s' needs a value", argv[optind - 1]);
        else
            return unknown_option(command, argv[optind - 1]);
    }
    args.positional = argv + optind;
    args.count = argc - optind;
    if (*args.socket == '\0')
        return ctl_options_wrong(command, "--socket needs a path, found ''");
    rc = check_count(command, args.count, args.positional);
    if (rc == CTL_GO_ON)
        *ret = args;
    return rc;
}

bool ctl_options_number(const struct ctl_args *args, unsigned option, int64_t min, int64_t max,
                        int64_t *ret)
{
    const char *text = args->value[option];

    if (text == NULL || tcn_parse_int(text, strlen(text), min, max, ret) >= 0)
        return true;
    (void)ctl_options_wrong(args->command, "--%s needs a number from %lld to %lld, found '%s'",
                            args->command->options[option].name, (long long)min, (long long)max,
                            text);
    return false;
}
