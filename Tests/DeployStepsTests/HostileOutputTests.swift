import DurableFiles
import TestSupport
import Testing

@testable import DeploySteps

/// What commits and builds bring in sizes and numbers that nobody means.
@Suite struct HostileOutputTests {
    private func withSmallDisk(_ options: String, _ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]).requireSuccess()
            defer { _ = try? run("umount", [directory]) }
            try body(directory)
        }
    }

    @Test func `sizes that no number holds together are too large, and no more`() throws {
        try withSmallDisk("size=16m") { directory in
            try shell("mkdir tree output; truncate -s 6E output/a; ln output/a output/b", workingDirectory: directory)
                .requireSuccess()
            #expect(try BuildOutput.fault(of: directory + "/output", tree: directory + "/tree")?.contains("larger than") == true)
            #expect(try OutputReview.fault(of: directory + "/output")?.contains("larger than") == true)
            #expect(try OutputReview.foreignFault(of: directory + "/output")?.contains("larger than") == true)
        }
    }

    @Test func `more entries than may be are not gone through`() throws {
        try withTemporaryDirectory { directory in
            for number in 0..<5 { try writeFile("\(directory)/\(number)", "") }
            var size = OutputSize(byteLimit: 1 << 30, entryLimit: 3)
            var seen = 0
            try size.visit(directory) { _ in seen += 1 }
            #expect(seen == 3 && size.fault == "more than 3 files and directories")
        }
    }

    @Test func `a disk that has no room for more files is told of, whatever its bytes`() throws {
        try withSmallDisk("size=64m,nr_inodes=2000") { directory in
            #expect(DiskReserve.complaint(directory) == nil)
            try shell("for i in $(seq 1950); do : > $i; done", workingDirectory: directory).requireSuccess()
            #expect(DiskReserve.complaint(directory)?.contains("inodes left") == true)
        }
    }

    @Test func `cargo's programs are looked for where there is a manifest`() throws {
        try withTemporaryDirectory { directory in
            let files = [
                "Cargo.toml", "src/lib.rs", "src/bin/one/main.rs", "tests/it.rs", "inner/Cargo.toml", "inner/src/main.rs",
                "junk/src/bin/two.rs", "junk/tests/three.rs", "src/deep/er/and/deep/er/tests/four.rs",
            ]
            for file in files {
                try makeDirectories(directory + "/" + file.split(separator: "/").dropLast().joined(separator: "/"))
                try writeFile(directory + "/" + file, "")
            }
            let roots = Set(CargoSources(directory).roots)
            #expect(roots == ["src/lib.rs", "src/bin/one/main.rs", "tests/it.rs", "inner/src/main.rs"])
        }
    }
}
