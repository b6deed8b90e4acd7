internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// What a finished program left.
package struct Finished: Sendable, CustomStringConvertible {
    package let command: String
    package let status: ExitStatus
    package let output: String
    package let errors: String

    package init(command: String, status: ExitStatus, output: String, errors: String) {
        self.command = command
        self.status = status
        self.output = output
        self.errors = errors
    }

    package var description: String { "`\(command)` ended with \(status)\nstdout: \(output)\nstderr: \(errors)" }

    /// The output, where it succeeded; else an error that shows everything.
    @discardableResult
    package func requireSuccess() throws -> String {
        guard status.isSuccess else { throw TestFailure(description) }
        return output
    }
}

/// Runs a program to its end with nothing on its standard input, and keeps what it wrote.
///
/// Output goes to files, so that a child that leaves a daemon behind does not hold the test up. It is killed after `seconds`.
/// - Parameter user: the uid and gid that it runs as, without groups and capabilities, by `setpriv`.
@discardableResult
package func run(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], workingDirectory: String? = nil,
    user: (uid: UInt32, gid: UInt32)? = nil, input: String? = nil, seconds: Int32 = 60
) throws -> Finished {
    let output = try ScratchFile()
    let errors = try ScratchFile()
    let standardInput = try ScratchFile()
    if let input { try standardInput.fill(input) }
    var words = [program] + arguments
    if let user { words = ["setpriv", "--reuid=\(user.uid)", "--regid=\(user.gid)", "--clear-groups", "--"] + words }
    let child = try ChildProcess(
        .init(
            words[0], Array(words.dropFirst()), environment: mergedEnvironment(environment), workingDirectory: workingDirectory,
            descriptors: [0: standardInput.number, 1: output.number, 2: errors.number]))
    if try !child.ends(withinMilliseconds: seconds * 1000) {
        try? child.signal(SIGKILL)
        _ = try child.wait()
        throw TestFailure(
            "`\(words.joined(separator: " "))` did not end in \(seconds) s\n\(try output.text())\n\(try errors.text())")
    }
    let status = try child.wait()
    return Finished(command: words.joined(separator: " "), status: status, output: try output.text(), errors: try errors.text())
}

/// Runs a script with bash, stopping at its first failing command.
@discardableResult
package func shell(
    _ script: String, environment: [String: String] = [:], workingDirectory: String? = nil,
    user: (uid: UInt32, gid: UInt32)? = nil, seconds: Int32 = 60
) throws -> Finished {
    try run(
        "bash", ["-euo", "pipefail", "-c", script], environment: environment, workingDirectory: workingDirectory, user: user,
        seconds: seconds)
}

/// This process's environment without any of Pinfold's variables and git's, and with what the test adds.
package func mergedEnvironment(_ added: [String: String]) -> [String] {
    var result: [String: String] = [:]
    var entry = unsafe pinfold_environ()
    while let pointer = unsafe entry?.pointee {
        let text = unsafe String(cString: pointer)
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, !parts[0].hasPrefix("AGENT_"), !parts[0].hasPrefix("GIT_") {
            result[String(parts[0])] = String(parts[1])
        }
        unsafe entry = unsafe entry?.advanced(by: 1)
    }
    if result["HOME"] == nil { result["HOME"] = "/root" }
    // Whoever runs the tests may have set git up in ways that the tests must not see.
    result["GIT_CONFIG_NOSYSTEM"] = "1"
    result["GIT_CONFIG_GLOBAL"] = "/dev/null"
    result["GIT_AUTHOR_NAME"] = "Test"
    result["GIT_AUTHOR_EMAIL"] = "test@localhost"
    result["GIT_COMMITTER_NAME"] = "Test"
    result["GIT_COMMITTER_EMAIL"] = "test@localhost"
    for (name, value) in added { result[name] = value }
    return result.map { "\($0.key)=\($0.value)" }
}

/// An unnamed file in memory (`man 2 memfd_create`): whoever still holds it cannot keep a reader waiting, as a pipe's writer would.
private struct ScratchFile: ~Copyable {
    private let descriptor: Descriptor

    init() throws {
        descriptor = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-test") })
    }

    var number: Int32 { descriptor.rawValue }

    func fill(_ text: String) throws {
        let file = FileDescriptor(rawValue: descriptor.rawValue)
        _ = try file.writeAll(text.utf8)
        try file.seek(offset: 0, from: .start)
    }

    func text() throws -> String {
        let file = FileDescriptor(rawValue: descriptor.rawValue)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { buffer in
                try unsafe file.read(fromAbsoluteOffset: Int64(bytes.count), into: buffer)
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
