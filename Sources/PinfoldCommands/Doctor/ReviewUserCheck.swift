internal import AdminInterface
internal import CLinux
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// Whether whom the review page runs as is nobody else: the daemon tells the page by that number.
enum ReviewUserCheck {
    private static let name = "the review page's user"

    static func check(_ configuration: Configuration) -> Check {
        let faults = others + excess(configuration.data)
        guard faults.isEmpty else {
            return Check(
                name, .failed, "\(ReviewUser.id) has to be nobody else's, but \(faults.joined(separator: "; "))",
                advice: "give that another number: who has this one is taken for the review page")
        }
        return Check(name, .ok, "\(ReviewUser.id), nobody else's")
    }

    /// Who else has the number, or may take it.
    private static var others: [String] {
        let id = UInt64(ReviewUser.id)
        var found: [String] = []
        if let account = (try? UserAccount.resolve("\(id):\(id)"))?.name { found.append("it is the account \(account)") }
        if let group = lines("/etc/group").first(where: { $0.count > 2 && UInt64($0[2]) == id })?[0] {
            found.append("it is the group \(group)")
        }
        for path in ["/etc/subuid", "/etc/subgid"] {
            for fields in lines(path) where fields.count == 3 {
                guard let first = UInt64(fields[1]), let count = UInt64(fields[2]), first <= id, id - first < count else {
                    continue
                }
                found.append("\(path) gives it to \(fields[0])")
            }
        }
        return found
    }

    private static func lines(_ path: String) -> [[Substring]] {
        String(decoding: (try? readWholeFile(path)) ?? [], as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false)
        }
    }

    /// What it owns of the data root's own names, and should not: nothing is the page's but its socket.
    private static func excess(_ data: DataRoot) -> [String] {
        ["", "/deployments"].flatMap { below -> [String] in
            let directory = data.path + below
            return ((try? names(inDirectory: directory)) ?? []).compactMap { name in
                let path = "\(directory)/\(name)"
                guard let status = try? fileStatus(path), [status.st_uid, status.st_gid].contains(ReviewUser.id),
                    path != data.reviewDirectory
                else { return nil }
                return "\(path) belongs to it"
            }
        }
    }
}
