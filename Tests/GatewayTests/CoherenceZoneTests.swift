import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A zone and the disk below it show the same.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Changes in a zone and beside it` {
    @Test func `a write through a zone is on the disk at once`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + sandboxPath, served.view + sandboxPath)
            for round in 0..<50 {
                try writeFile(seen + "/file", "round \(round)")
                #expect(try readFile(disk + "/file") == "round \(round)")
                try replaceFile(seen + "/other", "round \(round)")
                #expect(try readFile(disk + "/other") == "round \(round)")
                #expect(try names(disk) == ["file", "other"])
            }
            unsafe unlink(seen + "/file")
            #expect(!exists(disk + "/file"))
        }
    }

    @Test func `a write on the disk is seen in the zone`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + codeRepoPath, served.view + codeRepoPath)
            var text = ""
            try writeFile(disk + "/log", text)
            for round in 0..<30 {
                text += "\(round)\n"
                try appendFile(disk + "/log", "\(round)\n")
                try await eventually("append \(round)") {
                    try readFile(seen + "/log") == text && status(seen + "/log")?.st_size == off_t(text.utf8.count)
                }
                try replaceFile(disk + "/file", "\(round)")
                try await eventually("replace \(round)") { (try? readFile(seen + "/file")) == "\(round)" }
                try makeDirectories(disk + "/made-\(round)")
                try await eventually("made \(round)") { exists(seen + "/made-\(round)") }
                unsafe rmdir(disk + "/made-\(round)")
                try await eventually("removed \(round)") { try !exists(seen + "/made-\(round)") && names(seen) == ["file", "log"] }
            }
        }
    }

    @Test func `both sides may write the same file in turns`() async throws {
        try await withGateway { served in
            let (disk, seen) = (served.source + sandboxPath + "/shared", served.view + sandboxPath + "/shared")
            var text = "0"
            try writeFile(seen, text)
            for round in 0..<40 {
                text += round % 2 == 0 ? "d" : "z"
                try appendFile(round % 2 == 0 ? disk : seen, round % 2 == 0 ? "d" : "z")
                try await eventually("round \(round)") { try readFile(seen) == text && readFile(disk) == text }
            }
        }
    }

    @Test func `two views of one tree see each other's writes`() async throws {
        try await withGateway { first in
            let other = first.directory + "/second"
            try makeDirectories(other + "/view")
            try #require(unsafe symlink(first.source, other + "/source") == 0)
            try await withGateway(in: other) { second in
                for round in 0..<20 {
                    try replaceFile(first.view + sandboxPath + "/x", "first \(round)")
                    try await eventually("first \(round)") { (try? readFile(second.view + sandboxPath + "/x")) == "first \(round)" }
                    try replaceFile(second.view + sandboxPath + "/x", "second \(round)")
                    try await eventually("second \(round)") {
                        (try? readFile(first.view + sandboxPath + "/x")) == "second \(round)"
                    }
                }
            }
        }
    }

    @Test func `a change of the directories above a zone does not detach it`() async throws {
        try await withGateway { served in
            try writeFile(served.view + sandboxPath + "/kept", "x")
            for round in 0..<10 {
                try writeFile(served.source + "/data/beside-\(round)", "x")
                unsafe chmod(served.source + "/data", round % 2 == 0 ? 0o755 : 0o711)
                unsafe chmod(served.source + sandboxPath, 0o755)
                try await eventually("round \(round)") { exists(served.view + "/data/beside-\(round)") }
            }
            try writeFile(served.view + sandboxPath + "/still", "writable")
            #expect(try readFile(served.source + sandboxPath + "/still") == "writable")
        }
    }
}
