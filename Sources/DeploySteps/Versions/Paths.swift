package import DeployModel
internal import LinuxSystem

/// Paths as text: only for those that the admin configured or Pinfold made.
enum Paths {
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Without links, where it exists; else as it is.
    static func resolved(_ path: String) -> String {
        canonicalPath(path) ?? path
    }
}

/// The time of day.
package enum Clock {
    package static var now: DeployModel.Timestamp { .init(milliseconds: SystemClock.now.milliseconds) }
}
