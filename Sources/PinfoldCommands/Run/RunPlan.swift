internal import AgentRun
internal import AuditLog
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import Fence
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// A configuration as `pinfold run` needs it: the view with real paths, and the fence around the command.
struct RunPlan {
    private let view: AgentView
    private let network: Fence.Network
    private let memory: MemoryLimit
    private let variables: [String: String]
    private let caller: [String: String]
    private let machine: Pending<Machine>

    /// What the databases of users and the kernel say. Asked in a thread of its own: it takes about as long as what has to be found out of the view.
    private struct Machine: Sendable {
        let user: Result<FenceUser, CommandFailure>
        let seesCalls: Bool
        let memoryBytes: UInt64

        init(_ configuration: Configuration) {
            user = Result { () throws(CommandFailure) in FenceUser(try agentAccount(configuration)) }
            memoryBytes = ControlGroupHierarchies.memoryBytes()
            seesCalls = RefusalRecord.obstacleForEndingThread() == nil
        }
    }

    /// - Parameter variables: `NAME=VALUE`, or `NAME` for the caller's own value.
    init(_ configuration: Configuration, variables: [String], caller: [String: String]) throws(CommandFailure) {
        do throws(Errno) {
            machine = try Pending("machine") { Machine(configuration) }
        } catch {
            throw CommandFailure(.notDone, "no thread could be started: \(error)")
        }
        let agentDirectory = try? realPath(configuration.data.agentDirectory)
        do throws(FenceError) {
            let source = try Self.directory(configuration.view.source, "AGENT_VIEW_SOURCE")
            view = try AgentView(
                source: source,
                mountpoint: try Self.mountpoint(configuration.view.mountpoint),
                codeRepo: try Self.directory(configuration.zones.codeRepo, "AGENT_CODE_REPO_PATH"),
                sandbox: try Self.directory(configuration.zones.sandbox, "AGENT_SANDBOX_PATH"),
                dataRoot: try Self.directory(configuration.data.path, "AGENT_DATA_ROOT"),
                agentSocketDirectory: agentDirectory)
        } catch {
            throw CommandFailure(error)
        }
        network = configuration.agent.network == .none ? .none : .host
        memory = configuration.agent.memory
        self.variables = try Self.values(variables, caller)
        self.caller = caller
    }

    /// The fence that is built around the command.
    func fence() throws(CommandFailure) -> Fence {
        let machine = machine.value
        let user = try machine.user.get()
        var fence = Fence.agent(
            view, user: user, network: network, workingDirectory: workingDirectory(), callersEnvironment: caller,
            environment: variables, terminal: ForegroundRun.hasTerminal,
            // For everything that the agent runs at a time: a server starts its tools one by one.
            group: Fence.Group(
                "run", sharing: "agent-\(user.uid)", memoryBytes: memory.bytes(of: machine.memoryBytes), variable: "AGENT_MEMORY"))
        fence.recordsRefusals = machine.seesCalls
        return fence
    }

    /// Runs the command to its end, and answers its exit code; or ends it with its view, and throws `unreachable`.
    func run(_ command: [String]) throws(CommandFailure) -> Int32 {
        // Before the mounts are copied: a daemon that comes later is not the one of these mounts, and one that has gone by then is seen at once.
        let daemon = viewDaemon()
        let record = try enterPrivateMounts()
        var fence = try fence()
        if record == nil { fence.recordsRefusals = false }
        do throws(FenceError) {
            switch try ForegroundRun.run(command, in: fence, refusals: record, viewDaemon: daemon) {
            // A view answers no more some time before its daemon has ended, and the command may have died of that.
            case .exited(let code) where code == 0 || !view.isDead: return code
            case .exited, .killedWithItsView:
                throw FenceError(
                    "the view at \(view.mountpoint) has died, and with it everything that ran in it; 'pinfold mount' mounts it anew",
                    kind: .unreachable)
            }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Who serves the view; nil where nobody does that is seen from this process namespace.
    private func viewDaemon() -> ViewDaemon? {
        let view = view
        return Self.process(serving: view.mountpoint).map { process in
            ViewDaemon(process: process) {
                // One that was mounted anew is none of this command's: these mounts have died then.
                if view.isDead { return .died }
                return Self.process(serving: view.mountpoint).map { .served(by: $0) } ?? .unknown
            }
        }
    }

    /// A pidfd.
    private static func process(serving mountpoint: String) -> SharedDescriptor? {
        let lock = MountRuntime(mountpoint: mountpoint).lock
        guard let pid = try? MountLock.holder(of: lock), let raw = try? check({ pinfold_pidfd_open(pid, 0) }) else {
            return nil
        }
        let descriptor = SharedDescriptor(Descriptor(owning: raw))
        // Asked again: the number may have become another process's before it was held.
        guard (try? MountLock.holder(of: lock)) == pid else { return nil }
        return descriptor
    }

    /// Goes where the view is and nothing else that is Pinfold's, when it answers. The way to the gateway's record; nil where it keeps none.
    private func enterPrivateMounts() throws(CommandFailure) -> AuditOutlet? {
        do throws(FenceError) {
            let inquiry = try view.enterPrivateMounts()
            try inquiry.wait(for: view)
            return try connectRecord()
        } catch {
            // A user that does not exist is wrong whatever is mounted.
            _ = try machine.value.user.get()
            throw CommandFailure(error)
        }
    }

    private func connectRecord() throws(FenceError) -> AuditOutlet? {
        do throws(AuditError) {
            return try AuditOutlet.connect(to: MountRuntime(mountpoint: view.mountpoint).audit)
        } catch {
            throw FenceError("\(error); run 'pinfold umount' and 'pinfold mount'", kind: .unreachable)
        }
    }

    private static func values(_ variables: [String], _ caller: [String: String]) throws(CommandFailure) -> [String: String] {
        var values: [String: String] = [:]
        for variable in variables {
            let (name, given) = SettingsOptions.halves(of: variable)
            guard !name.isEmpty else {
                throw CommandFailure(.usage, "--env: '\(variable)' is neither NAME=VALUE nor NAME")
            }
            guard let value = given ?? caller[name] else {
                throw CommandFailure(.usage, "--env \(name): the variable is not set here; give a value with --env \(name)=VALUE")
            }
            values[name] = value
        }
        return values
    }

    private static func directory(_ path: String, _ variable: String) throws(FenceError) -> String {
        do throws(Errno) {
            return try realPath(path)
        } catch {
            throw FenceError("\(variable): \(path): \(error); make it with 'pinfold init'", kind: .configuration)
        }
    }

    /// The mountpoint itself is not opened: a daemon that hangs would hang this.
    private static func mountpoint(_ path: String) throws(FenceError) -> String {
        do throws(Errno) {
            return try realPathOfParent(path)
        } catch {
            throw FenceError("no view is mounted at \(path); run 'pinfold mount' first", kind: .unreachable)
        }
    }
}

extension FenceUser {
    init(_ account: UserAccount) {
        self.init(uid: account.uid, gid: account.gid, groups: account.groups, name: account.name)
    }
}
