internal import DurableFiles

/// The regular files of an exported tree, by name, and through no link. All of them: a commit must not hide its tests behind others.
struct SourceWalk {
    private let tree: String
    private let leftOut: Set<String>
    private var waiting: [String] = [""]
    private var found: [String] = []

    init(_ tree: String, leavingOut: Set<String>) {
        self.tree = tree
        leftOut = leavingOut
    }

    mutating func next() -> String? {
        while found.isEmpty, let directory = waiting.popLast() {
            for name in ((try? Directories.list(tree + "/" + directory)) ?? []).sorted(by: >) {
                let path = directory + name
                switch try? PathState(of: tree + "/" + path) {
                case .file: found.append(path)
                case .directory where !leftOut.contains(name): waiting.append(path + "/")
                default: continue
                }
            }
        }
        return found.popLast()
    }

    /// What a file says; nothing where it is not text, or above a megabyte.
    func text(_ path: String) -> String {
        guard let bytes = try? DurableFile.read(tree + "/" + path, limit: 1 << 20) else { return "" }
        return String(validating: bytes, as: UTF8.self) ?? ""
    }
}
