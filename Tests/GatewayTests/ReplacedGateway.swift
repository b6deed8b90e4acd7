import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// A gateway whose place others take, one after the other; each is this process's child.
final class ReplacedGateway {
    let directory: String
    private let options: MountedGateway.Options
    /// The keeper that has the view.
    private(set) var gateway: MountedGateway

    init(_ directory: String, _ options: MountedGateway.Options = .init()) throws {
        self.directory = directory
        self.options = options
        let keeper = try startGateway(MountedGateway.arguments(directory, options), log: directory + "/log")
        gateway = MountedGateway(directory: directory, pid: keeper.pid)
        keeper.leaveRunning()
    }

    /// Whom the lock's file names.
    var holder: Int32? { (try? readFile(MountRuntime(mountpoint: directory + "/view").lock)).flatMap { Int32($0.dropLast()) } }

    var entrance: String { MountRuntime(mountpoint: directory + "/view").entrance }

    /// Starts another program that takes the place of this one.
    /// - Parameter changed: other options than the view was started with.
    func replace(_ changed: MountedGateway.Options? = nil) throws {
        let next = try startNext(MountedGateway.arguments(directory, changed ?? options) + ["--replace"])
        let before = gateway.pid
        gateway = MountedGateway(directory: directory, pid: next.pid)
        next.leaveRunning()
        guard try Self.end(of: before) == .exited(0) else { throw TestFailure("the one before did not end with 0: \(log)") }
    }

    /// A machine that is busy with other tests may take so long that the keeper goes on: the view is as it was, and another one is started.
    private func startNext(_ words: [String]) throws -> ChildProcess {
        for _ in 0..<4 {
            let before = log
            do { return try startGateway(words, log: directory + "/log") } catch {
                let isLate = { self.log.dropFirst(before.count).contains("has not taken the view over: it is not ready in time") }
                do { try eventually("its keeper says why", isLate) } catch let late { throw TestFailure("\(error); \(late)") }
            }
        }
        throw TestFailure("too late each time: \(log)")
    }

    /// Starts another program that is to take the place of this one, and does not wait for it.
    func begin() throws -> Int32 {
        let log = Descriptor(
            owning: try check { unsafe pinfold_open(directory + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) })
        let next = try ChildProcess(
            .init(
                Executables.mount, MountedGateway.arguments(directory, options) + ["--replace"],
                descriptors: [1: log.rawValue, 2: log.rawValue]))
        let pid = next.pid
        next.leaveRunning()
        return pid
    }

    /// The same, where it is to be refused.
    func refused(_ changed: MountedGateway.Options? = nil) throws -> Finished {
        try run(Executables.mount, MountedGateway.arguments(directory, changed ?? options) + ["--replace"])
    }

    var log: String { (try? readFile(directory + "/log")) ?? "" }

    /// How a child ended, within half a minute. It is gone afterwards: tests in processes of their own wait for ever where another child has ended and stays.
    static func end(of child: Int32) throws -> LinuxSystem.ExitStatus {
        var status: Int32 = 0
        do {
            try eventually("process \(child) ends") { unsafe waitpid(child, &status, WNOHANG) == child }
        } catch {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            throw error
        }
        return LinuxSystem.ExitStatus(status: status)
    }

    /// Runs a test with one, and takes down what it left.
    static func with(
        _ options: MountedGateway.Options = .init(), prepare: (String) throws -> Void = { _ in },
        _ body: (ReplacedGateway) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try prepare(directory)
            try await over(directory, options, body)
        }
    }

    /// The same over directories that are there already.
    static func over(
        _ directory: String, _ options: MountedGateway.Options, _ body: (ReplacedGateway) async throws -> Void
    ) async throws {
        let replaced = try ReplacedGateway(directory, options)
        do {
            try await body(replaced)
        } catch {
            kill(replaced.gateway.pid, SIGTERM)
            _ = try? end(of: replaced.gateway.pid)
            _ = try? run("umount", ["-l", directory + "/view"])
            throw error
        }
        kill(replaced.gateway.pid, SIGTERM)
        guard try end(of: replaced.gateway.pid) == .exited(0), try MountTable.read().entries(atOrBelow: directory).isEmpty,
            !exists(replaced.entrance), !replaced.log.contains("was refused (EPERM)")
        else { throw TestFailure("the view did not end in order: \(replaced.log)") }
    }
}

/// A process that wants a keeper's place, as far as a test has it go.
struct Candidate: ~Copyable {
    private let socket: PacketSocket

    init(_ path: String) throws { socket = try PacketSocket(connectingTo: path) }

    func say(_ words: String...) throws { try socket.send(words.flatMap { Array($0.utf8) + [0] }, descriptors: []) }

    /// The words of the next packet, none at the end; what came with it is closed.
    func hear() throws -> [String] {
        var entry = pollfd(fd: socket.rawDescriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 30_000) == 1 else { throw TestFailure("nothing was said") }
        let (packet, descriptors) = try socket.receiveWithDescriptors(atMost: 160_000)
        for number in descriptors { close(number) }
        return packet.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Takes all that is handed on.
    func take() throws {
        try say("take")
        while try hear() != ["complete"] {}
    }
}
