import TestSupport
import Testing

/// What a run has of the terminal that it was started on, and how it leaves it.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct `The caller's terminal` {
    /// A shell's part, on a terminal of its own: `shown` has it start jobs and talk, types `answers` where it sees their questions,
    /// and prints all that the terminal shows.
    private static let prelude = """
        import fcntl, os, pty, select, sys, termios, time
        sandbox, words = sys.argv[1], sys.argv[2:]
        def until(condition):
            end = time.time() + 60
            while not condition():
                if time.time() > end: sys.exit("waited for too long")
                time.sleep(0.01)
        def job(background=False, null=False):
            shell = os.getpgrp()
            pid = os.fork()
            if pid == 0:
                os.setpgid(0, 0)
                if not background:
                    import signal
                    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
                    os.tcsetpgrp(0, os.getpgrp())
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTTOU])
                if null: os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
                os.execv(words[0], words)
            return pid
        def end(pid):
            print("code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        def shown(shell, answers={}):
            pid, terminal = pty.fork()
            if pid == 0:
                shell()
                os._exit(0)
            seen, end = b"", time.time() + 100
            while True:
                for word in [word for word in answers if word in seen]: os.write(terminal, answers.pop(word))
                if time.time() > end: print(seen[-2000:]); sys.exit("the shell does not end")
                if not select.select([terminal], [], [], 1)[0]: continue
                try: seen += os.read(terminal, 65536)
                except OSError: break
            print(seen.decode().replace("\\r", ""))

        """

    private func shell(_ script: String, _ inside: String, _ gateway: borrowing Gateway) throws -> Finished {
        let sandbox = gateway.data + "/sandbox"
        return try run(
            "/usr/bin/python3",
            ["-I", "-c", Self.prelude + script, sandbox, Executables.pinfold]
                + gateway.arguments(["/usr/bin/python3", "-I", "-c", "sandbox = '\(sandbox)'\n" + inside]), seconds: 150)
    }

    /// Reads whatever is typed, and changes the settings of whatever is a terminal.
    private static let thief = """
        import os, sys, termios, threading, time
        stolen = []
        def steal(number):
            try:
                while True:
                    read = os.read(number, 100)
                    if not read: break
                    stolen.append(read)
            except OSError: pass
        print("terminals", [os.isatty(n) for n in range(3)], "devices", [os.fstat(n).st_rdev for n in range(3)], flush=True)
        for number in range(3):
            for _ in range(10): threading.Thread(target=steal, args=[number], daemon=True).start()
            try:
                settings = termios.tcgetattr(number); settings[1] = settings[3] = 0
                termios.tcsetattr(number, termios.TCSANOW, settings)
            except termios.error: pass
        open(sandbox + "/started", "w").close()

        """

    @Test func `gives a run in the background nothing of what is typed, and shows all that it writes`() throws {
        try withGateway(whole: false) { gateway in
            let script = """
                def talk():
                    before = termios.tcgetattr(0)
                    print("device", os.fstat(0).st_rdev, flush=True)
                    pid = job(background=True)
                    until(lambda: os.path.exists(sandbox + "/started"))
                    print("settings kept", termios.tcgetattr(0) == before, flush=True)
                    print("password:", flush=True)
                    print("the shell got", sys.stdin.readline(), flush=True)
                    open(sandbox + "/typed", "w").close()
                    end(pid)
                shown(talk, {b"password:": b"secret\\n"})
                """
            let inside =
                Self.thief + """
                    while not os.path.exists(sandbox + "/typed"): time.sleep(0.01)
                    print("stolen", stolen, flush=True)
                    print("to the other", file=sys.stderr, flush=True)
                    print("." * 200000 + "the end", flush=True)
                    os._exit(3)
                    """
            let finished = try shell(script, inside, gateway)
            let lines = finished.output.split(separator: "\n")
            #expect(lines.contains("settings kept True"), "\(finished)")
            #expect(lines.contains("the shell got secret") && lines.contains("stolen []"), "\(finished)")
            #expect(lines.contains("to the other") && lines.contains("code 3"))
            #expect(lines.contains { $0 == String(repeating: ".", count: 200_000) + "the end" })
            // Programs write to it as to a terminal, by which they choose colours and whether to wait with lines.
            let device = try #require(lines.first { $0.hasPrefix("device ") }).dropFirst(7)
            let own = try #require(lines.first { $0.hasPrefix("terminals ") })
            #expect(own.hasPrefix("terminals [False, True, True]") && !own.hasSuffix(" \(device)]") && !own.contains(" \(device),"))
        }
    }

    @Test func `is ended by Ctrl-C where a run with another input has it for its output alone`() throws {
        try withGateway(whole: false) { gateway in
            let script = """
                def talk():
                    pid = job(null=True)
                    until(lambda: os.path.exists(sandbox + "/started"))
                    print("now", flush=True)
                    end(pid)
                import signal; signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                shown(talk, {b"now": b"\\x03"})
                """
            let inside =
                "import signal, os; signal.signal(signal.SIGINT, lambda *_: os._exit(7))\n" + Self.thief + "time.sleep(1000)"
            let finished = try shell(script, inside, gateway)
            #expect(finished.output.contains("terminals [False, True, True]"), "\(finished)")
            #expect(finished.output.contains("code 7"), "\(finished)")
        }
    }

    @Test func `is given to the job in the foreground, whatever else is redirected`() throws {
        try withGateway(whole: false) { gateway in
            let script = """
                def talk():
                    os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
                    print("device", os.fstat(0).st_rdev, flush=True)
                    end(job())
                import signal; signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                shown(talk, {b"line?": b"typed\\n"})
                """
            let inside = """
                import os
                print("terminals", [os.isatty(n) for n in range(3)], [os.fstat(n).st_rdev for n in range(2)])
                print("line?", flush=True)
                print("got", input())
                """
            let finished = try shell(script, inside, gateway)
            let device = try #require(finished.output.split(separator: "\n").first { $0.hasPrefix("device ") }).dropFirst(7)
            #expect(finished.output.contains("terminals [True, True, False] [\(device), \(device)]"), "\(finished)")
            #expect(finished.output.contains("got typed") && finished.output.contains("code 0"), "\(finished)")
        }
    }

    @Test func `is as it was after a run that stopped it, kept others out, and left every stream without waiting`() throws {
        try withGateway(whole: false) { gateway in
            let script = """
                import signal; signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                def talk():
                    flags = [fcntl.fcntl(n, fcntl.F_GETFL) for n in range(3)]
                    before = termios.tcgetattr(0)
                    end(job())
                    print("flags kept", [fcntl.fcntl(n, fcntl.F_GETFL) for n in range(3)] == flags)
                    print("settings kept", termios.tcgetattr(0) == before)
                    exclusive = bytearray(4); fcntl.ioctl(0, 0x80045440, exclusive); print("open to others", not any(exclusive))
                    print("foreground", os.tcgetpgrp(0), flush=True)
                shown(talk)
                """
            let inside = """
                import fcntl, os, termios
                for number in range(3): fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_NONBLOCK)
                settings = termios.tcgetattr(0); settings[3] = 0; termios.tcsetattr(0, termios.TCSANOW, settings)
                fcntl.ioctl(0, termios.TIOCEXCL)
                termios.tcflow(1, termios.TCOOFF)
                """
            let finished = try shell(script, inside, gateway)
            for line in ["code 0", "flags kept True", "settings kept True", "open to others True"] {
                #expect(finished.output.contains(line), "\(line) is not in \(finished)")
            }
        }
    }

    @Test func `may go away under a run in the background, which goes on`() throws {
        try withGateway(whole: false) { gateway in
            let script = """
                import signal
                pid, terminal = pty.fork()
                if pid == 0:
                    job(background=True)
                    while True: signal.pause()
                until(lambda: os.path.exists(sandbox + "/started"))
                os.close(terminal); os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
                open(sandbox + "/gone", "w").close()
                until(lambda: os.path.exists(sandbox + "/done"))
                print("done")
                """
            let inside = """
                import os, signal, time
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                open(sandbox + "/started", "w").close()
                while not os.path.exists(sandbox + "/gone"): time.sleep(0.01)
                print("." * 200000, flush=True)
                open(sandbox + "/done", "w").close()
                """
            let finished = try shell(script, inside, gateway)
            #expect(finished.output == "done\n", "\(finished)")
        }
    }

    @Test func `is no condition: pipes and files come back as they were too`() throws {
        try withGateway(whole: false) { gateway in
            let script = """
                import subprocess
                ends = [os.pipe() for _ in range(3)]
                ends = [ends[0][0], ends[1][1], ends[2][1]]
                kept = [fcntl.fcntl(n, fcntl.F_GETFL) for n in ends]
                code = subprocess.run(words, stdin=ends[0], stdout=ends[1], stderr=ends[2]).returncode
                print(code, [fcntl.fcntl(n, fcntl.F_GETFL) for n in ends] == kept)
                """
            let inside = """
                import fcntl, os
                for number in range(3): fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_NONBLOCK)
                """
            let finished = try shell(script, inside, gateway)
            #expect(finished.output == "0 True\n", "\(finished)")
        }
    }
}
