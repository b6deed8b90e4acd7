package import DataRoot
internal import Patterns

/// A pattern that holds unless the admin says otherwise, and why: the table that `pinfold doctor` and Docs/Configuration.md show.
package struct DefaultPattern: Sendable, Hashable {
    package let pattern: String
    package let reason: String

    init(_ pattern: String, _ reason: String) {
        self.pattern = pattern
        self.reason = reason
    }
}

extension DefaultPattern {
    /// `AGENT_PROTECT`: what makes git run a program or read from elsewhere when somebody else runs it in code-repo.
    ///
    /// Not in it, because ordinary git commands write them: `.git` files and `.git/worktrees/*/commondir` (made by `git worktree add`),
    /// `.git/rebase-merge` (holds `exec` lines of the agent's own rebase).
    package static let protect: [DefaultPattern] = [
        DefaultPattern(".git/hooks", "git runs what is in it"),
        DefaultPattern(
            ".git/config", "names programs: core.fsmonitor, core.hooksPath, filters, pagers, credential helpers, aliases"),
        DefaultPattern(".git/config.worktree", "the same, for one worktree"),
        DefaultPattern(".git/worktrees/*/config.worktree", "the same, for a linked worktree"),
        DefaultPattern(".git/commondir", "would make git take configuration and hooks from another directory"),
        DefaultPattern(".git/info/attributes", "attaches filters and diff drivers to files"),
        DefaultPattern(".git/objects/info/alternates", "makes git read objects of other repositories"),
        DefaultPattern(".git/objects/info/http-alternates", "the same, for a fetch over HTTP"),
        DefaultPattern(".git/remotes", "old form of remotes: redirects a fetch or push"),
        DefaultPattern(".git/branches", "old form of remotes: redirects a fetch or push"),
        DefaultPattern(".git/modules/**/hooks", "git runs what is in it, in a submodule"),
        DefaultPattern(".git/modules/**/config", "names programs, for a submodule"),
        DefaultPattern(".git/modules/**/config.worktree", "the same, for one worktree of a submodule"),
        DefaultPattern(".git/modules/**/commondir", "would make git take configuration and hooks from another directory"),
        DefaultPattern(".git/modules/**/info/attributes", "attaches filters and diff drivers to files of a submodule"),
        DefaultPattern(".git/modules/**/objects/info/alternates", "makes git read objects of other repositories"),
    ]

    /// `AGENT_VIEW_HIDE`: secrets that a careless mode would show to the agent's user, and sockets of services that run commands.
    ///
    /// Those that begin with `**/` hold outside the zones only: what a zone holds is the agent's own, and a repository that tracks a `.env`
    /// must stay checked out whole.
    package static let hide: [DefaultPattern] = [
        DefaultPattern("/etc/shadow*", "password hashes"),
        DefaultPattern("/etc/gshadow*", "password hashes of groups"),
        DefaultPattern("/etc/security/opasswd*", "old password hashes"),
        DefaultPattern("/etc/ssh/ssh_host_*_key", "the machine's identity"),
        DefaultPattern("/etc/ssl/private", "keys of certificates"),
        DefaultPattern("/etc/letsencrypt/archive", "keys of certificates"),
        DefaultPattern("/etc/letsencrypt/live", "keys of certificates"),
        DefaultPattern("/etc/krb5.keytab", "the machine's Kerberos key"),
        DefaultPattern("/etc/credstore*", "credentials of services"),
        DefaultPattern("/etc/pinfold", "the admin's configuration"),
        DefaultPattern("/root/.ssh", "the admin's keys"),
        DefaultPattern("/var/lib/systemd/credential.secret", "the key of the services' credentials"),
        DefaultPattern("/run/credentials", "credentials of running services"),
        DefaultPattern("/run/secrets", "credentials mounted into containers"),
        DefaultPattern("/run/user", "sockets and key rings of people who are logged in"),
        DefaultPattern("/run/docker.sock", "a root shell for whoever may connect"),
        DefaultPattern("/run/docker", "a root shell for whoever may connect"),
        DefaultPattern("/run/containerd", "a root shell for whoever may connect"),
        DefaultPattern("/run/crio", "a root shell for whoever may connect"),
        DefaultPattern("/run/podman", "a root shell for whoever may connect"),
        DefaultPattern("/run/dbus", "the system bus: services that act for whoever asks"),
        DefaultPattern("/run/systemd/private", "the service manager's own socket"),
        DefaultPattern("**/.ssh/id_*", "people's keys"),
        DefaultPattern("**/.gnupg/private-keys-v1.d", "people's keys"),
        DefaultPattern("**/.aws/credentials", "keys of a cloud account"),
        DefaultPattern("**/.azure", "keys of a cloud account"),
        DefaultPattern("**/.config/gcloud", "keys of a cloud account"),
        DefaultPattern("**/.kube/config", "keys of a cluster"),
        DefaultPattern("**/.docker/config.json", "passwords of registries"),
        DefaultPattern("**/.netrc", "passwords"),
        DefaultPattern("**/.git-credentials", "passwords of git remotes"),
        DefaultPattern("**/.env", "settings with passwords in them"),
        DefaultPattern("**/.env.local", "settings with passwords in them"),
        DefaultPattern("**/.env.production", "settings with passwords in them"),
    ]

    /// What is hidden whatever `AGENT_VIEW_HIDE` says: who reaches the admin's socket approves his own changes.
    package static func alwaysHidden(in data: DataRoot) -> [DefaultPattern] {
        [
            DefaultPattern(Glob.escape(data.adminDirectory), "the admin's socket"),
            DefaultPattern(Glob.escape(data.reviewDirectory), "the review page's socket"),
            DefaultPattern(Glob.escape(data.auditDirectory), "the record of what the agent did and tried"),
            DefaultPattern(Glob.escape(data.usageDirectory), "the count of what the zones hold"),
        ]
    }
}
