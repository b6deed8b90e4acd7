internal import CLinux

/// Names of users (`man 3 getpwuid_r`).
enum UserName {
    /// The name of `uid`; nil where it has none.
    static func of(_ uid: UInt32) -> String? {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        return unsafe buffer.withUnsafeMutableBufferPointer { storage in
            guard let base = storage.baseAddress, unsafe getpwuid_r(uid, &entry, base, storage.count, &found) == 0,
                unsafe found != nil,
                let name = unsafe entry.pw_name as UnsafeMutablePointer<CChar>?
            else { return nil }
            return unsafe String(cString: name)
        }
    }
}
