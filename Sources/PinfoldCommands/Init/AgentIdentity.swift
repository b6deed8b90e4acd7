internal import CLinux
internal import CommandLineSupport
internal import DeployModel
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// Whose commits the agent makes in repositories of its own: `.gitconfig` in the sandbox, which is its home. A repository's own configuration wins, and the agent
/// may change the file.
struct AgentIdentity: Sendable {
    private let home: String
    private let text: String
    private let account: UserAccount

    init(_ configuration: Configuration, account: UserAccount) {
        home = configuration.zones.sandbox
        self.account = account
        text = """
            # Made by 'pinfold init'; yours to change.
            [user]
            \tname = \(Self.quoted(configuration.deploy.commits.userName))
            \temail = \(Self.quoted(configuration.deploy.commits.userEmail))

            """
    }

    /// Makes the file where the agent has no configuration of git's. The sandbox is the agent's: no link is followed, and what is there stays as it is.
    func make() throws(CommandFailure) {
        do {
            let directory = try Descriptor.open(home, [.readOnly, .directory, .noFollow])
            let number = directory.rawValue
            // git reads both, and the first would win over what the agent keeps in the second (`man 1 git-config`).
            for name in [".gitconfig", ".config/git/config"] where unsafe faccessat(number, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 {
                return
            }
            // Whole or not at all: what a crash leaves is the preparation, which the next run makes anew.
            let preparation = ".gitconfig.pinfold-init"
            unsafe unlinkat(number, preparation, 0)
            let file = Descriptor(
                owning: try check {
                    unsafe pinfold_openat(number, preparation, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
                })
            let raw = file.rawValue
            let bytes = Array(text.utf8)
            guard try check({ unsafe write(raw, bytes, bytes.count) }) == bytes.count else { throw Errno.noSpace }
            _ = try check { fchown(raw, account.uid, account.gid) }
            _ = try check { unsafe pinfold_renameat2(number, preparation, number, ".gitconfig", 1) }  // RENAME_NOREPLACE
        } catch Errno.fileExists {
            return
        } catch {
            throw CommandFailure(.notDone, "\(home)/.gitconfig cannot be made: \(error)")
        }
    }

    /// As git reads it: in quotes, in which a quote and a backslash have one before them.
    private static func quoted(_ value: String) -> String {
        "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
