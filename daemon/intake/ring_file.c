#define _GNU_SOURCE
#include "intake/ring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define PAGE         16384u /* of the file's head */
#define FORMAT       1u
#define BOOT_ID_SIZE 40

static const char MAGIC[8] = { 'T', 'O', 'C', 'S', 'R', 'I', 'N', 'G' };

struct ring_file_head {
    char magic[8];
    uint32_t format, complete; /* complete: written last when the file is made */
    uint64_t fingerprint, id, capacity;
    char boot[BOOT_ID_SIZE];
    int64_t last_ms;
    uint64_t repeats[RING_REPEATS];
    uint64_t next_repeat;
    _Alignas(64) struct ring_marks marks;
};
_Static_assert(sizeof(struct ring_file_head) <= PAGE, "the head must fit before the records");

/* The kernel's id of this boot; "" where there is none. */
static void read_boot_id(char boot[BOOT_ID_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, boot, BOOT_ID_SIZE - 1);

    boot[len > 0 ? len : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

static uint64_t new_id(void)
{
    uint64_t id = 0;

    while (id == 0) {
        if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
            id = 0; /* interrupted: again */
        id >>= 1;   /* fits a signed column */
    }
    return id;
}

static int map(int fd, size_t size, struct ring_file_head **ret)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

    if (memory == MAP_FAILED)
        return TCN_EIO;
    *ret = memory;
    return TCN_OK;
}

static void *records_of(struct ring_file_head *head)
{
    return (char *)head + PAGE;
}

/* Why the file can't be gone on with, or NULL. */
static const char *judge(const struct ring_file_head *head, const struct ring_file_conf *conf)
{
    char boot[BOOT_ID_SIZE];

    read_boot_id(boot);
    if (memcmp(head->magic, MAGIC, sizeof MAGIC) != 0)
        return "it is not a ring of ours";
    if (head->format != FORMAT || head->capacity != conf->capacity || head->complete != 1)
        return "it has another format";
    if (strcmp(head->boot, boot) != 0)
        return "it is of an earlier boot";
    if (head->fingerprint != conf->fingerprint)
        return "the configuration has changed since";
    return NULL;
}

/* Tries to go on with what is mapped. Returns why it can't be, or NULL and *f is ready. */
static const char *resume(struct ring_file_head *head, const struct ring_file_conf *conf,
                          struct ring_file *f)
{
    const char *why = judge(head, conf);
    uint64_t from = head->id == conf->committed_ring ? conf->committed_position : 0;

    if (why != NULL)
        return why;
    if (ring_resume(&f->ring, &head->marks, records_of(head), conf->capacity, from) < 0)
        return "it contradicts itself";
    f->head = head;
    f->id = head->id;
    return NULL;
}

static int begin(struct ring_file_head *head, const struct ring_file_conf *conf,
                 struct ring_file *f)
{
    memset(head, 0, sizeof *head);
    memcpy(head->magic, MAGIC, sizeof MAGIC);
    head->format = FORMAT;
    head->fingerprint = conf->fingerprint;
    head->capacity = conf->capacity;
    head->id = new_id();
    read_boot_id(head->boot);
    f->head = head;
    f->id = head->id;
    if (ring_init(&f->ring, &head->marks, records_of(head), conf->capacity) < 0)
        return TCN_EINPUT;
    head->complete = 1;
    return TCN_OK;
}

/* Opens the file, or makes it empty, and locks it: two processes in one ring would take each
 * other's records. The lock goes with the descriptor. */
static int open_locked(const char *path, int *ret_fd, struct tcn_fail *reterr)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return tcn_fail_set(reterr, TCN_EIO, "ring %s can't be opened: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return tcn_fail_set(reterr, TCN_EIO,
                            "ring %s is in use by another tocsind: each needs a socket of its own",
                            path);
    }
    *ret_fd = fd;
    return TCN_OK;
}

static bool has_size(int fd, size_t size)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)size;
}

static bool is_empty(int fd)
{
    return has_size(fd, 0);
}

static void set_aside(const char *path, const char *why, struct ring_file *f)
{
    char old[4096];
    bool moved =
        tcn_text_format(old, sizeof old, "%s.old", path) == TCN_OK && rename(path, old) == 0;

    (void)tcn_text_format(f->aside, sizeof f->aside, "%s, %s", why,
                          moved ? "set aside as .old" : "overwritten"); /* fits */
}

/* All of it is there from the start: a full tmpfs must show now, not as a fault at a write. */
static int make(int fd, const char *path, size_t size, struct ring_file_head **ret,
                struct tcn_fail *reterr)
{
    int rc = ftruncate(fd, 0) < 0 ? errno : posix_fallocate(fd, 0, (off_t)size);

    if (rc != 0)
        return tcn_fail_set(reterr, TCN_EIO, "no room for the ring %s (%zu bytes): %s", path, size,
                            strerror(rc));
    rc = map(fd, size, ret);
    if (rc < 0)
        return tcn_fail_set(reterr, rc, "ring %s can't be mapped: %s", path, strerror(errno));
    return TCN_OK;
}

/* What is in the file, if it can be gone on with: NULL and *f is ready. Else why it can't. */
static const char *try_existing(const struct ring_file_conf *conf, struct ring_file *f)
{
    struct ring_file_head *head = NULL;
    const char *why;

    if (!has_size(f->fd, f->size))
        return "it has another size";
    if (map(f->fd, f->size, &head) < 0)
        return "it can't be mapped";
    why = resume(head, conf, f);
    if (why != NULL)
        (void)munmap(head, f->size); /* it was mapped just now */
    return why;
}

/* The file, locked: gone on with, or set aside and opened anew. *ret_ready: nothing is left to do. */
static int open_file(const struct ring_file_conf *conf, struct ring_file *f, bool *ret_ready,
                     struct tcn_fail *reterr)
{
    const char *why;
    int rc = open_locked(conf->path, &f->fd, reterr);

    if (rc < 0)
        return rc;
    *ret_ready = false;
    if (is_empty(f->fd))
        return TCN_OK;
    why = try_existing(conf, f);
    if (why == NULL) {
        *ret_ready = true;
        return TCN_OK;
    }
    set_aside(conf->path, why, f);
    close(f->fd);
    f->fd = -1;
    return open_locked(conf->path, &f->fd, reterr);
}

int ring_file_open(const struct ring_file_conf *conf, struct ring_file *ret,
                   struct tcn_fail *reterr)
{
    struct ring_file f = { .size = PAGE + conf->capacity, .fd = -1 };
    struct ring_file_head *head = NULL;
    bool ready = false;
    int rc = conf->path == NULL ? TCN_OK : open_file(conf, &f, &ready, reterr);

    if (rc < 0)
        goto fail;
    if (ready) {
        *ret = f;
        return TCN_OK;
    }
    if (conf->path != NULL)
        rc = make(f.fd, conf->path, f.size, &head, reterr);
    else if (map(-1, f.size, &head) < 0)
        rc = tcn_fail_set(reterr, TCN_EIO, "no memory for the ring");
    if (rc < 0)
        goto fail;
    rc = begin(head, conf, &f);
    if (rc < 0) {
        (void)munmap(head, f.size);
        rc = tcn_fail_set(reterr, rc, "a ring of %zu bytes can't be", conf->capacity);
        goto fail;
    }
    *ret = f;
    return TCN_OK;

fail:
    if (f.fd >= 0)
        close(f.fd);
    return rc;
}

void ring_file_close(struct ring_file *f)
{
    if (f->head == NULL)
        return;
    (void)munmap(f->head, f->size);
    f->head = NULL;
    if (f->fd >= 0)
        close(f->fd); /* and with it the lock */
}

int64_t ring_file_last_ms(const struct ring_file *f)
{
    return f->head->last_ms;
}

void ring_file_set_last_ms(struct ring_file *f, int64_t mono_ms)
{
    f->head->last_ms = mono_ms;
}

bool ring_file_was_delivered(const struct ring_file *f, uint64_t key)
{
    for (uint32_t i = 0; i < RING_REPEATS; i++) {
        if (f->head->repeats[i] == key)
            return true;
    }
    return false;
}

void ring_file_note_delivered(struct ring_file *f, uint64_t key)
{
    f->head->repeats[f->head->next_repeat % RING_REPEATS] = key;
    f->head->next_repeat++;
}

void ring_file_forget_delivered(struct ring_file *f)
{
    memset(f->head->repeats, 0, sizeof f->head->repeats);
    f->head->next_repeat = 0;
}
