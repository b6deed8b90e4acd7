internal import DeployModel
internal import GitRepository

extension StandInFile {
    /// `model.bin: a Git LFS pointer`.
    var line: String { "\(path): \(kind.words)" }
}

extension StandIn {
    var words: String {
        switch self {
        case .lfsPointer: "a Git LFS pointer, not the file"
        case .annexPointer: "a git-annex pointer, not the file"
        case .encrypted: "encrypted by git-crypt"
        case .encoding: "working-tree-encoding, which nobody applies: such files are served in UTF-8"
        case .submodule: "a submodule: an empty directory"
        }
    }
}

/// Which of the changed paths stand for something else now and did not in the version that is deployed.
func newStandIns(in changes: [Change], record: ExportRecord?, of mirror: GitMirror) throws(GitError) -> [String] {
    var result: [String] = []
    for change in changes {
        guard let now = try standIn(change.newMode, change.newID, at: change.path, record, mirror) else { continue }
        if try standIn(change.oldMode, change.oldID, at: change.path, nil, mirror) == now { continue }
        result.append(StandInFile(path: change.path, kind: now).line)
    }
    return result
}

/// - Parameter record: of an export that has looked at the file already.
private func standIn(
    _ mode: FileMode?, _ id: ObjectID?, at path: TreePath, _ record: ExportRecord?, _ mirror: GitMirror
) throws(GitError) -> StandIn? {
    guard let mode, let id else { return nil }
    switch mode {
    case .submodule: return .submodule
    case .directory: return nil
    case .symbolicLink: return StandIn(link: try mirror.contents(of: id, limit: 4095))
    case .regular, .executable:
        if let known = record?.entries[path.bytes], known.blob == id { return known.standIn }
        let name = path.components.last ?? []
        do {
            // What is longer is no pointer; it may be encrypted, but then it is told of all the same, since it is in the export's list.
            let content = try mirror.contents(of: id, limit: name.elementsEqual(".gitattributes".utf8) ? 1 << 20 : StandIn.longest)
            return unsafe StandIn(file: name, content: content.span.bytes)
        } catch {
            guard error.kind == .tooLarge else { throw error }
            return nil
        }
    }
}
