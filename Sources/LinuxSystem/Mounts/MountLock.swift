internal import CLinux
package import SystemPackage

/// A file that one process at a time holds, for as long as it lives (`man 2 flock`): the kernel lets go of it however the process
/// ends.
///
/// The file stays when the lock is gone: removing it would let two processes hold the locks of two files of one name.
package struct MountLock: ~Copyable, Sendable {
    private let file: Descriptor

    /// Somebody else holds it.
    package struct Held: Error, Sendable {
        /// What the holder wrote into the file; nil where that is no number.
        package let pid: Int32?
    }

    /// What can go wrong.
    package enum Failure: Error, Sendable {
        case held(Held)
        case failed(Errno)
    }

    /// Takes the lock at `path` and writes this process's number into it.
    package init(path: String) throws(Failure) {
        file = try Self.take(path)
    }

    /// The lock that another process took and has handed on with its descriptor: it is held as long as one of the two has that.
    package init(adopting file: consuming Descriptor) { self.file = file }

    /// Valid only while this value lives.
    package var rawDescriptor: Int32 { file.rawValue }

    /// Has the kernel name this process as the holder from here on (`man 5 proc_locks`), and writes its number into the file.
    ///
    /// The kernel names whoever took a lock last, and to take again what is held changes nothing: so it is given down to a shared one first. For that moment nobody
    /// else gets it who wants it alone, but for one who asks in the very instant of the change: EWOULDBLOCK then.
    package func renew() throws(Errno) {
        let raw = file.rawValue
        _ = try check { pinfold_flock_shared(raw) }
        _ = try check { pinfold_flock(raw) }
        try Self.write(getpid(), to: file)
    }

    private static func write(_ pid: Int32, to file: borrowing Descriptor) throws(Errno) {
        let raw = file.rawValue
        let text = "\(pid)\n"
        try file.truncate(to: 0)
        _ = try check { unsafe pwrite(raw, text, text.utf8.count, 0) }
    }

    private static func take(_ path: String) throws(Failure) -> Descriptor {
        let file: Descriptor
        do throws(Errno) {
            file = try Descriptor.open(path, [.readWrite, .create, .noFollow], mode: 0o644)
        } catch {
            throw .failed(error)
        }
        let raw = file.rawValue
        do throws(Errno) {
            _ = try check { pinfold_flock(raw) }
        } catch {
            throw error == .wouldBlock ? .held(Held(pid: number(in: file))) : .failed(error)
        }
        do throws(Errno) { try write(getpid(), to: file) } catch { throw .failed(error) }
        return file
    }

    static func number(in file: borrowing Descriptor) -> Int32? {
        var text = [UInt8](repeating: 0, count: 32)
        let raw = file.rawValue
        let count = unsafe text.withUnsafeMutableBytes { unsafe pread(raw, $0.baseAddress, $0.count, 0) }
        let digits = text[..<max(count, 0)].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int32(String(decoding: digits, as: UTF8.self))
    }
}
