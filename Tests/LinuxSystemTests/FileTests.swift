import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct `What is at a path` {
    @Test func `is a kind of file, a link itself, or nothing`() throws {
        try withTemporaryDirectory { directory in
            try shell("touch file; mkdir directory; ln -s nowhere link; mkfifo fifo", workingDirectory: directory).requireSuccess()
            let expected: [(String, FileKind?)] = [
                ("file", .regular), ("directory", .directory), ("link", .symbolicLink), ("fifo", .fifo), ("missing", nil),
                ("file/below", nil),
            ]
            for (name, kind) in expected { #expect(FileKind.at("\(directory)/\(name)") == kind, "\(name)") }
            #expect(FileKind.at("/dev/null") == .characterDevice)
            #expect(FileKind.directory.directoryType == UInt8(DT_DIR) && FileKind.fifo.directoryType == UInt8(DT_FIFO))
            #expect(FileKind(mode: 0o644) == nil && FileKind(mode: 0o120777) == .symbolicLink)
        }
    }

    @Test func `is found without links, dots and double slashes`() throws {
        try withTemporaryDirectory { directory in
            try shell("mkdir a; touch a/file; ln -s a b; ln -s loop loop", workingDirectory: directory).requireSuccess()
            #expect(canonicalPath("\(directory)//b/../a/./file") == directory + "/a/file")
            #expect(canonicalPath(directory + "/missing") == nil && canonicalPath(directory + "/loop") == nil)
        }
    }

    @Test func `is what a link says, to the last byte`() throws {
        try withTemporaryDirectory { directory in
            let long = String(repeating: "x/", count: 2000) + "\u{fc} \\012"
            unsafe symlink(long, directory + "/long")
            let text = try linkText(at: directory + "/long")
            #expect(text == Array(long.utf8))
            #expect(throws: Errno.invalidArgument) { try linkText(at: directory) }
            let own = try linkText(at: "/proc/self/exe")
            #expect(own.first == UInt8(ascii: "/"))
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A small file` {
    @Test func `is read whole, of the kernel's too, and refused where it is too large`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", String(repeating: "x", count: 40_000))
            #expect(try SmallFile.read(directory + "/file", limit: 40_000).count == 40_000)
            let failure = #expect(throws: SmallFile.Failure.self) { try SmallFile.read(directory + "/file", limit: 39_999) }
            #expect(failure?.description == "is larger than 39999 bytes")
            #expect(try !SmallFile.read("/proc/self/status", limit: 1 << 20).isEmpty)
        }
    }

    @Test func `is no FIFO, device or directory, and none is waited for`() throws {
        try withTemporaryDirectory { directory in
            try shell("mkfifo fifo; mkdir directory", workingDirectory: directory).requireSuccess()
            for path in [directory + "/fifo", directory + "/directory", "/dev/zero", directory + "/missing"] {
                #expect(throws: SmallFile.Failure.self, "\(path)") { try SmallFile.read(path, limit: 100) }
            }
        }
    }
}

@Suite struct `A directory's entries` {
    @Test func `are read from any of them on`() throws {
        try withTemporaryDirectory { directory in
            try shell("for i in $(seq 500); do touch $i; done; mkdir d", workingDirectory: directory).requireSuccess()
            let opened = try Descriptor.open(directory, [.readOnly, .directory])
            // So little that it takes many calls.
            let reader = DirectoryReader(capacity: 1024)
            var all: [(name: String, next: Int64, type: UInt8)] = []
            try reader.read(opened, from: 0) { entry throws(Errno) in
                all.append((String(decoding: entry.name.array, as: UTF8.self), entry.next, entry.type))
                return true
            }
            #expect(Set(all.map(\.name)) == Set((1...500).map(String.init) + ["d", ".", ".."]))
            #expect(all.count == 503 && all.first { $0.name == "d" }?.type == FileKind.directory.directoryType)
            var rest: [String] = []
            try reader.read(opened, from: all[249].next) { entry throws(Errno) in
                rest.append(String(decoding: entry.name.array, as: UTF8.self))
                return rest.count < 100
            }
            #expect(rest == all[250..<350].map(\.name))
        }
    }
}

@Suite struct `The clock` {
    @Test func `tells the time of day, and never runs backwards beside it`() throws {
        let shown = try #require(Int64(try run("date", ["+%s"]).requireSuccess().split(separator: "\n").first ?? ""))
        let now = SystemClock.now
        #expect(abs(now.seconds - shown) < 60 && now.nanoseconds < 1_000_000_000)
        #expect(now.milliseconds == now.seconds * 1000 + Int64(now.nanoseconds) / 1_000_000)
        var last = SystemClock.monotonic
        for _ in 0..<10_000 {
            let next = SystemClock.monotonic
            #expect(next >= last)
            last = next
        }
        let coarse = SystemClock.coarse
        #expect(coarse <= SystemClock.monotonic && last - min(coarse, last) < 1_000_000_000)
    }

    @Test func `counts milliseconds before 1970 as before the next second`() {
        #expect(Timestamp(seconds: -1, nanoseconds: 250_000_000).milliseconds == -750)
    }
}
