internal import CFuse3
package import LinuxSystem
package import SystemPackage

/// A question for a file system's sizes.
@safe package struct StatisticsRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    package consuming func reply(_ statistics: FileSystemStatistics) {
        var out = fuse_kstatfs()
        out.blocks = statistics.blocks
        out.bfree = statistics.freeBlocks
        out.bavail = statistics.availableBlocks
        out.files = statistics.files
        out.ffree = statistics.freeFiles
        out.bsize = statistics.blockSize
        out.frsize = statistics.fragmentSize
        out.namelen = statistics.nameLength
        _ = origin.succeed(with: out)
        discard self
    }
}
