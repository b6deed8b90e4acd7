import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// FUSE over io_uring, where the kernel has it and its admin allows it: the same file system, asked in another way.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct SessionRingsTests {
    /// The switch, which is the whole machine's: other gateways that start meanwhile may have rings too.
    private static let parameter = "/sys/module/fuse/parameters/enable_uring"

    /// Whether the kernel has such a thing at all (6.14); without, all is served through the device, and has to be.
    private static let kernelHasRings = unsafe access(parameter, F_OK) == 0

    private func withRings(allowed: Bool = true, _ body: () async throws -> Void) async throws {
        guard Self.kernelHasRings else { return try await body() }
        let before = try readFile(Self.parameter)
        try writeFile(Self.parameter, allowed ? "Y" : "N")
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        try writeFile(Self.parameter, before)
        try outcome.get()
    }

    /// What the daemon says of itself.
    private func isAskedThroughRings(_ gateway: MountedGateway) async throws -> Bool {
        _ = try await gateway.requests("sandbox")
        try await eventually("the daemon says how it is asked") { try readFile(gateway.log).contains("sandbox is asked through ") }
        return try readFile(gateway.log).contains("sandbox is asked through rings")
    }

    @Test func `requests come through rings where the admin allows that, and through the device where not`() async throws {
        try await withRings {
            try await withGateway(.init(without: ["survival"])) { gateway in
                let asked = try await isAskedThroughRings(gateway)
                #expect(asked == Self.kernelHasRings)
                let made = try await gateway.requests("sandbox") {
                    try gateway.asAgent("cd data/sandbox; touch a; mv a b").requireSuccess()
                }
                #expect((made["create"] ?? 0) > 0, "\(made)")
            }
            // What was in a ring when its process was killed would come never again.
            for without in [["io-uring", "survival"], []] {
                try await withGateway(.init(without: without)) { gateway in
                    let asked = try await isAskedThroughRings(gateway)
                    #expect(!asked)
                }
            }
        }
        try await withRings(allowed: false) {
            try await withGateway(.init(without: ["survival"])) { gateway in
                let asked = try await isAskedThroughRings(gateway)
                #expect(!asked)
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
            mkdir many; cd many; seq -f 'file-with-a-long-name-%g' 700 | xargs touch; test $(ls | wc -l) = 700
            """
        let after = "cd data/sandbox; find . -printf '%P %y %s %l\\n' | sort; find . -type f | sort | xargs -d '\\n' sha256sum"
        try await withRings {
            // Without passthrough, data comes this way too.
            for without in [["survival"], ["survival", "passthrough"]] {
                try await withGateway(.init(without: without)) { gateway in
                    try gateway.asAgent(work).requireSuccess()
                    let seen = try gateway.asAgent(after).requireSuccess()
                    #expect(try shell(after, workingDirectory: gateway.source).requireSuccess() == seen)
                }
            }
        }
    }

    @Test(arguments: [UInt64.random(in: 1_000...9_999_999)])
    func `the sandbox answers as a file system in memory does`(seed: UInt64) async throws {
        try await withRings {
            try await withGateway(.init(without: ["survival"])) { gateway in
                var run = ModelRun(root: gateway.viewSandbox, seed: seed)
                try run.run(1_500)
                var onDisk = ModelRun(comparing: run, root: gateway.sandbox)
                try onDisk.run(0)
            }
        }
    }

    /// A directory whose `source` is a file system of its own, so that the disk can be held up.
    private func withOwnDisk(_ body: (_ directory: String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try shell(
                "truncate -s 40M image; mkfs.ext4 -q image; mkdir source; mount -o loop image source", workingDirectory: directory
            )
            .requireSuccess()
            defer { _ = try? shell("fsfreeze -u source; umount -l source", workingDirectory: directory) }
            try MountedGateway.makeDirectories(in: directory)
            try await withRings { try await body(directory) }
        }
    }

    /// One thread a processor would have everybody else's requests there wait for the disk, too.
    @Test func `requests that the disk holds up hold up no other of the same processor`() async throws {
        try await withOwnDisk { directory in
            try await withGateway(in: directory, .init(without: ["survival"])) { gateway in
                try gateway.asAgent("mkdir data/sandbox/{1,2,3,other}; touch data/sandbox/other/there").requireSuccess()
                try shell("fsfreeze -f source", workingDirectory: directory).requireSuccess()
                defer { _ = try? shell("fsfreeze -u source", workingDirectory: directory) }
                try gateway.asAgent(
                    """
                    cd data/sandbox
                    for n in 1 2 3; do taskset -c 0 touch $n/held & done
                    until [ $(cat /proc/\(gateway.server)/task/*/stat | grep -c ') D ') = 3 ]; do sleep 0.01; done
                    for n in 1 2 3; do ! taskset -c 0 stat other/absent-$n 2> /dev/null; taskset -c 0 ls -l other > /dev/null; done
                    [ $(jobs -r | wc -l) = 3 ]
                    """, seconds: 30
                ).requireSuccess()
            }
        }
    }

    @Test(arguments: [SIGKILL, SIGTERM]) func `the end of the daemon leaves nobody waiting`(signal: Int32) async throws {
        try await withOwnDisk { directory in
            let ended = try startGateway(MountedGateway.arguments(directory, .init(without: ["survival"])), log: directory + "/log")
            try shell("fsfreeze -f source", workingDirectory: directory).requireSuccess()
            // What is under way ends with the disk, what comes later at once; a process that hung would be ended by the deadline.
            let said = try shell(
                """
                touch view/data/sandbox/held 2> held & held=$!
                until cat /proc/\(ended.pid)/task/*/stat | grep -q ') D '; do sleep 0.01; done
                kill -\(signal) \(ended.pid); sleep 0.1; fsfreeze -u source
                wait $held || true
                while kill -0 \(ended.pid) 2> /dev/null && ! grep -q ') Z' /proc/\(ended.pid)/stat; do sleep 0.01; done
                ! touch view/data/sandbox/new
                """, workingDirectory: directory, seconds: 40)
            #expect(said.status == .exited(0), "\(said)")
            _ = try ended.wait()
            try await withGateway(in: directory, .init(without: ["survival"])) { gateway in
                _ = try gateway.asAgent("echo x > data/sandbox/alive").requireSuccess()
            }
        }
    }
}
