/// Where a successful deployment is pushed to.
package struct PushSettings: Hashable, Sendable {
    package var remote: String?
    /// Looked for at each push, so that one that is put there later counts without a restart.
    package var keys: RemoteKeys?

    package init() {}
}

/// What a remote is asked with over `ssh` and `https`: files that only root can read, beside the configuration file.
package struct RemoteKeys: Hashable, Sendable {
    package let sshKey: String
    package let knownHosts: String
    package let credentials: String

    package init(in directory: String) {
        sshKey = directory + "/push.key"
        knownHosts = directory + "/known_hosts"
        credentials = directory + "/push.credentials"
    }
}
