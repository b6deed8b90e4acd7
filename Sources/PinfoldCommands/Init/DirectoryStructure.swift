internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// The seed's directories, zones apart: the server's data, which the agent reads, and the deployments', which the daemon manages.
struct DirectoryStructure: Sendable {
    private struct Entry {
        let path: String
        let mode: mode_t
        /// Whether one that is open to others is closed: earlier versions made it so.
        var isRepaired = false
    }

    private let entries: [Entry]
    /// The agent; nil as long as there is none.
    private let account: UserAccount?
    /// What keeps the data root out of the project's own repository, where it lies in one: every clone and worktree of it, and no commit of
    /// anybody's is needed.
    private let ignoreFile: String

    init(_ configuration: Configuration, account: UserAccount?) {
        self.account = account
        let data = configuration.data
        ignoreFile = data.ignoreFile
        let open =
            [data.path] + data.serverData + [
                data.deployments, data.releases, data.logs, data.agentDirectory,
            ]
        // What ran before, as it was on disk, for root alone: what a server keeps beside its code is in there too.
        let backups = Entry(path: data.backups, mode: 0o700, isRepaired: true)
        // The admin's socket lies in the first: who may enter it may approve. In the second is the record of what the agent did, in the third
        // how much of its quotas it has used.
        let closed = [data.adminDirectory, data.auditDirectory, data.usageDirectory]
        entries = open.map { Entry(path: $0, mode: 0o755) } + [backups] + closed.map { Entry(path: $0, mode: 0o700) }
    }

    /// Whether everything that exists is what it should be; nothing is made before the whole list has been looked at.
    func inspect() throws(CommandFailure) {
        for entry in entries { try inspect(entry) }
    }

    private func inspect(_ entry: Entry) throws(CommandFailure) {
        guard let status = try existing(entry.path) else { return }
        guard status.fileType == S_IFDIR else {
            throw CommandFailure(.usage, "\(entry.path) should be a directory and is \(kind(of: status)); move it away")
        }
        // The agent could put something else in its place: only the zones are its own.
        if let way = try wayOfWriting(entry.path, status) {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw CommandFailure(
                .usage,
                "\(entry.path) should be out of the agent's reach and is writable by it (\(way), mode \(mode)); "
                    + "give it to root or the server with mode 755 and no access control list")
        }
        guard entry.mode == 0o755 || entry.isRepaired || status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                .usage, "\(entry.path) should be open to its owner alone; set it to mode \(String(entry.mode, radix: 8))")
        }
    }

    /// As whom the agent may write what is there; nil where it may not.
    private func wayOfWriting(_ path: String, _ status: stat) throws(CommandFailure) -> String? {
        if status.st_mode & 0o002 != 0 { return "everybody" }
        guard let account else { return nil }
        if status.st_uid == account.uid { return "owner \(status.st_uid)" }
        let list: AccessControlList?
        do throws(Errno) { list = try AccessControlList(of: path) } catch {
            throw CommandFailure(.usage, "the access control list of \(path) cannot be read: \(error)")
        }
        guard let list else {
            return account.groups.contains(status.st_gid) && status.st_mode & 0o020 != 0 ? "group \(status.st_gid)" : nil
        }
        return list.wayOfWriting(for: account, owningGroup: status.st_gid)
    }

    /// Makes what is missing, and notes what that was; closes what is open to others and was made so by an earlier version.
    func make(_ made: inout MadePaths) throws(CommandFailure) {
        for entry in entries {
            if let status = try existing(entry.path) {
                if entry.isRepaired, status.st_mode & 0o077 != 0 { try close(entry) }
                continue
            }
            try entry.path.making { () throws(Errno) in
                // Only the first one's parents may be missing, since they are made in order.
                try makeDirectories(entry.path, mode: entry.mode, made: &made)
                try synchronize(directory: split(entry.path).parent)
            }
        }
        // Whatever the admin has made of it is the admin's word.
        guard try existing(ignoreFile) == nil else { return }
        try ignoreFile.making { () throws(Errno) in try writeDurably("*\n", to: ignoreFile, made: &made) }
    }
}

extension DirectoryStructure {
    private func close(_ entry: Entry) throws(CommandFailure) {
        do {
            let directory = try Descriptor.open(entry.path, [.readOnly, .directory, .noFollow])
            let number = directory.rawValue
            _ = try check { fchmod(number, entry.mode) }
        } catch {
            throw CommandFailure(.notDone, "\(entry.path) cannot be closed to others: \(error)")
        }
        Terminal.say("closed \(entry.path) to others than its owner")
    }
}

extension String {
    /// Makes what is at this path, or fails with its name.
    func making(_ body: () throws(Errno) -> Void) throws(CommandFailure) {
        do {
            try body()
        } catch {
            throw CommandFailure(.notDone, "\(self) cannot be made: \(error)")
        }
    }
}

/// What is at a path that may well be missing.
func existing(_ path: String) throws(CommandFailure) -> stat? {
    do {
        return try fileStatus(path)
    } catch {
        throw CommandFailure(.usage, "\(path): \(error)")
    }
}
