// A file system's own quota by project, for LinuxSystem; see CLinux.h for what may be in here.
#pragma once

// struct fsxattr of <linux/fs.h>, whose other half breaks imports of <sys/mount.h>.
struct pinfold_file_project {
    uint32_t flags;
    uint32_t extent_size;
    uint32_t extents;
    uint32_t project;
    uint32_t copy_extent_size;
    uint8_t reserved[8];
};
// FS_XFLAG_PROJINHERIT: what is made in the directory is of its project.
static const uint32_t pinfold_PROJECT_INHERITED = 0x200;
static inline int32_t pinfold_get_project(int32_t fd, struct pinfold_file_project *project) {
    return ioctl(fd, _IOR('X', 31, struct pinfold_file_project), project);
}
static inline int32_t pinfold_set_project(int32_t fd, struct pinfold_file_project *project) {
    return ioctl(fd, _IOW('X', 32, struct pinfold_file_project), project);
}

// struct if_dqblk of <linux/quota.h>: blocks of 1,024 bytes, 0 for no limit.
struct pinfold_quota_record {
    uint64_t hard_blocks;
    uint64_t soft_blocks;
    uint64_t bytes;
    uint64_t hard_inodes;
    uint64_t soft_inodes;
    uint64_t inodes;
    uint64_t block_grace;
    uint64_t inode_grace;
    uint32_t valid;
};
// QIF_BLIMITS | QIF_ILIMITS
static const uint32_t pinfold_QUOTA_LIMITS = 5;
// struct fs_quota_statv of <linux/dqblk_xfs.h>, as far as anybody here asks; the kernel writes 160 bytes.
struct pinfold_quota_state {
    int8_t version;
    uint8_t padding;
    uint16_t flags;
    uint8_t rest[252];
};
// FS_QUOTA_PDQ_ACCT | FS_QUOTA_PDQ_ENFD
static const uint16_t pinfold_PROJECT_QUOTA_ENFORCED = 0x30;

// `man 2 quotactl`: Q_GETQUOTA, Q_SETQUOTA and Q_XGETQSTATV of PRJQUOTA, by the descriptor of a file there (quotactl_fd, Linux 5.14).
static inline int32_t pinfold_project_quotactl(int32_t fd, uint32_t command, uint32_t project, void *address) {
    return (int32_t)syscall(443, fd, command << 8 | 2, project, address);
}
static const uint32_t pinfold_Q_GETQUOTA = 0x800007;
static const uint32_t pinfold_Q_SETQUOTA = 0x800008;
static const uint32_t pinfold_Q_XGETQSTATV = 0x5808;
