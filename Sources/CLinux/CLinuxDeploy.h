// What only the deploy half needs; see CLinux.h for what may be in here.
#pragma once
#include <dirent.h>
#include <sys/file.h>
#include <sys/inotify.h>

// GNU extension (`man 2 syncfs`).
static inline int32_t pinfold_syncfs(int32_t fd) { return syncfs(fd); }
static inline int32_t pinfold_fsync(int32_t fd) { return fsync(fd); }

// Macros and expressions (`man 2 openat2`, `man 7 inode`).
static const uint64_t pinfold_RESOLVE_INSIDE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
static const uint32_t pinfold_S_IFMT = S_IFMT;
static const uint32_t pinfold_S_IFREG = S_IFREG;
static const uint32_t pinfold_S_IFDIR = S_IFDIR;
static const uint8_t pinfold_DT_UNKNOWN = DT_UNKNOWN;
static const uint8_t pinfold_DT_DIR = DT_DIR;
static const uint8_t pinfold_DT_REG = DT_REG;
// The name lies in a flexible array that the importer would copy short.
static inline const char *pinfold_dirent_name(const struct dirent *entry) { return entry->d_name; }

// A child in a user namespace of its own, which does nothing until it is killed, and no longer than this thread lives. Swift withholds
// what forks; nothing of Swift runs in this child. -1 and errno where there is none.
static inline pid_t pinfold_clone_into_user_namespace(void) {
    pid_t parent = getpid();
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, (void *)0, (void *)0, (void *)0, (void *)0);
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before that: it holds the parent's locks for as long as it lives.
    if (getppid() != parent) _exit(1);
    for (;;) pause();
}

// The calling thread's alone on Linux, whatever POSIX says; glibc gives the first argument a type of its own.
#include <sys/resource.h>
static inline void pinfold_lower_own_priority(void) { setpriority(PRIO_PROCESS, 0, 19); }

// RTLD_DEFAULT is a cast (`man 3 dlsym`): whose function a library that calls by this name gets.
#include <dlfcn.h>
static inline void *pinfold_symbol(const char *name) { return dlsym(RTLD_DEFAULT, name); }

// struct statfs begins with f_type; <sys/vfs.h> clashes with what the importer knows already.
static inline int64_t pinfold_fstatfs_type(int32_t fd) {
    int64_t buffer[32] = {0};
    return syscall(SYS_fstatfs, fd, buffer) == -1 ? -1 : buffer[0];
}

// SIG_IGN is a cast expression (`man 2 signal`).
static inline void pinfold_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

static inline ssize_t pinfold_copy_file_range(int32_t from, int32_t to, size_t count) {
    return copy_file_range(from, (void *)0, to, (void *)0, count, 0);
}
#include <netdb.h>
#include <netinet/in.h>
// glibc declares the address as a transparent union.
static inline int32_t pinfold_connect_address(int32_t fd, const struct sockaddr *address, socklen_t length) {
    return connect(fd, address, length);
}
