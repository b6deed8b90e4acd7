import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import FuseSession

/// FUSE over io_uring, where the kernel has it and its admin allows it: the same file system, asked in another way.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SessionRingsTests {
    /// The switch, which is the whole machine's: other gateways that start meanwhile may have rings too.
    private static let parameter = "/sys/module/fuse/parameters/enable_uring"

    /// Whether the kernel has such a thing at all; without, all is served through the device, and has to be.
    private static let kernelHasRings = KernelVersion.running >= KernelVersion(6, 14)

    private func withRings(allowed: Bool = true, _ body: () async throws -> Void) async throws {
        guard Self.kernelHasRings else { return try await body() }
        let before = try readFile(Self.parameter)
        try writeFile(Self.parameter, allowed ? "Y" : "N")
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        try writeFile(Self.parameter, before)
        try outcome.get()
    }

    /// The threads that wait for requests through rings are there only where the kernel has agreed to them.
    private func ringWorkers(_ gateway: MountedGateway) throws -> Int {
        try shell("cat /proc/\(gateway.pid)/task/*/comm").output.split(separator: "\n").count { $0.hasPrefix("sandbox-r") }
    }

    @Test func `requests come through rings where the admin allows that, and through the device where not`() async throws {
        try await withRings {
            try await withGateway { gateway in
                let workers = try ringWorkers(gateway)
                #expect((workers > 0) == Self.kernelHasRings)
                let made = try await gateway.requests("sandbox") {
                    try gateway.asAgent("cd data/sandbox; touch a; mv a b").requireSuccess()
                }
                #expect((made["create"] ?? 0) > 0, "\(made)")
            }
            try await withGateway(.init(without: ["io-uring"])) { gateway in
                let workers = try ringWorkers(gateway)
                #expect(workers == 0)
            }
        }
        try await withRings(allowed: false) {
            try await withGateway { gateway in
                let workers = try ringWorkers(gateway)
                #expect(workers == 0)
                try gateway.asAgent("cd data/sandbox; touch a; mv a b").requireSuccess()
            }
        }
    }

    @Test func `requests and answers of all sizes are whole`() async throws {
        let work = """
            cd data/sandbox; long=$(printf 'n%.0s' $(seq 255)); target=$(printf 't%.0s' $(seq 4000)); value=$(printf 'v%.0s' $(seq 3000))
            head -c 5000001 /dev/urandom > "$long"; cp "$long" copy; cmp "$long" copy; dd if=copy of=part bs=777 skip=9 count=99 status=none
            ln -s "$target" link; test "$(readlink link)" = "$target"
            setfattr -n user.large -v "$value" copy; test "$(getfattr -n user.large --only-values copy)" = "$value"
            mkdir many; cd many; seq -f 'file-with-a-long-name-%g' 3000 | xargs touch; test $(ls | wc -l) = 3000
            """
        let after = "cd data/sandbox; find . -printf '%P %y %s %l\\n' | sort; find . -type f | sort | xargs -d '\\n' sha256sum"
        try await withRings {
            // Without passthrough, data comes this way too.
            for without in [[], ["passthrough"]] {
                try await withGateway(.init(without: without)) { gateway in
                    try gateway.asAgent(work).requireSuccess()
                    let seen = try gateway.asAgent(after).requireSuccess()
                    #expect(try shell(after, workingDirectory: gateway.source).requireSuccess() == seen)
                }
            }
        }
    }

    @Test(arguments: [4, .random(in: 1_000...9_999_999)])
    func `the sandbox answers as a file system in memory does`(seed: UInt64) async throws {
        try await withRings {
            try await withGateway { gateway in
                var run = ModelRun(root: gateway.viewSandbox, seed: seed)
                try run.run(2_500)
                var onDisk = ModelRun(comparing: run, root: gateway.sandbox)
                try onDisk.run(0)
            }
        }
    }

    /// One thread a processor would have everybody else's requests there wait for the disk, too.
    @Test func `a request that the disk holds up holds up no other of the same processor`() async throws {
        try await withTemporaryDirectory { directory in
            try shell(
                "truncate -s 40M image; mkfs.ext4 -q image; mkdir source; mount -o loop image source", workingDirectory: directory
            )
            .requireSuccess()
            defer { _ = try? shell("fsfreeze -u source; umount -l source", workingDirectory: directory) }
            try MountedGateway.makeDirectories(in: directory)
            try await withRings {
                try await withGateway(in: directory) { gateway in
                    try gateway.asAgent("mkdir data/sandbox/one data/sandbox/two; touch data/sandbox/two/there").requireSuccess()
                    try shell("fsfreeze -f source", workingDirectory: directory).requireSuccess()
                    defer { _ = try? shell("fsfreeze -u source", workingDirectory: directory) }
                    try gateway.asAgent(
                        """
                        cd data/sandbox; taskset -c 0 touch one/held & held=$!
                        until grep -q '(touch) [SD]' /proc/$held/stat; do sleep 0.01; done
                        for i in 1 2 3; do ! taskset -c 0 stat two/absent-$i 2> /dev/null; taskset -c 0 ls -l two > /dev/null; done
                        kill -0 $held
                        """, seconds: 30
                    ).requireSuccess()
                }
            }
        }
    }

    @Test func `a daemon that is killed leaves nobody waiting`() async throws {
        try await withRings {
            try await withTemporaryDirectory { directory in
                try MountedGateway.makeDirectories(in: directory)
                let dead = try startGateway(MountedGateway.arguments(directory), log: directory + "/log")
                try dead.signal(SIGKILL)
                _ = try dead.wait()
                // A process that hung would be ended by the deadline of `run`.
                #expect(try run("touch", [directory + "/view/data/sandbox/new"], seconds: 20).status == .exited(1))
                try await withGateway(in: directory) { gateway in
                    _ = try gateway.asAgent("echo x > data/sandbox/alive").requireSuccess()
                }
            }
        }
    }

    /// Else it would be a way past the filter of system calls.
    @Test func `a ring takes commands to drivers and nothing else`() throws {
        guard Self.kernelHasRings else { return }
        let ring = try CommandRing.make(entries: 1)
        // IORING_OP_NOP, _CONNECT, _OPENAT.
        for operation: UInt8 in [0, 16, 18] {
            let command = unsafe ring.command(0, to: -1, tag: 7)
            unsafe command?.storeBytes(of: operation, as: UInt8.self)
            try ring.wait()
            let answer = ring.answer()
            #expect(answer?.tag == 7 && answer?.error == .permissionDenied, "operation \(operation)")
        }
    }

    @Test func `each queue has a place, and each processor that may be used has its own workers`() {
        #expect(
            RingSeat.seats(possible: 2, usable: [0, 1], each: 1) == [
                .init(processor: 0, queues: [0]), .init(processor: 1, queues: [1]),
            ])
        // Two of eight processors may be used, and the others are for the first workers.
        let seats = RingSeat.seats(possible: 8, usable: [2, 5], each: 3)
        #expect(Set(seats.flatMap(\.queues)) == Set(0..<8))
        #expect(seats.allSatisfy { $0.queues.contains(UInt16($0.processor)) })
        #expect(seats.count { $0.processor == 2 } == 3)
        #expect(seats.count { $0.processor == 5 } == 3)
        #expect(RingSeat.seats(possible: 0, usable: [0], each: 1).isEmpty)
    }
}
