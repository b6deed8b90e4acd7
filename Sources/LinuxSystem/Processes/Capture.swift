internal import CLinux
package import SystemPackage

/// Runs a program to its end with `input` on its standard input, and keeps what it writes.
///
/// The texts go to files in memory: a program that leaves something running cannot keep this one waiting.
/// - Parameters:
///   - input: bytes, or a text's.
///   - descriptors: further ones that it gets, by its own numbers.
///   - environment: `NAME=value` entries; nil passes this process's own on.
///   - milliseconds: it is killed after that long.
package func capture(
    _ program: String, _ arguments: [String], input: some Collection<UInt8> = "".utf8, descriptors: [Int32: Int32] = [:],
    environment: [String]? = nil,
    milliseconds: Int32 = -1
) throws(Errno) -> (status: ExitStatus, output: String, errors: String) {
    let question = Descriptor(owning: try check { unsafe pinfold_memfd_create("input") })
    let (number, bytes) = (question.rawValue, Array(input))
    guard try check({ unsafe pwrite(number, bytes, bytes.count, 0) }) == bytes.count else { throw Errno.noSpace }
    let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("output") })
    let errors = Descriptor(owning: try check { unsafe pinfold_memfd_create("errors") })
    let child = try ChildProcess(
        .init(
            program, arguments, environment: environment,
            descriptors: descriptors.merging([0: number, 1: output.rawValue, 2: errors.rawValue]) { $1 }))
    if try !child.ends(withinMilliseconds: milliseconds) { try? child.signal(SIGKILL) }
    let status = try child.wait()
    return (status, try text(of: output), try text(of: errors))
}

/// The last MiB of what was written: enough for any message, and a bound for a program that writes without end.
private func text(of file: borrowing Descriptor) throws(Errno) -> String {
    String(decoding: try readWholeFile("/proc/self/fd/\(file.rawValue)").suffix(1 << 20), as: UTF8.self)
}
