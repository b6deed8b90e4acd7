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

    /// What one reader's listing had read ahead before the change is nothing to who begins behind it.
    @Test(arguments: ["zone", "view"]) func `a listing that begins behind a change has it, whoever lists beside it`(_ plane: String)
        async throws
    {
        let script = """
            import ctypes, os, struct, sys, time
            disk, seen, wait = sys.argv[1], sys.argv[2], float(sys.argv[3])
            libc = ctypes.CDLL(None); number = 217 if os.uname().machine == "x86_64" else 61
            room = ctypes.create_string_buffer(8192)
            def chunk(directory):
                length = libc.syscall(number, directory, room, len(room)); at = 0
                while at < length:
                    size = struct.unpack_from("H", room.raw, at + 16)[0]
                    yield room.raw[at + 19:at + size].split(b"\\0")[0].decode()
                    at += size
            for turn in range(12):
                os.close(os.open(disk + "/changed", os.O_CREAT)); os.unlink(disk + "/changed"); time.sleep(wait)
                one = os.open(seen, os.O_RDONLY | os.O_DIRECTORY); list(chunk(one))
                os.close(os.open(f"{disk}/new{turn}", os.O_CREAT)); time.sleep(wait)
                other = os.open(seen, os.O_RDONLY | os.O_DIRECTORY); found = list(chunk(other)); list(chunk(one))
                while True:
                    more = list(chunk(other))
                    if not more: break
                    found += more
                assert f"new{turn}" in found, turn
                assert sorted(found) == sorted([".", "..", *os.listdir(disk)]), turn
                os.close(one); os.close(other)
            """
        try await withGateway { served in
            let isZone = plane == "zone"
            let (disk, seen) =
                isZone ? (served.view + sandboxPath, served.view + sandboxPath) : (served.source + "/many", served.view + "/many")
            try makeDirectories(served.source + "/many")
            let place = isZone ? served.source + sandboxPath : disk
            try shell("for i in $(seq 1500); do : > \"file $i of many\"; done", workingDirectory: place).requireSuccess()
            try await eventually("they are there") { exists(seen + "/file 1500 of many") }
            try run("/usr/bin/python3", ["-I", "-c", script, disk, seen, isZone ? "0" : "0.2"], seconds: 100).requireSuccess()
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
