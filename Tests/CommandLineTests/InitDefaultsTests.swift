import LinuxSystem
import TestSupport
import Testing

/// `pinfold init` where nothing says where, from what and for whom.
@Suite(.timeLimit(.minutes(10)))
struct InitDefaultsTests {
    @Test func `without a source the working directory's repository is cloned`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            let environment = installation.environment.filter { $0.key != "AGENT_CODE_SOURCE" }
            let inside = try run(
                Executables.pinfold, ["init", "--config", installation.file], environment: environment,
                workingDirectory: installation.repository + "/code")
            #expect(inside.output.contains("cloned \(installation.repository) into"), "\(inside)")
        }
        try Installation.with { installation in
            let environment = installation.environment.filter { $0.key != "AGENT_CODE_SOURCE" }
            let outside = try run(
                Executables.pinfold, ["init", "--config", installation.file], environment: environment,
                workingDirectory: installation.root)
            #expect(outside.status == .exited(2))
            #expect(outside.complaint?.contains("AGENT_CODE_SOURCE") == true, "\(outside)")
        }
    }

    @Test func `in a working directory that was removed nothing is made of its name, and absolute paths are good`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            let script = """
                mkdir -p "$PWD/place/gone"; cd "$PWD/place/gone"; rmdir "$PWD"
                exec '\(Executables.pinfold)' init --config '\(installation.file)'
                """
            func initialize(_ environment: [String: String]) throws -> Finished {
                try shell(script, environment: environment, workingDirectory: installation.root)
            }
            let refused = try initialize(installation.environment.filter { $0.key != "AGENT_DATA_ROOT" })
            #expect(refused.status == .exited(2), "\(refused)")
            #expect(refused.complaint?.contains("the working directory has been removed") == true, "\(refused)")
            #expect(try shell("ls place", workingDirectory: installation.root).requireSuccess() == "")
            try initialize(installation.environment).requireSuccess()
            #expect(exists(installation.codeRepo))
        }
    }

    @Test func `the usual user is made when all else can be, and is told of`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            // Users of a machine of its own: what is written to /etc is in memory.
            func initialize(_ preparation: String, source: String) throws -> Finished {
                let script = """
                    mkdir -p layers; mount -t tmpfs none layers; mkdir layers/upper layers/work
                    mount -t overlay -o lowerdir=/etc,upperdir=$PWD/layers/upper,workdir=$PWD/layers/work overlay /etc
                    userdel pinfold-agent 2>/dev/null || true
                    \(preparation)
                    code=0; AGENT_CODE_SOURCE='\(source)' '\(Executables.pinfold)' init --config '\(installation.file)' || code=$?
                    getent passwd pinfold-agent | cut -d: -f1 || true
                    exit $code
                    """
                return try run(
                    "unshare",
                    ["--mount", "--propagation", "private", "bash", "-euo", "pipefail", "-c", leavingOtherViews() + script],
                    environment: installation.environment.filter { $0.key != "AGENT_USER" }, workingDirectory: installation.root)
            }
            let wrong = try initialize("mkdir agent-data; echo x >agent-data/logs", source: installation.repository)
            #expect(wrong.status == .exited(2) && wrong.output == "", "\(wrong)")
            let nothing = try initialize("rm -r agent-data; mkdir nothing", source: installation.root + "/nothing")
            #expect(nothing.status == .exited(2), "\(nothing)")
            #expect(nothing.output == "made the system user pinfold-agent\npinfold-agent\n", "\(nothing)")
        }
    }

    @Test func `without a name the data root is the project's, from wherever in it, and the project does not see it`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            try makeDirectories(installation.repository + "/code/deep/er")
            let environment = [
                "AGENT_VIEW_SOURCE": installation.root, "AGENT_USER": "54321:54321",
                "AGENT_VIEW_MOUNTPOINT": installation.mountpoint,
            ]
            func pinfold(_ arguments: String..., in directory: String) throws -> Finished {
                try run(
                    Executables.pinfold, arguments + ["--config", installation.file], environment: environment,
                    workingDirectory: installation.repository + directory)
            }
            let made = try pinfold("init", in: "/code")
            #expect(
                made.output.contains("cloned \(installation.repository) into \(installation.repository)/agent-data/code-repo"),
                "\(made)")
            #expect(!exists(installation.repository + "/code/agent-data"))
            #expect(try shell("git status --porcelain", workingDirectory: installation.repository).requireSuccess() == "")
            // Found again from anywhere below, inside the zones too, whatever lies in them.
            try shell(
                "mkdir -p sandbox/x/agent-data/deployments; chown -R 54321 sandbox/x",
                workingDirectory: installation.repository + "/agent-data"
            ).requireSuccess()
            for place in ["", "/code/deep/er", "/agent-data/logs", "/agent-data/code-repo/code", "/agent-data/sandbox/x"] {
                let again = try pinfold("init", in: place)
                #expect(again.status.isSuccess && again.output.isEmpty && again.errors.isEmpty, "\(place): \(again)")
                let status = try pinfold("status", in: place)
                #expect(status.errors.contains("\(installation.repository)/agent-data/deployments/"), "\(place): \(status)")
            }
            #expect(
                try shell("find . -name agent-data -not -path '*/sandbox/*'", workingDirectory: installation.root).output
                    == "./project/agent-data\n")
        }
    }

    @Test func `the default user is made where it is missing, and only that one`() throws {
        try Installation.with { installation in
            try installation.makeRepository()
            // In a mount namespace with an /etc of its own, in which nobody has that name.
            let script =
                leavingOtherViews() + """
                    mkdir etc && cp -a /etc/. etc && mount --bind etc /etc
                    userdel pinfold-agent 2>/dev/null || true; groupdel pinfold-agent 2>/dev/null || true
                    unset AGENT_USER
                    "$0" init --config "$1"
                    getent passwd pinfold-agent
                    stat -c %U agent-data/sandbox
                    """
            let result = try run(
                "unshare", ["-m", "bash", "-euo", "pipefail", "-c", script, Executables.pinfold, installation.file],
                environment: installation.environment, workingDirectory: installation.root)
            try result.requireSuccess()
            #expect(result.output.contains("made the system user pinfold-agent"), "\(result)")
            #expect(result.output.contains("/nonexistent:/usr/sbin/nologin\npinfold-agent\n"), "\(result)")
        }
        try Installation.with { installation in
            try installation.makeRepository()
            let other = try installation.pinfold("init", changes: ["AGENT_USER": "pinfold-nobody"])
            #expect(other.status == .exited(2))
            #expect(!exists(installation.data), "nothing is made for a user that does not exist")
        }
    }
}
