/// Whom the review page runs as: a user of nobody else's, so that the kernel tells it from root and from everybody.
package enum ReviewUser {
    /// User and group; of those that neither Debian nor systemd gives to anybody (65520 to 65533).
    package static let id: UInt32 = 65_530
}
