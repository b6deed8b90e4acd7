import CLinux
import GitRepository
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ExportSharingTests {
    private func inode(_ path: String) throws -> UInt64 { UInt64(try #require(status(path)).st_ino) }

    /// An export of the repository's commit now, on top of `base`.
    private func export(
        _ repository: TestRepository, _ mirror: GitMirror, in directory: String, to name: String, sharing base: ExportBase? = nil
    ) throws -> Export {
        let tip = try mirror.takeIn(repository, in: directory).tip
        return try mirror.export(tip, to: directory + "/" + name, sharing: base) { bytes in
            Array(repeating: UInt8(truncatingIfNeeded: bytes.byteCount), count: 32)
        }
    }

    @Test func `an export shares the files that are those of its base, and writes the others`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            try repository.script(
                "mkdir -p d/e; for n in same changed mode gone; do echo $n > d/e/$n; done; echo top > top; ln -s top link")
            try repository.commit()
            let first = try export(repository, mirror, in: directory, to: "one")
            #expect(first.shared == 0)
            try repository.script("echo other > d/e/changed; chmod +x d/e/mode; rm d/e/gone; mkdir f; cp d/e/same f/moved")
            try repository.commit()
            // What is kept on disk between two exports is these bytes.
            let record = try #require(ExportRecord(encoded: first.record.encoded))
            #expect(record == first.record)
            let second = try export(
                repository, mirror, in: directory, to: "two", sharing: ExportBase(directory: directory + "/one", record: record))
            #expect(second.shared == 2)
            for name in ["d/e/same", "top"] { #expect(try inode(directory + "/one/" + name) == inode(directory + "/two/" + name)) }
            for name in ["d/e/changed", "d/e/mode"] {
                #expect(try inode(directory + "/one/" + name) != inode(directory + "/two/" + name))
            }
            #expect(
                try shell("cd \(directory) && diff -r --no-dereference --exclude=.git repository two").requireSuccess().isEmpty)
            #expect(try shell("stat -c %a \(directory)/two/d/e/mode \(directory)/one/d/e/mode").requireSuccess() == "755\n644\n")
            #expect(try readFile(directory + "/one/d/e/changed") == "changed\n")
            #expect(
                Set(second.record.entries.keys.map { String(decoding: $0, as: UTF8.self) })
                    == ["d/e/same", "d/e/changed", "d/e/mode", "f/moved", "top"])
        }
    }

    @Test func `a file of the base that somebody wrote into, replaced or took away is written anew`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            try repository.script("for n in written replaced gone link same; do echo $n > $n; done")
            try repository.commit()
            let first = try export(repository, mirror, in: directory, to: "one")
            try shell(
                "cd \(directory)/one && printf WRITTEN > written && cp replaced r && mv r replaced && rm gone link && ln -s same link"
            ).requireSuccess()
            let second = try export(
                repository, mirror, in: directory, to: "two",
                sharing: ExportBase(directory: directory + "/one", record: first.record))
            #expect(second.shared == 1)
            #expect(try shell("cd \(directory) && diff -r --no-dereference --exclude=.git repository two").requireSuccess().isEmpty)
        }
    }

    @Test(arguments: ["", "pinfold export 1\nshort", "another header"])
    func `what is no record is not read as one`(_ text: String) {
        #expect(ExportRecord(encoded: text.utf8) == nil)
    }
}
