import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// `pinfold init`: the seed's directories, the clone and the zones; whole or not at all, once or twice.
@Suite(.timeLimit(.minutes(10)))
struct InitTests {
    @Test func `the structure is made, the repository cloned, the zones the agent's`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            let result = try installation.pinfold("init")
            try result.requireSuccess()
            #expect(result.output.contains("cloned \(installation.repository) into \(installation.codeRepo)"), "\(result)")
            for path in [
                "models", "logs", "generated_images", "conversations", "deployments/releases", "deployments/agent",
            ] {
                #expect(try owner("\(installation.data)/\(path)") == "0:0 755", "\(path)")
            }
            for path in ["admin", "audit", "backups", "usage"] {
                #expect(try owner("\(installation.data)/deployments/\(path)") == "0:0 700", "\(path)")
            }

            let strangers = try shell("find '\(installation.codeRepo)' '\(installation.sandbox)' ! -user 54321 -o ! -group 54321")
                .requireSuccess()
            #expect(strangers.isEmpty, "\(strangers)")
            let agent = installation.agent
            let git = "git -c safe.directory='*' -C '\(installation.codeRepo)'"
            #expect(try shell("\(git) log --format=%s", user: agent).requireSuccess() == "second\nfirst\n")
            #expect(try shell("\(git) symbolic-ref --short HEAD", user: agent).requireSuccess() == "trunk\n")
            // What the first deployment is compared with.
            let cloned = try shell("\(git) rev-parse HEAD", user: agent).requireSuccess()
            #expect(try readFile("\(installation.data)/deployments/baseline") == cloned)
            #expect(try readFile("\(installation.data)/deployments/branch") == "trunk\n")
            #expect(try shell("\(git) status --porcelain", user: agent).requireSuccess() == "")
            #expect(try shell("\(git) config user.name; \(git) config user.email").requireSuccess() == "Agent\nagent@localhost\n")
            try shell("\(git) fsck --strict").requireSuccess()
        }
    }

    @Test func `backups that were open to others are closed, and the rest is left as it is`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            try shell("chmod 755 '\(installation.data)/deployments/backups'").requireSuccess()
            let again = try installation.pinfold("init")
            #expect(try again.requireSuccess() == "closed \(installation.data)/deployments/backups to others than its owner\n")
            #expect(try owner("\(installation.data)/deployments/backups") == "0:0 700")
            #expect(try installation.pinfold("init").requireSuccess() == "")
        }
    }

    @Test func `the clone shares no file with its source`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            let shared = try shell("find '\(installation.codeRepo)' -type f -links +1").requireSuccess()
            #expect(shared.isEmpty, "\(shared)")
            #expect(!exists("\(installation.codeRepo)/.git/objects/info/alternates"))
        }
    }

    @Test func `objects that the source borrows from elsewhere are copied as well`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try shell("git clone -q --shared project borrowed", workingDirectory: installation.root).requireSuccess()
            try installation.pinfold("init", changes: ["AGENT_CODE_SOURCE": "\(installation.root)/borrowed"]).requireSuccess()
            try shell(
                "rm -rf project borrowed; git -c safe.directory='*' -C '\(installation.codeRepo)' fsck --strict",
                workingDirectory: installation.root
            )
            .requireSuccess()
            #expect(!exists("\(installation.codeRepo)/.git/objects/info/alternates"))
        }
    }

    @Test func `a second run changes nothing and says nothing`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try installation.pinfold("init").requireSuccess()
            let before = try installation.inventory()
            let again = try installation.pinfold("init")
            try again.requireSuccess()
            #expect(again.output.isEmpty && again.errors.isEmpty, "\(again)")
            #expect(try installation.inventory() == before)
        }
    }

    @Test func `names of any bytes, of any length and at any depth are the agent's, and nothing is left of a run that was killed`()
        throws
    {
        try Installation.with { installation in
            try installation.makeRepository()
            let odd = """
                import os, sys
                root = os.fsencode(sys.argv[1])
                def write(path, text=b"x\\n"):
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    open(path, "wb").write(text)
                # Every byte that a name may have.
                for byte in range(1, 256):
                    if byte not in b"/.": write(root + b"/bytes/" + bytes([byte]))
                write(root + b"/d\\xe9/caf\\xe9.txt")
                write(root + b"/" + b"\\xff" * 255)
                write(root + b"/" + b"/".join([b"n" * 200] * 15) + b"/long")
                write(root + b"/" + b"/".join([b"\\xe9"] * 190) + b"/deep")
                """
            try run("python3", ["-c", odd, installation.repository]).requireSuccess()
            let git = "git -c safe.directory='*' -c core.quotePath=true"
            try shell("\(git) add -A; \(git) commit -qm odd", workingDirectory: installation.repository).requireSuccess()
            // Half a clone of an earlier run, deeper than descriptors go.
            try run(
                "python3",
                [
                    "-c",
                    """
                    import os, sys
                    os.makedirs(sys.argv[1]); os.chdir(sys.argv[1])
                    for i in range(3000):
                        open(b"f\\xff", "w").close(); os.mkdir(b"\\xe9"); os.chdir(b"\\xe9")
                    """, installation.data + "/.code-repo.pinfold-init",
                ]
            ).requireSuccess()
            try installation.pinfold("init").requireSuccess()
            #expect(!exists("\(installation.data)/.code-repo.pinfold-init"))
            let strangers = try shell("find '\(installation.codeRepo)' ! -user 54321 | wc -l").requireSuccess()
            #expect(strangers == "0\n")
            #expect(
                try shell("\(git) status --porcelain", workingDirectory: installation.codeRepo, user: installation.agent)
                    .requireSuccess() == "")
            let again = try installation.pinfold("init")
            #expect(again.status.isSuccess && again.output.isEmpty && again.errors.isEmpty, "\(again)")
        }
    }

    @Test func `a clone that is deeper than a zone may be is refused and leaves nothing`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try shell(
                "d=$(printf 'd/%.0s' {1..300}); mkdir -p $d; echo x > $d/x; git add -A; git commit -qm deep",
                workingDirectory: installation.repository
            ).requireSuccess()
            let before = try installation.inventory(withoutTimes: true)
            for _ in 0..<2 {
                let refused = try installation.pinfold("init")
                #expect(refused.status == .exited(1) && refused.complaint?.contains("deep") == true, "\(refused)")
                #expect(try installation.inventory(withoutTimes: true) == before)
            }
        }
    }

    @Test(arguments: ["true", "echo trunk", "echo trunk 0123", "printf 'trunk %040d' 0", "printf 'trunk %040d\n' 0"])
    func `where the answer of the clone is lost or cut, nothing passes for one`(_ answer: String) throws {
        try Installation.with { installation in
            try installation.makeRepository()
            // The command beside a pinfold-git that clones and does not say so.
            let place = installation.root + "/bin"
            try makeDirectories(place)
            try run("cp", [Executables.pinfold, place + "/pinfold"]).requireSuccess()
            try writeFile(
                place + "/pinfold-git", "#!/bin/sh\n'\(Executables.git)' \"$@\" >/dev/null || exit\n\(answer)\n",
                mode: [.ownerReadWriteExecute])
            let before = try installation.inventory(withoutTimes: true)
            let lost = try run(
                place + "/pinfold", ["init", "--config", installation.file], environment: installation.environment,
                workingDirectory: installation.root)
            #expect(lost.status == .exited(1) && lost.complaint?.contains("whole answer") == true, "\(lost)")
            #expect(try installation.inventory(withoutTimes: true) == before)
            try installation.pinfold("init").requireSuccess()
            #expect(exists("\(installation.data)/deployments/baseline"))
        }
    }

    @Test func `a source without a commit leaves nothing behind`() throws {
        try Installation.with { installation in
            try shell("git init -q '\(installation.repository)'").requireSuccess()
            let before = try installation.inventory(withoutTimes: true)
            let result = try installation.pinfold("init")
            #expect(result.status == .exited(1) && result.complaint?.contains("no commit yet") == true, "\(result)")
            #expect(try installation.inventory(withoutTimes: true) == before)
        }
    }

    @Test func `an address of a file is cloned, and where from is said without a password`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            let source = "file://" + installation.repository
            let result = try installation.pinfold("init", changes: ["AGENT_CODE_SOURCE": source])
            #expect(result.output.contains("cloned \(installation.repository) into"), "\(result)")
            #expect(exists("\(installation.data)/deployments/baseline"))
        }
        try Installation.with { installation in
            let result = try installation.pinfold("init", changes: ["AGENT_CODE_SOURCE": "https://me:secret@127.0.0.1:1/x"])
            #expect(result.status == .exited(1) && result.complaint?.contains("127.0.0.1:1/x") == true, "\(result)")
            #expect(!result.errors.contains("secret"))
        }
    }

    @Test func `a repository that the admin put there is noted as it stands before it is the agent's`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try shell("mkdir agent-data; git clone -q --no-local project agent-data/code-repo", workingDirectory: installation.root)
                .requireSuccess()
            try installation.pinfold("init").requireSuccess()
            let tip = try shell("git rev-parse trunk", workingDirectory: installation.repository).requireSuccess()
            #expect(try readFile("\(installation.data)/deployments/baseline") == tip)
            #expect(try readFile("\(installation.data)/deployments/branch") == "trunk\n")
            // Lost later, it cannot be told any more what the admin agreed to; that is said.
            try run("rm", ["\(installation.data)/deployments/baseline"]).requireSuccess()
            let again = try installation.pinfold("init")
            #expect(again.status.isSuccess && again.complaint?.contains("baseline is missing") == true, "\(again)")
        }
    }

    @Test func `the identity comes from the variables`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            let name = "A \"quoted\" Agent; # and more"
            try installation.pinfold("init", changes: ["AGENT_GIT_USER_NAME": name, "AGENT_GIT_USER_EMAIL": "it@example.org"])
                .requireSuccess()
            let git = "git -c safe.directory='*' -C '\(installation.codeRepo)'"
            #expect(try shell("\(git) config user.name; \(git) config user.email").requireSuccess() == "\(name)\nit@example.org\n")
        }
    }

    @Test func `the agent may commit in repositories of its own, and say who it is itself`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            let name = #"A "quoted" \ # name; of two"#
            try installation.pinfold("init", changes: ["AGENT_GIT_USER_NAME": name]).requireSuccess()
            #expect(try owner("\(installation.sandbox)/.gitconfig") == "54321:54321 644")
            let clone = """
                export HOME='\(installation.sandbox)'; unset GIT_CONFIG_GLOBAL ${!GIT_AUTHOR*} ${!GIT_COMMITTER*}; cd "$HOME"
                git -c safe.directory='*' clone -q '\(installation.codeRepo)' clone; cd clone; echo x >> first.txt
                """
            let author = "git log -1 --format='%an <%ae>'"
            let first = try shell(
                "\(clone); git commit -qam x; \(author); git config user.name Own; git commit -q --allow-empty -m y; \(author)",
                user: installation.agent)
            // The repository's own configuration wins.
            #expect(first.output == "\(name) <agent@localhost>\nOwn <agent@localhost>\n", "\(first)")
            // What the agent has put there stays, in either place; a link is not followed.
            let before = try installation.inventory()
            try installation.pinfold("init").requireSuccess()
            #expect(try installation.inventory() == before)
            for own in [
                "echo '[user]' > .gitconfig", "ln -s ../logs/config .gitconfig", "mkdir -p .config/git; touch .config/git/config",
            ] {
                try shell("rm -f .gitconfig; \(own)", workingDirectory: installation.sandbox, user: installation.agent)
                    .requireSuccess()
                let before = try installation.inventory()
                try installation.pinfold("init").requireSuccess()
                #expect(try installation.inventory() == before)
                try shell("rm -f .gitconfig; touch .gitconfig", workingDirectory: installation.sandbox).requireSuccess()
            }
        }
    }

    @Test func `what an interrupted run left behind is completed`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            // As a kill in the middle of the clone leaves it: half a clone beside the place, and half of the directories.
            try shell(
                "mkdir -p agent-data/.code-repo.pinfold-init/.git/objects agent-data/models agent-data/deployments; echo half > "
                    + "agent-data/.code-repo.pinfold-init/x",
                workingDirectory: installation.root
            ).requireSuccess()
            try installation.pinfold("init").requireSuccess()
            #expect(exists("\(installation.codeRepo)/.git/HEAD"))
            #expect(exists(installation.sandbox) && exists("\(installation.data)/deployments/releases"))
            #expect(!exists("\(installation.data)/.code-repo.pinfold-init"))
        }
    }

    @Test func `a run that is killed anywhere is completed by the next one`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            for milliseconds in [2, 5, 10, 20, 40, 80] {
                _ = try shell(
                    "timeout -s KILL 0.\(milliseconds < 10 ? "00" : "0")\(milliseconds) '\(Executables.pinfold)' init --config "
                        + "'\(installation.file)' || true",
                    environment: installation.environment)
                // Whatever is there is either no clone or a whole one that is the agent's.
                if exists(installation.codeRepo) {
                    #expect(try owner(installation.codeRepo) == "54321:54321 755")
                    try shell("git -c safe.directory='*' -C '\(installation.codeRepo)' fsck --strict").requireSuccess()
                }
            }
            try installation.pinfold("init").requireSuccess()
            #expect(try installation.pinfold("init").output.isEmpty)
            #expect(try owner(installation.sandbox) == "54321:54321 755")
        }
    }
}

extension InitTests {
    /// An inventory's lines without sizes and times: what is there, and whose.
    fileprivate static func withoutTimes(_ inventory: String) -> String {
        inventory.split(separator: "\n").map { $0.split(separator: " ").prefix(3).joined(separator: " ") }.joined(separator: "\n")
    }
}

extension Installation {
    fileprivate func inventory(withoutTimes: Bool) throws -> String {
        InitTests.withoutTimes(try inventory())
    }
}

/// Owner, group and mode of what is at a path.
private func owner(_ path: String) throws -> String {
    let text = try run("stat", ["-c", "%u:%g %a", path]).requireSuccess()
    return String(text.dropLast())
}
