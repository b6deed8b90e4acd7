import DeployModel
import LinuxSystem
import SystemPackage
import TestSupport

/// How often honest work is asked about: goes through a repository's history and says for each commit what a deployment of it alone would
/// have been asked for.
///
///     swift run pinfold-hint-rate REPOSITORY [COUNT]
@main
struct Main {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count >= 2 else { throw TestFailure("usage: pinfold-hint-rate REPOSITORY [COUNT]") }
        let repository = Repository(path: words[1])
        let count = words.count > 2 ? words[2] : "300"
        var (commits, surface, hinted, only) = (0, 0, 0, 0)
        var kinds: [Hint.Kind: Int] = [:]
        for commit in try repository.lines(["rev-list", "--no-merges", "-n", count, "HEAD"]) {
            commits += 1
            var hints: [Hint] = []
            var touches = false
            for change in try repository.changes(of: commit) {
                if TestSurface.builtIn.contains(change.path) {
                    touches = true
                    continue
                }
                hints += try change.hints(in: repository)
            }
            surface += touches ? 1 : 0
            hinted += hints.isEmpty ? 0 : 1
            only += hints.isEmpty || touches ? 0 : 1
            for kind in Set(hints.map(\.kind)) { kinds[kind, default: 0] += 1 }
            for hint in hints {
                print("\(commit.prefix(10)) \(hint.kind.rawValue) \(hint.path):\(hint.line ?? 0) \(hint.text?.displayed() ?? "")")
            }
        }
        print("\(commits) commits; \(surface) touch the test surface; \(hinted) have hints, \(only) of them touch no test surface")
        for (kind, number) in kinds.sorted(by: { $0.value > $1.value }) { print("  \(kind.rawValue): \(number)") }
    }
}

private struct Repository {
    let path: String

    func output(_ arguments: [String]) throws -> [UInt8] {
        Array(try run("git", ["-C", path, "-c", "safe.directory=*"] + arguments).requireSuccess().utf8)
    }

    func lines(_ arguments: [String]) throws -> [String] {
        String(decoding: try output(arguments), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func changes(of commit: String) throws -> [FileChange] {
        let fields = try output(["diff-tree", "--root", "--no-commit-id", "--no-renames", "-r", "-z", commit])
            .split(separator: 0).map(Array.init)
        return stride(from: 0, to: fields.count - 1, by: 2).map { index in
            let words = String(decoding: fields[index], as: UTF8.self).split(separator: " ").map(String.init)
            return FileChange(path: fields[index + 1], isRegular: words[1].hasPrefix("100"), old: words[2], new: words[3])
        }
    }
}

private struct FileChange {
    let path: [UInt8]
    let isRegular: Bool
    let old: String
    let new: String

    func hints(in repository: Repository) throws -> [Hint] {
        guard isRegular else { return [] }
        let isNew = old.allSatisfy { $0 == "0" }
        let content = try repository.output(["cat-file", "blob", new])
        let before = isNew ? [] : try repository.output(["cat-file", "blob", old])
        return HintScan.hints(path: path, isNew: isNew, content: content[...])
            + HintScan.hints(path: path, old: before[...], new: content[...])
    }
}
