import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// A gateway whose sandbox has a quota, with its count in a directory of the test.
@discardableResult
func withQuota<Result>(
    _ quota: String, more: [String] = [], prepare: (String) throws -> Void = { _ in },
    _ body: (MountedGateway) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { directory in
        try MountedGateway.makeDirectories(in: directory)
        try prepare(directory + "/source/data/sandbox")
        return try await withQuota(in: directory, quota, more: more, body)
    }
}

/// The same over directories that are there already.
@discardableResult
func withQuota<Result>(
    in directory: String, _ quota: String, more: [String] = [], _ body: (MountedGateway) async throws -> Result
) async throws -> Result {
    try run("mkdir", ["-p", "-m", "700", directory + "/usage"]).requireSuccess()
    return try await withGateway(
        in: directory, .init(more: ["--sandbox-quota", quota, "--usage", directory + "/usage"] + more), body)
}

extension MountedGateway {
    /// What the sandbox takes on the disk below: the blocks of every inode once, and their number. All that was promised is written first.
    func onDisk() throws -> (bytes: Int, inodes: Int) {
        let script = """
            import os, sys
            seen = {}
            def look(path):
                s = os.lstat(path); seen[s.st_ino] = s.st_blocks * 512
            look(sys.argv[1])
            for base, directories, files in os.walk(sys.argv[1]):
                for name in directories + files: look(os.path.join(base, name))
            print(sum(seen.values()), len(seen))
            """
        try run("sync", ["-f", sandbox]).requireSuccess()
        let found = try run("/usr/bin/python3", ["-I", "-c", script, sandbox]).requireSuccess()
        let words = found.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let bytes = Int(words[0]), let inodes = Int(words[1]) else { throw TestFailure("\(words)") }
        return (bytes, inodes)
    }

    /// What `statvfs` says inside the sandbox: the whole and what is used of it, bytes and inodes.
    func shown() throws -> (bytes: Int, usedBytes: Int, inodes: Int, usedInodes: Int) {
        var found = statvfs()
        guard unsafe statvfs(viewSandbox, &found) == 0 else { throw TestFailure(lastErrorText()) }
        let unit = Int(found.f_frsize)
        return (
            Int(found.f_blocks) * unit, Int(found.f_blocks - found.f_bavail) * unit, Int(found.f_files),
            Int(found.f_files - found.f_ffree)
        )
    }

    /// Waits until what is shown is what is on the disk, to within `bytes`.
    func agrees(within bytes: Int = 0, _ what: String = "the count agrees with the disk") async throws {
        try await eventually(what) {
            let disk = try onDisk()
            return abs(try shown().usedBytes - disk.bytes) <= bytes
        }
    }

    /// Runs a Python script as the agent in the sandbox; `attempt` prints the errno's name, or `done`.
    @discardableResult
    func python(_ script: String, seconds: Int32 = 60) throws -> [String] {
        let prelude = """
            import ctypes, errno, mmap, os, socket, stat, sys, threading, time
            def attempt(call, *arguments):
                try:
                    call(*arguments); print("done", flush=True)
                except OSError as error:
                    print(errno.errorcode.get(error.errno, error.errno), flush=True)
            def fill(path, piece=65536):
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                try:
                    while True: os.write(file, b"x" * piece)
                except OSError as error:
                    return errno.errorcode[error.errno]
                finally:
                    os.close(file)

            """
        return try run(
            "/usr/bin/python3", ["-I", "-c", prelude + script], workingDirectory: viewSandbox, user: Self.agent, seconds: seconds
        ).requireSuccess().split(separator: "\n").map(String.init)
    }
}
