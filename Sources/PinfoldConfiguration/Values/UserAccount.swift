internal import CLinux

/// A user as the system's databases know him (`man 3 getpwnam`), for starting programs as him.
package struct UserAccount: Sendable, Hashable {
    package let uid: UInt32
    package let gid: UInt32
    /// Nil where the uid has no entry.
    package let name: String?
    /// `/` where the uid has no entry.
    package let home: String
    /// Supplementary groups, the primary one among them; only that where the uid has no entry.
    package let groups: [UInt32]

    package init(uid: UInt32, gid: UInt32, name: String?, home: String, groups: [UInt32]) {
        self.uid = uid
        self.gid = gid
        self.name = name
        self.home = home
        self.groups = groups
    }

    /// Why a user cannot be found.
    package enum Failure: Error, Sendable, Hashable {
        /// Neither a name nor `uid[:gid]`.
        case unreadable
        case noSuchUser
        /// A uid without an entry, and no gid behind it.
        case noGroup
        /// The database cannot be asked: an errno.
        case database(Int32)
    }

    /// Finds the user that `spec` names: a name, `uid`, or `uid:gid`. A uid of numbers needs no entry if the gid is given too; groups are
    /// the entry's unless a gid is given that is not the entry's own, which then is the only one.
    package static func resolve(_ spec: String) throws(Failure) -> UserAccount {
        let parts = spec.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts[0].isEmpty else { throw .unreadable }
        guard let uid = number(parts[0]) else {
            guard parts.count == 1 else { throw .unreadable }
            guard
                let account = unsafe try look(up: { entry, buffer, count, found in
                    unsafe getpwnam_r(spec, entry, buffer, count, found)
                })
            else {
                throw .noSuchUser
            }
            return account
        }
        let known = unsafe try look(up: { entry, buffer, count, found in unsafe getpwuid_r(uid, entry, buffer, count, found) })
        guard parts.count == 2 else {
            guard let known else { throw .noGroup }
            return known
        }
        guard let gid = number(parts[1]) else { throw .unreadable }
        if let known, known.gid == gid { return known }
        return UserAccount(uid: uid, gid: gid, name: known?.name, home: known?.home ?? "/", groups: [gid])
    }

    /// Decimal digits; the all-ones value means “no change” to chown and its like, so it is nobody's.
    private static func number(_ text: Substring) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt32(text),
            number != .max
        else { return nil }
        return number
    }

    private typealias Query = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func look(up query: Query) throws(Failure) -> UserAccount? {
        var size = 4096
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { unsafe buffer.deallocate() }
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = unsafe query(&entry, buffer, size, &found)
            if code == ERANGE, size < 1 << 20 {
                size *= 4
                continue
            }
            // These also mean that there is no entry (`man 3 getpwnam`).
            if code != 0, ![ENOENT, ESRCH, EBADF, EPERM].contains(code) { throw .database(code) }
            guard unsafe found != nil else { return nil }
            return unsafe UserAccount(
                uid: entry.pw_uid, gid: entry.pw_gid, name: String(cString: entry.pw_name), home: String(cString: entry.pw_dir),
                groups: groups(of: entry.pw_name, gid: entry.pw_gid))
        }
    }

    private static func groups(of name: UnsafePointer<CChar>, gid: UInt32) -> [UInt32] {
        var count: Int32 = 64
        while true {
            var groups = [gid_t](repeating: 0, count: Int(count))
            let room = count
            if unsafe getgrouplist(name, gid, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            // It answers how many there are; the database may grow between the calls.
            count = max(count, room * 2)
            if count > 1 << 17 { return [gid] }
        }
    }
}
