/// Paths as text, compared and taken apart by their bytes: to Swift a slash with a combining mark behind it is one character, and
/// two spellings of a letter are equal.
package enum Paths {
    /// `path` from `directory` on, without empty names, `.` and `..`. A `..` takes the name before it away, whatever that leads to.
    package static func absolute(_ path: String, from directory: String) -> String {
        var names: [Substring.UTF8View] = []
        let whole = path.utf8.first == slash ? path : directory + "/" + path
        for name in whole.utf8.split(separator: slash) {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                _ = names.popLast()
            } else {
                names.append(name)
            }
        }
        return names.isEmpty ? "/" : names.reduce(into: "") { $0 += "/" + Substring($1) }
    }

    /// Whether `path` is `directory` or lies below it. Both are absolute and clean.
    package static func isInside(_ path: String, _ directory: String) -> Bool {
        guard directory != "/", path.utf8.starts(with: directory.utf8) else { return directory == "/" }
        let rest = path.utf8.dropFirst(directory.utf8.count)
        return rest.isEmpty || rest.first == slash
    }

    /// What stands between the slashes of `path`, but for what is empty.
    static func names(_ path: String) -> [Substring] { path.utf8.split(separator: slash).map { Substring($0) } }

    static let slash = UInt8(ascii: "/")
}
