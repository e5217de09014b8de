#define _GNU_SOURCE
#include "ctl/simulate.h"

#include <assert.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/simulate_play.h"
#include "ctl/simulate_tell.h"

#define EXIT_UNMET       1
#define EXIT_USAGE       2
#define EXIT_UNREACHABLE 3
#define EXIT_INTERRUPTED 130
#define ONLINE_MS        10000
#define LAST_WORDS_MS    500 /* for messages that nobody should have sent */
#define SPEED_MIN        0.1
#define SPEED_MAX        100.0

static volatile sig_atomic_t stop_asked;

struct options {
    const char *broker, *gateway;
    const struct simulate_story *story;
    double speed;
    bool quiet;
};

static void usage(FILE *out)
{
    const struct simulate_story *story;

    fputs("Usage: tocsin simulate [options]\n"
          "Plays a story of real device messages against a running gateway that has the\n"
          "configuration config/demo/tocsin.yaml, and checks what the gateway answers.\n\n"
          "  --broker URL    where the gateway listens (mqtt://127.0.0.1:1883)\n"
          "  --gateway ID    the gateway's id (nt-wangchao-01)\n"
          "  --story NAME    which story (town):\n",
          out);
    for (size_t i = 0; (story = simulate_story_at(i)) != NULL; i++)
        fprintf(out, "                    %-6s %s\n", story->name, story->en);
    fputs("  --speed X       shorten the pauses X times (1); the rules' own delays stay\n"
          "  --quiet         tell failures and the summary only\n"
          "  --help          this text\n\n"
          "It tells its story to a person: there is no --json. The exit code says how it went.\n"
          "Exit codes: 0 all as expected, 1 something was not, 2 wrong usage, 3 the broker or the\n"
          "gateway can't be reached, 130 stopped by Ctrl-C.\n",
          out);
}

static int bad_option(const char *sentence, const char *value)
{
    fprintf(stderr, "tocsin simulate: %s, found '%s' (see tocsin simulate --help)\n", sentence,
            value);
    return EXIT_USAGE;
}

static int set_option(struct options *o, int option, const char *value)
{
    switch (option) {
    case 'b':
        o->broker = value;
        return 0;
    case 'g':
        o->gateway = value;
        if (value[0] == '\0' || strlen(value) > 32 || strpbrk(value, "/+#") != NULL)
            return bad_option("--gateway needs an id of 1 to 32 characters without / + #", value);
        return 0;
    case 's':
        o->story = simulate_story_find(value);
        return o->story != NULL ? 0 : bad_option("--story knows 'town' and 'quiet'", value);
    case 'x':
        if (tcn_parse_double(value, strlen(value), &o->speed) != TCN_OK || o->speed < SPEED_MIN ||
            o->speed > SPEED_MAX)
            return bad_option("--speed needs a number from 0.1 to 100", value);
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    }
    assert(false); /* parse_options() lets no other through */
    return EXIT_USAGE;
}

static int unknown_option(const struct option *known, const char *given)
{
    struct tcn_nearest nearest;
    size_t len;

    if (strncmp(given, "--", 2) == 0 && strlen(given) > 2) {
        len = strcspn(given + 2, "=");
        tcn_nearest_init(&nearest, given + 2, len);
        for (; known->name != NULL; known++)
            tcn_nearest_try(&nearest, known->name);
        if (nearest.best != NULL) {
            fprintf(stderr, "tocsin simulate: there is no option '%.*s': did you mean '--%s'?\n",
                    (int)len + 2, given, nearest.best);
            return EXIT_USAGE;
        }
    }
    fprintf(stderr, "tocsin simulate: there is no option '%s' (see tocsin simulate --help)\n",
            given);
    return EXIT_USAGE;
}

/* Returns -1 to go on, else the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option LONG[] = {
        { "broker", required_argument, NULL, 'b' },
        { "gateway", required_argument, NULL, 'g' },
        { "story", required_argument, NULL, 's' },
        { "speed", required_argument, NULL, 'x' },
        { "quiet", no_argument, NULL, 'q' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option, code;

    optind = 0; /* the tocsin command has used getopt before */
    opterr = 0; /* we say it in our own words */
    while ((option = getopt_long(argc, argv, ":", LONG, NULL)) != -1) {
        if (option == ':') {
            fprintf(stderr, "tocsin simulate: '%s' needs a value (see tocsin simulate --help)\n",
                    argv[optind - 1]);
            return EXIT_USAGE;
        }
        if (option == '?')
            return unknown_option(LONG, argv[optind - 1]);
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        code = set_option(o, option, optarg);
        if (code != 0)
            return code;
    }
    if (optind < argc)
        return bad_option("there are only options, no other words", argv[optind]);
    return -1;
}

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    stop_asked = 0;
    sigemptyset(&action.sa_mask);
    /* These two can't fail for these signals. */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static int play(struct player *p, uint32_t *ret_failures, struct tcn_fail *reterr)
{
    char filter[SIMULATE_TOPIC_MAX];
    uint32_t retained = 0;
    int rc;

    (void)tcn_text_format(filter, sizeof filter, "tocsin/v1/%s/#", p->gateway); /* bounded id */
    rc = simulate_mqtt_subscribe(p->mqtt, filter, reterr);
    if (rc == TCN_OK)
        rc = simulate_play_await_gateway(p, ONLINE_MS, reterr);
    if (rc < 0 || stop_asked)
        return rc;
    if (!p->quiet)
        simulate_tell_title(p->story->zh, p->story->en);
    rc = simulate_play_run(p, reterr);
    if (rc < 0 || stop_asked)
        return rc;
    simulate_play_listen(p, LAST_WORDS_MS);
    rc = simulate_play_count_retained(p, &retained, reterr);
    if (rc < 0 || stop_asked)
        return rc;
    *ret_failures = simulate_summary_tell(p, retained);
    return TCN_OK;
}

int simulate_main(int argc, char **argv)
{
    struct options o = { .broker = "mqtt://127.0.0.1:1883",
                         .gateway = "nt-wangchao-01",
                         .story = simulate_story_at(0),
                         .speed = 1.0 };
    struct simulate_mqtt *mqtt = NULL;
    struct player *p = NULL;
    struct tcn_fail fail = { 0 };
    uint32_t failures = 0;
    int rc, code = parse_options(argc, argv, &o);

    if (code >= 0)
        return code;
    catch_signals();
    rc = simulate_mqtt_open(o.broker, &mqtt, &fail);
    if (rc == TCN_OK) {
        p = calloc(1, sizeof *p);
        rc = p != NULL ? TCN_OK : tcn_fail_set(&fail, TCN_ENOMEM, "memory ran out");
    }
    if (rc == TCN_OK) {
        p->mqtt = mqtt;
        p->gateway = o.gateway;
        p->story = o.story;
        p->speed = o.speed;
        p->quiet = o.quiet;
        p->stop = &stop_asked;
        simulate_play_init(p);
        rc = play(p, &failures, &fail);
        simulate_play_done(p);
    }
    free(p);
    simulate_mqtt_close(mqtt);
    if (rc < 0)
        fprintf(stderr, "tocsin simulate: %s\n", fail.text);
    if (rc == TCN_EINPUT)
        return EXIT_USAGE;
    if (stop_asked)
        return EXIT_INTERRUPTED;
    if (rc < 0)
        return EXIT_UNREACHABLE;
    return failures > 0 ? EXIT_UNMET : EXIT_SUCCESS;
}
