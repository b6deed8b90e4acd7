internal import CLinux
internal import LinuxSystem
internal import SystemPackage

extension Tree {
    private static let discarded = ".discarded-"

    /// Takes a tree out of the way at once, by a rename, however large it is; `removeDiscarded` makes room later. Nothing there is success.
    ///
    /// Durable on return: after a crash it is back in no case, and what is half removed has another name.
    /// - Parameter directory: where it waits, on the same file system; nil for beside it. Nobody else may be able to write there.
    package static func discard(_ path: String, into directory: String? = nil) throws(FileError) {
        let parent = DurableFile.split(path).directory
        let holder = directory ?? parent
        do {
            let aside = holder + "/" + discarded + String(UInt64.random(in: 0...UInt64.max), radix: 16)
            _ = try check { unsafe rename(path, aside) }
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw FileError("move out of the way", path, error)
        }
        try DurableFile.syncDirectory(parent)
        if holder != parent { try DurableFile.syncDirectory(holder) }
    }

    /// Removes what was discarded into these directories, for as long as it takes. A crash leaves a part, for the next call.
    /// - Parameter isCalledOff: asked between one and the next.
    /// - Throws: the first error, when everything else is removed.
    package static func removeDiscarded(in directories: [String], isCalledOff: () -> Bool) throws(FileError) {
        var first: FileError?
        for directory in directories {
            for name in try Directories.list(directory) where name.hasPrefix(discarded) {
                if isCalledOff() { return }
                do {
                    try remove(directory + "/" + name)
                } catch {
                    first = first ?? error
                }
            }
        }
        if let first { throw first }
    }
}
