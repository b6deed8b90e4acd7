internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The last layer: where the kernel has Landlock, writing is allowed below the fence's writable directories and nowhere else, whatever is mounted
/// and whatever descriptor leads there; abstract Unix sockets and signals end at the fence (`man 7 landlock`).
package enum Landlock {
    /// 0 where the kernel has none.
    package static var version: Int32 { max(pinfold_landlock_abi(), 0) }

    /// Below version 2 every rename between directories would fail, which git needs: too old to be used.
    package static let oldestUsed: Int32 = 2

    private struct Rights: OptionSet {
        let rawValue: UInt64
        static let writeFile = Rights(rawValue: 1 << 1)
        /// Removing and making, all kinds but devices.
        static let changeNames = Rights(rawValue: 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13)
        static let makeDevices = Rights(rawValue: 1 << 6 | 1 << 11)
        static let truncate = Rights(rawValue: 1 << 14)
        static let deviceControl = Rights(rawValue: 1 << 15)

        /// What the kernel of this version can be asked to handle.
        static func handled(_ version: Int32) -> Rights {
            var rights: Rights = [.writeFile, .changeNames, .makeDevices]
            if version >= 3 { rights.insert(.truncate) }
            if version >= 5 { rights.insert(.deviceControl) }
            return rights
        }
    }

    static func restrictWrites(to directories: [String]) throws(FenceError) {
        let version = self.version
        guard version >= oldestUsed else { return }
        let handled = Rights.handled(version)
        var rules = pinfold_landlock_ruleset(handled_fs: handled.rawValue, handled_net: 0, scoped: version >= 6 ? 0b11 : 0)
        // Kernels before 6 do not know the third field, and refuse a structure that has it.
        let size = version >= 6 ? 24 : version >= 4 ? 16 : 8
        let ruleset = Descriptor(owning: try call("landlock_create_ruleset") { unsafe pinfold_landlock_create(&rules, size) })

        for directory in directories {
            try allow(handled.intersection([.writeFile, .changeNames, .truncate]), below: directory, in: ruleset)
        }
        try allow(handled.intersection([.writeFile, .truncate, .deviceControl]), below: "/dev", in: ruleset)
        for number in StandardStreams.writable {
            // A pipe or a socket cannot be a rule's object and needs none (EBADFD).
            try? allow(
                handled.intersection([.writeFile, .truncate, .deviceControl]), below: "/proc/self/fd/\(number)", in: ruleset)
        }
        let raw = ruleset.rawValue
        _ = try call("landlock_restrict_self") { pinfold_landlock_restrict(raw) }
    }

    private static func allow(_ rights: Rights, below path: String, in ruleset: borrowing Descriptor) throws(FenceError) {
        do throws(Errno) {
            let location = try Descriptor.open(path, .path)
            // A rule on a file may name only what a file can do.
            let isDirectory = try location.status().kind == .directory
            let allowed = isDirectory ? rights : rights.intersection([.writeFile, .truncate, .deviceControl])
            var rule = pinfold_landlock_path(allowed: allowed.rawValue, parent: location.rawValue)
            let raw = ruleset.rawValue
            _ = try check { unsafe pinfold_landlock_add_path(raw, &rule) }
        } catch {
            throw FenceError("writing below \(path) cannot be allowed: \(error)", kind: .refused)
        }
    }
}
