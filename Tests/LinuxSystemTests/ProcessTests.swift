import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A child process` {
    private func start(_ script: String, descriptors: [Int32: Int32] = [:], in group: Bool = false) throws -> ChildProcess {
        try ChildProcess(.init("sh", ["-c", script], descriptors: descriptors))
    }

    @Test func `answers its exit code, or the signal that ended it`() throws {
        #expect(try start("exit 7").wait() == .exited(7))
        #expect(try start("kill -9 $$").wait() == .signaled(9))
        #expect(ExitStatus.exited(7).shellCode == 7 && ExitStatus.signaled(9).shellCode == 137 && ExitStatus.exited(0).isSuccess)
    }

    @Test func `that cannot be started is an error that says why`() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try ChildProcess(.init("/no/such/program")) }
        #expect(throws: Errno.permissionDenied) { _ = try ChildProcess(.init("/etc/passwd")) }
    }

    @Test func `has the descriptors that it was given, and no other`() throws {
        let pipe = try Pipe()
        let leak = try Descriptor.open("/dev/null", .readOnly)
        // As somebody would who forgot to say close-on-exec.
        _ = pinfold_fcntl(leak.rawValue, F_SETFD, 0)
        let child = try start("ls /proc/self/fd >&5; readlink /proc/self/fd/0 >&5", descriptors: [5: pipe.writing.rawValue])
        let reading = pipe.keepReading()
        let seen = String(decoding: try readToEnd(reading.rawValue), as: UTF8.self).split(separator: "\n")
        #expect(try child.wait().isSuccess)
        // 3 is what `ls` itself lists by.
        #expect(seen == ["0", "1", "2", "3", "5", "/dev/null"])
    }

    @Test func `is killed and reaped when it is let go of`() throws {
        var pid: Int32 = 0
        do {
            let child = try start("exec sleep 1000")
            pid = child.pid
            #expect(try !child.ends(withinMilliseconds: 0))
        }
        #expect(kill(pid, 0) == -1 && Errno.current == .noSuchProcess)
    }

    @Test func `takes a signal, once it has ended no more`() throws {
        let child = try start("exec sleep 1000")
        try child.signal(SIGTERM)
        #expect(try child.ends(withinMilliseconds: 30_000))
        #expect(try child.wait() == .signaled(SIGTERM))
    }
}

@Suite(.timeLimit(.minutes(10))) struct `What proc shows of a process` {
    @Test func `is its words, its links, its descriptors, its threads and what it has mapped`() throws {
        try withTemporaryDirectory { directory in
            let held = try Descriptor.open(directory, [.path, .directory])
            let own = ProcessEntry(getpid())
            #expect(try own.link("fd/\(held.rawValue)") == Array(directory.utf8))
            #expect(try own.descriptors().contains(held.rawValue) && own.threads().contains(getpid()))
            let program = try own.link("exe")
            #expect(try own.mappedFiles().contains { Array($0.path) == program && $0.device == own.device("exe") })
            #expect(try own.open("exe").status().kind == .regular)
            #expect(try !own.arguments().isEmpty && own.command != "?" && !own.hasEnded)
            #expect(try ProcessEntry.all().contains(own))
        }
    }

    @Test func `is told apart from a process that is gone, and one that nobody has reaped`() throws {
        let child = try ChildProcess(.init("true"))
        let entry = ProcessEntry(child.pid)
        try eventually("it has ended") { entry.hasEnded }
        #expect(FileKind.at("/proc/\(child.pid)") == .directory)
        _ = try child.wait()
        #expect(entry.hasEnded && entry.command == "?")
        let error = #expect(throws: Errno.self) { try entry.link("cwd") }
        #expect(error.map(ProcessEntry.isGone) == true)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Who uses a directory` {
    /// Runs a script that says when it is there.
    private func withProcess(_ script: String, in directory: String, _ body: (Int32) throws -> Void) throws {
        let pipe = try Pipe()
        let child = try ChildProcess(
            .init(
                "bash", ["-c", script + "; echo ready; exec sleep 1000"], workingDirectory: directory,
                descriptors: [1: pipe.writing.rawValue]))
        let reading = pipe.keepReading()
        var byte: UInt8 = 0
        try #require(unsafe read(reading.rawValue, &byte, 1) == 1)
        try body(child.pid)
        try child.signal(SIGKILL)
        _ = try child.wait()
    }

    @Test(arguments: [("cd used", true), ("exec 7< used/file", true), ("cd other", false), ("exec 7< other/twin", false)])
    func `is told by working directory and open files, and not by names that share a file`(script: String, isUsed: Bool) throws {
        try withTemporaryDirectory { directory in
            try shell("mkdir used other; echo x > used/file; ln used/file other/twin", workingDirectory: directory).requireSuccess()
            let used = directory + "/used"
            try withProcess(script, in: directory) { pid in
                let users = try DirectoryUse.users(of: [used, directory + "/other"])
                #expect(users[used] == (isUsed ? pid : nil))
            }
        }
    }

    @Test func `is told of a process whose first thread has ended before the others`() throws {
        try withTemporaryDirectory { directory in
            try shell("mkdir used; echo x > used/file", workingDirectory: directory).requireSuccess()
            let program = """
                import ctypes, threading, time
                file = open("used/file")
                threading.Thread(target=time.sleep, args=[1000]).start()
                ctypes.CDLL(None).pthread_exit(None)
                """
            let child = try ChildProcess(
                .init("python3", ["-c", program], workingDirectory: directory, descriptors: [1: 2, 2: 2]))
            try eventually("the first thread has ended") { ProcessEntry(child.pid).hasEnded }
            #expect(try DirectoryUse.users(of: [directory + "/used"]) == [directory + "/used": child.pid])
            try child.signal(SIGKILL)
            _ = try child.wait()
        }
    }

    @Test func `is told by what it runs from there, of the users that are meant`() throws {
        try withTemporaryDirectory { directory in
            // It waits by itself: what it started would outlive it.
            try writeFile(directory + "/run.sh", "read line < '\(directory)/never'")
            try shell("mkdir version; cp /bin/sleep version/server; mv run.sh version; mkfifo never", workingDirectory: directory)
                .requireSuccess()
            let version = directory + "/version"
            func uses(_ pid: Int32, _ isMeant: (ProcessOwner) -> Bool = { _ in true }) -> RunningProcess.Use? {
                RunningProcess.running(from: [version], where: isMeant).first { $0.pid == pid }?.use
            }
            let program = try ChildProcess(.init(version + "/server", ["1000"], workingDirectory: "/", descriptors: [:]))
            #expect(uses(program.pid) == .program && uses(program.pid) { !$0.users.contains(0) } == nil)
            let script = try ChildProcess(.init("sh", [version + "/run.sh"], workingDirectory: "/", descriptors: [:]))
            #expect(uses(script.pid) == .argument)
            let worker = try ChildProcess(.init("sleep", ["1000"], workingDirectory: version, descriptors: [:]))
            #expect(uses(worker.pid) == .workingDirectory)
            let other = try ChildProcess(.init("sleep", ["1000"], workingDirectory: directory, descriptors: [:]))
            #expect(uses(other.pid) == nil)
        }
    }
}

@Suite struct `Pinfold's programs` {
    @Test func `lie beside each other, and one that is missing is none`() throws {
        try withTemporaryDirectory { directory in
            try shell("cp /bin/true pinfold-git; touch pinfold-fence", workingDirectory: directory).requireSuccess()
            let programs = ProgramDirectory(path: directory)
            #expect(programs.program("pinfold-git") == directory + "/pinfold-git")
            #expect(programs.program("pinfold-fence") == nil && programs.program("pinfold-mount") == nil)
            #expect(ProgramDirectory(path: Executables.directory).program("pinfold-fence") == Executables.fence)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The groups of a thread` {
    @Test func `are found however many they are`() async throws {
        let groups = Array(UInt32(70_001)...70_060)
        let child = try ChildProcess(
            .init(
                "setpriv", ["--groups=\(groups.map(String.init).joined(separator: ","))", "--", "sleep", "1000"], descriptors: [:]))
        let pid = child.pid
        try await eventually("setpriv has set the groups") { try SupplementaryGroups.ofThread(pid).count > 1 }
        #expect(try SupplementaryGroups.ofThread(pid) == groups)
    }

    @Test func `of one that does not exist are an error`() {
        #expect(throws: Errno.self) { try SupplementaryGroups.ofThread(.max) }
    }
}
