internal import AdminInterface
internal import DeployModel
internal import Hummingbird
internal import HummingbirdCore
internal import LinuxSystem

/// Between HTTP and the service: decodes, calls, encodes. No rule of the pipeline is in here. What belongs to one noun stands in a file of its own.
struct Harness: Sendable {
    let service: any DeployServing
    let door: any Door
    let refusals: RefusalRecord
    let rules: any ViewRules
    /// Deploy actions of the agent that are under way. Each starts a process, so it gets one at a time.
    let underWay = Turnstile()
    /// The same for changes that are compared.
    let comparing = Turnstile()

    init(service: any DeployServing, door: any Door, refusals: RefusalRecord, rules: any ViewRules) {
        self.rules = rules
        self.service = service
        self.door = door
        self.refusals = refusals
    }

    func respond(to route: Route, _ request: Request, _ context: AdminContext) async throws -> Response {
        guard let caller = context.caller else { throw Problem(.forbidden, "nobody has asked who is asking") }
        do {
            try door.allow(route)
        } catch {
            refusals.note(
                who: "\(caller)", what: "\(route.rawValue) from \(door.name)", outcome: "refused: the admin's alone")
            throw error
        }
        let asked = try Asked(request, for: route, context, caller)
        return switch route {
        case .deploy: try await deploy(asked)
        case .deployment: try await settled(asked)
        case .history: try history(asked)
        case .show: try show(asked)
        case .log: try await log(asked)
        case .diff: try await diff(asked)
        case .changes: try await changes(asked)
        case .changedFile: try await changedFile(asked)
        case .tests: try tests(asked)
        case .status: try await status(asked)
        case .stream: try await stream(asked)
        case .events: try events(asked)
        case .surface: try await surface(asked)
        case .explain: try .json(try rules.explain(Self.paths(try await asked.body())))
        case .workspace: try .json(try rules.workspace())
        case .policy: try .json(try service.policy())
        case .approve: try await answer(.approve, asked)
        case .reject: try await answer(.reject, asked)
        case .lift: try await lift(asked)
        case .rollback: try await rollback(asked)
        case .reload: try await reload(asked)
        case .hold: try await hold(asked)
        case .resume: try await resume(asked)
        }
    }
}
