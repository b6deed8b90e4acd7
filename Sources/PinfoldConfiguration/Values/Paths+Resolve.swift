internal import LinuxSystem
internal import Patterns

extension Paths {
    /// `path` with the symbolic links of that part of it resolved that exists.
    static func resolved(_ path: String) -> String {
        if let whole = canonicalPath(path) { return whole }
        guard let slash = path.utf8.lastIndex(of: slash), path != "/" else { return path }
        let parent = resolved(slash == path.startIndex ? "/" : String(path[..<slash]))
        return (parent == "/" ? "" : parent) + path[slash...]
    }

    /// The same for the names of an absolute pattern that come before its first special byte; the last name stays, since a pattern is about
    /// a name and not about what it leads to.
    static func resolvedPattern(_ pattern: String) -> String {
        guard pattern.utf8.first == UInt8(ascii: "/") else { return pattern }
        let special = pattern.utf8.firstIndex { "*?[\\".utf8.contains($0) } ?? pattern.endIndex
        guard let slash = pattern.utf8[..<special].lastIndex(of: slash), slash != pattern.startIndex else { return pattern }
        return Glob.escape(resolved(String(pattern[..<slash]))) + pattern[slash...]
    }
}
