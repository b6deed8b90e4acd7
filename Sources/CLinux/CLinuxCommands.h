// What only the command line needs; see CLinux.h for what may be in here.
#pragma once

#include <dirent.h>

// `man 2 flock`, LOCK_EX: waits until the lock is free.
static inline int32_t pinfold_flock_waiting(int32_t fd) { return (int32_t)syscall(SYS_flock, fd, 2); }

// Declared here: <dlfcn.h> pulls in definitions that other modules then disagree with.
// `man 3 dlopen`: whether a shared library can be loaded.
extern void *dlopen(const char *name, int mode);
extern int dlclose(void *library);
static inline int32_t pinfold_trial_library(const char *name) {
    void *library = dlopen(name, 1 /* RTLD_LAZY */);
    if (library) dlclose(library);
    return library ? 0 : -1;
}

// `man 2 umount2`: <sys/mount.h> breaks other imports, so its constants are here.
static const int32_t pinfold_MNT_DETACH = 2;
static const int32_t pinfold_UMOUNT_NOFOLLOW = 8;
static inline int32_t pinfold_umount2(const char *target, int32_t flags) { return (int32_t)syscall(SYS_umount2, target, flags); }

// `man 2 statx`: answered from what the kernel knows, without a question to the filesystem, so that a dead FUSE daemon hangs nobody.
// 0 and the device's numbers, or -1.
static inline int32_t pinfold_location_of(const char *path, uint32_t *major, uint32_t *minor, uint64_t *mount) {
    struct statx status;
    int32_t result = (int32_t)statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, 0x1000 /* STATX_MNT_ID */, &status);
    if (result == 0) {
        *major = status.stx_dev_major;
        *minor = status.stx_dev_minor;
        *mount = status.stx_mnt_id;
    }
    return result;
}

// `man 2 name_to_handle_at`: the size of the handle that the filesystem gives for an open directory, or -1.
static inline int32_t pinfold_trial_handle_size(int32_t directory) {
    union {
        struct file_handle handle;
        unsigned char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } space;
    int mount_id;
    space.handle.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(directory, "", &space.handle, &mount_id, AT_EMPTY_PATH) != 0) return -1;
    return (int32_t)space.handle.handle_bytes;
}

// `fsopen`, `fsconfig` (Linux 5.2): a filesystem instance that is never attached anywhere. Values are linux/mount.h's.
static inline int32_t pinfold_trial_fsopen(const char *type) { return (int32_t)syscall(SYS_fsopen, type, 1); }
static inline int32_t pinfold_trial_fsconfig(int32_t context, uint32_t command, const char *key, const char *value) {
    return (int32_t)syscall(SYS_fsconfig, context, command, key, value, 0);
}

// glibc's own prototype takes a transparent union, which the importer shows differently from one set of feature macros to the next.
static inline int32_t pinfold_connect_unix(int32_t fd, const struct sockaddr_un *address, uint32_t size) {
    return connect(fd, (const struct sockaddr *)address, size);
}
static inline int32_t pinfold_bind_unix(int32_t fd, const struct sockaddr_un *address) {
    return bind(fd, (const struct sockaddr *)address, sizeof *address);
}
static inline int32_t pinfold_accept_unix(int32_t fd) {
    return accept4(fd, (struct sockaddr *)0, (socklen_t *)0, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
