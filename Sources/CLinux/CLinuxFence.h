// What only the fence needs; see CLinux.h for what may be in here.
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

// `man 2 seccomp_unotify`: what the owner of a filter's listener asks. The kernel's structures may be longer than the header's.
static inline int32_t pinfold_seccomp_receive(int32_t listener, struct seccomp_notif *call) {
    union {
        struct seccomp_notif call;
        uint8_t space[512];
    } box;
    memset(&box, 0, sizeof box);
    int32_t result = ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &box);
    *call = box.call;
    return result;
}
static inline int32_t pinfold_seccomp_is_valid(int32_t listener, uint64_t id) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
}
static inline int32_t pinfold_seccomp_continue(int32_t listener, uint64_t id) {
    union {
        struct seccomp_notif_resp answer;
        uint8_t space[512];
    } box;
    memset(&box, 0, sizeof box);
    box.answer.id = id;
    box.answer.flags = 1; // SECCOMP_USER_NOTIF_FLAG_CONTINUE
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &box);
}
// SECCOMP_IOCTL_NOTIF_SET_FLAGS, of Linux 6.6.
static inline int32_t pinfold_seccomp_set_flags(int32_t listener, uint64_t flags) {
    return ioctl(listener, SECCOMP_IOW(4, uint64_t), flags);
}
static inline uint64_t pinfold_seccomp_argument(const struct seccomp_notif *call, int32_t index) { return call->data.args[index]; }

// `man 2 process_vm_readv`: up to `count` bytes, at most 4096, in two parts at the page's end, so that a page that is not there cuts off only itself.
static inline int64_t pinfold_read_memory(int32_t thread, uint64_t address, void *buffer, size_t count) {
    size_t first = 4096 - (address & 4095);
    if (first > count) first = count;
    struct iovec local = {buffer, count};
    struct iovec remote[2] = {{(void *)address, first}, {(void *)(address + first), count - first}};
    return syscall(SYS_process_vm_readv, thread, &local, 1ul, remote, first < count ? 2ul : 1ul, 0ul);
}

// `man 2 TIOCGPTPEER`: the other end of a pseudo-terminal, which need not have a path here.
static inline int32_t pinfold_terminal_peer(int32_t terminal) { return ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); }

// `man 3 cmsg`, SCM_RIGHTS: one descriptor with one byte. Receiving answers the descriptor, close-on-exec; -1 and ENOMSG where none came.
static inline int32_t pinfold_send_descriptor(int32_t socket, int32_t descriptor) {
    char byte = 0;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    return (int32_t)sendmsg(socket, &message, MSG_NOSIGNAL);
}
static inline int32_t pinfold_receive_descriptor(int32_t socket) {
    char byte = 0;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == -1) return -1;
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    int32_t descriptor = -1;
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS && first->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&descriptor, CMSG_DATA(first), sizeof descriptor);
    else
        errno = ENOMSG;
    return descriptor;
}

// `man 2 faccessat2` with AT_EMPTY_PATH | AT_EACCESS: glibc's wrapper of the older call judges by itself.
static inline int32_t pinfold_access(int32_t descriptor, int32_t mode) {
    return (int32_t)syscall(439, descriptor, "", mode, AT_EMPTY_PATH | AT_EACCESS);
}
static inline int32_t pinfold_chroot(const char *path) { return (int32_t)syscall(SYS_chroot, path); }

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

static const int32_t pinfold_SYS_open = PINFOLD_X86_ONLY(2);
static const int32_t pinfold_SYS_creat = PINFOLD_X86_ONLY(85);
static const int32_t pinfold_SYS_rename = PINFOLD_X86_ONLY(82);
static const int32_t pinfold_SYS_unlink = PINFOLD_X86_ONLY(87);
static const int32_t pinfold_SYS_mkdir = PINFOLD_X86_ONLY(83);
static const int32_t pinfold_SYS_rmdir = PINFOLD_X86_ONLY(84);
static const int32_t pinfold_SYS_link = PINFOLD_X86_ONLY(86);
static const int32_t pinfold_SYS_symlink = PINFOLD_X86_ONLY(88);
static const int32_t pinfold_SYS_mknod = PINFOLD_X86_ONLY(133);
static const int32_t pinfold_SYS_chmod = PINFOLD_X86_ONLY(90);
static const int32_t pinfold_SYS_chown = PINFOLD_X86_ONLY(92);
static const int32_t pinfold_SYS_lchown = PINFOLD_X86_ONLY(94);
static const int32_t pinfold_SYS_utime = PINFOLD_X86_ONLY(132);
static const int32_t pinfold_SYS_utimes = PINFOLD_X86_ONLY(235);
static const int32_t pinfold_SYS_futimesat = PINFOLD_X86_ONLY(261);

#include <sys/ptrace.h>
// Variadic in glibc.
static inline int64_t pinfold_fence_ptrace_traceme(void) { return ptrace(PTRACE_TRACEME, 0, (void *)0, (void *)0); }

// SIG_DFL is a cast, resources are an enumeration that the importer gives several types.
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
