/// What of a version's tree is deployed as it is stored though it stands for something else: Git LFS and git-annex pointers, encrypted files,
/// submodules, files with `working-tree-encoding`.
package struct StandIns: Codable, Hashable, Sendable {
    /// How many there are.
    package var count: Int
    /// Each with its kind, as `model.bin: a Git LFS pointer`: the first of them.
    package var paths: [String]
    /// Those that the version that it was compared with did not have: a human is asked about them. The first of them.
    package private(set) var new: [String]
    /// How many more there are. Absent: none.
    package private(set) var unlistedNew: Int?

    package init(count: Int, paths: [String], new: [String] = []) {
        self.count = count
        self.paths = paths.listed(ChangeSummary.listed)
        self.new = []
        found(new: new)
    }

    /// What the version that it was compared with did not have.
    package mutating func found(new all: [String]) {
        new = all.listed(ChangeSummary.listed)
        unlistedNew = unlisted(new, of: all.count)
    }

    /// In a sentence, about the version that `who` names.
    package func sentence(of who: String) -> String {
        let shown = paths.prefix(3).joined(separator: "; ")
        let more = count > 3 ? "; and \(count - 3) more" : ""
        return "\(who) holds, as it is stored, what stands for something else: \(shown)\(more)"
    }
}
