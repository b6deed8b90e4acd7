// What neither glibc nor Swift's importer has: function-like macros, variadic functions, GNU constants, and system calls without
// a wrapper. Only that belongs here: no logic, no state, one call a function, errno left as the kernel set it.
//
// One header a user: this one for everybody, the others for the one target that is named in them.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>
#include <linux/openat2.h>

// Constants that the importer drops because glibc guards them or writes them as expressions (see `man 2 openat`).
static const int32_t pinfold_O_PATH = O_PATH;
static const int32_t pinfold_O_TMPFILE = O_TMPFILE;
static const int32_t pinfold_O_DIRECT = O_DIRECT;
static const int32_t pinfold_O_NOATIME = O_NOATIME;
static const int32_t pinfold_AT_EMPTY_PATH = AT_EMPTY_PATH;
static const int32_t pinfold_AT_FDCWD = AT_FDCWD;
static const int32_t pinfold_AT_SYMLINK_NOFOLLOW = AT_SYMLINK_NOFOLLOW;
static const int32_t pinfold_RENAME_NOREPLACE = 1;
static const int32_t pinfold_RENAME_EXCHANGE = 2;
static const int32_t pinfold_RENAME_WHITEOUT = 4;

// Variadic in glibc.
static inline int32_t pinfold_open(const char *path, int32_t flags, mode_t mode) { return open(path, flags, mode); }
static inline int32_t pinfold_openat(int32_t dir, const char *path, int32_t flags, mode_t mode) {
    return openat(dir, path, flags, mode);
}
static inline int32_t pinfold_fcntl(int32_t fd, int32_t command, int64_t argument) { return fcntl(fd, command, argument); }
static inline int32_t pinfold_ofd_getlk(int32_t fd, struct flock *lock) { return fcntl(fd, F_OFD_GETLK, lock); }
static inline int32_t pinfold_ofd_setlk(int32_t fd, struct flock *lock) { return fcntl(fd, F_OFD_SETLK, lock); }
static inline int32_t pinfold_ioctl(int32_t fd, unsigned long request, void *argument) { return ioctl(fd, request, argument); }
static inline int32_t pinfold_prctl(int32_t option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}

// Without a wrapper in glibc 2.36.
static inline int32_t pinfold_openat2(int32_t dir, const char *path, struct open_how *how) {
    return (int32_t)syscall(SYS_openat2, dir, path, how, sizeof *how);
}
static inline int32_t pinfold_renameat2(int32_t from, const char *a, int32_t to, const char *b, uint32_t flags) {
    return (int32_t)syscall(SYS_renameat2, from, a, to, b, flags);
}
static inline int32_t pinfold_pidfd_open(pid_t pid, uint32_t flags) { return (int32_t)syscall(SYS_pidfd_open, pid, flags); }
static inline int32_t pinfold_pidfd_send_signal(int32_t pidfd, int32_t signal) {
    return (int32_t)syscall(SYS_pidfd_send_signal, pidfd, signal, (void *)0, 0);
}
static inline int32_t pinfold_close_range(uint32_t first, uint32_t last, uint32_t flags) {
    return (int32_t)syscall(SYS_close_range, first, last, flags);
}
static inline int32_t pinfold_memfd_create(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
static inline int32_t pinfold_gettid(void) { return (int32_t)syscall(SYS_gettid); }

static inline int32_t pinfold_errno(void) { return errno; }
static inline void pinfold_set_errno(int32_t code) { errno = code; }

// A global that others may change: read at the moment of use.
static inline char **pinfold_environ(void) { return environ; }

// Macros over a status word (`man 2 wait`).
static inline int32_t pinfold_WIFEXITED(int32_t status) { return WIFEXITED(status); }
static inline int32_t pinfold_WEXITSTATUS(int32_t status) { return WEXITSTATUS(status); }
static inline int32_t pinfold_WTERMSIG(int32_t status) { return WTERMSIG(status); }

// A lock for paths where `Synchronization.Mutex` collapses when threads outnumber cores: its storage must not move, so Swift boxes it.
static inline pthread_mutex_t *pinfold_mutex_make(void) {
    pthread_mutex_t *mutex = malloc(sizeof *mutex);
    if (mutex) pthread_mutex_init(mutex, (void *)0);
    return mutex;
}

// A lock in memory that processes share: who waits for it gets it when its owner has died (`man 3 pthread_mutexattr_setrobust`).
static inline int pinfold_robust_mutex_make(pthread_mutex_t *mutex) {
    pthread_mutexattr_t attributes;
    int code = pthread_mutexattr_init(&attributes);
    if (code) return code;
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    code = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return code;
}

// Waits while `*word` is `value`, until `deadline` on the monotonic clock (`man 2 futex`, FUTEX_WAIT_BITSET); of memory that processes share.
static inline int pinfold_futex_wait(uint32_t *word, uint32_t value, const struct timespec *deadline) {
    return (int)syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, deadline, (void *)0, FUTEX_BITSET_MATCH_ANY);
}
static inline int pinfold_futex_wake(uint32_t *word) { return (int)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, (void *)0, (void *)0, 0); }

#include "CLinuxSeccomp.h"
#include "CLinuxProcesses.h"
#include "CLinuxGateway.h"
#include "CLinuxFence.h"
#include "CLinuxCommands.h"
#include "CLinuxQuota.h"
#include "CLinuxDeploy.h"
