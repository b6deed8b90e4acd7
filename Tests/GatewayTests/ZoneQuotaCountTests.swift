import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Where a zone's count is kept, what it outlives, and how it is put right. Docs/Semantics.md, S-46.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ZoneQuotaCountTests {
    /// Writes a number into the file with the count, whose words are of 64 bits: the ninth is the bytes, the tenth the inodes.
    private func plant(_ bytes: Int64, _ directory: String) throws {
        let file = try FileCalls.opened(directory + "/usage/sandbox", O_RDWR)
        var word = bytes
        _ = try unsafe withUnsafeBytes(of: &word) { try unsafe file.write($0, at: 8 * 8) }
    }

    @Test func `S-46: what is there at the first start is counted, a file with several names once`() async throws {
        try await withQuota(
            "16777216,100",
            prepare: { sandbox in
                try shell(
                    "mkdir -p a/b; head -c 3000000 /dev/zero > a/b/f; ln a/b/f second; ln -s /etc link; mkfifo p; sync -f .",
                    workingDirectory: sandbox
                ).requireSuccess()
            }
        ) { gateway async throws in
            let (shown, disk) = (try gateway.shown(), try gateway.onDisk())
            #expect(shown.usedBytes == disk.bytes)
            #expect(shown.usedInodes == disk.inodes)
            #expect(disk.inodes == 6)
        }
    }

    @Test func `S-46: the count is not made again at a start, and put right by the look at the whole zone`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try await withQuota(in: directory, "67108864") { _ = try $0.python("open('f', 'wb').write(b'x' * 3000000)") }
            try plant(9 << 20, directory)
            try await withQuota(in: directory, "67108864") { gateway async throws in
                // The daemon before ended in order: its number holds until the next look is due.
                #expect(try gateway.shown().usedBytes == 9 << 20)
                try gateway.python("os.truncate('f', 0)")
                #expect(try gateway.shown().usedBytes < 7 << 20)
                #expect(try gateway.shown().usedBytes > 5 << 20)
            }
            // One that was killed: the number holds at first, and then the look finds what there is.
            let words = ["--sandbox-quota", "67108864", "--usage", directory + "/usage"]
            let killed = try startGateway(
                MountedGateway.arguments(directory, .init(more: words)), log: directory + "/log")
            try shell("head -c 2000000 /dev/zero > view/data/sandbox/more", workingDirectory: directory).requireSuccess()
            try killed.signal(SIGKILL)
            _ = try killed.wait()
            let word = try readBytes(directory + "/usage/sandbox")[64..<72]
            let kept = word.reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(kept > 7 << 20 && kept < 10 << 20)
            try await withQuota(in: directory, "67108864") { gateway async throws in
                try await gateway.agrees("the look finds what there is")
                #expect(try readFile(gateway.log).contains("were found"))
            }
        }
    }

    @Test func `S-46: a killed daemon's unlinked files are not counted any more`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try run("mkdir", ["-m", "700", directory + "/usage"]).requireSuccess()
            let words = ["--sandbox-quota", "67108864", "--usage", directory + "/usage"]
            let killed = try startGateway(
                MountedGateway.arguments(directory, .init(more: words)), log: directory + "/log")
            let file = try FileCalls.opened(directory + "/view/data/sandbox/f", O_RDWR | O_CREAT)
            let bytes = [UInt8](repeating: 7, count: 1 << 20)
            for index in 0..<8 {
                _ = try unsafe bytes.withUnsafeBytes { try unsafe file.write($0, at: Int64(index) << 20) }
            }
            #expect(errno { unsafe unlink(directory + "/view/data/sandbox/f") } == nil)
            try killed.signal(SIGKILL)
            _ = try killed.wait()
            try await withQuota(in: directory, "67108864") { gateway async throws in
                #expect(try gateway.shown().usedBytes < 1 << 20)
                #expect(try gateway.shown().usedBytes == gateway.onDisk().bytes)
            }
        }
    }

    @Test func `S-46: another directory in the zone's place is counted anew`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try await withQuota(in: directory, "67108864") { _ = try $0.python("open('f', 'wb').write(b'x' * 3000000)") }
            try shell("mv source/data/sandbox elsewhere", workingDirectory: directory).requireSuccess()
            try MountedGateway.makeDirectories(in: directory)
            try await withQuota(in: directory, "67108864") { gateway async throws in
                #expect(try gateway.shown().usedBytes == gateway.onDisk().bytes)
            }
        }
    }

    @Test func `S-46: changes while the zone is looked at are counted once`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                "mkdir d{0..19}; for d in d*; do (cd $d; for n in {0..199}; do echo x > f$n; done); done; chown -R 61234:61234 .",
                workingDirectory: directory + "/source/data/sandbox"
            ).requireSuccess()
            try run("mkdir", ["-m", "700", directory + "/usage"]).requireSuccess()
            let words = ["--sandbox-quota", "134217728,100000", "--usage", directory + "/usage"]
            let killed = try startGateway(
                MountedGateway.arguments(directory, .init(more: words)), log: directory + "/log")
            try killed.signal(SIGKILL)
            _ = try killed.wait()
            try plant(100 << 20, directory)
            try await withQuota(in: directory, "134217728,100000") { gateway async throws in
                // All kinds of changes, from before the look until after it.
                try gateway.python(
                    """
                    def used(): s = os.statvfs("."); return (s.f_blocks - s.f_bavail) * s.f_frsize
                    def places(n): return f"d{n % 20}", f"d{(n * 7 + 3) % 20}"
                    n = 0
                    while used() > 60 << 20 or n < 300:
                        a, b = places(n)
                        open(f"{a}/new{n}", "wb").write(b"x" * (n % 5 * 3000)); os.rename(f"{a}/new{n}", f"{b}/moved{n}")
                        os.link(f"{b}/moved{n}", f"{a}/link{n}"); os.unlink(f"{b}/moved{n}")
                        if n % 3 == 0: os.unlink(f"{a}/link{n}")
                        os.mkdir(f"{a}/sub"); open(f"{a}/sub/f", "wb").write(b"y" * 5000); os.rename(f"{a}/sub", f"{b}/sub{n}")
                        if n >= 50:
                            a, b = places(n - 50); os.unlink(f"{b}/sub{n - 50}/f"); os.rmdir(f"{b}/sub{n - 50}")
                            if (n - 50) % 3: os.unlink(f"{a}/link{n - 50}")
                        n += 1
                    """, seconds: 100)
                try await gateway.agrees()
                #expect(try gateway.shown().usedInodes == gateway.onDisk().inodes)
            }
        }
    }

    @Test func `S-46: one count is one daemon's, and in a place that is root's alone`() async throws {
        try await withQuota("67108864") { gateway async throws in
            try makeDirectories(gateway.directory + "/other")
            var words = MountedGateway.arguments(
                gateway.directory, .init(more: ["--sandbox-quota", "67108864", "--usage", gateway.directory + "/usage"]))
            words[3] = gateway.directory + "/other"
            let second = try run(Executables.mount, words)
            #expect(second.status == .exited(2))
            #expect(second.errors.contains("another process counts the zones"), "\(second)")
        }
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell("mkdir -m 700 source/data/sandbox/usage; mkdir -m 755 open", workingDirectory: directory).requireSuccess()
            for place in ["/source/data/sandbox/usage", "/open", "/missing"] {
                let refused = try run(
                    Executables.mount,
                    MountedGateway.arguments(directory, .init(more: ["--sandbox-quota", "1000000", "--usage", directory + place])))
                #expect(refused.status == .exited(2), "\(refused)")
                #expect(refused.errors.contains("--usage"), "\(refused)")
            }
        }
    }
}
