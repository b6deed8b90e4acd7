internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import Fence
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage
internal import ZonePolicy

/// What the configuration names, held against the machine.
enum ConfigurationChecks {
    static func all(_ configuration: Configuration) -> [Check] {
        [agent(configuration), mountPlan(configuration), live(configuration)] + zones(configuration) + tests(configuration)
            + client(configuration)
            + memory(configuration)
            + readable(configuration) + [server(configuration), space(configuration)]
    }

    /// How a commit would be tested: the deploy daemon's own answer, which knows the kinds of projects.
    private static func tests(_ configuration: Configuration) -> [Check] {
        let command = configuration.deploy.tests.command
        let asked = ["--detect-tests", configuration.zones.codeRepo] + (command.map { ["--test-command", $0] } ?? [])
        guard Companion.deployd.isInstalled, command != nil || (try? fileStatus(configuration.zones.codeRepo)) != nil,
            let answer = try? capture(Companion.deployd.path, asked, environment: [], milliseconds: 10_000)
        else { return [] }
        let lines = answer.output.split(separator: "\n", omittingEmptySubsequences: false)
        guard answer.status.isSuccess, lines.count > 2 else {
            return [
                Check(
                    "the tests", .limited,
                    "no kind of project is recognised in \(configuration.zones.codeRepo), so no commit can be tested",
                    advice: "set AGENT_DEPLOY_TEST_COMMAND")
            ]
        }
        let shown = lines[2...].filter { !$0.isEmpty }.joined(separator: "; ")
        let how = command == nil ? "found by kind of project: \(lines[0])" : "AGENT_DEPLOY_TEST_COMMAND"
        let said = "\(how): \(shown.prefix(100))\(shown.count > 100 ? "…" : "")"
        guard configuration.deploy.judge.bites else {
            return [
                Check(
                    "the tests", .limited, "\(said); whether they notice a failure is not tried: AGENT_DEPLOY_JUDGE=false",
                    advice: "take AGENT_DEPLOY_JUDGE out, unless the second run costs too much")
            ]
        }
        guard lines[1].isEmpty else {
            return [
                Check(
                    "the tests", .limited, "\(said); whether they notice a failure cannot be tried: \(lines[1])",
                    advice: "let a runner that is known run them (Docs/Deploying.md), if there is one")
            ]
        }
        return [Check("the tests", .ok, said)]
    }

    /// Who may answer, by the deploy daemon's own answer.
    /// - Parameter file: the configuration file that was named.
    static func policy(file: String?) -> [Check] {
        let asked = ["--check-policy"] + (file.map { ["--config", $0] } ?? [])
        guard Companion.deployd.isInstalled,
            let answer = try? capture(Companion.deployd.path, asked, environment: [], milliseconds: 10_000)
        else { return [] }
        let said = (answer.status.isSuccess ? answer.output : answer.errors).split(separator: "\n").first.map(String.init) ?? ""
        guard answer.status.isSuccess else {
            return [
                Check(
                    "the approval policy", .failed, said.replacing("\(Companion.deployd.rawValue): ", with: ""),
                    advice: "mend it (Docs/Approval.md): what it is about is never deployed until then")
            ]
        }
        return [Check("the approval policy", .ok, said.isEmpty ? "none: root alone answers" : said)]
    }

    /// How the client would be built, by the deploy daemon's own answer; nothing where there is none.
    private static func client(_ configuration: Configuration) -> [Check] {
        let client = configuration.deploy.client
        var asked = ["--detect-client", configuration.zones.codeRepo]
        if case .directory(let path) = client.source { asked += ["--client-source", path] }
        if let command = client.buildCommand { asked += ["--client-command", command] }
        guard client.source != .none, Companion.deployd.isInstalled,
            (try? fileStatus(configuration.zones.codeRepo)) != nil,
            let answer = try? capture(Companion.deployd.path, asked, environment: [], milliseconds: 10_000)
        else { return [] }
        guard answer.status.isSuccess else {
            let words = answer.errors.split(separator: "\n").last.map(String.init) ?? "it cannot be built"
            return [Check("the client", .limited, words, advice: "Docs/Client.md says what a client needs")]
        }
        let lines = answer.output.split(separator: "\n", maxSplits: 1)
        guard lines.count == 2 else { return [] }
        let how = client.buildCommand == nil ? "found by kind of project" : "AGENT_DEPLOY_CLIENT_BUILD_COMMAND"
        return [
            Check(
                "the client", .ok, "in \(lines[0]), \(how): \(lines[1].split(separator: "\n").joined(separator: "; ").prefix(100))")
        ]
    }

    /// What the agent, and a test or build, may use in sum: by making such a group, and removing it.
    private static func memory(_ configuration: Configuration) -> [Check] {
        let machine = ControlGroupHierarchies.memoryBytes()
        let wanted = [
            ("AGENT_MEMORY", "the agent", configuration.agent.memory),
            ("AGENT_DEPLOY_TEST_MEMORY", "a test or a build", configuration.deploy.tests.memory),
        ]
        let limits = wanted.compactMap { name, who, limit in limit.bytes(of: machine).map { (name, who, $0) } }
        guard let first = limits.map(\.2).min() else {
            return [
                Check(
                    "control groups", .limited, "memory in sum is not bounded: AGENT_MEMORY and AGENT_DEPLOY_TEST_MEMORY are none",
                    advice: "set them, unless something else bounds what the agent runs")
            ]
        }
        let words = limits.map { "\($0.1) may use \(size($0.2))" }.joined(separator: ", ")
        let advice =
            "nothing needs to be done where something else bounds it; else mount the control groups writable, or start it as a service with Delegate=yes"
        do throws(ControlGroup.Failure) {
            let trial = try ControlGroup("doctor", limits: .init(memoryBytes: first, processes: 64, weight: Fence.Group.weight))
            let hierarchies = ControlGroupHierarchies.find()
            guard trial.bounds.contains(.memory) else {
                return [
                    Check(
                        "control groups", .limited,
                        "memory in sum is not bounded: \(hierarchies.obstacle ?? "no memory controller")",
                        advice: advice)
                ]
            }
            let missing = ControlGroupHierarchies.Controller.allCases.filter { !trial.bounds.contains($0) }.map(\.rawValue)
            let rest = missing.isEmpty ? "" : "; without \(missing.joined(separator: ", ")) here"
            return [
                Check(
                    "control groups", missing.contains("pids") ? .limited : .ok, "\(hierarchies.versions): \(words)\(rest)",
                    advice: missing.contains("pids") ? "hand the pids controller on, too" : nil)
            ]
        } catch {
            return [Check("control groups", .limited, "memory in sum is not bounded: \(error)", advice: advice)]
        }
    }

    /// Whether what tests are to read is there.
    private static func readable(_ configuration: Configuration) -> [Check] {
        guard !configuration.deploy.tests.read.isEmpty else { return [] }
        do throws(FenceError) {
            _ = try HostParts.all(
                hiding: configuration.resolvingSymbolicLinks().view.hide, reading: configuration.deploy.tests.read)
            return [Check("what tests read", .ok, "beside the system: \(configuration.deploy.tests.read.joined(separator: ", "))")]
        } catch {
            return [Check("what tests read", .failed, "\(error)", advice: "make it, or take it out of AGENT_DEPLOY_TEST_READ")]
        }
    }

    private static func agent(_ configuration: Configuration) -> Check {
        do {
            let account = try agentAccount(configuration)
            let name = account.name ?? "no account's"
            let powers = powerfulGroups(of: account)
            guard powers.isEmpty else {
                return Check(
                    "the agent's user", .failed,
                    "\(name) (\(account.specification)) is in \(powers.joined(separator: ", ")): as good as root",
                    advice: "take it out of these groups with 'gpasswd -d'")
            }
            return Check("the agent's user", .ok, "\(name) (\(account.specification))")
        } catch {
            return Check("the agent's user", .failed, error.message, advice: "'pinfold init' makes \(AgentUser.defaultName)")
        }
    }

    /// Whose rights the deployed code has, by the processes that run it now.
    private static func server(_ configuration: Configuration) -> Check {
        let (name, target) = ("the server's user", configuration.deploy.versions.target)
        let directories = [target, configuration.data.releases]
        let excessive = ServerRights.excessive(runningFrom: directories, agent: (try? agentAccount(configuration))?.uid ?? 0)
        guard let worst = excessive.first else {
            let running = RunningProcess.running(from: directories) { _ in true }
            guard let first = running.first else { return Check(name, .ok, "no process runs from \(target) now") }
            let users = Set(running.flatMap(\.owner.users)).sorted().map {
                (try? UserAccount.resolve("\($0):\($0)"))?.name ?? "uid \($0)"
            }
            return Check(
                name, .ok,
                "\(first)\(running.count > 1 ? " and \(running.count - 1) more" : "") as \(users.joined(separator: ", "))")
        }
        let more = excessive.count > 1 ? ", and \(excessive.count - 1) more" : ""
        return Check(name, worst.rights == .theAgents ? .limited : .failed, "\(worst)\(more)", advice: ServerRights.advice)
    }

    /// Groups whose members can become root, or read what only root should.
    private static func powerfulGroups(of account: UserAccount) -> [String] {
        let powerful: Set<String> = [
            "root", "sudo", "wheel", "docker", "lxd", "incus", "disk", "shadow", "kmem", "libvirt", "admin",
        ]
        let table = String(decoding: (try? readWholeFile("/etc/group")) ?? [], as: UTF8.self)
        return table.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 4, powerful.contains(String(fields[0])) else { return nil }
            let isMember =
                fields[3].split(separator: ",").contains { String($0) == account.name } || UInt32(fields[2]) == account.gid
            return isMember ? String(fields[0]) : nil
        }
    }

    /// The same checks that `pinfold mount` makes before it starts anything.
    private static func mountPlan(_ configuration: Configuration) -> Check {
        if let view = try? MountedView.find(configuration.view.mountpoint), view.isMounted {
            guard let daemon = view.daemon else {
                return Check(
                    "the view", .limited, "\(view.mountpoint): its daemon is dead, every access is an error",
                    advice: "'pinfold mount' clears it away and mounts it anew, 'pinfold umount' only clears it")
            }
            let served = "mounted at \(view.mountpoint), served by process \(daemon)"
            guard isInstalled(daemon) else {
                return Check(
                    "the view", .limited, "\(served), which runs another program than the one that is installed now",
                    advice: "'pinfold mount --replace' has that serve it, and the view lives on")
            }
            return Check("the view", .ok, served)
        }
        do {
            let plan = try MountPlan(configuration)
            return Check("the view", .ok, "not mounted; 'pinfold mount' would show \(plan.source) at \(plan.mountpoint)")
        } catch {
            return Check("the view", .failed, error.message)
        }
    }

    /// Whether the process runs the program that a view would be mounted with now; also where that cannot be told.
    private static func isInstalled(_ daemon: Int32) -> Bool {
        guard let path = try? Companion.mount.required(), let installed = try? Descriptor.open(path, .path).status(),
            let running = try? ProcessEntry(daemon).open("exe").status()
        else { return true }
        return installed.identity == running.identity
    }

    private static func zones(_ configuration: Configuration) -> [Check] {
        let account = try? agentAccount(configuration)
        return [("code-repo", configuration.zones.codeRepo), ("sandbox", configuration.zones.sandbox)].map { name, path in
            let advice = "'pinfold init' makes it and gives it to the agent"
            guard let status = try? fileStatus(path) else { return Check(name, .failed, "\(path) does not exist", advice: advice) }
            guard status.fileType == S_IFDIR else {
                return Check(name, .failed, "\(path) is \(kind(of: status))", advice: "move it away; \(advice)")
            }
            if let account, status.st_uid != account.uid {
                return Check(name, .failed, "\(path) belongs to uid \(status.st_uid), not to the agent", advice: advice)
            }
            return name == "sandbox" ? sandbox(path, SandboxAccess.now(configuration), configuration) : Check(name, .ok, path)
        }
    }

    private static func sandbox(_ path: String, _ access: SandboxAccess?, _ configuration: Configuration) -> Check {
        guard let access else { return Check("sandbox", .ok, "\(path), direct or served: root's 'pinfold doctor' tells") }
        let finding = "\(path), \(access.sentence)"
        guard access.obstacle != nil else { return Check("sandbox", .ok, finding) }
        guard configuration.zones.sandboxAccess == nil else {
            return Check("sandbox", .failed, finding, advice: "mend that, or take AGENT_SANDBOX_ACCESS=direct out")
        }
        return Check(
            "sandbox", .limited, finding,
            advice: "mend that for the disk's own speed; AGENT_SANDBOX_ACCESS=served asks for what there is")
    }

    /// Which files of the view are read anew at each open.
    private static func live(_ configuration: Configuration) -> Check {
        let name = "live directories"
        do {
            let found = try LiveDirectories(configuration.resolvingSymbolicLinks())
            guard found.omitted.isEmpty else {
                return Check(
                    name, .limited, found.omitted.joined(separator: "; "),
                    advice: "what a server writes there without a report is seen late; 'pinfold init' makes the directories")
            }
            return Check(name, .ok, found.paths.joined(separator: ", "))
        } catch {
            return Check(name, .failed, error.message)
        }
    }

    private static func space(_ configuration: Configuration) -> Check {
        var path = configuration.data.path
        while path != "/", unsafe access(path, F_OK) != 0 { path = split(path).parent }
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return Check("free space", .limited, "\(path): \(Errno.current)") }
        let bytes = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let text = "\(bytes >> 20) MiB free at \(path)" + (status.f_files > 0 ? ", \(status.f_favail) inodes" : "")
        guard bytes >= 1 << 30, status.f_files == 0 || status.f_favail >= 10_000 else {
            return Check(
                "free space", .limited, "\(text): a deployment needs room for a release and a backup",
                advice: "make room, or lower AGENT_DEPLOY_KEEP")
        }
        return Check("free space", .ok, text)
    }
}
