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
// The importer does not turn a string into prctl's number.
static inline void pinfold_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
static inline uint64_t pinfold_makedev(uint32_t major, uint32_t minor) { return makedev(major, minor); }
static inline uint32_t pinfold_major(uint64_t device) { return major(device); }
static inline uint32_t pinfold_minor(uint64_t device) { return minor(device); }

// The device's ioctls that libfuse 3.14 does not know (<linux/fuse.h> of 6.9: FUSE_DEV_IOC_BACKING_OPEN,
// FUSE_DEV_IOC_BACKING_CLOSE).
static inline int32_t pinfold_fuse_backing_open(int32_t device, int32_t fd) {
    struct { int32_t fd; uint32_t flags; uint64_t padding; } map = {fd, 0, 0};
    return ioctl(device, _IOW(229, 1, map), &map);
}
static inline int32_t pinfold_fuse_backing_close(int32_t device, uint32_t id) { return ioctl(device, _IOW(229, 2, uint32_t), &id); }

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
