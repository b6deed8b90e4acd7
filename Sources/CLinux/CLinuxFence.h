// What only AgentFence needs; see CLinux.h for what may be in here.
#pragma once
#include <dirent.h>
#include <fnmatch.h>
#include <grp.h>
#include <pty.h>
#include <sys/signalfd.h>
#include <termios.h>

// Swift withholds fork because its own threads would not survive; the stage that calls this has none.
static inline pid_t pinfold_fork(void) { return fork(); }

// Landlock (`man 7 landlock`), with the fields that newer kernels added: the header of the build machine may be older than the kernel.
struct pinfold_landlock_ruleset { uint64_t handled_fs, handled_net, scoped; };
struct pinfold_landlock_path { uint64_t allowed; int32_t parent; } __attribute__((packed));
static inline int32_t pinfold_landlock_abi(void) { return (int32_t)syscall(444, (void *)0, (size_t)0, 1u); }
static inline int32_t pinfold_landlock_create(const struct pinfold_landlock_ruleset *rules, size_t size) {
    return (int32_t)syscall(444, rules, size, 0u);
}
static inline int32_t pinfold_landlock_add_path(int32_t ruleset, const struct pinfold_landlock_path *rule) {
    return (int32_t)syscall(445, ruleset, 1, rule, 0u);
}
static inline int32_t pinfold_landlock_restrict(int32_t ruleset) { return (int32_t)syscall(446, ruleset, 0u); }

// `man 2 capset`: version 3, two words a set.
struct pinfold_capabilities { uint32_t effective[2], permitted[2], inheritable[2]; };
static inline int32_t pinfold_capabilities_get(struct pinfold_capabilities *c) {
    uint32_t header[2] = {0x20080522, 0}, data[6] = {0};
    int32_t r = (int32_t)syscall(SYS_capget, header, data);
    for (int i = 0; i < 2; i++) c->effective[i] = data[3 * i], c->permitted[i] = data[3 * i + 1], c->inheritable[i] = data[3 * i + 2];
    return r;
}
static inline int32_t pinfold_capabilities_clear(void) {
    uint32_t header[2] = {0x20080522, 0}, data[6] = {0};
    return (int32_t)syscall(SYS_capset, header, data);
}

// <sys/mount.h> clashes with what the importer knows already.
static inline int32_t pinfold_fence_mount(const char *source, const char *target, const char *type, unsigned long flags) {
    return (int32_t)syscall(SYS_mount, source, target, type, flags, (void *)0);
}
static inline int32_t pinfold_fence_detach(const char *target) { return (int32_t)syscall(SYS_umount2, target, 2); }
static inline int32_t pinfold_fence_unshare(int32_t flags) { return unshare(flags); }
static inline int64_t pinfold_statfs_type(const char *path) {
    // struct statfs begins with f_type; <sys/vfs.h> clashes too.
    int64_t buffer[32] = {0};
    return syscall(SYS_statfs, path, buffer) == -1 ? -1 : buffer[0];
}

// Calls that exist on some architectures only.
static const int32_t pinfold_SYS_iopl = PINFOLD_X86_ONLY(172);
static const int32_t pinfold_SYS_ioperm = PINFOLD_X86_ONLY(173);
static const int32_t pinfold_SYS_modify_ldt = PINFOLD_X86_ONLY(154);
static const int32_t pinfold_SYS_uselib = PINFOLD_X86_ONLY(134);
static const int32_t pinfold_SYS_ustat = PINFOLD_X86_ONLY(136);
static const int32_t pinfold_SYS_sysfs = PINFOLD_X86_ONLY(139);
static const int32_t pinfold_SYS__sysctl = PINFOLD_X86_ONLY(156);
static const int32_t pinfold_SYS_create_module = PINFOLD_X86_ONLY(174);
static const int32_t pinfold_SYS_get_kernel_syms = PINFOLD_X86_ONLY(177);
static const int32_t pinfold_SYS_query_module = PINFOLD_X86_ONLY(178);

#include <sys/ptrace.h>
// Variadic in glibc.
static inline int64_t pinfold_fence_ptrace_traceme(void) { return ptrace(PTRACE_TRACEME, 0, (void *)0, (void *)0); }

// SIG_DFL is a cast, resources are an enumeration that the importer gives several types.
static inline void pinfold_signal_default(int32_t number) { signal(number, SIG_DFL); }
static inline void pinfold_signal_ignore(int32_t number) { signal(number, SIG_IGN); }
static const int32_t pinfold_RLIMIT_CPU = RLIMIT_CPU;
static const int32_t pinfold_RLIMIT_FSIZE = RLIMIT_FSIZE;
static const int32_t pinfold_RLIMIT_DATA = RLIMIT_DATA;
static const int32_t pinfold_RLIMIT_CORE = RLIMIT_CORE;
static const int32_t pinfold_RLIMIT_NPROC = RLIMIT_NPROC;
static const int32_t pinfold_RLIMIT_NOFILE = RLIMIT_NOFILE;
static const int32_t pinfold_RLIMIT_MSGQUEUE = RLIMIT_MSGQUEUE;
static inline int32_t pinfold_getrlimit(int32_t resource, struct rlimit *limit) { return getrlimit(resource, limit); }
static inline int32_t pinfold_setrlimit(int32_t resource, const struct rlimit *limit) { return setrlimit(resource, limit); }
