import CLinux
import Fence
import LinuxSystem
import SystemPackage
import TestSupport

/// Where the programs under test lie.
let programs = ProgramDirectory(path: Executables.directory)

/// A user of the tests alone: limits on processes count everything that a user runs.
let testUser = FenceUser(uid: 61_017, gid: 61_017, groups: [61_018], name: "fenced")

/// The fence of a tool that may write in `/job`, which is a directory of the host.
func toolFence(
    _ directory: String, user: FenceUser = testUser, network: Fence.Network = .none, environment: [String: String] = [:],
    limits: Fence.Limits = .generous, group: Fence.Group? = nil
) throws -> Fence {
    let copy = directory + "/copy"
    if !exists(copy) {
        try makeDirectories(copy)
        try run("chown", ["\(user.uid):\(user.gid)", copy]).requireSuccess()
    }
    return Fence.confinedTool(
        name: "test", user: user, writable: [(copy, "/job")], workingDirectory: "/job", network: network,
        environment: environment,
        limits: limits, group: group)
}

/// Runs a command behind a fence to its end, and keeps what it wrote.
func confined(_ command: [String], in fence: Fence, input: Int32? = nil, seconds: Int32 = 60) throws -> Finished {
    let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("output") })
    let errors = Descriptor(owning: try check { unsafe pinfold_memfd_create("errors") })
    var descriptors = [1: output.rawValue, 2: errors.rawValue] as [Int32: Int32]
    descriptors[0] = input
    let process = try ConfinedProcess(command, in: fence, descriptors: descriptors, programs: programs)
    guard try process.ends(withinMilliseconds: seconds * 1000) else {
        try? process.kill()
        _ = try process.wait()
        throw TestFailure("\(command) did not end in \(seconds) s: \(try contents(output)) \(try contents(errors))")
    }
    let status = try process.wait()
    return Finished(
        command: command.joined(separator: " "), status: status, output: try contents(output), errors: try contents(errors))
}

/// The same for a Python script; each test brings its own, which runs as the attacker would run it.
func attack(_ script: String, in fence: Fence, input: Int32? = nil, seconds: Int32 = 60) throws -> Finished {
    try confined(["/usr/bin/python3", "-I", "-c", attackPrelude + script], in: fence, input: input, seconds: seconds)
}

private func contents(_ file: borrowing Descriptor) throws -> String { try readFile("/proc/self/fd/\(file.rawValue)") }
