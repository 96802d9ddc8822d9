/* Stands between a program and its C library, by LD_PRELOAD: it writes down everything that the program does to the files
 * below one folder, and at one chosen call it kills the program, tears the write in two, or has the call fail.
 *
 * KF_ROOT  the folder, absolute.   KF_LOG  where the record goes.   KF_DATA  set: with the bytes written.
 * KF_RULE  SITE:NTH:ACTION         hex, decimal, one of kill tear full eio full-ever eio-ever. NTH 0: ill from the start.
 * KF_WELL  a file: once it is there, the disk is well again.
 *
 * A call site is the call, the kind of file and the stack of the program above it, so it is the same in every run of one
 * build, whatever its threads do. */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, RMDIR, PRINT };
/* In the record, beside the number of the error: the call failed because of the rule, not by itself. */
enum { OF_THE_RULE = 1 << 16 };
enum action { NOTHING, KILL, TEAR, FULL, EIO_ONCE, FULL_EVER, EIO_EVER };

struct head {
    uint64_t at_ns, file, offset, size, site;
    uint32_t path, other, stack, data;
    uint32_t kind, failed;
};

struct call {
    enum kind kind;
    char path[1024], other[1024];
    uint64_t file, offset, size;
    const void *data;
    int grows;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[1024];
static size_t root_length;
static int log_fd = -1, with_data, is_ill;
static const char *well;
static uint64_t rule_site, rule_nth, seen;
static enum action rule;
static uintptr_t base_address, end_address;

static int find_program(struct dl_phdr_info *program, size_t size, void *nothing) {
    (void)size, (void)nothing;
    base_address = program->dlpi_addr;
    for (int at = 0; at < program->dlpi_phnum; at++) {
        uintptr_t end = program->dlpi_addr + program->dlpi_phdr[at].p_vaddr + program->dlpi_phdr[at].p_memsz;
        if (program->dlpi_phdr[at].p_type == PT_LOAD && end_address < end) end_address = end;
    }
    return 1;
}

__attribute__((constructor)) static void begin(void) {
    static const char *names[] = {"", "kill", "tear", "full", "eio", "full-ever", "eio-ever"};
    const char *folder = getenv("KF_ROOT"), *log = getenv("KF_LOG"), *text = getenv("KF_RULE");
    void *warm[4];
    if (!folder || !log) return;
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    with_data = getenv("KF_DATA") != NULL;
    well = getenv("KF_WELL");
    dl_iterate_phdr(find_program, NULL);
    backtrace(warm, 4);
    char name[16] = "";
    if (text && sscanf(text, "%lx:%lu:%15s", &rule_site, &rule_nth, name) == 3)
        for (int at = KILL; at <= EIO_EVER; at++)
            if (!strcmp(name, names[at])) rule = at;
    is_ill = rule && !rule_nth;
    log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
    return log_fd >= 0 && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, 1023);
    path[length < 0 ? 0 : length] = 0;
    return is_ours(path);
}

static int path_at(int folder, const char *name, char *path) {
    if (name[0] == '/' || log_fd < 0) {
        snprintf(path, 1024, "%s", name);
    } else if (folder == AT_FDCWD) {
        if (!getcwd(path, 1024)) return 0;
        size_t length = strlen(path);
        snprintf(path + length, 1024 - length, "/%s", name);
    } else if (path_of(folder, path)) {
        size_t length = strlen(path);
        snprintf(path + length, 1024 - length, "/%s", name);
    }
    return is_ours(path);
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    for (int at = 0; at < 8; at++, value >>= 8) hash = (hash ^ (value & 255)) * 1099511628211u;
    return hash;
}

/* A path says what kind of file it is by everything but the digits of hashes and times in it. */
static uint64_t mix_path(uint64_t hash, const char *path) {
    for (const char *at = path + root_length; *at;) {
        size_t digits = strspn(at, "0123456789abcdef");
        int is_name = digits == 2 && at[-1] == '/' && (at[2] == '/' || !at[2]);
        if (digits >= 16 || is_name) {
            hash = mix(hash, '#');
            at += digits;
            continue;
        }
        if (strspn(at, "0123456789-") >= 10) {
            hash = mix(hash, '@');
            at += strspn(at, "0123456789-TZ");
            continue;
        }
        hash = mix(hash, (unsigned char)*at++);
    }
    return hash;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

static int may_be_full(const struct call *call) {
    return call->kind == CREATE || call->kind == MKDIR || (call->grows && (call->kind == WRITE || call->kind == TRUNCATE));
}

/* What is to happen to this call; a kill happens here. */
static int verdict(struct call *call, uint64_t site) {
    int is_well = well && !syscall(SYS_faccessat, AT_FDCWD, well, F_OK);
    if (rule == NOTHING || call->kind == PRINT || is_well) return 0;
    if (site == rule_site && ++seen == rule_nth) {
        if (rule == TEAR) return -1;
        if (rule == KILL) syscall(SYS_kill, getpid(), SIGKILL);
        is_ill = rule == FULL_EVER || rule == EIO_EVER;
        return rule == FULL || rule == FULL_EVER ? ENOSPC : EIO;
    }
    if (is_ill && rule == EIO_EVER) return EIO;
    return is_ill && rule == FULL_EVER && may_be_full(call) ? ENOSPC : 0;
}

struct noted {
    struct head head;
    uint64_t stack[64];
};

static int enter(struct call *call, struct noted *noted) {
    void *frames[64];
    int depth = backtrace(frames, 64);
    memset(&noted->head, 0, sizeof noted->head);
    uint64_t site = mix(14695981039346656037u, call->kind);
    if (call->kind != PRINT) site = mix_path(site, call->path);
    for (int at = 0; at < depth; at++) {
        uintptr_t frame = (uintptr_t)frames[at];
        if (frame < base_address || end_address <= frame) continue;
        noted->stack[noted->head.stack++] = frame - base_address;
        site = mix(site, frame - base_address);
    }
    noted->head.site = site;
    pthread_mutex_lock(&turn);
    return verdict(call, site);
}

static void leave(const struct call *call, struct noted *noted, int failed) {
    struct head *head = &noted->head;
    int keeps = call->data && call->size && (with_data || call->kind == PRINT);
    head->at_ns = now(), head->file = call->file, head->offset = call->offset, head->size = call->size;
    head->path = strlen(call->path), head->other = strlen(call->other);
    head->data = keeps ? call->size : 0, head->kind = call->kind, head->failed = failed;
    struct iovec parts[5] = {
        {head, sizeof *head}, {(void *)call->path, head->path}, {(void *)call->other, head->other},
        {noted->stack, head->stack * sizeof(uint64_t)}, {(void *)call->data, head->data},
    };
    int before = errno;
    if (syscall(SYS_writev, log_fd, parts, 5) < 0) abort();
    errno = before;
    pthread_mutex_unlock(&turn);
}

static long fail(const struct call *call, struct noted *noted, int why) {
    leave(call, noted, why | OF_THE_RULE);
    errno = why;
    return -1;
}

/* For calls that take a path or a descriptor and nothing more to look at. */
#define PLAIN(call, real)                                                   \
    struct noted noted;                                                     \
    int why = enter(&call, &noted);                                         \
    if (why > 0) return fail(&call, &noted, why);                           \
    if (why < 0) syscall(SYS_kill, getpid(), SIGKILL);                      \
    long done = real;                                                       \
    leave(&call, &noted, done < 0 ? errno : 0);                             \
    return done

static long write_all(int fd, const void *data, size_t size, off_t offset, int placed) {
    struct call call = {.kind = WRITE, .data = data, .size = size};
    struct stat now_is;
    int prints = fd == 1 && log_fd >= 0;
    if (log_fd < 0 || (!path_of(fd, call.path) && !prints))
        return placed ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
    if (prints) {
        call.kind = PRINT;
    } else {
        fstat(fd, &now_is);
        int appends = syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
        off_t at = placed ? offset : appends ? now_is.st_size : syscall(SYS_lseek, fd, 0, SEEK_CUR);
        call.file = now_is.st_ino, call.offset = at, call.grows = (uint64_t)at + size > (uint64_t)now_is.st_size;
    }
    struct noted noted;
    int why = enter(&call, &noted);
    if (why > 0) return fail(&call, &noted, why);
    if (why < 0) size /= 2;
    long done = placed ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
    if (why < 0) syscall(SYS_kill, getpid(), SIGKILL);
    call.size = done < 0 ? 0 : done;
    leave(&call, &noted, done < 0 ? errno : 0);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return write_all(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return write_all(fd, data, size, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return write_all(fd, data, size, at, 1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[1024];
    if (log_fd < 0 || !path_of(fd, path)) return syscall(SYS_writev, fd, parts, count);
    for (int at = 0; at < count; at++)
        if (parts[at].iov_len) return write_all(fd, parts[at].iov_base, parts[at].iov_len, 0, 0);
    return 0;
}

static int sync_file(int fd, long number) {
    struct call call = {.kind = SYNC};
    struct stat is;
    if (log_fd < 0 || !path_of(fd, call.path)) return syscall(number, fd);
    fstat(fd, &is);
    call.file = is.st_ino, call.grows = 1;
    PLAIN(call, syscall(number, fd));
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int ftruncate64(int fd, off_t size) {
    struct call call = {.kind = TRUNCATE, .size = size};
    struct stat is;
    if (log_fd < 0 || !path_of(fd, call.path)) return syscall(SYS_ftruncate, fd, size);
    fstat(fd, &is);
    call.file = is.st_ino, call.grows = size > is.st_size;
    PLAIN(call, syscall(SYS_ftruncate, fd, size));
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int open_file(int folder, const char *name, int flags, mode_t mode) {
    struct call call = {.kind = CREATE};
    struct stat is;
    if (log_fd < 0 || !(flags & (O_CREAT | O_TRUNC)) || !path_at(folder, name, call.path))
        return syscall(SYS_openat, folder, name, flags, mode);
    int is_there = !stat(call.path, &is);
    if (is_there && !((flags & O_TRUNC) && is.st_size)) return syscall(SYS_openat, folder, name, flags, mode);
    if (is_there) call.kind = TRUNCATE, call.file = is.st_ino;
    struct noted noted;
    int why = enter(&call, &noted);
    if (why > 0) return fail(&call, &noted, why);
    if (why < 0) syscall(SYS_kill, getpid(), SIGKILL);
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && !fstat(fd, &is)) call.file = is.st_ino;
    leave(&call, &noted, fd < 0 ? errno : 0);
    return fd;
}

#define MODE(flags)                             \
    mode_t mode = 0;                            \
    if (flags & (O_CREAT | O_TMPFILE)) {        \
        va_list more;                           \
        va_start(more, flags);                  \
        mode = va_arg(more, int);               \
        va_end(more);                           \
    }

int open(const char *name, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags) return open_file(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags) return open_file(at, name, flags, mode); }

int rename(const char *from, const char *to) {
    struct call call = {.kind = RENAME};
    if (!path_at(AT_FDCWD, from, call.path) | !path_at(AT_FDCWD, to, call.other))
        return syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    PLAIN(call, syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

int unlinkat(int folder, const char *name, int flags) {
    struct call call = {.kind = flags & AT_REMOVEDIR ? RMDIR : UNLINK};
    if (!path_at(folder, name, call.path)) return syscall(SYS_unlinkat, folder, name, flags);
    PLAIN(call, syscall(SYS_unlinkat, folder, name, flags));
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int mkdir(const char *name, mode_t mode) {
    struct call call = {.kind = MKDIR};
    struct stat is;
    if (!path_at(AT_FDCWD, name, call.path) || !stat(call.path, &is)) return syscall(SYS_mkdirat, AT_FDCWD, name, mode);
    PLAIN(call, syscall(SYS_mkdirat, AT_FDCWD, name, mode));
}

/* Without these the standard library copies by reading and writing, which is seen. */
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    char path[1024];
    if (log_fd < 0 || !path_of(out, path)) return syscall(SYS_copy_file_range, in, from, out, to, size, flags);
    errno = ENOSYS;
    return -1;
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t size) {
    char path[1024];
    if (log_fd < 0 || !path_of(out, path)) return syscall(SYS_sendfile, out, in, from, size);
    errno = ENOSYS;
    return -1;
}
