import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Random operations on a zone give what a plain file system in memory gives. A failure prints its seed; `seeds` is where to put it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `A zone against a model` {
    static let seeds: [UInt64] = [1, 2, .random(in: 1_000...9_999_999)]

    @Test(arguments: seeds) func `the sandbox answers as a file system in memory does`(seed: UInt64) async throws {
        try await withGateway { gateway in
            var run = ModelRun(root: gateway.viewSandbox, seed: seed)
            try run.run(2_500)
            // What the daemon did is on the disk.
            var onDisk = ModelRun(comparing: run, root: gateway.sandbox)
            try onDisk.run(0)
        }
    }

    @Test(arguments: seeds) func `a direct sandbox answers the same, where nobody but the agent makes anything`(seed: UInt64)
        async throws
    {
        try await withGateway(DirectZoneTests.direct) { gateway in
            let (view, disk) = (gateway.viewSandbox, gateway.sandbox)
            try await withMakerOfFiles(MountedGateway.agent) {
                var run = ModelRun(root: view, seed: seed)
                try run.run(2_500)
                var onDisk = ModelRun(comparing: run, root: disk)
                try onDisk.run(0)
            }
        }
    }

    @Test func `code-repo answers the same without passthrough`() async throws {
        try await withGateway(.init(without: ["passthrough"])) { gateway in
            var run = ModelRun(root: gateway.viewCodeRepo, seed: 3)
            try run.run(1_500)
        }
    }

    @Test func `the model itself is true to a disk`() throws {
        try withTemporaryDirectory { directory in
            for seed: UInt64 in 10...14 {
                let root = "\(directory)/\(seed)"
                try makeDirectories(root)
                var run = ModelRun(root: root, seed: seed)
                try run.run(2_000)
            }
        }
    }
}

/// Runs `body` on a thread that makes files as somebody else and may do all that root may: the model knows no permissions.
private func withMakerOfFiles(_ user: (uid: UInt32, gid: UInt32), _ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        do {
            _ = try SystemThread("maker") {
                continuation.resume(
                    with: Result {
                        var (effective, permitted): (UInt64, UInt64) = (0, 0)
                        _ = try check { unsafe pinfold_capget(&effective, &permitted) }
                        _ = pinfold_thread_setfsgid(user.gid)
                        _ = pinfold_thread_setfsuid(user.uid)
                        // The kernel took away what is about files with root's number.
                        _ = try check { pinfold_capset(effective, permitted, 0) }
                        try body()
                    })
            }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
