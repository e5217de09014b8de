/* tocsind: options, configuration, then the daemon. */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/daemon.h"
#include "app/options.h"
#include "app/supervise.h"
#include "base/log.h"

/* Prints what is wrong with the configuration; returns whether it can be used. */
static bool load(const struct options *o, struct settings **ret)
{
    struct report report = { 0 };
    struct buf text = { 0 };
    bool ok = settings_load(o->config, &o->override, ret, &report) == TCN_OK;

    if (report.count > 0) {
        report_print(&report, &text);
        fwrite(text.bytes, 1, text.len, stderr);
    }
    buf_done(&text);
    report_done(&report);
    return ok;
}

static int run(const struct options *o, const struct settings *s)
{
    bool journal = supervise_stderr_is_journal();
    const struct log_conf log = { .level = s->log_level,
                                  .file = s->log_file,
                                  .offset_min = s->offset_min,
                                  .quiet = o->quiet || journal,
                                  .journal = journal ? supervise_journal : NULL };
    struct tcn_fail fail = { 0 };
    char quoted[LOG_QUOTE_SIZE];
    int rc = log_start(&log, &fail);

    if (rc < 0) {
        fprintf(stderr, "tocsind: %s\n", fail.text);
        return EXIT_CONFIG;
    }
    rc = daemon_run(s, &fail);
    if (rc < 0)
        log_line(LEVEL_ERROR, "ended", "error=%s text=%s", tcn_err_word(rc),
                 log_quote(fail.text, quoted));
    log_stop();
    return rc < 0 ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
    struct options options;
    struct settings *settings = NULL;
    int code;

    if (!options_parse(argc, argv, &options, &code))
        return code;
    /* Names and notes are in what we write. A full quota is an error to report, not a death. */
    (void)umask(0027);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!load(&options, &settings)) {
        fprintf(stderr, "tocsind: not started: %s is not usable\n", options.config);
        return EXIT_CONFIG;
    }
    code = options.check_only ? EXIT_OK : run(&options, settings);
    if (options.check_only)
        printf("%s: %u devices, %u rules, %u sources: good\n", options.config,
               settings->registry.device_count, settings->rules.count, settings->sources.count);
    settings_free(settings);
    return code;
}
