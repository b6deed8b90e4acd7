import LinuxSystem
import TestSupport
import Testing

/// `pinfold doctor`: what is so, what it means, what to do; it changes nothing.
@Suite(.timeLimit(.minutes(10)))
struct DoctorTests {
    @Test func `a machine and a configuration that are well are said to be, and nothing is touched`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let before = try installation.inventory()
            let result = try installation.pinfold("doctor", "--json")
            let report = try JSONText(result.output)
            let checks = try #require(report["checks"]?.array)
            let names = checks.compactMap { $0["name"]?.string }
            for name in [
                "kernel", "/dev/fuse", "FUSE", "passthrough", "survival", "libfuse3", "bubblewrap", "record", "fanotify",
                "file handles",
                "configuration",
                "control groups", "the agent's user", "the view", "code-repo", "sandbox", "free space", "pinfold-mount",
                "pinfold-fence",
                "pinfold-git",
            ] { #expect(names.contains(name), "no check of \(name): \(names)") }
            for check in checks {
                #expect(check["finding"]?.string?.isEmpty == false)
                // The deploy daemon is built by a test run of everything, not by one of the gateway alone.
                if check["name"]?.string == "pinfold-deployd" { continue }
                #expect(check["state"]?.string != "failed", "\(check)")
            }
            #expect(try installation.inventory() == before)
            #expect(mountpoints(below: installation.root).isEmpty)
        }
    }

    @Test func `every variable is there with its value and where that came from`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            try writeFile(installation.file, "AGENT_DEPLOY_KEEP=7\n")
            let result = try installation.pinfold("doctor", "--json", "--set", "AGENT_NETWORK=none")
            let report = try JSONText(result.output)
            let variables = try #require(report["variables"]?.array)
            func find(_ name: String) -> JSONText? { variables.first { $0["name"]?.string == name } }
            #expect(find("AGENT_DATA_ROOT")?["value"]?.string == installation.data)
            #expect(find("AGENT_DATA_ROOT")?["origin"]?.string == "environment")
            #expect(find("AGENT_DEPLOY_KEEP")?["value"]?.string == "7")
            #expect(find("AGENT_DEPLOY_KEEP")?["origin"]?.string == installation.file)
            #expect(find("AGENT_NETWORK")?["origin"]?.string == "flag")
            #expect(find("AGENT_DEPLOY_TEST_TIMEOUT")?["origin"]?.string == "default")
            #expect(report["hide"]?.array?.contains { $0["pattern"]?.string == "/etc/shadow*" } == true)
            #expect(report["protect"]?.array?.contains { $0["pattern"]?.string == ".git/hooks" } == true)

            // The sample file knows them all as well.
            let sample = try readFile(try projectFile("mount/install/pinfold.env"))
            for name in variables.compactMap({ $0["name"]?.string }) {
                #expect(sample.contains("\(name)="), "\(name) is not in pinfold.env")
            }
            try writeFile(installation.file, sample)
            #expect(try installation.pinfold("doctor", "--json").output.contains("\"healthy\""))
            let uncommented = sample.split(separator: "\n").map { $0.hasPrefix("#AGENT_") ? $0.dropFirst() : $0 }.joined(
                separator: "\n")
            try writeFile(installation.file, uncommented + "\n")
            let all = try installation.pinfold("doctor", "--json")
            #expect(try JSONText(all.output)["variables"]?.array?.isEmpty == false, "\(all)")
        }
    }

    @Test func `what is missing is a line with what to do, and exit code 1`() throws {
        try Installation.with { installation in
            let result = try installation.pinfold("doctor")
            #expect(result.status == .exited(1))
            #expect(
                result.output.contains(
                    "FAILED   code-repo: \(installation.codeRepo) does not exist\n         to do: 'pinfold init'"), "\(result)")
            #expect(result.complaint?.contains("code-repo") == true, "\(result)")
        }
    }

    @Test func `an account, a range of ids or a file that has the review page's user is named`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            func finding(_ script: String = "true") throws -> String {
                let shell = ["-m", "--propagation", "private", "sh", "-c", leavingOtherViews() + script + "; exec \"$@\"", "sh"]
                let result = try run(
                    "unshare", shell + [Executables.pinfold, "doctor", "--json", "--config", installation.file],
                    environment: installation.environment, workingDirectory: installation.root)
                let check = try JSONText(result.output)["checks"]?.array?.first { $0["name"]?.string == "the review page's user" }
                return "\(check?["state"]?.string ?? "none"): \(check?["finding"]?.string ?? "\(result)")"
            }
            #expect(try finding() == "ok: 65530, nobody else's")
            func bound(_ path: String, _ line: String) -> String {
                let copy = installation.root + "/copy"
                return "{ cat \(path); echo \(line); } > \(copy); mount --bind \(copy) \(path)"
            }
            #expect(
                try finding(bound("/etc/passwd", "mallory:x:65530:100::/:/bin/sh")).hasPrefix(
                    "failed: 65530 has to be nobody else's, but it is the account mallory"))
            #expect(try finding(bound("/etc/group", "crowd:x:65530:")).contains("it is the group crowd"))
            #expect(
                try finding("touch /etc/subuid; " + bound("/etc/subuid", "mallory:60000:65536")).contains(
                    "/etc/subuid gives it to mallory"))
            try writeFile(installation.data + "/stray", "")
            try run("chown", ["65530", installation.data + "/stray"]).requireSuccess()
            #expect(try finding().contains("\(installation.data)/stray belongs to it"))
        }
    }

    @Test func `a configuration that cannot be read is exit code 2, and the machine is checked all the same`() throws {
        try Installation.with { installation in
            let result = try installation.pinfold("doctor", changes: ["AGENT_DEPLOY_KEEP": "many"])
            #expect(result.status == .exited(2), "\(result)")
            #expect(result.output.contains("FAILED   configuration: AGENT_DEPLOY_KEEP"), "\(result)")
            #expect(result.output.contains("ok       /dev/fuse"), "\(result)")
        }
    }
}

/// A file of the project, found from where this source lies.
func projectFile(_ path: String) throws -> String {
    let here = #filePath
    guard let end = here.firstRange(of: "/Tests/CommandLineTests/") else { throw TestFailure("not in the project: \(here)") }
    return here[..<end.lowerBound] + "/" + path
}
