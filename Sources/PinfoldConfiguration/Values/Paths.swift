/// Paths as text.
package enum Paths {
    /// `path` from `directory` on, without empty names, `.` and `..`. A `..` takes the name before it away, whatever that leads to.
    package static func absolute(_ path: String, from directory: String) -> String {
        var names: [Substring] = []
        let whole = path.utf8.first == UInt8(ascii: "/") ? path : directory + "/" + path
        for name in whole.split(separator: "/") {
            switch name {
            case ".": continue
            case "..": _ = names.popLast()
            default: names.append(name)
            }
        }
        return names.isEmpty ? "/" : names.reduce(into: "") { $0 += "/" + String($1) }
    }

    /// Whether `path` is `directory` or lies below it. Both are absolute and clean.
    package static func isInside(_ path: String, _ directory: String) -> Bool {
        directory == "/" || path == directory || path.utf8.starts(with: (directory + "/").utf8)
    }
}
