/// Whom a confined command runs as, with every group that counts.
package struct FenceUser: Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    /// Supplementary groups, `gid` among them or not.
    package var groups: [UInt32]
    /// For USER and LOGNAME.
    package var name: String

    package init(uid: UInt32, gid: UInt32, groups: [UInt32] = [], name: String? = nil) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.name = name ?? String(uid)
    }
}
