/// What a deployment's client is: built, looked at, and kept for publishing.
package struct ClientRecord: Codable, Hashable, Sendable {
    /// How many hosts a record lists at most.
    package static let listed = 200

    /// What is published of it, compressed forms too.
    package var files: Int
    package var bytes: Int64
    /// Hosts that its index names and the published one does not: the first of them.
    package var newHosts: [String]
    /// How many more there are. Absent: none.
    package var unlistedHosts: Int?
    package var serviceWorker: ServiceWorkerChange?

    package init(files: Int, bytes: Int64, newHosts: [String], serviceWorker: ServiceWorkerChange?) {
        self.files = files
        self.bytes = bytes
        self.newHosts = newHosts.listed(Self.listed)
        unlistedHosts = unlisted(self.newHosts, of: newHosts.count)
        self.serviceWorker = serviceWorker
    }
}

/// Against the client that is published.
package enum ServiceWorkerChange: String, Codable, Hashable, Sendable {
    case appears
    case vanishes
}
