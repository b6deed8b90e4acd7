internal import CLinux

/// The existing paths that an absolute pattern matches: `*`, `?` and `[…]` within a name, by `man 3 fnmatch`, and `**` for any directories.
///
/// A bound keeps a pattern like `/**/x` from walking a whole disk: what it would match beyond that is not found.
struct PatternExpansion {
    private(set) var paths: [String] = []
    private var visited = 0
    private static let mostDirectories = 20_000

    init(_ pattern: String) {
        expand("", pattern.split(separator: "/").map(String.init)[...])
    }

    private mutating func expand(_ directory: String, _ components: ArraySlice<String>) {
        guard let component = components.first else {
            paths.append(directory)
            return
        }
        let rest = components.dropFirst()
        guard component.contains(where: { "*?[".contains($0) }) else {
            let path = directory + "/" + component
            if FileKind.of(path) != nil { expand(path, rest) }
            return
        }
        visited += 1
        guard visited <= Self.mostDirectories else { return }
        if component == "**" { expand(directory, rest) }
        for name in names(in: directory.isEmpty ? "/" : directory) {
            let path = directory + "/" + name
            if component == "**" {
                if FileKind.of(path) == .directory { expand(path, components) }
            } else if unsafe fnmatch(component, name, FNM_PERIOD) == 0 || (component == "*" && name.first != ".") {
                expand(path, rest)
            }
        }
    }

    private func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var result: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { result.append(name) }
        }
        return result
    }
}
