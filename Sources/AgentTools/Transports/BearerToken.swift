internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The secret by which a client shows that it may ask: from a file that nobody else can read.
package enum BearerToken {
    package struct Fault: Error, Sendable {
        package let message: String
    }

    /// What the file holds, without the blanks around it.
    package static func read(_ path: String) throws(Fault) -> [UInt8] {
        let make = "make one with: (umask 077; head -c 32 /dev/urandom | base64 > \(path))"
        func fault(_ words: String) -> Fault { Fault(message: "the token's file \(path) \(words)") }
        let status: stat
        let bytes: [UInt8]
        do throws(Errno) {
            (status, bytes) = try contents(path)
        } catch {
            throw fault("cannot be read: \(error); \(make)")
        }
        guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { throw fault("is no file") }
        guard status.st_uid == geteuid() else { throw fault("belongs to uid \(status.st_uid), not to this user") }
        guard status.st_mode & 0o077 == 0 else {
            throw fault("can be read or written by others (mode \(String(status.st_mode & 0o777, radix: 8))); chmod 600 it")
        }
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let token = Array(bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed())
        guard (16...4096).contains(token.count), token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw fault("holds no token of 16 to 4096 visible characters; \(make)")
        }
        return token
    }

    /// The beginning of a file, and what kind it is; nothing of what is none.
    private static func contents(_ path: String) throws(Errno) -> (stat, [UInt8]) {
        // A FIFO would wait for a writer.
        let file = try Descriptor.open(path, [.readOnly, .noFollow, .nonBlocking])
        var status = stat()
        let number = file.rawValue
        _ = try check { unsafe fstat(number, &status) }
        guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { return (status, []) }
        var buffer = [UInt8](repeating: 0, count: 4097)
        let count = try check { unsafe pread(number, &buffer, buffer.count, 0) }
        return (status, Array(buffer[..<count]))
    }
}
