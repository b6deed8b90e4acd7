internal import CLinux
internal import DeployModel
internal import DurableFiles
internal import LinuxSystem
internal import PlainText

/// The files of a report in a copy that a run changes as it likes.
struct ReportFiles {
    private let pattern: ReportPattern
    private let copy: Overlay
    private let tools: Work.Tools
    /// What was there before the run: it says nothing about that, unless the run writes it anew.
    private var brought: Set<FoundFile> = []

    /// Names that are looked at, at most.
    static let nameLimit = 500_000

    /// Before the run. A file at the very path of the report is removed, and so is a report that a pattern matches. Other files that it matches may be the tests' own: they
    /// stay, and are passed over afterwards if they are as they were.
    init(matching text: String, in copy: Overlay, _ tools: Work.Tools) throws {
        pattern = try ReportPattern(text)
        self.copy = copy
        self.tools = tools
        brought = Set(try find() ?? [])
        for file in brought {
            try tools.cancellation.check()
            let isAtPath = pattern.path.map { file.path.elementsEqual($0.utf8) } ?? false
            if try isAtPath || looksLikeReport(file) { try copy.remove(file.path) }
        }
    }

    private func looksLikeReport(_ file: FoundFile) throws -> Bool {
        guard case .file = file.kind, let descriptor = try copy.open(file.path, limit: .max) else { return false }
        var beginning = [UInt8](repeating: 0, count: 4096)
        let raw = descriptor.rawValue
        let count = try check { unsafe pread(raw, &beginning, beginning.count, 0) }
        return TestReport.begins(Array(beginning[..<count]))
    }

    /// After the run.
    /// - Returns: whether it wrote any.
    func gather(into bundle: inout ReportBundle) throws -> Bool {
        guard let files = try find() else {
            bundle.refuse("lies among more than \(Self.nameLimit) files, and no more are looked through (AGENT_DEPLOY_TEST_REPORT)")
            return true
        }
        let written = files.filter { !brought.contains($0) }
        for file in written {
            guard case .file = file.kind, let descriptor = try copy.open(file.path, limit: .max) else {
                bundle.refuse("has \(file.description.plain()), which is no regular file")
                break
            }
            try tools.cancellation.check()
            try bundle.add(descriptor, named: file.description)
        }
        return !written.isEmpty
    }

    /// nil where there is more than is looked at.
    private func find() throws -> [FoundFile]? {
        do {
            return try Tree.search(
                copy.root, from: pattern.base, atMost: Self.nameLimit, enters: pattern.leads, takes: pattern.takes,
                pause: tools.cancellation.check)
        } catch is TooManyFiles {
            return nil
        }
    }
}
