extension SurfaceFinder {
    /// The file or directory of the tree that `text` names: from the top, beside the file at `path`, or beside a directory above that.
    func resolve(_ text: String, from path: String, besideOnly: Bool = false) -> String? {
        var directory = Self.parent(of: path)
        var starts = [directory]
        while !directory.isEmpty, !besideOnly {
            directory = Self.parent(of: directory)
            starts.append(directory)
        }
        for start in starts {
            guard let normal = Self.normal(Self.join(start, text)), !normal.isEmpty else { continue }
            if files[normal] != nil || directories.contains(normal) { return normal }
        }
        return nil
    }

    private static func normal(_ path: String) -> String? {
        guard !path.hasPrefix("/") else { return nil }
        var names: [Substring] = []
        for name in path.split(separator: "/") {
            if name == ".." {
                guard names.popLast() != nil else { return nil }
            } else if name != "." {
                names.append(name)
            }
        }
        return names.joined(separator: "/")
    }

    static func parent(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
    static func join(_ directory: String, _ name: String) -> String { directory.isEmpty ? name : directory + "/" + name }

    /// What follows the last dot, in lower case.
    static func suffix(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
    }

    static func stem(of path: String) -> String {
        guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return path }
        return String(path[..<dot])
    }

    static func isDocument(_ path: String) -> Bool { ["md", "rst", "adoc"].contains(suffix(of: path)) }

    static func isScript(_ path: String) -> Bool {
        ["sh", "bash", "zsh", "bat", "cmd", "ps1", "mk"].contains(suffix(of: path))
            || path.split(separator: "/").dropLast().contains { ["scripts", "ci", "hack"].contains($0.lowercased()) }
    }
}
