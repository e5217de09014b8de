/* `tocsin`: finds the command that is meant. Each command's own file has the rest. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/text.h"
#include "ctl/ctl_options.h"
#include "ctl/simulate.h"

static const struct ctl_command *const COMMANDS[] = {
    &CTL_STATUS,      &CTL_ALARMS,      &CTL_ALARM_SHOW,    &CTL_ACK,
    &CTL_TASKS,       &CTL_TASK_SHOW,   &CTL_TASK_ACCEPT,   &CTL_TASK_SUBMIT,
    &CTL_TASK_VERIFY, &CTL_TASK_RETURN, &CTL_TASK_WITHDRAW, &CTL_DEVICES,
    &CTL_REJECTS,     &CTL_TAIL,        &CTL_CHECK,         &CTL_VERSION,
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static void list_command(FILE *out, const char *before, const struct ctl_command *c)
{
    char left[64];

    (void)tcn_text_format(left, sizeof left, "%s%s %s", before, c->words, c->usage);
    fprintf(out, "  %-*s %s\n", 22 + (int)strlen(before), left, c->summary);
}

static int help(void)
{
    printf("tocsin: the alarm gateway at hand\n\nUsage: tocsin [--socket PATH] COMMAND "
           "[options]\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        list_command(stdout, "", COMMANDS[i]);
    printf("  %-22s %s\n", "simulate", "play a story of device messages against a gateway");
    printf("\nEvery command has --help with examples; all except simulate take --json.\n"
           "$TOCSIN_SOCKET names the gateway's socket, else it is %s.\n\n%s%s",
           CTL_DEFAULT_SOCKET, CTL_EXIT_HELP, CTL_JSON_HELP);
    return CTL_OK;
}

static int no_such_command(const char *first, const char *second)
{
    char given[128];
    struct tcn_nearest nearest;

    (void)tcn_text_format(given, sizeof given, "%s%s%s", first, second != NULL ? " " : "",
                          second != NULL ? second : ""); /* cut is fine */
    tcn_nearest_init(&nearest, given, strlen(given));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        tcn_nearest_try(&nearest, COMMANDS[i]->words);
    tcn_nearest_try(&nearest, "simulate");
    tcn_nearest_try(&nearest, "help");
    if (nearest.best != NULL)
        fprintf(stderr, "tocsin: there is no command '%s': did you mean '%s'?\n", given,
                nearest.best);
    else
        fprintf(stderr, "tocsin: there is no command '%s'; 'tocsin help' lists them\n", given);
    return CTL_USAGE;
}

static bool is_in_group(const struct ctl_command *c, const char *first)
{
    const size_t len = strlen(first);

    return strncmp(c->words, first, len) == 0 && c->words[len] == ' ';
}

static void no_such_word(const char *first, const char *second)
{
    struct tcn_nearest nearest;

    tcn_nearest_init(&nearest, second, strlen(second));
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (is_in_group(COMMANDS[i], first))
            tcn_nearest_try(&nearest, COMMANDS[i]->words + strlen(first) + 1);
    }
    fprintf(stderr, "tocsin %s: there is no '%s'", first, second);
    if (nearest.best != NULL)
        fprintf(stderr, ": did you mean 'tocsin %s %s'?", first, nearest.best);
    fputc('\n', stderr);
}

/* "task" alone or with a word that is none: what there is. */
static int choose_word(const char *first, const char *second)
{
    const bool asked =
        second != NULL && (strcmp(second, "--help") == 0 || strcmp(second, "-h") == 0);
    FILE *out = asked ? stdout : stderr;

    if (!asked && second != NULL && second[0] != '-')
        no_such_word(first, second);
    else if (!asked)
        fprintf(stderr, "tocsin %s: a command is missing\n", first);
    fprintf(out, "Usage: tocsin %s COMMAND [options]\n\nCommands:\n", first);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (is_in_group(COMMANDS[i], first))
            list_command(out, "tocsin ", COMMANDS[i]);
    }
    fprintf(out, "\n'tocsin %s COMMAND --help' says more.\n", first);
    return asked ? CTL_OK : CTL_USAGE;
}

/* The command that argv begins with and how many words it has, or NULL. *ret_group: there are
 * commands of two words that begin so. */
static const struct ctl_command *find(int argc, char **argv, int *ret_words, bool *ret_group)
{
    const size_t len = strlen(argv[0]);

    *ret_group = false;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *words = COMMANDS[i]->words;

        if (strcmp(words, argv[0]) == 0) {
            *ret_words = 1;
            return COMMANDS[i];
        }
        if (strncmp(words, argv[0], len) != 0 || words[len] != ' ')
            continue;
        *ret_group = true;
        if (argc > 1 && strcmp(words + len + 1, argv[1]) == 0) {
            *ret_words = 2;
            return COMMANDS[i];
        }
    }
    return NULL;
}

/* `tocsin help task show` is `tocsin task show --help`. */
static int help_for(int argc, char **argv)
{
    char help_option[] = "--help";
    char *words[] = { argv[0], help_option, NULL };
    const struct ctl_command *command;
    struct ctl_args args;
    int count;
    bool group;

    if (argc == 0)
        return help();
    if (strcmp(argv[0], "simulate") == 0)
        return simulate_main(2, words);
    command = find(argc, argv, &count, &group);
    if (command != NULL)
        return ctl_options_parse(command, 2, words, &args);
    return group ? choose_word(argv[0], argc > 1 ? argv[1] : NULL) : no_such_command(argv[0], NULL);
}

/* argv[0] is the first word of the command; json: --json stood before it. */
static int dispatch(int argc, char **argv, bool json)
{
    const struct ctl_command *command;
    struct ctl_args args;
    int words = 0, rc;
    bool group;

    if (strcmp(argv[0], "help") == 0)
        return help_for(argc - 1, argv + 1);
    if (strcmp(argv[0], "simulate") == 0 && json) {
        fputs("tocsin simulate: it tells a story and has no --json\n", stderr);
        return CTL_USAGE;
    }
    if (strcmp(argv[0], "simulate") == 0)
        return simulate_main(argc, argv);
    command = find(argc, argv, &words, &group);
    if (command == NULL)
        return group ? choose_word(argv[0], argc > 1 ? argv[1] : NULL)
                     : no_such_command(argv[0], NULL);
    rc = ctl_options_parse(command, argc - words + 1, argv + words - 1, &args);
    if (rc != CTL_GO_ON)
        return rc;
    args.json = args.json || json;
    return command->run(&args);
}

/* False after having complained. */
static bool set_socket(const char *path)
{
    if (*path != '\0' && setenv("TOCSIN_SOCKET", path, 1) == 0)
        return true;
    fputs(*path == '\0' ? "tocsin: '--socket' needs a value: the path of the gateway's socket\n"
                        : "tocsin: memory ran out\n",
          stderr);
    return false;
}

/* Options before the command. Returns how many words they are, or -1 after having complained. */
static int leading_options(int argc, char **argv, bool *ret_json, const char **ret_alias)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-') {
        const char *word = argv[i++];

        if (strcmp(word, "--json") == 0) {
            *ret_json = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            *ret_alias = "help";
        } else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
            *ret_alias = "version";
        } else if (strcmp(word, "--socket") == 0) {
            if (!set_socket(i < argc ? argv[i++] : ""))
                return -1;
        } else if (strncmp(word, "--socket=", 9) == 0) {
            if (!set_socket(word + 9))
                return -1;
        } else {
            fprintf(stderr,
                    "tocsin: '%s' is no option that may stand before the command; 'tocsin "
                    "help' lists the commands\n",
                    word);
            return -1;
        }
    }
    return i - 1;
}

static int run(int argc, char **argv)
{
    const char *alias = NULL;
    bool json = false;
    const int options = leading_options(argc, argv, &json, &alias);

    if (options < 0)
        return CTL_USAGE;
    if (alias != NULL) {
        char word[16];
        char *words[] = { word, NULL };

        (void)tcn_text_copy(word, sizeof word, alias); /* fits */
        return dispatch(1, words, json);
    }
    if (argc - 1 - options == 0) {
        (void)help();
        return CTL_USAGE;
    }
    return dispatch(argc - 1 - options, argv + 1 + options, json);
}

int main(int argc, char **argv)
{
    int rc;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("tocsin: libcurl can't be set up\n", stderr);
        return CTL_REFUSED;
    }
    rc = run(argc, argv);
    curl_global_cleanup();
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fputs("tocsin: the output could not be written\n", stderr);
        return rc == CTL_OK ? CTL_REFUSED : rc;
    }
    return rc;
}
