/* Reading files for a load: size, kind and encoding are checked here, once for all. */
#define _GNU_SOURCE
#include "settings/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

const char *load_path(struct load *ld, const char *name)
{
    size_t dir_len = name[0] == '/' ? 0 : strlen(ld->dir), len = strlen(name);
    char *path = load_alloc(ld, dir_len + len + 1, 1);

    if (path == NULL)
        return NULL;
    memcpy(path, ld->dir, dir_len);
    memcpy(path + dir_len, name, len + 1);
    return path;
}

/* Reads exactly the size that fstat() told; a file that changes meanwhile is refused. */
static int read_all(int fd, char *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, bytes + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return EAGAIN;
        done += (size_t)n;
    }
    return 0;
}

/* Length of the well-formed character at text, 0 if there is none. */
static size_t good_char(const char *text, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (tcn_text_is_utf8(text, n))
            return n;
    return 0;
}

static bool has_ending(const char *name, const char *ending)
{
    const size_t len = strlen(name), ending_len = strlen(ending);

    return len >= ending_len && strcasecmp(name + len - ending_len, ending) == 0;
}

static bool check_encoding(struct load *ld, struct text_file *file)
{
    const char *nul = memchr(file->bytes, '\0', file->len);

    if (nul == NULL && tcn_text_is_utf8(file->bytes, file->len))
        return true;

    size_t at = 0, n;
    while (at < file->len && file->bytes[at] != '\0' &&
           (n = good_char(file->bytes + at, file->len - at)) > 0)
        at += n;
    struct place place = load_place(ld, file, at, 0);
    char text[LOAD_TEXT_MAX];
    if (file->bytes[at] == '\0')
        (void)tcn_text_copy(text, sizeof text, "a zero byte: this is no UTF-8 text file");
    else
        (void)tcn_text_format(text, sizeof text, "not UTF-8 (byte 0x%02X): %s",
                              (unsigned)(unsigned char)file->bytes[at],
                              has_ending(file->name, ".csv")
                                  ? "save the file as UTF-8 (in Excel: 'CSV UTF-8')"
                                  : "save the file as UTF-8, if it is a text file at all");
    /* No excerpt: the line can't be shown. */
    report_error(ld->report, file->name, place.line, place.column, "%s", text);
    return false;
}

static struct text_file *read_opened(struct load *ld, int fd, const char *path,
                                     struct place named_at)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        load_error(ld, named_at, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        load_error(ld, named_at, "%s is %s, not a file", path,
                   S_ISDIR(st.st_mode) ? "a folder" : "a device or pipe");
        return NULL;
    }
    if ((uint64_t)st.st_size > LOAD_FILE_MAX) {
        load_error(ld, named_at, "%s is larger than %zu MiB", path, LOAD_FILE_MAX >> 20);
        return NULL;
    }

    struct text_file *file = load_scratch(ld, 1, sizeof *file);
    char *bytes = load_scratch(ld, (size_t)st.st_size + 1, 1);
    const char *name = load_text(ld, path, strlen(path));
    if (file == NULL || bytes == NULL || name == NULL)
        return NULL;
    int error = read_all(fd, bytes, (size_t)st.st_size);
    if (error != 0) {
        load_error(ld, named_at, "%s: %s", path,
                   error == EAGAIN ? "it changed while being read" : strerror(error));
        return NULL;
    }
    bool bom = st.st_size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    *file = (struct text_file){ .name = name,
                                .bytes = bom ? bytes + 3 : bytes,
                                .len = (size_t)st.st_size - (bom ? 3 : 0),
                                .device = st.st_dev,
                                .inode = st.st_ino };
    ld->fingerprint = tcn_hash(ld->fingerprint, bytes, (size_t)st.st_size);
    ld->fingerprint = tcn_hash(ld->fingerprint, "", 1); /* keeps file ends apart */
    return check_encoding(ld, file) ? file : NULL;
}

struct text_file *load_file(struct load *ld, const char *path, struct place named_at)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        load_error(ld, named_at, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct text_file *file = read_opened(ld, fd, path, named_at);
    (void)close(fd); /* it was only read */
    return file;
}
