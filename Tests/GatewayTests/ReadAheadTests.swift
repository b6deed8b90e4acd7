import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the kernel is given before it asks: counted by the daemon, not timed. Only where changes are reported, as all that is kept for long.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReadAheadTests {
    private static let isGivenAhead = KernelVersion.running >= KernelVersion(6, 16)
    private static let blocks = 2048

    /// A large file in the disk's memory, and a directory of small ones.
    private func fill(_ source: String) throws {
        try shell(
            """
            head -c \(Self.blocks * 4096) /dev/urandom > large; cat large > /dev/null
            mkdir -p many below; for i in $(seq 60); do echo "file $i" > many/$i; echo "file $i" > below/$i; done; cat many/* below/* > /dev/null
            """, workingDirectory: source
        ).requireSuccess()
    }

    /// Every third block, in no order.
    private func readHereAndThere(_ gateway: MountedGateway) throws {
        let script =
            """
            import os, random
            file = os.open('large', os.O_RDONLY)
            below = os.open('\(gateway.source)/large', os.O_RDONLY)
            blocks = list(range(0, \(Self.blocks), 3))
            random.Random(1).shuffle(blocks)
            for block in blocks:
                assert os.pread(file, 4096, block * 4096) == os.pread(below, 4096, block * 4096)
            """
        try run("python3", ["-c", script], workingDirectory: gateway.view).requireSuccess()
    }

    @Test(arguments: [true, false]) func `around blocks of a large file that are read here and there, the others are there already`(
        _ readsAhead: Bool
    ) async throws {
        let asked = (Self.blocks + 2) / 3
        var reads = Int.max
        // Another thread has them there, which may come too late where the machine is busy.
        for _ in 1...3 where reads >= asked * 9 / 10 {
            reads = try await withGateway(.init(without: readsAhead ? [] : ["read-ahead"]), prepare: fill) { gateway in
                try await gateway.requests("view") { try readHereAndThere(gateway) }["read"] ?? 0
            }
        }
        if readsAhead, Self.isGivenAhead { #expect(reads < asked * 9 / 10) } else { #expect(reads > asked * 9 / 10) }
    }

    @Test func `who reads one small file after the other of a listed directory is given the rest`() async throws {
        // Another thread gives it, which may come too late where the machine is busy: one directory of these is enough.
        let directories = (1...6).map { "many\($0)" }
        try await withGateway(
            prepare: { source in
                try fill(source)
                try shell("for d in \(directories.joined(separator: " ")); do cp -r many $d; done", workingDirectory: source)
                    .requireSuccess()
            }
        ) { gateway in
            var most = Int.max
            for directory in directories where most >= 30 {
                func read(_ numbers: ClosedRange<Int>) throws {
                    for number in numbers { #expect(try readFile("\(gateway.view)/\(directory)/\(number)") == "file \(number)\n") }
                }
                try run("ls", ["-l", "\(gateway.view)/\(directory)"]).requireSuccess()
                try read(1...20)
                most = min(most, try await gateway.requests("view") { try read(21...60) }["read"] ?? 0)
            }
            #expect(most < 30 || !Self.isGivenAhead)
        }
    }

    private func lookUp(_ numbers: ClosedRange<Int>, in gateway: MountedGateway) {
        for number in numbers { #expect(exists("\(gateway.view)/below/\(number)")) }
    }

    @Test func `who looks up several names of a directory is told the others`() async throws {
        try await withGateway(prepare: fill) { gateway in
            lookUp(1...8, in: gateway)
            try await eventually("no name is asked for any more") {
                let lookups = try await gateway.requests("view") { lookUp(9...60, in: gateway) }["lookup"]
                return lookups == nil || !Self.isGivenAhead
            }
        }
    }

    @Test func `without it each name is looked up`() async throws {
        try await withGateway(.init(without: ["read-ahead"]), prepare: fill) { gateway in
            let lookups = try await gateway.requests("view") { lookUp(1...60, in: gateway) }["lookup"] ?? 0
            #expect(lookups >= 60)
        }
    }

    @Test func `nothing that was given ahead outlives a change`() async throws {
        try await withGateway(prepare: fill) { gateway in
            let writer =
                """
                import os, random, time
                chance = random.Random(2)
                large = os.open('large', os.O_WRONLY)
                end = time.monotonic() + 4
                while time.monotonic() < end:
                    for _ in range(20): os.pwrite(large, os.urandom(4096), chance.randrange(\(Self.blocks)) * 4096)
                    for _ in range(5):
                        name = f'many/{chance.randint(1, 60)}'
                        open(name + '.new', 'w').write(f'changed {chance.random()}' * chance.randint(1, 500))
                        os.rename(name + '.new', name)
                        open(f'below/{chance.randint(1, 60)}', 'a').write('more')
                """
            let reader =
                """
                import errno, os, random, time
                chance = random.Random(3)
                end = time.monotonic() + 4
                while time.monotonic() < end:
                    large = os.open('large', os.O_RDONLY)
                    for _ in range(50): os.pread(large, 4096, chance.randrange(\(Self.blocks)) * 4096)
                    os.close(large)
                    os.listdir('many')
                    for number in chance.sample(range(1, 61), 20):
                        try: open(f'many/{number}').read()
                        # Replaced between the open and the read (the limits below S-9 in Docs/Semantics.md).
                        except OSError as error: assert error.errno == errno.ESTALE
                        open(f'below/{number}').read()
                """
            let writing = try ChildProcess(.init("python3", ["-c", writer], workingDirectory: gateway.source))
            let reading = try ChildProcess(.init("python3", ["-c", reader], workingDirectory: gateway.view))
            #expect(try writing.wait() == .exited(0))
            #expect(try reading.wait() == .exited(0))
            let sums = "find large many below -type f | sort | xargs sha256sum"
            let below = try shell(sums, workingDirectory: gateway.source).requireSuccess()
            try await eventually("the view shows what is there") { try shell(sums, workingDirectory: gateway.view).output == below }
        }
    }
}
