#define _GNU_SOURCE
#include "app/supervise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "app/journal_fields.h"
#include "base/text.h"

#define FIELDS_MAX 32

bool supervise_stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(2, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static int priority_of(enum log_level level)
{
    static const int PRIORITY[] = { [LEVEL_DEBUG] = LOG_DEBUG,
                                    [LEVEL_INFO] = LOG_INFO,
                                    [LEVEL_NOTICE] = LOG_NOTICE,
                                    [LEVEL_WARNING] = LOG_WARNING,
                                    [LEVEL_ERROR] = LOG_ERR };

    return PRIORITY[level];
}

void supervise_journal(enum log_level level, const char *line)
{
    static char fields[FIELDS_MAX][JOURNAL_FIELD_SIZE]; /* one thread only: the log's writer */
    static char message[LOG_LINE_MAX + 16];
    struct iovec iov[FIELDS_MAX + 2];
    char priority[16];
    const char *rest = line;
    int count = 2;

    (void)tcn_text_format(message, sizeof message, "MESSAGE=%s", line); /* a cut is meant */
    (void)tcn_text_format(priority, sizeof priority, "PRIORITY=%d", priority_of(level));
    iov[0] = (struct iovec){ message, strlen(message) };
    iov[1] = (struct iovec){ priority, strlen(priority) };
    while (count < FIELDS_MAX + 2 && journal_next_field(&rest, fields[count - 2])) {
        iov[count] = (struct iovec){ fields[count - 2], strlen(fields[count - 2]) };
        count++;
    }
    (void)sd_journal_sendv(iov, count); /* nowhere left to report a failure */
}

void supervise_ready(const char *status)
{
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status); /* no manager: nothing to tell */
}

void supervise_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

int64_t supervise_watchdog_ms(void)
{
    uint64_t us = 0;

    if (sd_watchdog_enabled(0, &us) <= 0)
        return 0;
    return us / 2000 > 0 ? (int64_t)(us / 2000) : 1;
}

void supervise_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}
