import DeployModel
import GitRepository
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ChangesTests {
    private func changes(_ directory: String, from script: String, to steps: String...) throws -> (
        mirror: GitMirror, base: ObjectID, tip: ObjectID
    ) {
        let repository = try TestRepository(at: directory + "/repository")
        try repository.script(script)
        let base = try repository.commit("base")
        for step in steps {
            try repository.script(step)
            try repository.commit(step)
        }
        let mirror = try GitMirror(path: directory + "/mirror.git")
        return (mirror, base, try mirror.takeIn(repository, in: directory).tip)
    }

    private func lines(_ mirror: GitMirror, _ base: ObjectID?, _ tip: ObjectID) throws -> [String] {
        try mirror.changes(from: base, to: tip).map { "\($0.status.rawValue) \($0.path)" }
    }

    @Test func `each kind of change is seen, by path`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, base, tip) = try changes(
                directory,
                from: "for f in a b c d e g h; do echo $f > $f; done; mkdir x y; echo x > x/x; echo y > y/y; ln -s a l",
                to:
                    "echo more >> a; rm b; chmod +x c; git mv d d2; rm e; ln -s a e; echo n > n; rm -r x; echo file > x; rm g; mkdir g; echo g > g/g; ln -sf c l"
            )
            #expect(
                try lines(mirror, base, tip) == [
                    "modified a", "deleted b", "modeChanged c", "deleted d", "added d2", "typeChanged e", "deleted g", "added g/g",
                    "modified l",
                    "added n", "added x", "deleted x/x",
                ])
            #expect(try lines(mirror, tip, tip).isEmpty)
            let reverse = try mirror.changes(from: tip, to: base)
            #expect(reverse.count == 12)
            #expect(reverse.first { $0.path.description == "c" }?.oldMode == .executable)
            #expect(try lines(mirror, nil, base).allSatisfy { $0.hasPrefix("added ") })
            #expect(try mirror.changes(from: nil, to: base).count == 10)
        }
    }

    @Test func `a change that is split over commits is seen whole, and one that is taken back is not`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, base, tip) = try changes(
                directory, from: "mkdir tests; echo 'assert f() == 1' > tests/test_f.py; echo code > f.py; echo z > z",
                to: "git mv tests/test_f.py f_old.py", "echo other >> f.py", "git mv f_old.py note.py; echo y > z", "echo z > z")
            let found = try lines(mirror, base, tip)
            #expect(found == ["modified f.py", "added note.py", "deleted tests/test_f.py"])
            let surface = TestSurface.builtIn
            #expect(
                try mirror.changes(from: base, to: tip).filter { surface.contains($0.path.bytes) }.map(\.path.description) == [
                    "tests/test_f.py"
                ])
        }
    }

    @Test func `a test directory that becomes a link or a submodule is in the surface`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, base, tip) = try changes(
                directory, from: "mkdir tests other; echo 1 > tests/test_a.py; echo 2 > other/test_a.py",
                to: "rm -r tests; ln -s other tests",
                "git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,e2e; mkdir -p e2e")
            let surface = TestSurface.builtIn
            let found = try mirror.changes(from: base, to: tip).filter { surface.contains($0.path.bytes) }
            #expect(found.map { "\($0.status.rawValue) \($0.path)" } == ["added e2e", "added tests", "deleted tests/test_a.py"])
            #expect(found.map(\.newMode) == [.submodule, .symbolicLink, nil])
        }
    }

    @Test func `ancestors, commits in between and what a commit says are known`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, base, tip) = try changes(directory, from: "echo a > a", to: "echo b > a", "echo c > a")
            #expect(try mirror.isAncestor(base, of: tip))
            #expect(try !mirror.isAncestor(tip, of: base))
            #expect(try mirror.isAncestor(tip, of: tip))
            let between = try mirror.commits(from: base, to: tip, limit: 10)
            #expect(between.count == 2 && between.first == tip)
            #expect(try mirror.commits(from: nil, to: tip, limit: 2).count == 2)
            let summary = try mirror.summary(of: tip)
            #expect(summary.subject == "echo c > a")
            #expect(summary.authorName == "Test" && summary.authorEmail == "test@localhost")
            #expect(summary.authoredAt > 1_600_000_000)
            #expect(summary.parents == [between[1]])
            let changed = try #require(try mirror.changes(from: base, to: tip).first?.newID)
            #expect(try mirror.contents(of: changed) == Array("c\n".utf8))
        }
    }

    @Test func `the diff is unified, and cut where it is told to be`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, base, tip) = try changes(
                directory, from: "seq 10 > a",
                to: "sed -i 's/^5$/five/' a; printf 'x\\033[31mred\\n' > b; head -c 100 /dev/zero > zero; seq 100000 > long")
            func diff(_ base: ObjectID?, _ tip: ObjectID, _ limit: Int = 1 << 20) throws -> String {
                try run(Executables.git, ["diff", mirror.path, base?.description ?? "-", "\(tip)", "--max-bytes", "\(limit)"])
                    .requireSuccess()
            }
            let cut = try diff(base, tip, 2000)
            #expect(cut.utf8.count == 2001)
            #expect(cut.contains("-5\n+five\n"))
            #expect(cut.contains("+x\u{1b}[31mred"))
            #expect(try diff(nil, base).contains("+++ b/a\n"))
            #expect(try diff(tip, tip).isEmpty)
        }
    }

    @Test func `the diff tells what was renamed, with what changed in it, and of many files those that moved unchanged`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, base, tip) = try changes(
                directory, from: "seq 20 > old; seq 30 > same",
                to: "mv old new; sed -i 's/^5$/five/' new; mv same moved; echo other > fresh")
            func diff(_ base: ObjectID, _ tip: ObjectID, in mirror: GitMirror) throws -> String {
                try run(Executables.git, ["diff", mirror.path, "\(base)", "\(tip)"]).requireSuccess()
            }
            let few = try diff(base, tip, in: mirror)
            #expect(few.contains("rename from old\nrename to new\n") && few.contains("-5\n+five\n"), "\(few)")
            #expect(few.contains("similarity index 100%\nrename from same\nrename to moved\n"), "\(few)")
            #expect(few.contains("diff --git a/fresh b/fresh\nnew file mode 100644\n"), "\(few)")
            #expect(!few.contains("--- a/old\n+++ /dev/null"), "\(few)")
        }
        try withTemporaryDirectory { directory in
            // More pairs than are compared.
            let (mirror, base, tip) = try changes(
                directory, from: "for i in $(seq 201); do seq $i 50 > a$i; done",
                to: "for i in $(seq 201); do mv a$i b$i; done; echo more >> b7")
            let many = try run(Executables.git, ["diff", mirror.path, "\(base)", "\(tip)"]).requireSuccess()
            #expect(many.contains("rename from a8\nrename to b8\n"))
            #expect(many.contains("diff --git a/a7 b/a7\ndeleted file mode 100644\n"), "\(many.prefix(500))")
        }
    }
}
