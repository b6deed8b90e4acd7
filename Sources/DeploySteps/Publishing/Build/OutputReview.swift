internal import CLinux
internal import DeployModel
internal import DurableFiles
internal import PlainText

/// What a build of the client left, which the agent decides: looked at before anything of it is copied, and once more when it is root's.
enum OutputReview {
    static let byteLimit: Int64 = 2 << 30
    static let entryLimit = 200_000
    static let indexLimit = 1 << 20

    /// What is wrong with it by names, kinds and sizes, in a sentence; nil where nothing is.
    static func fault(of output: String) throws(FileError) -> String? {
        var size = OutputSize(byteLimit: byteLimit, entryLimit: entryLimit)
        var fault: String?
        var index: Int64?
        try size.visit(output) { entry throws(FileError) in
            guard fault == nil else { return }
            var name: String { entry.description.plain() }
            switch entry.kind {
            case .directory: break
            case .link: fault = "\(name) is a link"
            case .special: fault = "\(name) is a socket, FIFO or device"
            case .file:
                if let objection = ClientPath.objection(to: entry.path) { fault = "\(name): \(objection)" }
                if entry.path.elementsEqual(ClientPath.index.utf8) { index = entry.size }
            }
        }
        if let tooMuch = size.fault { return "it is \(tooMuch)" }
        if let fault { return fault }
        guard let index else { return "it has no \(ClientPath.index)" }
        return index > indexLimit ? "its \(ClientPath.index) is larger than \(indexLimit >> 20) MiB" : nil
    }

    /// The same for packages: links that stay inside are theirs.
    static func foreignFault(of directory: String) throws(FileError) -> String? {
        var size = OutputSize(byteLimit: BuildOutput.byteLimit, entryLimit: BuildOutput.entryLimit)
        var fault: String?
        try size.visit(directory) { entry throws(FileError) in
            switch entry.kind {
            case .special: fault = "\(entry.description.plain()) is a socket, FIFO or device"
            case .link(let text) where BuildOutput.leaves(text, from: entry.path):
                fault = "\(entry.description.plain()) is a link that leads out"
            default:
                if entry.kind == .file, entry.mode & 0o7000 != 0 {
                    fault = "\(entry.description.plain()) is set-user-id or the like"
                }
            }
        }
        return size.fault.map { "they are \($0)" } ?? fault
    }

    /// What a human may be asked about.
    struct Facts: Codable, Hashable {
        var hosts: [String] = []
        /// Files that are service workers by their names, or seem to register one.
        var workers: [String] = []
    }

    /// What a browser would make of it; an error is a sentence.
    static func facts(of tree: String, base: String) throws -> (Facts, fault: String?) {
        guard let html = try DurableFile.read(tree + "/" + ClientPath.index, limit: indexLimit) else {
            return (Facts(), "it has no \(ClientPath.index)")
        }
        let page = PageScan(html)
        for reference in page.references {
            let shown = String(reference.prefix(200)).plain()
            switch PageReference.meaning(of: reference, base: base, pageBase: page.base) {
            case .elsewhere: continue
            case .nonsense: return (Facts(), "its \(ClientPath.index) names \(shown), which is no path")
            case .file(let path):
                guard try isPublished(path, in: tree) else {
                    return (Facts(), "its \(ClientPath.index) names \(shown), which it does not have")
                }
            }
        }
        var facts = Facts(hosts: page.hosts)
        try Tree.visit(tree, opening: { isScript($0.path) }) { entry, file throws(FileError) in
            guard entry.kind == .file, isScript(entry.path) else { return }
            var isWorker: Bool = ClientPath.isServiceWorker(entry.description.split(separator: "/").last ?? "")
            if !isWorker {
                var text: [UInt8] = []
                unsafe try file.read(path: entry.path) { piece in
                    if text.count < scriptLimit { unsafe text.append(contentsOf: piece) }
                }
                isWorker = holds(text, "serviceWorker") && holds(text, ".register(")
            }
            if isWorker { facts.workers.append(entry.description) }
        }
        return (facts, nil)
    }

    /// Whether a path of the output is one that is served.
    static func isPublished(_ path: String, in tree: String) throws(FileError) -> Bool {
        guard ClientPath.kind(of: path) != .kept else { return false }
        guard let slash = path.lastIndex(of: "/") else { return try PathState(of: tree + "/" + path) == .file }
        guard try ClientProject.isDirectory(String(path[..<slash]), in: tree) else { return false }
        return try PathState(of: tree + "/" + path) == .file
    }

    private static let scriptLimit = 32 << 20

    private static func isScript(_ path: [UInt8]) -> Bool {
        [".js", ".mjs", ".html", ".htm"].contains { path.suffix($0.utf8.count).map { $0 | 0x20 } == $0.utf8.map { $0 | 0x20 } }
    }

    private static func holds(_ text: [UInt8], _ word: String) -> Bool {
        let word = Array(word.utf8)
        return unsafe text.withUnsafeBytes { text in
            guard let start = text.baseAddress else { return false }
            return unsafe memmem(start, text.count, word, word.count) != nil
        }
    }
}
