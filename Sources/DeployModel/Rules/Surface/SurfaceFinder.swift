/// Finds what the deployed version says about its own judge: pure, over a tree that is given as paths and a way to read. What is read is the deployed version's surface, which a human has
/// seen; the candidate has no word in it.
package struct SurfaceFinder {
    package struct File: Sendable {
        package let path: [UInt8]
        package let isLink: Bool
        package let isExecutable: Bool

        package init(path: [UInt8], isLink: Bool, isExecutable: Bool) {
            self.path = path
            self.isLink = isLink
            self.isExecutable = isExecutable
        }
    }

    let files: [String: File]
    let directories: Set<String>
    let surface: TestSurface
    let read: ([UInt8]) throws -> [UInt8]?
    var facts = SurfaceFacts()
    /// Whether a directory that was named holds no code.
    var holdsData: [String: Bool] = [:]
    /// Imported files that may be made for tests, by the word by which the application would import them, with who imports them.
    var candidates: [String: [(helper: Imported, importer: String)]] = [:]
    /// Files by the last of their names.
    private(set) lazy var byName: [String: [String]] = Dictionary(grouping: files.keys) {
        String($0.split(separator: "/").last ?? "")
    }
    /// Go's modules: the path that each is imported by, and its directory.
    var goModules: [(name: String, directory: String)]?
    private var isDoneWithFiles = false

    /// - Parameter read: the text of a file, or of a link; nil where it is too large to matter.
    package init(files: [File], surface: TestSurface, read: @escaping ([UInt8]) throws -> [UInt8]?) {
        // Names that are not UTF-8 are in no text that could name them.
        var known: [String: File] = [:]
        var directories: Set<String> = []
        for file in files {
            guard let path = String(validating: file.path, as: UTF8.self) else { continue }
            known[path] = file
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                guard directories.insert(String(rest)).inserted else { break }
            }
        }
        self.files = known
        self.directories = directories
        self.surface = surface
        self.read = read
    }

    /// - Parameters:
    ///   - passed: ids of the tests of the deployed version's report.
    ///   - command: the admin's test command.
    package mutating func find(passed: Set<String>, command: String?) throws -> SurfaceFacts {
        noteTests(passed)
        if let command { noteCommand(command) }
        var pending = files.filter { surface.contains($0.value.path) }.map(\.key)
        var seen: Set<String> = []
        while true {
            // What was found to judge may use more.
            pending += facts.paths.keys.compactMap { String(validating: $0, as: UTF8.self) }
            pending = pending.filter { files[$0] != nil && !seen.contains($0) }.sorted()
            if pending.isEmpty {
                guard isDoneWithFiles else {
                    isDoneWithFiles = true
                    try noteInlineTests()
                    continue
                }
                guard !candidates.isEmpty else { return facts }
                try settleCandidates()
                candidates = [:]
                continue
            }
            for path in pending where seen.insert(path).inserted { try look(at: path) }
        }
    }

    private mutating func look(at path: String) throws {
        guard let file = files[path], let bytes = try read(file.path) else { return }
        guard file.isLink else { return try noteUses(in: bytes, of: path) }
        if let target = resolve(String(decoding: bytes, as: UTF8.self), from: path) { note(target, .linkedFrom(path)) }
    }

    mutating func note(_ path: String, _ fact: SurfaceFact) {
        let bytes = Array(path.utf8)
        guard !surface.contains(bytes), facts.paths[bytes] == nil else { return }
        facts.paths[bytes] = fact
    }
}
