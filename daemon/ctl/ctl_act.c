/* The commands that do something: `tocsin ack`, `tocsin task accept` and so on. All are one POST
 * of a Command; its id is minted here, or given with --id so that a script may repeat it. */
#define _GNU_SOURCE
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/ctl_http.h"
#include "ctl/ctl_options.h"
#include "ctl/ctl_show.h"
#include "model/command.h"
#include "model/words.h"

enum { OPT_NOTE, OPT_NAME, OPT_AS, OPT_ID, OPT_EVIDENCE, OPT_COUNT };
/* --evidence stands last, so that commands without it use the same list, one shorter. */
static const struct ctl_option OPTIONS[] = {
    [OPT_NOTE] = { "note", 'n', "TEXT", "what was found or done, or why" },
    [OPT_NAME] = { "name", 0, "PERSON", "who you are, for the record" },
    [OPT_AS] = { "as", 0, "KIND:ID",
                 "for whom: enterprise:ID, department:ID, unit:ID, operator:ID" },
    [OPT_ID] = { "id", 0, "ID", "command id; repeating a command under its id does it once only" },
    [OPT_EVIDENCE] = { "evidence", 'e', "REF",
                       "where the proof is: a URL, file name or photo hash" },
};

static const char *login_name(void)
{
    const char *name = getenv("SUDO_USER");
    const struct passwd *entry;

    if (geteuid() == 0 && name != NULL && *name != '\0')
        return name;
    name = getenv("USER");
    if (name != NULL && *name != '\0')
        return name;
    entry = getpwuid(geteuid());
    return entry != NULL ? entry->pw_name : "operator";
}

/* Unique by time and chance; sorts by time. */
static void mint_id(char buf[COMMAND_ID_MAX + 1])
{
    uint64_t chance = 0;

    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        chance = (uint64_t)getpid();
    (void)tcn_text_format(buf, COMMAND_ID_MAX + 1, "ctl-%012llx-%016llx",
                          (unsigned long long)ctl_show_now_ms(), (unsigned long long)chance);
}

/* Splits KIND:ID; false after having complained. */
static bool read_as(const struct ctl_args *args, char kind[16], const char **ret_id)
{
    const char *as = args->value[OPT_AS], *colon = strchr(as, ':');
    int word;

    if (colon == NULL || colon[1] == '\0' ||
        tcn_text_copy_n(kind, 16, as, (size_t)(colon - as)) < 0) {
        (void)ctl_options_wrong(args->command, "--as: '%s' is not KIND:ID, like enterprise:9132…",
                                as);
        return false;
    }
    word = word_find(&WORDS_PARTY_KIND, kind);
    if (word != PARTY_ENTERPRISE && word != PARTY_DEPARTMENT && word != PARTY_UNIT &&
        word != PARTY_OPERATOR) {
        (void)ctl_options_wrong(
            args->command, "--as: '%s' is none of enterprise, department, unit, operator", kind);
        return false;
    }
    *ret_id = colon + 1;
    return true;
}

/* The actor of --as and --name, or the operator who runs this; NULL after having complained. */
static json_t *make_actor(const struct ctl_args *args)
{
    char kind[16] = "operator";
    const char *id;
    json_t *actor;

    if (args->value[OPT_AS] == NULL)
        id = login_name();
    else if (!read_as(args, kind, &id))
        return NULL;
    actor = json_pack("{s:s,s:s,s:s?}", "kind", kind, "id", id, "name", args->value[OPT_NAME]);
    if (actor == NULL)
        (void)ctl_options_wrong(args->command, "a name or id given is not UTF-8");
    return actor;
}

/* Sends it; verb is the command's member, target the member that names what it is about. */
static int act(const struct ctl_args *args, const char *verb, const char *target, const char *thing)
{
    char minted[COMMAND_ID_MAX + 1];
    const char *id = args->value[OPT_ID];
    const char *evidence =
        args->command->option_count > OPT_EVIDENCE ? args->value[OPT_EVIDENCE] : NULL;
    json_t *actor = make_actor(args), *body, *command, *json = NULL;
    const char *state;
    int rc;

    if (actor == NULL)
        return CTL_USAGE;
    if (id == NULL) {
        mint_id(minted);
        id = minted;
    }
    body = json_pack("{s:s,s:s?}", target, args->positional[0], "note", args->value[OPT_NOTE]);
    if (body != NULL && evidence != NULL &&
        json_object_set_new(body, "evidence", json_string(evidence)) < 0) {
        json_decref(body);
        body = NULL;
    }
    command = json_pack("{s:s,s:o,s:o}", "commandId", id, "actor", actor, verb, body);
    rc = ctl_http_post(args, "/v1/commands", command, &json);
    json_decref(command);
    if (rc != CTL_OK || json == NULL)
        return rc;
    state = ctl_show_text(json, "state");
    printf("%s %s: %s\n", thing, args->positional[0], state != NULL ? state : "done");
    json_decref(json);
    return CTL_OK;
}

static int run_ack(const struct ctl_args *args)
{
    return act(args, "acknowledge", "alarmId", "alarm");
}

static int run_task(const struct ctl_args *args)
{
    const char *verb = args->command->words + strlen("task ");

    if (args->value[OPT_NOTE] == NULL &&
        (strcmp(verb, "return") == 0 || strcmp(verb, "withdraw") == 0))
        return ctl_options_wrong(args->command, "--note TEXT is missing: whoever %s has to say why",
                                 strcmp(verb, "return") == 0 ? "sends a task back"
                                                             : "withdraws a task");
    return act(args, verb, "taskId", "task");
}

#define ID_HELP                                                                                    \
    "The id may be short, as the lists show it. Without --as you act as an operator under your\n"  \
    "login name; the record keeps both.\n"

#define TASK_COMMAND(symbol, verb, text, option_total, example)                                    \
    const struct ctl_command symbol = {                                                            \
        .words = "task " verb,                                                                     \
        .usage = "TASK",                                                                           \
        .summary = text,                                                                           \
        .details = ID_HELP,                                                                        \
        .examples = example,                                                                       \
        .options = OPTIONS,                                                                        \
        .option_count = option_total,                                                              \
        .min = 1,                                                                                  \
        .max = 1,                                                                                  \
        .run = run_task,                                                                           \
    }

const struct ctl_command CTL_ACK = {
    .words = "ack",
    .usage = "ALARM",
    .summary = "acknowledge an alarm: somebody looks after it",
    .details = ID_HELP,
    .examples = "  tocsin ack 2K --name 王强 --note \"on my way\"\n",
    .options = OPTIONS,
    .option_count = OPT_EVIDENCE,
    .min = 1,
    .max = 1,
    .run = run_ack,
};
TASK_COMMAND(CTL_TASK_ACCEPT, "accept", "take a task on", OPT_EVIDENCE,
             "  tocsin task accept 2M --as enterprise:91320600MA1N4P8R2X --name 李敏\n");
TASK_COMMAND(CTL_TASK_SUBMIT, "submit", "say that the hazard is put right", OPT_COUNT,
             "  tocsin task submit 2M --note \"exit cleared\" --evidence photo-0412.jpg\n");
TASK_COMMAND(CTL_TASK_VERIFY, "verify", "confirm that the hazard is gone; this closes the task",
             OPT_COUNT, "  tocsin task verify 2M --as department:fire-chengnan --name 陈队\n");
TASK_COMMAND(CTL_TASK_RETURN, "return", "send a submitted task back, with the reason", OPT_EVIDENCE,
             "  tocsin task return 2M --note \"the bicycles are back\"\n");
TASK_COMMAND(CTL_TASK_WITHDRAW, "withdraw", "take a task back that is no hazard, with the reason",
             OPT_EVIDENCE, "  tocsin task withdraw 2M --note \"the detector was being tested\"\n");
