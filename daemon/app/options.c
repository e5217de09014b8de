#include "app/options.h"

#include <getopt.h>
#include <stdio.h>

static const char HELP[] =
    "Usage: tocsind [--config FILE] [options]\n"
    "The alarm gateway: devices in over MQTT, alarms and tasks out.\n"
    "\n"
    "  --config FILE         main configuration file (default /etc/tocsin/tocsin.yaml)\n"
    "  --check               check the configuration, print what is wrong, and exit\n"
    "  --state-dir DIR       where the database is; instead of state_dir\n"
    "  --socket PATH         the HTTP API's socket; instead of socket\n"
    "  --devices-url URL     broker of the devices; instead of connections.devices.url\n"
    "  --upstream-url URL    broker upstream; instead of connections.upstream.url\n"
    "  --quiet               log to the file only, not to stderr\n"
    "  --version, --help\n"
    "\n"
    "Exit codes: 0 stopped in good order, 1 failed, 2 the configuration is wrong.\n"
    "SIGTERM and SIGINT stop it; SIGHUP reopens the log file.\n";

enum {
    OPT_CONFIG = 1,
    OPT_CHECK,
    OPT_STATE,
    OPT_SOCKET,
    OPT_DEVICES,
    OPT_UPSTREAM,
    OPT_QUIET,
    OPT_VERSION,
    OPT_HELP
};

static const struct option OPTIONS[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "check", no_argument, NULL, OPT_CHECK },
    { "state-dir", required_argument, NULL, OPT_STATE },
    { "socket", required_argument, NULL, OPT_SOCKET },
    { "devices-url", required_argument, NULL, OPT_DEVICES },
    { "upstream-url", required_argument, NULL, OPT_UPSTREAM },
    { "quiet", no_argument, NULL, OPT_QUIET },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

/* One option; false when nothing is left to run. */
static bool take(int option, struct options *o, int *ret_exit)
{
    *ret_exit = EXIT_OK;
    switch (option) {
    case OPT_CONFIG:
        o->config = optarg;
        return true;
    case OPT_CHECK:
        o->check_only = true;
        return true;
    case OPT_STATE:
        o->override.state_dir = optarg;
        return true;
    case OPT_SOCKET:
        o->override.socket_path = optarg;
        return true;
    case OPT_DEVICES:
        o->override.devices_url = optarg;
        return true;
    case OPT_UPSTREAM:
        o->override.upstream_url = optarg;
        return true;
    case OPT_QUIET:
        o->quiet = true;
        return true;
    case OPT_VERSION:
        puts("tocsind " TOCSIN_VERSION);
        return false;
    case OPT_HELP:
        fputs(HELP, stdout);
        return false;
    default:
        fputs("tocsind: see tocsind --help\n", stderr);
        *ret_exit = EXIT_CONFIG;
        return false;
    }
}

bool options_parse(int argc, char **argv, struct options *ret, int *ret_exit)
{
    struct options o = { .config = "/etc/tocsin/tocsin.yaml" };
    int option;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (!take(option, &o, ret_exit))
            return false;
    }
    if (optind < argc) {
        fprintf(stderr, "tocsind: '%s' is not an option; see tocsind --help\n", argv[optind]);
        *ret_exit = EXIT_CONFIG;
        return false;
    }
    *ret = o;
    return true;
}
