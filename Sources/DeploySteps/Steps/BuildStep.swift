internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import PlainText

/// Publishes the release by one rename: the exported tree, with what the admin's build adds to it.
@Sendable func build(_ work: inout Work) throws -> StepOutcome {
    let release = work.ownRelease
    work.deployment.release = release
    if try PathState(of: release) == .directory { return .done(note: "published before") }
    guard let command = work.settings.build.command else {
        try (ReleaseRecord.read(work.workplace.treeRecord) ?? ReleaseRecord()).publish(work.workplace.tree, as: release)
        work.tools.fault.reach("build", "inside")
        try DurableFile.move(work.workplace.tree, to: release)
        return .done(note: "no build command")
    }
    let part = work.workplace.release
    try Tree.remove(part)
    let made = try ThrowAwayCopy(
        of: work.workplace.tree, at: work.workplace.build, owner: (work.settings.agentUID, work.settings.agentGID))
    defer { try? made.discard(into: work.settings.data.work) }
    let copy = made.path
    let ending = try ConfinedCommand(
        name: "build", phase: Phase(["/bin/sh", "-c", command]), shown: command, version: try work.versionMount(of: copy),
        settings: work.settings,
        environment: ["PINFOLD_COMMIT": work.deployment.commit.hex]
    ).run(work.tools)
    guard ending.succeeded else {
        return .stopped(.failed, reason: "the build ended with \(ending.sentence)", advice: "pinfold logs \(work.deployment.id)")
    }
    if let fault = try BuildOutput.fault(of: copy, tree: work.workplace.tree) {
        return .stopped(.failed, reason: "the build's output is refused: \(fault)", advice: "pinfold logs \(work.deployment.id)")
    }
    work.tools.fault.reach("build", "inside")
    try Tree.copy(copy, to: part, owner: (0, 0))
    try DurableFile.syncFileSystem(of: part)
    // The commit's own files are as they were, as has been seen above, but copies.
    let files = try ReleaseRecord.read(work.workplace.treeRecord)?.files?.restamped(Tree.entries(part))
    try ReleaseRecord(files: files).publish(part, as: release)
    try DurableFile.move(part, to: release)
    return .done(note: "built")
}

/// What a build may leave: the commit's own files as they were, and regular files, directories and links that stay inside beside them.
enum BuildOutput {
    static let byteLimit: Int64 = 8 << 30
    static let entryLimit = 1_000_000

    /// What is wrong with it, in a sentence; nil where nothing is.
    static func fault(of directory: String, tree: String) throws(FileError) -> String? {
        // By names and sizes first: what is too large, of holes only perhaps, is not read.
        var size = OutputSize(byteLimit: byteLimit, entryLimit: entryLimit)
        var fault: String?
        try size.visit(directory) { entry throws(FileError) in
            if entry.kind != .directory, entry.mode & 0o7000 != 0 {
                fault = "\(entry.description.plain()) is set-user-id or the like"
            }
            switch entry.kind {
            case .special: fault = "\(entry.description.plain()) is a socket, FIFO or device"
            case .link(let text) where leaves(text, from: entry.path):
                fault = "\(entry.description.plain()) is a link that leads out of the tree"
            default: break
            }
        }
        if let tooMuch = size.fault { return "it is \(tooMuch)" }
        if let fault { return fault }
        let before = try Manifest(of: tree)
        let after = try Manifest(of: directory)
        for (path, value) in before.entries where after.entries[path] != value && !value.hasPrefix("directory ") {
            return "it changes \(String(decoding: path, as: UTF8.self).plain()), which the commit has"
        }
        return nil
    }

    /// Whether a link at `path` leads out of the tree by its text alone.
    static func leaves(_ text: [UInt8], from path: [UInt8]) -> Bool {
        if text.first == 0x2F { return true }
        var depth = path.count { $0 == 0x2F }
        for name in text.split(separator: 0x2F) {
            if name.elementsEqual("..".utf8) {
                depth -= 1
                if depth < 0 { return true }
            } else if !name.elementsEqual(".".utf8) {
                depth += 1
            }
        }
        return false
    }
}
