/* unit/ctl_capture.h - what a command prints, for tests of ctl. For one test program: includes are
 * those of a .c file, after cmocka.h. */
#ifndef TOCSIN_TESTS_UNIT_CTL_CAPTURE_H
#define TOCSIN_TESTS_UNIT_CTL_CAPTURE_H

#include <stdio.h>
#include <unistd.h>

/* What is printed between capture() and release(), on both streams, lands in said. */
static char said[4096];
static FILE *file;
static int out, err;

static void capture(void)
{
    file = tmpfile();
    assert_non_null(file);
    (void)fflush(NULL);
    out = dup(STDOUT_FILENO);
    err = dup(STDERR_FILENO);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
}

static void release(void)
{
    size_t len;

    (void)fflush(NULL);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    (void)close(out);
    (void)close(err);
    rewind(file);
    len = fread(said, 1, sizeof said - 1, file);
    said[len] = '\0';
    (void)fclose(file);
}

#endif
