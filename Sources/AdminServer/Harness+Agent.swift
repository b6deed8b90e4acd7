internal import AdminInterface
internal import DeployModel
internal import LinuxSystem

// What is different for the agent: it gets its own form of a record, and less at a time.

extension Caller {
    func sees(_ deployment: Deployment) -> Deployment { role == .agent ? deployment.forAgent : deployment }

    func sees(_ status: StatusDocument) -> StatusDocument { role == .agent ? status.forAgent : status }

    /// How many entries it gets of those that it asked for.
    func gets(_ entries: Int) -> Int { role == .agent ? min(entries, Query.mostEntriesForAgent) : entries }
}

/// Lets one through at a time, and nobody wait.
final class Turnstile: Sendable {
    private let isTaken = Lock(false)

    func enter() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func leave() { isTaken.withLock { $0 = false } }
}

extension Harness {
    static func paths(_ request: PathsRequest) throws(Problem) -> [String] {
        guard (1...PathsRequest.most).contains(request.paths.count) else {
            throw Problem(.usage, "'paths' are from 1 to \(PathsRequest.most)")
        }
        for path in request.paths {
            // `man 7 path_resolution`: the kernel takes less than PATH_MAX.
            guard path.hasPrefix("/"), path.utf8.count < 4096, !path.utf8.contains(0) else {
                throw Problem(.usage, "a path is absolute, shorter than 4096 bytes, and without a zero byte")
            }
        }
        return request.paths
    }
}
