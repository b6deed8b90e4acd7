internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A file that the admin put there for pushing.
enum AdminFile {
    /// - Parameter isPrivate: whether it is a secret; else it may be read by everybody, and only not be written.
    /// - Throws: `unreachable`, with what to do, where it is not there or others than its owner could read or change it.
    static func read(_ path: String, private isPrivate: Bool) throws(GitError) -> [UInt8] {
        guard path.hasPrefix("/") else { throw GitError(.unreachable, "\(path) is not an absolute path") }
        let number = unsafe pinfold_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0)
        guard number >= 0 else { throw GitError(.unreachable, "\(path) cannot be read (\(Errno.current))") }
        let file = Descriptor(owning: number)
        let status = try Inside.status(of: file, named: path)
        guard status.st_mode & pinfold_S_IFMT == pinfold_S_IFREG else { throw GitError(.unreachable, "\(path) is not a file") }
        guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & (isPrivate ? 0o077 : 0o022) == 0 else {
            throw GitError(
                .unreachable,
                "\(path) can be \(isPrivate ? "read" : "written") by others: chown it to root and chmod it \(isPrivate ? "600" : "644")"
            )
        }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = try attempt("cannot read \(path)") { unsafe pread(number, &bytes, bytes.count, 0) }
        guard count < bytes.count else { throw GitError(.unreachable, "\(path) is too long") }
        return Array(bytes.prefix(count))
    }
}

/// A private key for ssh.
enum PushKey {
    /// Says, before anybody is asked, why libssh2 1.10 could not use it: afterwards there is only "not accepted".
    static func check(_ path: String) throws(GitError) {
        let text = String(decoding: try AdminFile.read(path, private: true), as: UTF8.self)
        let make = "make another: ssh-keygen -t ed25519 -N '' -f \(path)"
        if text.contains("BEGIN RSA PRIVATE KEY") || text.contains("BEGIN DSA PRIVATE KEY") { throw isRSA(path, make) }
        guard text.contains("BEGIN OPENSSH PRIVATE KEY") else {
            // ECDSA keys exist in the older format too.
            if text.contains("BEGIN EC PRIVATE KEY"), !text.contains("ENCRYPTED") { return }
            throw GitError(.unreachable, "\(path) is not a private key of OpenSSH without a passphrase: \(make)")
        }
        // `openssh-key-v1`, the cipher's name, …, the public key with its type's name in it, all unencrypted.
        let body = text.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        let bytes = decoded(body)
        let magic = Array("openssh-key-v1\0".utf8)
        guard bytes.starts(with: magic), bytes.dropFirst(magic.count).starts(with: [0, 0, 0, 4] + Array("none".utf8)) else {
            throw GitError(.unreachable, "\(path) has a passphrase, which nobody is there to type: \(make)")
        }
        if contains(bytes, "ssh-rsa") || contains(bytes, "ssh-dss") { throw isRSA(path, make) }
        if contains(bytes, "sk-") {
            throw GitError(.unreachable, "\(path) needs a security key, which nobody is there to touch: \(make)")
        }
    }

    private static func isRSA(_ path: String, _ make: String) -> GitError {
        GitError(
            .unreachable,
            "\(path) is an RSA or DSA key, which libssh2 signs with by SHA-1, and no server of today accepts: \(make)")
    }

    private static func contains(_ bytes: [UInt8], _ word: String) -> Bool {
        let word = Array(word.utf8)
        // The type stands near the beginning.
        return (0..<min(120, bytes.count)).contains { bytes[$0...].starts(with: word) }
    }

    private static func decoded(_ text: String) -> [UInt8] {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        var (pending, bits) = (UInt32(0), 0)
        for byte in text.utf8 {
            guard let value = digits.firstIndex(of: byte) else { continue }
            (pending, bits) = (pending << 6 | UInt32(value), bits + 6)
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        return result
    }
}
