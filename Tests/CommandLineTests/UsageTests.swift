import LinuxSystem
import TestSupport
import Testing

/// What every command has in common: help, exit codes, one line for an error.
@Suite(.timeLimit(.minutes(10)))
struct UsageTests {
    static let commands = try! commandNames()

    @Test(arguments: commands)
    func `every command explains itself`(_ command: String) throws {
        let help = try run(Executables.pinfold, [command, "--help"])
        #expect(help.status == .exited(0))
        #expect(help.output.contains("USAGE: pinfold \(command)"))
        #expect(help.errors.isEmpty)
    }

    @Test func `the help lists the commands, the version is a number`() throws {
        #expect(Set(Self.commands).isSuperset(of: ["init", "mount", "umount", "run", "why", "doctor", "deployd"]))
        let version = try run(Executables.pinfold, ["--version"])
        #expect(version.status == .exited(0))
        #expect(version.output.split(separator: ".").count == 3)
    }

    @Test func `no command is wrong usage and shows the help as a diagnosis`() throws {
        let result = try run(Executables.pinfold)
        #expect(result.status == .exited(2))
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("USAGE: pinfold"))
    }

    @Test(arguments: [
        ["mount", "--frobnicate"], ["why"], ["umount", "/a", "/b"], ["why", "/", "--config"],
        ["run", "--explian", "--", "true"], ["run", "--data-root", "/nowhere", "-x", "true"], ["help", "xyzzy"],
    ])
    func `wrong usage is one line and exit code 2`(_ arguments: [String]) throws {
        let result = try run(Executables.pinfold, arguments)
        #expect(result.status == .exited(2))
        #expect(result.output.isEmpty)
        #expect(result.complaint?.contains("--help'") == true, "\(result)")
    }

    @Test(arguments: [("statu", "'pinfold status'"), ("moutn", "'pinfold mount'"), ("xyzzy", "'pinfold --help'")])
    func `a command that does not exist is answered with the one that was meant`(_ word: String, _ hint: String) throws {
        let result = try run(Executables.pinfold, [word])
        #expect(result.status == .exited(2))
        #expect(result.complaint?.contains("there is no command '\(word)'") == true, "\(result)")
        #expect(result.complaint?.contains(hint) == true, "\(result)")
        let help = try run(Executables.pinfold, ["help", word])
        #expect(help.status == .exited(2) && help.output.isEmpty && help.complaint == result.complaint, "\(help)")
        #expect(try run(Executables.pinfold, ["help", "status"]).requireSuccess().contains("USAGE: pinfold status"))
    }

    @Test func `what is not UTF-8 is refused, since another file would be meant`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            for script in [
                #"AGENT_DATA_ROOT=$'\#(installation.root)/q\xff' '\#(Executables.pinfold)' init"#,
                #"AGENT_DATA_ROOT=$'/q\xff' '\#(Executables.pinfold)' status"#,
                #"'\#(Executables.pinfold)' why $'\#(installation.sandbox)/\xff'"#,
                #"'\#(Executables.pinfold)' run -- printf %s $'b\xfe'"#,
                #"'\#(Executables.pinfold)' run --env $'A=\xfe' -- true"#,
                #"mkdir -p $'n\xff'; cd $'n\xff'; '\#(Executables.pinfold)' run -- pwd"#,
            ] {
                let result = try shell(script, environment: installation.environment, workingDirectory: installation.sandbox)
                #expect(result.status == .exited(2) && result.output.isEmpty, "\(result)")
                #expect(result.complaint?.contains("not UTF-8") == true, "\(result)")
            }
            #expect(try shell("ls '\(installation.root)'").output == "agent-data\npinfold.env\nview\n")
        }
    }

    @Test func `a port that the review page may not listen at is refused before it starts`() throws {
        try Installation.with { installation in
            // In a network of its own the kernel has the bound that it comes with.
            let result = try run(
                "unshare", ["-n", Executables.pinfold, "web", "--port", "80"], environment: installation.environment)
            #expect(result.status == .exited(2), "\(result)")
            #expect(result.complaint?.contains("port 80 needs root's rights") == true, "\(result)")
        }
    }

    @Test func `control characters in what an error names are escaped`() throws {
        let result = try run(Executables.pinfold, ["umount", "/nowhere/\u{1b}[2J\n\u{202e}x"])
        #expect(result.status == .exited(4))
        #expect(result.complaint?.contains("\\u{1b}[2J\\n\\u{202e}x") == true, "\(result)")
    }

    @Test func `output that nobody reads is no error of its own`() throws {
        let result = try shell(
            "'\(Executables.pinfold)' --version >&-; trap '' PIPE; { '\(Executables.pinfold)' --help; echo $? >&2; } | true")
        #expect(result.status == .exited(0) && result.errors == "0\n", "\(result)")
    }

    @Test func `output that cannot be written is said, and is not done`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            for words in ["--help", "--version", "doctor", "doctor --json", "why '\(installation.sandbox)'"] {
                let result = try shell("'\(Executables.pinfold)' \(words) >/dev/full", environment: installation.environment)
                #expect(result.status == .exited(1), "\(words): \(result)")
                #expect(result.complaint?.contains("No space left on device") == true, "\(words): \(result)")
            }
        }
    }

    @Test func `a pipe that somebody made non-blocking gets the whole result`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let script = """
                import array, fcntl, json, os, subprocess, sys, termios
                reading, writing = os.pipe()
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
                os.set_blocking(writing, False)
                child = subprocess.Popen([sys.argv[1], "doctor", "--json"], stdout=writing)
                os.close(writing)
                # Full before anything is taken.
                waiting = array.array("i", [0])
                while waiting[0] < 4096 and child.poll() is None: fcntl.ioctl(reading, termios.FIONREAD, waiting)
                json.loads(open(reading).read())
                """
            try run("python3", ["-c", script, Executables.pinfold], environment: installation.environment).requireSuccess()
        }
    }

    @Test func `deployd hands its options to the daemon beside it`() throws {
        try Beside.with(program: "pinfold-deployd", script: "echo \"$0: $*\"; exit 3") { pinfold in
            let result = try run(pinfold, ["deployd", "--interval", "5", "--verbose"])
            #expect(result.status == .exited(3))
            #expect(result.output.hasSuffix("pinfold-deployd: --interval 5 --verbose\n"), "\(result)")
        }
    }
}

/// The subcommands, from the help itself.
func commandNames() throws -> [String] {
    let help = try run(Executables.pinfold, ["--help"]).requireSuccess()
    return help.split(separator: "\n").compactMap { line -> String? in
        guard line.hasPrefix("  "), let first = line.dropFirst(2).first, first.isLowercase else { return nil }
        return line.split(separator: " ").first.map(String.init)
    }
}

/// The command with other programs beside it than those that were built.
enum Beside {
    static func with(program: String, script: String, _ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try shell("cp '\(Executables.pinfold)' '\(directory)/pinfold'").requireSuccess()
            try writeFile("\(directory)/\(program)", "#!/bin/sh\n\(script)\n")
            try shell("chmod 755 '\(directory)/\(program)'").requireSuccess()
            try body("\(directory)/pinfold")
        }
    }
}
