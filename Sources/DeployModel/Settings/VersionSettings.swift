/// Where the deployed version is, and how many earlier ones are kept.
package struct VersionSettings: Hashable, Sendable {
    /// What the running server runs from: a symlink that is switched, nothing yet, or an existing directory that is brought up to date in place.
    package var target: String
    /// How many backups and releases.
    package var keep = 10

    package init(target: String) {
        self.target = target
    }
}
