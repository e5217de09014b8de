/* lib/vfs_fault.h - a SQLite VFS that fails at the n-th operation, and an allocator that does so.
 * Static functions in a header, because only tests that link SQLite may include it.
 *
 * vfs_fault_install() once, before SQLite is used. Then arm, call, look at `fired`, disarm.
 * Syncing is counted but not done: a unit test never loses power. */
#ifndef TOCSIN_TESTS_LIB_VFS_FAULT_H
#define TOCSIN_TESTS_LIB_VFS_FAULT_H

#include <assert.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FAULT_OPEN     1u
#define FAULT_READ     2u
#define FAULT_WRITE    4u
#define FAULT_TRUNCATE 8u
#define FAULT_SYNC     16u
#define FAULT_SHM      32u
#define FAULT_DELETE   64u
#define FAULT_SIZE     128u
#define FAULT_ALL      255u

static struct {
    sqlite3_vfs *real;
    sqlite3_vfs vfs;
    sqlite3_io_methods methods;
    unsigned armed; /* FAULT_* that count, 0: none */
    int files;      /* SQLITE_OPEN_* of the files that count, 0: all */
    int left;       /* operations until it fails */
    bool full;      /* writes fail for lack of space rather than of luck */
    bool for_good;  /* and all that follow fail, too */
    bool fired;
    uint64_t operations, written_bytes, syncs;
} vfs_fault;

static struct {
    sqlite3_mem_methods real;
    int left; /* 0: not armed */
    bool fired;
} malloc_fault;

struct vfs_fault_file {
    sqlite3_file base;
    sqlite3_file *real;
    int flags;
};

static inline sqlite3_file *vfs_fault_real(sqlite3_file *file)
{
    return ((struct vfs_fault_file *)(void *)file)->real;
}

static inline bool vfs_fault_hits(unsigned operation, int flags)
{
    vfs_fault.operations++;
    if ((vfs_fault.armed & operation) == 0)
        return false;
    if (vfs_fault.files != 0 && (vfs_fault.files & flags) == 0)
        return false;
    if (vfs_fault.fired)
        return vfs_fault.for_good;
    if (--vfs_fault.left > 0)
        return false;
    vfs_fault.fired = true;
    return true;
}

static inline bool vfs_fault_file_hits(sqlite3_file *file, unsigned operation)
{
    return vfs_fault_hits(operation, ((struct vfs_fault_file *)(void *)file)->flags);
}

static inline int vfs_fault_close(sqlite3_file *file)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xClose(real);
}

static inline int vfs_fault_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
    sqlite3_file *real = vfs_fault_real(file);
    if (vfs_fault_file_hits(file, FAULT_READ))
        return SQLITE_IOERR_READ;
    return real->pMethods->xRead(real, to, len, at);
}

/* A write that fails has written half of it. */
static inline int vfs_fault_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at)
{
    sqlite3_file *real = vfs_fault_real(file);
    if (vfs_fault_file_hits(file, FAULT_WRITE)) {
        (void)real->pMethods->xWrite(real, from, len / 2, at);
        return vfs_fault.full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    vfs_fault.written_bytes += (uint64_t)len;
    return real->pMethods->xWrite(real, from, len, at);
}

static inline int vfs_fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = vfs_fault_real(file);
    if (vfs_fault_file_hits(file, FAULT_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    return real->pMethods->xTruncate(real, size);
}

static inline int vfs_fault_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (vfs_fault_file_hits(file, FAULT_SYNC))
        return SQLITE_IOERR_FSYNC;
    vfs_fault.syncs++;
    return SQLITE_OK;
}

static inline int vfs_fault_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    sqlite3_file *real = vfs_fault_real(file);
    if (vfs_fault_file_hits(file, FAULT_SIZE))
        return SQLITE_IOERR_FSTAT;
    return real->pMethods->xFileSize(real, ret);
}

static inline int vfs_fault_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xLock(real, level);
}

static inline int vfs_fault_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xUnlock(real, level);
}

static inline int vfs_fault_reserved(sqlite3_file *file, int *ret)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xCheckReservedLock(real, ret);
}

static inline int vfs_fault_control(sqlite3_file *file, int operation, void *arg)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xFileControl(real, operation, arg);
}

static inline int vfs_fault_sector(sqlite3_file *file)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xSectorSize(real);
}

static inline int vfs_fault_traits(sqlite3_file *file)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xDeviceCharacteristics(real);
}

static inline int vfs_fault_shm_map(sqlite3_file *file, int page, int size, int extend,
                                    void volatile **ret)
{
    sqlite3_file *real = vfs_fault_real(file);
    if (vfs_fault_file_hits(file, FAULT_SHM)) {
        *ret = NULL;
        return vfs_fault.full ? SQLITE_FULL : SQLITE_IOERR_SHMMAP;
    }
    return real->pMethods->xShmMap(real, page, size, extend, ret);
}

/* Unlocking can't fail; locking may find the file system gone, but needs no space. */
static inline int vfs_fault_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    sqlite3_file *real = vfs_fault_real(file);
    if ((flags & SQLITE_SHM_LOCK) != 0 && !vfs_fault.full && vfs_fault_file_hits(file, FAULT_SHM))
        return SQLITE_IOERR_SHMLOCK;
    return real->pMethods->xShmLock(real, offset, n, flags);
}

static inline void vfs_fault_shm_barrier(sqlite3_file *file)
{
    sqlite3_file *real = vfs_fault_real(file);
    real->pMethods->xShmBarrier(real);
}

static inline int vfs_fault_shm_unmap(sqlite3_file *file, int delete)
{
    sqlite3_file *real = vfs_fault_real(file);
    return real->pMethods->xShmUnmap(real, delete);
}

static inline int vfs_fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file,
                                 int flags, int *ret_flags)
{
    struct vfs_fault_file *f = (struct vfs_fault_file *)(void *)file;

    (void)vfs;
    memset(f, 0, sizeof *f);
    if (vfs_fault_hits(FAULT_OPEN, flags))
        return SQLITE_CANTOPEN;
    f->real = (sqlite3_file *)(void *)(f + 1);
    f->flags = flags;
    int rc = vfs_fault.real->xOpen(vfs_fault.real, name, f->real, flags, ret_flags);
    if (f->real->pMethods != NULL)
        f->base.pMethods = &vfs_fault.methods;
    return rc;
}

static inline int vfs_fault_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    (void)vfs;
    (void)sync_dir;
    if (vfs_fault_hits(FAULT_DELETE, 0))
        return SQLITE_IOERR_DELETE;
    return vfs_fault.real->xDelete(vfs_fault.real, name, 0);
}

static inline void *malloc_fault_malloc(int size)
{
    if (malloc_fault.left > 0 && --malloc_fault.left == 0) {
        malloc_fault.fired = true;
        return NULL;
    }
    return malloc_fault.real.xMalloc(size);
}

static inline void *malloc_fault_realloc(void *old, int size)
{
    if (malloc_fault.left > 0 && --malloc_fault.left == 0) {
        malloc_fault.fired = true;
        return NULL;
    }
    return malloc_fault.real.xRealloc(old, size);
}

static inline void vfs_fault_install(void)
{
    sqlite3_mem_methods memory;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &malloc_fault.real) != SQLITE_OK)
        assert(!"SQLite tells its allocator");
    memory = malloc_fault.real;
    memory.xMalloc = malloc_fault_malloc;
    memory.xRealloc = malloc_fault_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK)
        assert(!"SQLite takes an allocator before its first use");

    vfs_fault.real = sqlite3_vfs_find("unix");
    assert(vfs_fault.real != NULL);
    vfs_fault.vfs = *vfs_fault.real;
    vfs_fault.vfs.pNext = NULL;
    vfs_fault.vfs.zName = "fault";
    vfs_fault.vfs.szOsFile += (int)sizeof(struct vfs_fault_file);
    vfs_fault.vfs.xOpen = vfs_fault_open;
    vfs_fault.vfs.xDelete = vfs_fault_delete;
    vfs_fault.methods = (sqlite3_io_methods){
        .iVersion = 2,
        .xClose = vfs_fault_close,
        .xRead = vfs_fault_read,
        .xWrite = vfs_fault_write,
        .xTruncate = vfs_fault_truncate,
        .xSync = vfs_fault_sync,
        .xFileSize = vfs_fault_size,
        .xLock = vfs_fault_lock,
        .xUnlock = vfs_fault_unlock,
        .xCheckReservedLock = vfs_fault_reserved,
        .xFileControl = vfs_fault_control,
        .xSectorSize = vfs_fault_sector,
        .xDeviceCharacteristics = vfs_fault_traits,
        .xShmMap = vfs_fault_shm_map,
        .xShmLock = vfs_fault_shm_lock,
        .xShmBarrier = vfs_fault_shm_barrier,
        .xShmUnmap = vfs_fault_shm_unmap,
    };
    if (sqlite3_vfs_register(&vfs_fault.vfs, 1) != SQLITE_OK)
        assert(!"SQLite takes a VFS");
}

/* The n-th of these operations fails. */
static inline void vfs_fault_arm(unsigned operations, int n)
{
    vfs_fault.armed = operations;
    vfs_fault.left = n;
    vfs_fault.fired = false;
}

static inline void malloc_fault_arm(int n)
{
    malloc_fault.left = n;
    malloc_fault.fired = false;
}

static inline void faults_disarm(void)
{
    vfs_fault.armed = 0;
    vfs_fault.files = 0;
    vfs_fault.full = vfs_fault.for_good = false;
    malloc_fault.left = 0;
}

#endif
