internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Carries out single operations of an update in place, and takes them back: each again after a crash in it comes to the same end.
///
/// In the staging directory a staged file has its number for a name; `NUMBER.old` is what it replaced, and `NUMBER.gone` what the operation
/// of that number removed.
struct InPlaceCarrier: ~Copyable {
    private let target: String
    private let root: Descriptor
    private let staging: Descriptor

    init(target: String) throws(FileError) {
        self.target = target
        let root = try Directories.open(target)
        staging = try naming("open", target + "/" + InPlaceUpdate.stagingName) { () throws(Errno) in
            let directory = try PathInside.open(
                Array(InPlaceUpdate.stagingName.utf8), in: root, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            var status = stat()
            let raw = directory.rawValue
            _ = try check { unsafe fstat(raw, &status) }
            // Whoever may write into the target could have put another one there.
            guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else { throw .notPermitted }
            return directory
        }
        self.root = root
    }

    /// Whether there is a staging directory of ours.
    static func canWork(in target: String) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try InPlaceCarrier(target: target)
            return true
        } catch {
            if error.code == .notPermitted || PathInside.isNowhere(error.code) { return false }
            throw error
        }
    }

    /// The name to which something in the way of `path` is moved.
    static func aside(_ path: [UInt8], _ number: Int) -> [UInt8] { path + Array(".before-pinfold-\(number)".utf8) }

    func apply(_ operation: InPlacePlan.Operation, _ number: Int) throws(FileError) {
        try naming("update", target + "/" + PathInside.text(operation.path)) { () throws(Errno) in
            guard let parent = try parent(of: operation) else { return }
            let name = PathInside.name(of: operation.path)
            switch operation {
            case .directory: try makeDirectory(name, in: parent)
            case .remove: try remove(name, from: parent, number)
            case .removeDirectory: try removeDirectory(name, from: parent)
            case .setAside(let path, let number):
                // Again after a crash, what has the name is what was put there.
                try giving(.noSuchFileOrDirectory, .fileExists) { () throws(Errno) in
                    try rename(name, in: parent, to: PathInside.name(of: Self.aside(path, number)), in: parent)
                }
            case .add(_, let number): try add(number, as: name, in: parent)
            case .replace(_, let number): try replace(name, in: parent, by: number)
            }
        }
    }

    func takeBack(_ operation: InPlacePlan.Operation, _ number: Int) throws(FileError) {
        try naming("take back the update of", target + "/" + PathInside.text(operation.path)) { () throws(Errno) in
            guard let parent = try parent(of: operation, takingBack: true) else {
                // It was not come to: or else what held it is there again, since that was taken back before.
                if case .remove = operation, try isThere(gone(number)) { throw .noSuchFileOrDirectory }
                return
            }
            let name = PathInside.name(of: operation.path)
            switch operation {
            case .directory: try removeDirectory(name, from: parent)
            case .remove:
                // Something that was made there meanwhile stays.
                try giving(.noSuchFileOrDirectory, .fileExists) { () throws(Errno) in
                    try rename(gone(number), in: staging, to: name, in: parent)
                }
            case .removeDirectory:
                try giving(.fileExists) { () throws(Errno) in try makeDirectory(name, in: parent) }
            case .setAside(let path, let number):
                try giving(.noSuchFileOrDirectory, .fileExists) { () throws(Errno) in
                    try rename(PathInside.name(of: Self.aside(path, number)), in: parent, to: name, in: parent)
                }
            case .add(_, let number):
                if try isThere(staged(number)) { return }
                try giving(.noSuchFileOrDirectory) { () throws(Errno) in
                    try rename(name, in: parent, to: staged(number), in: staging)
                }
            case .replace(_, let number):
                if try !isThere(staged(number)) {
                    try giving(.noSuchFileOrDirectory) { () throws(Errno) in
                        try keep(name, in: parent, as: staged(number))
                    }
                }
                try giving(.noSuchFileOrDirectory) { () throws(Errno) in
                    try rename(replaced(number), in: staging, to: name, in: parent, replacing: true)
                }
            }
        }
    }

    // Single names.

    private func staged(_ number: Int) -> [CChar] { EntryName("\(number)").bytes }
    private func replaced(_ number: Int) -> [CChar] { EntryName("\(number).old").bytes }
    private func gone(_ number: Int) -> [CChar] { EntryName("\(number).gone").bytes }

    /// nil where the directory of something that goes is gone already; when it is taken back, where the directory of anything is not there.
    private func parent(of operation: InPlacePlan.Operation, takingBack: Bool = false) throws(Errno) -> Descriptor? {
        do {
            return try PathInside.parent(of: operation.path, in: root)
        } catch {
            guard PathInside.isNowhere(error) else { throw error }
            switch operation {
            case .remove, .removeDirectory: return nil
            default: if takingBack { return nil }
            }
            throw error
        }
    }

    private func makeDirectory(_ name: [CChar], in parent: borrowing Descriptor) throws(Errno) {
        let raw = parent.rawValue
        if unsafe mkdirat(raw, name, 0o755) == -1 {
            let code = Errno.current
            // Made before a crash. What else has that name since is in the way.
            guard code == .fileExists, try Directories.status(name, in: parent).kind == S_IFDIR else { throw code }
            return
        }
        // The mask of the process does not narrow it.
        _ = unsafe fchmodat(raw, name, 0o755, 0)
    }

    private func removeDirectory(_ name: [CChar], from parent: borrowing Descriptor) throws(Errno) {
        let raw = parent.rawValue
        if unsafe unlinkat(raw, name, Int32(AT_REMOVEDIR)) == 0 { return }
        let code = Errno.current
        // With files of somebody else in it, or something mounted on it, it stays.
        guard code == .directoryNotEmpty || code == .fileExists || code == .resourceBusy || PathInside.isNowhere(code) else {
            throw code
        }
    }

    private func remove(_ name: [CChar], from parent: borrowing Descriptor, _ number: Int) throws(Errno) {
        do {
            if try Directories.status(name, in: parent).kind == S_IFDIR { return try removeDirectory(name, from: parent) }
            try rename(name, in: parent, to: gone(number), in: staging)
        } catch {
            // Moved before a crash; what has the name since is the server's.
            guard error == .noSuchFileOrDirectory || error == .fileExists else { throw error }
        }
    }

    private func add(_ number: Int, as name: [CChar], in parent: borrowing Descriptor) throws(Errno) {
        do {
            try rename(staged(number), in: staging, to: name, in: parent)
        } catch {
            // Renamed before a crash: then it is there.
            guard error == .noSuchFileOrDirectory, unsafe faccessat(parent.rawValue, name, F_OK, pinfold_AT_SYMLINK_NOFOLLOW) == 0
            else { throw error }
        }
    }

    private func replace(_ name: [CChar], in parent: borrowing Descriptor, by number: Int) throws(Errno) {
        // Replaced before a crash.
        guard try isThere(staged(number)) else { return }
        // The server may have removed it meanwhile.
        try giving(.noSuchFileOrDirectory) { () throws(Errno) in try keep(name, in: parent, as: replaced(number)) }
        try rename(staged(number), in: staging, to: name, in: parent, replacing: true)
    }

    /// Gives it a second name in the staging directory, or that one alone where the file system has no hard links.
    private func keep(_ name: [CChar], in parent: borrowing Descriptor, as kept: [CChar]) throws(Errno) {
        let (raw, stagingRaw) = (parent.rawValue, staging.rawValue)
        if unsafe linkat(raw, name, stagingRaw, kept, 0) == 0 { return }
        let code = Errno.current
        if code == .fileExists { return }
        guard code == .notPermitted || code == .notSupported || code == .tooManyLinks || code == .improperLink else { throw code }
        try rename(name, in: parent, to: kept, in: staging)
    }

    private func isThere(_ name: [CChar]) throws(Errno) -> Bool {
        do {
            _ = try Directories.status(name, in: staging)
            return true
        } catch {
            if error == .noSuchFileOrDirectory { return false }
            throw error
        }
    }

    /// - Parameter replacing: whether something by the new name makes way; else it is an error (EEXIST).
    private func rename(
        _ name: [CChar], in parent: borrowing Descriptor, to new: [CChar], in other: borrowing Descriptor, replacing: Bool = false
    ) throws(Errno) {
        let (from, to) = (parent.rawValue, other.rawValue)
        if replacing {
            _ = try check { unsafe renameat(from, name, to, new) }
            return
        }
        do {
            _ = try check { unsafe pinfold_renameat2(from, name, to, new, UInt32(pinfold_RENAME_NOREPLACE)) }
        } catch {
            // A file system without that flag.
            guard error == .invalidArgument else { throw error }
            guard unsafe faccessat(to, new, F_OK, pinfold_AT_SYMLINK_NOFOLLOW) != 0 else { throw .fileExists }
            _ = try check { unsafe renameat(from, name, to, new) }
        }
    }

    /// Passes over errors that say that there is nothing to do.
    private func giving(_ way: Errno..., body: () throws(Errno) -> Void) throws(Errno) {
        do {
            try body()
        } catch {
            guard way.contains(error) else { throw error }
        }
    }
}
