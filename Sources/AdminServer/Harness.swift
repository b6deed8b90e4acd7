internal import AdminInterface
internal import DeployModel
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import LinuxSystem
internal import NIOCore
internal import PlainText

/// Between HTTP and the service: decodes, calls, encodes. No rule of the pipeline is in here.
struct Harness: Sendable {
    let service: any DeployServing
    let door: Door
    let refusals: RefusalRecord
    /// Deploy actions of the agent that are under way. Each starts a process, so it gets one at a time.
    private let underWay = Lock(0)

    /// The largest request, in bytes: a commit message, more than anybody writes.
    static let requestLimit = 256 << 10
    /// The largest change that is sent as a diff.
    static let diffLimit = 32 << 20

    init(service: any DeployServing, door: Door, refusals: RefusalRecord) {
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
                who: "\(caller)", what: "\(route.rawValue) from the agent's socket", outcome: "refused: the admin's alone")
            throw error
        }
        let query = try QueryReader(request, route)
        let wait = try query.wait() ?? 0
        switch route {
        case .deploy: return try await deploy(try await decode(request), caller)
        case .deployment:
            let id = try number(context, "id")
            return try Self.json(try await service.settled(id, withinMilliseconds: wait * 1000))
        case .status:
            if let after = try query.number(Query.after, in: -1...Int.max) {
                _ = await service.change(after: after, withinMilliseconds: wait * 1000)
            }
            return try Self.json(try service.status())
        case .history:
            let limit = try query.number(Query.limit, in: 1...Query.mostEntries) ?? 50
            let found = try service.history(limit: limit, before: try query.number(Query.before, in: 1...Int.max))
            let next = found.count == limit ? found.last.map(\.id).flatMap { $0 > 1 ? $0 : nil } : nil
            return try Self.json(HistoryPage(deployments: found, next: next))
        case .events:
            return try Self.json(
                EventList(events: try service.events(limit: try query.number(Query.limit, in: 1...Query.mostEntries) ?? 50)))
        case .show: return try Self.json(try service.show(try number(context, "id")))
        case .log: return try await log(try number(context, "id"), query, wait)
        case .diff: return try await diff(try number(context, "id"))
        case .surface: return try await surface(try query.text(Query.path))
        case .approve: return try Self.json(try await service.approve(try commit(context), by: caller))
        case .reject:
            let reason = try Self.reason(try await decode(request))
            return try Self.json(try await service.reject(try commit(context), reason: reason, by: caller))
        case .lift: return try Self.json(try await service.lift(try commit(context), by: caller))
        case .rollback:
            let wanted: RollbackRequest = try await decode(request)
            return try Self.json(try await service.rollback(to: wanted.to, by: caller))
        case .reload: return try Self.json(try await service.reload(by: caller))
        case .hold:
            return try Self.json(try await service.hold(reason: try Self.reason(try await decode(request)), by: caller))
        case .resume:
            try await service.resume(by: caller)
            return try Self.json(Acknowledgement(message: "deployments go on"))
        }
    }

    // The routes that take more than one call.

    private func deploy(_ input: DeployAgentCodeInput, _ caller: Caller) async throws -> Response {
        let request = DeployActionRequest(commitMessage: input.commitMessage, forceDeploy: input.forceDeploy ?? false)
        if let message = request.commitMessage {
            try Self.require(message, "commit_message", orSay: "a commit needs a message that is not empty")
        }
        guard caller.role == .agent else { return try Self.json(try await service.deploy(request, by: caller)) }
        if request.forceDeploy {
            refusals.note(
                who: "\(caller)", what: "deploy with force from the agent's socket", outcome: "refused: force is the admin's alone")
            throw Problem(
                .forbidden,
                "force skips the human's approval and is the admin's alone; nothing was committed; deploy without it, and a human is asked where one is needed"
            )
        }
        let isFirst = underWay.withLock { count in
            if count > 0 { return false }
            count += 1
            return true
        }
        guard isFirst else {
            throw Problem(.busy, "a deploy action of the agent is under way already; try again when it has been answered")
        }
        defer { underWay.withLock { $0 = 0 } }
        return try Self.json(try await service.deploy(request, by: caller))
    }

    private func log(_ id: Int, _ query: QueryReader, _ wait: Int) async throws -> Response {
        let from = try query.number(Query.from, in: 0...Int.max) ?? 0
        let deadline = ContinuousClock.now + .seconds(wait)
        while true {
            let revision = await service.change(after: 0, withinMilliseconds: 0)
            let page = try service.log(id, from: from, limit: 1 << 20)
            if !page.text.isEmpty || page.complete || ContinuousClock.now >= deadline {
                return try Self.json(page)
            }
            // Output is no change of the state, the end of it is.
            _ = await service.change(after: revision, withinMilliseconds: 200)
            try Task.checkCancellation()
        }
    }

    private func diff(_ id: Int) async throws -> Response {
        let bytes = try await service.diff(id)
        guard bytes.count <= Self.diffLimit else {
            throw Problem(
                .tooLarge,
                "the change of deployment \(id) is \(bytes.count >> 20) MiB as a diff; look at it with git in deployments/repo.git")
        }
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func surface(_ path: String) async throws -> Response {
        try Self.json(try await service.surface(of: path))
    }

    // Decoding and encoding.

    private func decode<Value: Decodable>(_ request: Request) async throws -> Value {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.requestLimit)
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLarge, "a request is \(Self.requestLimit >> 10) KiB at most")
        } catch {
            // Nobody is there to read this any more, and it is no news: whoever asks decides how often they break off.
            throw Problem(.usage, "the request ended before it was whole")
        }
        do {
            return try DeployJSON.decode(Value.self, from: Data(body.readableBytesView))
        } catch {
            throw Problem(.usage, "the request is not the expected JSON: \(Self.words(error))")
        }
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "'\(written(key))' is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            context.codingPath.isEmpty
                ? context.debugDescription
                : "'\(context.codingPath.map(written).joined(separator: "."))': \(context.debugDescription)"
        default: "\(error)"
        }
    }

    /// A key as it stands in the JSON.
    private static func written(_ key: any CodingKey) -> String {
        key.stringValue.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }

    private static func reason(_ request: ReasonRequest) throws(Problem) -> String {
        try require(request.reason, "reason", orSay: "say why: the reason is what others will go by")
        return request.reason
    }

    /// Text that somebody will read: not blank, and nothing that ends it early for a program that it is handed to.
    private static func require(_ text: String, _ field: String, orSay words: String) throws(Problem) {
        guard text.contains(where: { !$0.isWhitespace }) else { throw Problem(.usage, words) }
        guard !text.utf8.contains(0) else { throw Problem(.usage, "'\(field)' has a zero byte in it; write it without") }
    }

    private func number(_ context: AdminContext, _ name: String) throws(Problem) -> Int {
        let text = context.parameters.get(name) ?? ""
        guard let value = Int(text), value > 0 else { throw Problem(.usage, "'\(text)' is not a deployment's number") }
        return value
    }

    private func commit(_ context: AdminContext) throws(Problem) -> String {
        let text = context.parameters.get("commit") ?? ""
        guard let prefix = CommitPrefix(text) else {
            throw Problem(.usage, "'\(text)' is not a commit: give its id, or at least the first seven digits of it")
        }
        return prefix.digits
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, mediaType: String = "application/json") throws
        -> Response
    {
        let bytes = try DeployJSON.encode(value)
        return Response(
            status: status, headers: [.contentType: mediaType], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
