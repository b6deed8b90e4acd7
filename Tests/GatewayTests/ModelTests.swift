import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Random operations on a zone give what a plain file system in memory gives. A failure prints its seed; `seeds` is where to put it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct `A zone against a model` {
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
