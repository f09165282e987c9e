/*
 * Stands between a process and the C library (LD_PRELOAD): records what happens to the files below a directory, in the
 * order in which it happened, and lets calls fail on demand. Written for Linux and 64 bits; memory maps are not seen.
 *
 *   DISK_SHIM_ROOT        the directory, itself too; other files are passed through unseen
 *   DISK_SHIM_OPERATIONS  the record, appended to; standard output's bytes are in it too
 *   DISK_SHIM_BARE        if set: without the bytes that are written
 *   DISK_SHIM_FAULT       a file that, while it exists, says which calls fail:
 *                         "CALL ERRNO SUFFIX NTH TIMES GENERATION", such as "fsync 5 .seg-wal 1 1 7": the NTH call since
 *                         GENERATION changed, and TIMES calls in all; CALL "any" is every call that changes something;
 *                         SUFFIX "*" is every file below the directory; with EROFS, opening to read never fails;
 *                         "read" only if the call wants bytes from FROM on, before TO: two more numbers at the end;
 *                         ERRNO 255 ends the process before the call, as kill -9 would
 *
 * One operation, all numbers little-endian:
 *   u8 kind | u8 errno (0: it succeeded) | u16 length of path | u32 length of data | u64 inode | u64 offset | path | data
 * The kinds are the letters at the calls of note() below.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 4096
#define KILL 255

static struct {
    char *path;
    uint64_t inode;
    int writable;
    int directory;
} files[FILES_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static const char *fault_file;
static int record = -1;
static int bare;

static long fault_generation = -1;
static long fault_calls;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        abort();
    }
    return found;
}

__attribute__((constructor)) static void start(void) {
    root = getenv("DISK_SHIM_ROOT");
    root_length = root ? strlen(root) : 0;
    fault_file = getenv("DISK_SHIM_FAULT");
    bare = getenv("DISK_SHIM_BARE") != NULL;
    const char *operations = getenv("DISK_SHIM_OPERATIONS");
    if (root && operations) {
        record = syscall(SYS_openat, AT_FDCWD, operations, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int seen(const char *path) {
    return root && path && strncmp(path, root, root_length) == 0
        && (path[root_length] == '/' || path[root_length] == 0);
}

static int seen_file(int fd) {
    return fd >= 0 && fd < FILES_MAX && files[fd].path;
}

/* With the lock held, so that the order of the record is the order of the calls. Leaves errno alone. */
static void note(char kind, int error, const char *path, uint64_t inode, uint64_t offset, const void *data, size_t length) {
    if (record < 0) {
        return;
    }
    int before = errno;
    uint16_t path_length = strlen(path);
    uint32_t data_length = length;
    uint8_t two[2] = {kind, error};
    struct iovec parts[] = {
        {two, 2}, {&path_length, 2}, {&data_length, 4}, {&inode, 8}, {&offset, 8}, {(void *)path, path_length}, {(void *)data, length},
    };
    syscall(SYS_writev, record, parts, 7);
    errno = before;
}

/* The errno that this call must fail with, or 0. With the lock held. */
static int fault_at(const char *call, const char *path, uint64_t offset, uint64_t length) {
    if (!fault_file || !path) {
        return 0;
    }
    int before = errno;
    char text[256];
    int fd = syscall(SYS_openat, AT_FDCWD, fault_file, O_RDONLY | O_CLOEXEC);
    ssize_t said = fd < 0 ? 0 : syscall(SYS_read, fd, text, sizeof text - 1);
    if (fd >= 0) {
        syscall(SYS_close, fd);
    }
    errno = before;
    if (said <= 0) {
        return 0;
    }
    text[said] = 0;
    char which[32], suffix[64];
    int error;
    long nth, times, generation;
    uint64_t from = 0, to = UINT64_MAX;
    if (sscanf(text, "%31s %d %63s %ld %ld %ld %lu %lu", which, &error, suffix, &nth, &times, &generation, &from, &to) < 6) {
        return 0;
    }
    if (generation != fault_generation) {
        fault_generation = generation;
        fault_calls = 0;
    }
    size_t path_length = strlen(path), suffix_length = strlen(suffix);
    int named = strcmp(suffix, "*") == 0
        || (path_length >= suffix_length && strcmp(path + path_length - suffix_length, suffix) == 0);
    int is_read = strcmp(call, "read") == 0;
    if ((strcmp(which, call) && (is_read || strcmp(which, "any"))) || !named) {
        return 0;
    }
    if (is_read && (offset >= to || offset + length <= from)) {
        return 0;
    }
    fault_calls++;
    if (fault_calls < nth || fault_calls - nth >= times) {
        return 0;
    }
    if (error == KILL) {
        syscall(SYS_exit_group, KILL);
    }
    return error;
}

static int fault(const char *call, const char *path) {
    return fault_at(call, path, 0, 0);
}

static void forget(int fd) {
    free(files[fd].path);
    files[fd].path = NULL;
}

static int opened(const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    struct stat about;
    int existed = syscall(SYS_newfstatat, AT_FDCWD, path, &about, 0) == 0;
    int changes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    int error = fault("open", path);
    if (error == EROFS && !changes) {
        error = 0;
    }
    int fd = -1;
    if (error) {
        errno = error;
    } else {
        fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    }
    if (fd >= 0 && fd < FILES_MAX && fstat(fd, &about) == 0) {
        files[fd].path = strdup(path);
        files[fd].inode = about.st_ino;
        files[fd].writable = (flags & O_ACCMODE) != O_RDONLY;
        files[fd].directory = S_ISDIR(about.st_mode);
        if (!existed) {
            note('c', 0, path, about.st_ino, 0, NULL, 0); /* created */
        } else if (flags & O_TRUNC) {
            note('t', 0, path, about.st_ino, 0, NULL, 0); /* length set to offset */
        }
        note(files[fd].writable ? 'O' : 'o', 0, path, about.st_ino, fd, NULL, 0); /* opened to write, to read */
    } else if (error) {
        note('O', error, path, 0, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return seen(path) ? opened(path, flags, mode) : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return seen(path) ? opened(path, flags, mode) : REAL(open64)(path, flags, mode);
}

int close(int fd) {
    if (!seen_file(fd)) {
        return REAL(close)(fd);
    }
    pthread_mutex_lock(&lock);
    note(files[fd].writable ? 'X' : 'x', 0, files[fd].path, files[fd].inode, fd, NULL, 0); /* closed a writer, a reader */
    forget(fd);
    int result = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

/* A write, perhaps a short one: what the kernel took is noted. */
static ssize_t written(int fd, const void *data, size_t length, off_t offset, int positioned) {
    pthread_mutex_lock(&lock);
    int error = fault("write", files[fd].path);
    ssize_t result = -1;
    if (!positioned) {
        offset = lseek(fd, 0, SEEK_CUR);
    }
    if (error) {
        errno = error;
    } else if (positioned) {
        result = syscall(SYS_pwrite64, fd, data, length, offset);
    } else {
        result = syscall(SYS_write, fd, data, length);
    }
    note('w', result < 0 ? errno : 0, files[fd].path, files[fd].inode, offset, data, result < 0 || bare ? 0 : result); /* written */
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t write(int fd, const void *data, size_t length) {
    if (seen_file(fd)) {
        return written(fd, data, length, 0, 0);
    }
    if (fd == STDOUT_FILENO && record >= 0) {
        pthread_mutex_lock(&lock);
        note('a', 0, "", 0, 0, data, length); /* told the world */
        ssize_t result = syscall(SYS_write, fd, data, length);
        pthread_mutex_unlock(&lock);
        return result;
    }
    return REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return seen_file(fd) ? written(fd, data, length, offset, 1) : REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    return seen_file(fd) ? written(fd, data, length, offset, 1) : REAL(pwrite64)(fd, data, length, offset);
}

/* A read is not noted unless it fails: the record is of what happens to the files. */
static ssize_t given(int fd, void *data, size_t length, off_t offset, int positioned) {
    pthread_mutex_lock(&lock);
    int error = fault_at("read", files[fd].path, positioned ? offset : lseek(fd, 0, SEEK_CUR), length);
    if (error) {
        note('g', error, files[fd].path, files[fd].inode, offset, NULL, 0); /* not given */
    }
    pthread_mutex_unlock(&lock);
    if (error) {
        errno = error;
        return -1;
    }
    return positioned ? syscall(SYS_pread64, fd, data, length, offset) : syscall(SYS_read, fd, data, length);
}

ssize_t read(int fd, void *data, size_t length) {
    return seen_file(fd) ? given(fd, data, length, 0, 0) : REAL(read)(fd, data, length);
}

ssize_t pread(int fd, void *data, size_t length, off_t offset) {
    return seen_file(fd) ? given(fd, data, length, offset, 1) : REAL(pread)(fd, data, length, offset);
}

ssize_t pread64(int fd, void *data, size_t length, off64_t offset) {
    return seen_file(fd) ? given(fd, data, length, offset, 1) : REAL(pread64)(fd, data, length, offset);
}

static int truncated(int fd, off_t length) {
    pthread_mutex_lock(&lock);
    int error = fault("ftruncate", files[fd].path);
    int result = -1;
    if (error) {
        errno = error;
    } else {
        result = syscall(SYS_ftruncate, fd, length);
    }
    note('t', result < 0 ? errno : 0, files[fd].path, files[fd].inode, length, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t length) {
    return seen_file(fd) ? truncated(fd, length) : REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    return seen_file(fd) ? truncated(fd, length) : REAL(ftruncate64)(fd, length);
}

static int synced(int fd, long call) {
    pthread_mutex_lock(&lock);
    int error = fault("fsync", files[fd].path);
    int result = -1;
    if (error) {
        errno = error;
    } else {
        result = syscall(call, fd);
    }
    char kind = files[fd].directory ? 'D' : 's'; /* synced: a directory, a file */
    note(kind, result < 0 ? errno : 0, files[fd].path, files[fd].inode, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) {
    return seen_file(fd) ? synced(fd, SYS_fsync) : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    return seen_file(fd) ? synced(fd, SYS_fdatasync) : REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to) {
    if (!seen(from) && !seen(to)) {
        return REAL(rename)(from, to);
    }
    pthread_mutex_lock(&lock);
    int error = fault("rename", from);
    int result = -1;
    if (error) {
        errno = error;
    } else {
        result = REAL(rename)(from, to);
    }
    note('r', result < 0 ? errno : 0, from, 0, 0, to, strlen(to)); /* renamed; the data is the new path */
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    if (!seen(path)) {
        return REAL(unlink)(path);
    }
    pthread_mutex_lock(&lock);
    int error = fault("unlink", path);
    int result = -1;
    if (error) {
        errno = error;
    } else {
        result = REAL(unlink)(path);
    }
    note('u', result < 0 ? errno : 0, path, 0, 0, NULL, 0); /* unlinked */
    pthread_mutex_unlock(&lock);
    return result;
}
