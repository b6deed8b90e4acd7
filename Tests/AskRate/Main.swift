import DeployModel
import DeploySteps
import GitRepository
import TestSupport

/// How often honest work goes before a human: goes through a repository's history, and says for each commit what its deployment alone would
/// have been asked for, with its parent as what is deployed.
///
///     swift run pinfold-ask-rate REPOSITORY [COUNT]
///
/// REPOSITORY is a bare one, or a `.git`.
@main
struct Main {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count >= 2 else { throw TestFailure("usage: pinfold-ask-rate REPOSITORY [COUNT]") }
        let mirror = try GitMirror(forReading: words[1])
        let head = try run("git", ["-C", words[1], "-c", "safe.directory=*", "rev-parse", "HEAD"]).requireSuccess()
        guard let tip = ObjectID(String(head.prefix(40))) else { throw TestFailure("\(words[1]) has no commit") }
        var tally = Tally()
        var next: ObjectID? = tip
        let count = words.count > 2 ? Int(words[2]) ?? 300 : 300
        while let commit = next, tally.commits < count {
            let parents = try mirror.summary(of: commit).parents
            next = parents.first
            // A merge brings what others have been asked about.
            guard let parent = parents.first, parents.count == 1 else { continue }
            try tally.add(commit, parent, in: mirror)
        }
        tally.show()
    }
}

private struct Tally {
    var commits = 0
    private var byName = 0
    private var byFact = 0
    private var byHint = 0
    private var kinds: [String: Int] = [:]

    /// The last commit's reasons are printed one a line.
    mutating func add(_ commit: ObjectID, _ parent: ObjectID, in mirror: GitMirror) throws {
        commits += 1
        let byNameOnly = try classify(commit, deployed: parent, in: mirror, surface: .builtIn)
        let surface = try SurfaceSearch(byName: .builtIn, testCommand: nil)
            .surface(of: CommitID(parent), passed: nil, in: mirror)
        let found = try classify(commit, deployed: parent, in: mirror, surface: surface)
        let judging = Set(found.surface.map(\.path))
        let hints = try HintSearch(mirror: mirror, cancellation: Cancellation())
            .hints(in: found.changes.filter { !judging.contains($0.path) })
        let name = "\(commit)".prefix(10)
        for change in found.surface where !TestSurface.builtIn.contains(change.path.bytes) {
            print("\(name) \(change.path): \(surface.reason(for: change.path.bytes)?.sentence ?? "its inline tests differ")")
        }
        for line in hints?.lines ?? [] { print("\(name) \(line)") }
        if byNameOnly.touchesSurface {
            byName += 1
        } else if found.touchesSurface {
            byFact += 1
        } else if hints != nil {
            byHint += 1
        }
        for kind in Set((hints?.listed ?? []).map(\.kind.rawValue)) { kinds[kind, default: 0] += 1 }
    }

    func show() {
        print(
            "\(commits) commits: \(byName) touch the test surface by name, \(byFact) more by what the tests use, \(byHint) more have hints"
        )
        for (kind, number) in kinds.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { print("  \(kind): \(number)") }
    }
}
