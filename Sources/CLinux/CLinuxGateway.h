// What only LinuxSystem, FuseSession and GatewayFileSystem needs; see CLinux.h for what may be in here.
#pragma once
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

// Their headers belong to modules that see glibc without _GNU_SOURCE: two views of one structure do not compile.
extern ssize_t writev(int fd, const struct iovec *parts, int count);
extern int eventfd(unsigned int value, int flags);
extern int signalfd(int fd, const sigset_t *signals, int flags);

// Mounts (`man 2 open_tree`, `move_mount`, `fsopen`, `mount_setattr`): <sys/mount.h> disturbs the importer, so numbers and
// constants are here.
#define PINFOLD_OPEN_TREE_CLONE 1
#define PINFOLD_AT_RECURSIVE 0x8000
#define PINFOLD_MNT_DETACH 2
#define PINFOLD_UMOUNT_NOFOLLOW 8
#define PINFOLD_MOUNT_ATTR_RDONLY 0x1
#define PINFOLD_MOUNT_ATTR_NOSUID 0x2
#define PINFOLD_MOUNT_ATTR_NODEV 0x4
#define PINFOLD_MOUNT_ATTR_NOEXEC 0x8
#define PINFOLD_MOUNT_ATTR_NOATIME 0x10
#define PINFOLD_MOUNT_ATTR_IDMAP 0x100000
#define PINFOLD_MS_PRIVATE (1 << 18)
#define PINFOLD_FSCONFIG_SET_FLAG 0
#define PINFOLD_FSCONFIG_SET_STRING 1
#define PINFOLD_FSCONFIG_CMD_CREATE 6
struct pinfold_mount_attr {
    uint64_t attr_set, attr_clr, propagation, userns_fd;
};
extern int umount2(const char *target, int flags);
static inline int32_t pinfold_pivot_root(const char *root, const char *old) { return (int32_t)syscall(SYS_pivot_root, root, old); }
static inline int32_t pinfold_open_tree(int32_t dir, const char *path, uint32_t flags) {
    return (int32_t)syscall(SYS_open_tree, dir, path, flags);
}
static inline int32_t pinfold_move_mount(int32_t from, const char *a, int32_t to, const char *b, uint32_t flags) {
    return (int32_t)syscall(SYS_move_mount, from, a, to, b, flags);
}
static inline int32_t pinfold_mount_setattr(int32_t dir, const char *path, uint32_t flags, struct pinfold_mount_attr *attributes) {
    return (int32_t)syscall(SYS_mount_setattr, dir, path, flags, attributes, sizeof *attributes);
}
static inline int32_t pinfold_fsopen(const char *type, uint32_t flags) { return (int32_t)syscall(SYS_fsopen, type, flags); }
static inline int32_t pinfold_fsconfig(int32_t fd, uint32_t command, const char *key, const void *value, int32_t aux) {
    return (int32_t)syscall(SYS_fsconfig, fd, command, key, value, aux);
}
static inline int32_t pinfold_fsmount(int32_t fd, uint32_t flags, uint32_t attributes) {
    return (int32_t)syscall(SYS_fsmount, fd, flags, attributes);
}

// A structure with a flexible array member does not reach Swift (`man 2 name_to_handle_at`). `bytes` holds at least 128.
static inline int32_t pinfold_name_to_handle(
    int32_t dir, const char *path, uint8_t *bytes, uint32_t *size, int32_t *type, int32_t *mount, int32_t flags) {
    union {
        struct file_handle handle;
        uint8_t space[sizeof(struct file_handle) + 128];
    } box;
    box.handle.handle_bytes = 128;
    int result = name_to_handle_at(dir, path, &box.handle, mount, flags);
    if (result == 0) {
        *size = box.handle.handle_bytes;
        *type = box.handle.handle_type;
        memcpy(bytes, box.handle.f_handle, box.handle.handle_bytes);
    }
    return result;
}
static inline int32_t pinfold_open_by_handle(int32_t mount, const uint8_t *bytes, uint32_t size, int32_t type, int32_t flags) {
    union {
        struct file_handle handle;
        uint8_t space[sizeof(struct file_handle) + 128];
    } box;
    if (size > 128) { errno = EINVAL; return -1; }
    box.handle.handle_bytes = size;
    box.handle.handle_type = type;
    memcpy(box.handle.f_handle, bytes, size);
    return open_by_handle_at(mount, &box.handle, flags);
}

static inline ssize_t pinfold_getdents64(int32_t fd, void *buffer, size_t size) { return syscall(SYS_getdents64, fd, buffer, size); }

// Of the calling thread alone: glibc's wrappers change every thread of the process (`man 7 nptl`).
static inline int32_t pinfold_thread_setfsuid(uint32_t uid) { return (int32_t)syscall(SYS_setfsuid, uid); }
static inline int32_t pinfold_thread_setfsgid(uint32_t gid) { return (int32_t)syscall(SYS_setfsgid, gid); }
static inline int32_t pinfold_thread_setgroups(size_t count, const gid_t *groups) {
    return (int32_t)syscall(SYS_setgroups, count, groups);
}
static inline int32_t pinfold_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    return (int32_t)syscall(SYS_capset, &header, data);
}
static inline int32_t pinfold_capget(uint64_t *effective, uint64_t *permitted) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    int result = (int32_t)syscall(SYS_capget, &header, data);
    *effective = data[0].effective | (uint64_t)data[1].effective << 32;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return result;
}
// A structure of the same name hides the call (`man 2 flock`): LOCK_EX | LOCK_NB.
extern int flock(int fd, int operation);
static inline int32_t pinfold_flock(int32_t fd) { return flock(fd, 2 | 4); }
static inline int32_t pinfold_flock_release(int32_t fd) { return flock(fd, 8); } // LOCK_UN
static inline int32_t pinfold_flock_shared(int32_t fd) { return flock(fd, 1 | 4); } // LOCK_SH | LOCK_NB
// `man 3 cmsg`, SCM_RIGHTS: a packet with descriptors, PINFOLD_MOST_DESCRIPTORS at most (SCM_MAX_FD of the kernel's). Receiving answers how many bytes came and how
// many descriptors, close-on-exec; -1 and EMSGSIZE where something of it was cut off, and nothing is open then that was not before.
#define PINFOLD_MOST_DESCRIPTORS 253
union pinfold_descriptor_space {
    struct cmsghdr header;
    char space[CMSG_SPACE(PINFOLD_MOST_DESCRIPTORS * sizeof(int32_t))];
};
static inline ssize_t pinfold_send_descriptors(int32_t fd, const void *bytes, size_t size, const int32_t *numbers, uint32_t count) {
    struct iovec part = {(void *)bytes, size};
    union pinfold_descriptor_space control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > PINFOLD_MOST_DESCRIPTORS) { errno = E2BIG; return -1; }
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int32_t));
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int32_t)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), numbers, count * sizeof(int32_t));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}
static inline ssize_t pinfold_receive_descriptors(int32_t fd, void *bytes, size_t size, int32_t *numbers, uint32_t *count) {
    struct iovec part = {bytes, size};
    union pinfold_descriptor_space control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *count = 0;
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got == -1) return -1;
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
        *count = (first->cmsg_len - CMSG_LEN(0)) / sizeof(int32_t);
        memcpy(numbers, CMSG_DATA(first), *count * sizeof(int32_t));
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        for (uint32_t index = 0; index < *count; index++) close(numbers[index]);
        *count = 0;
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}
// A descriptor of the process that a Unix socket's other end belongs to (SO_PEERPIDFD, Linux 6.5).
static inline int32_t pinfold_peer_process(int32_t fd) {
    int32_t process = -1;
    socklen_t size = sizeof process;
    return getsockopt(fd, SOL_SOCKET, 77, &process, &size) == 0 ? process : -1;
}
static inline int32_t pinfold_dup3(int32_t from, int32_t to) { return (int32_t)syscall(SYS_dup3, from, to, O_CLOEXEC); }

// The importer does not turn a string into prctl's number.
static inline void pinfold_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
static inline uint64_t pinfold_makedev(uint32_t major, uint32_t minor) { return makedev(major, minor); }
static inline uint32_t pinfold_major(uint64_t device) { return major(device); }
static inline uint32_t pinfold_minor(uint64_t device) { return minor(device); }

// A child with this process's memory as it is now, and with its table of descriptors, which both share from then on (`man 2 clone`, CLONE_FILES). Only a
// process with one thread may call it. The C library keeps each thread's number in the thread's own block: the kernel writes the child's there, so that the
// child is as well-formed as a forked one and may have threads. -1 with EINVAL where the kernel does not say where that is (`man 2 PR_GET_TID_ADDRESS`).
static inline int *pinfold_own_thread_mark(void) {
    int *number = (int *)0;
    if (prctl(40, &number, 0, 0, 0) != 0) return (int *)0; // PR_GET_TID_ADDRESS
    if (number && *number == getpid()) return number;
    errno = EINVAL;
    return (int *)0;
}
static inline _Bool pinfold_has_own_thread_mark(void) { return pinfold_own_thread_mark() != (int *)0; }
static inline pid_t pinfold_clone_sharing_descriptors(void) {
    int *number = pinfold_own_thread_mark();
    if (!number) return -1;
    const long flags = 0x00000400 | 0x00200000 | 0x01000000 | SIGCHLD; // CLONE_FILES, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID
    // Not clone3, whose flags no filter can look at; the architectures differ in the order of what follows the stack.
#ifdef __x86_64__
    return (pid_t)syscall(SYS_clone, flags, 0, 0, number, 0);
#else
    return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, number);
#endif
}

// The device's ioctls that libfuse 3.14 does not know (<linux/fuse.h> of 6.9: FUSE_DEV_IOC_BACKING_OPEN,
// FUSE_DEV_IOC_BACKING_CLOSE).
static inline int32_t pinfold_fuse_backing_open(int32_t device, int32_t fd) {
    struct { int32_t fd; uint32_t flags; uint64_t padding; } map = {fd, 0, 0};
    return ioctl(device, _IOW(229, 1, map), &map);
}
static inline int32_t pinfold_fuse_backing_close(int32_t device, uint32_t id) { return ioctl(device, _IOW(229, 2, uint32_t), &id); }

// Memory that another process goes on with (`man 2 memfd_create`, `man 2 fcntl`: F_ADD_SEALS with F_SEAL_SEAL, _SHRINK and _GROW).
static inline int32_t pinfold_memfd_create_sealed(const char *name, int64_t size) {
    int32_t fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd != -1 && (ftruncate(fd, size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}
static const int32_t pinfold_MADV_REMOVE = MADV_REMOVE;
static const int32_t pinfold_SEEK_DATA = SEEK_DATA;

// Constants written as casts or expressions.
static const int32_t pinfold_RESOLVE_BENEATH = RESOLVE_BENEATH;
static const int32_t pinfold_AT_SYMLINK_FOLLOW = AT_SYMLINK_FOLLOW;
static const int32_t pinfold_AT_REMOVEDIR = AT_REMOVEDIR;
static const int64_t pinfold_UTIME_NOW = UTIME_NOW;
static const int64_t pinfold_UTIME_OMIT = UTIME_OMIT;
static const int32_t pinfold_AT_STATX_SYNC_AS_STAT = AT_STATX_SYNC_AS_STAT;
#include "CLinuxFiles.h"

// Changes of whole filesystems (`man 7 fanotify`).
#include <linux/fanotify.h>
static inline int32_t pinfold_fanotify_init(uint32_t flags, uint32_t event_flags) {
    return (int32_t)syscall(SYS_fanotify_init, flags, event_flags);
}
static inline int32_t pinfold_fanotify_mark(int32_t fd, uint32_t flags, uint64_t mask, int32_t dir, const char *path) {
    return (int32_t)syscall(SYS_fanotify_mark, fd, flags, mask, dir, path);
}
// The importer hides the parts of `fsid_t`.
static inline int32_t pinfold_filesystem_identity(int32_t fd, uint64_t *id, int64_t *type) {
    struct statfs result;
    if (fstatfs(fd, &result) != 0) return -1;
    memcpy(id, &result.f_fsid, sizeof *id);
    *type = result.f_type;
    return 0;
}

// Where a file has blocks (`linux/fiemap.h`, FS_IOC_FIEMAP): a structure with a flexible array member does not reach Swift. Up to 64
// extents from `start` on, in pairs of start and length; how many there are, or -1. `last` says that none comes after them.
#include <linux/fiemap.h>
static inline int32_t pinfold_extents(int32_t fd, uint64_t start, uint64_t length, uint64_t *pairs, int32_t *last) {
    union {
        struct fiemap map;
        uint8_t space[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)];
    } box;
    memset(&box.map, 0, sizeof box.map);
    box.map.fm_start = start;
    box.map.fm_length = length;
    box.map.fm_extent_count = 64;
    if (ioctl(fd, _IOWR('f', 11, struct fiemap), &box.map) != 0) return -1;
    *last = box.map.fm_mapped_extents < 64;
    for (uint32_t i = 0; i < box.map.fm_mapped_extents; i++) {
        pairs[2 * i] = box.map.fm_extents[i].fe_logical;
        pairs[2 * i + 1] = box.map.fm_extents[i].fe_length;
        if (box.map.fm_extents[i].fe_flags & FIEMAP_EXTENT_LAST) *last = 1;
    }
    return (int32_t)box.map.fm_mapped_extents;
}
