"""What a zone does otherwise than a disk, and the row of Docs/Semantics.md that says so."""

import fnmatch
from dataclasses import dataclass

SERVED = ("served", "quota")


@dataclass(frozen=True)
class Reason:
    """Wildcards are as in a shell. A case is a test, or with pjdfstest a line of one."""

    row: str
    cases: str
    said: str = "*"
    places: tuple = SERVED
    users: tuple = ("agent", "root")

    def covers(self, user, place, case, said):
        return user in self.users and place in self.places and fnmatch.fnmatchcase(case, self.cases) and fnmatch.fnmatchcase(said, self.said)


REASONS = (
    Reason("S-77, handles", "ltp name_to_handle_at*"),
    Reason("S-77, handles", "ltp open_by_handle_at*"),
    Reason("S-77, ioctl", "ltp setxattr03", users=("root",)),
    Reason("S-77, ioctl", "xfstests *", "xfs_io fiemap *"),
    Reason("S-77, ioctl", "xfstests *", "*chattr*"),
    Reason("S-77, handles", "xfstests *", "fuse does not support NFS export", users=("root",)),
    Reason("S-77, handles", "xfstests *", "fuse does not support connectable file handles", users=("root",)),
    Reason("S-77, fallocate", "xfstests *", "xfs_io finsert *"),
    Reason("S-77, fallocate", "xfstests *", "xfs_io fcollapse *", users=("root",)),
    Reason("S-77, statx", "xfstests generic/528", "inode creation time *"),
    # They take the page for what O_DIRECT is aligned to.
    Reason("S-77, statx", "xfstests generic/114", "device block size: 4096 *"),
    Reason("S-77, statx", "xfstests generic/240", "fs block size must be larger *"),
    Reason("S-77, statx", "xfstests generic/450", "Only test on sector size *"),
    Reason("S-77, statx", "xfstests generic/538", "Need device logical block size*"),
    Reason("S-77, idmapped", "xfstests *", "idmapped mounts not support *", users=("root",)),
    Reason("S-49", "xfstests generic/035", "*: Stale file handle", users=("root",)),
    Reason("S-21, whiteout", "xfstests generic/078"),
    Reason("S-43", "xfstests generic/213", places=("quota",)),
    # A character device 0:0 is a whiteout, which needs no CAP_MKNOD on the disk, and is there for the case after it.
    Reason("S-20, whiteout", "pjdfstest mknod/08.t:*"),
)


def reason(user, place, case, said):
    return next((reason for reason in REASONS if reason.covers(user, place, case, said)), None)
