internal import AdminInterface
internal import DeployModel
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore

/// What is answered to whom: paths to pages.
struct Site: Sendable {
    let gate: Gate
    let session: Session
    let daemon: Daemon
    let news: News
    /// Called when the session has been ended by its visitor.
    let whenEnded: @Sendable () -> Void

    static let cookie = "pinfold"

    func respond(to request: Request, _ visitor: Visitor) async -> Response {
        do {
            try gate.admit(visitor)
            return try await answer(request)
        } catch let problem as Problem {
            return page(.problem(problem), HTTPResponse.Status(code: problem.status))
        } catch {
            return page(.problem(Problem(.broken, "the page failed at this: \(error)")), .internalServerError)
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let path = request.uri.path
        switch (request.method, path) {
        case (.get, Address.style.path): return file(PackageResources.pinfold_css, "text/css; charset=utf-8")
        case (.get, Address.script.path): return file(PackageResources.pinfold_js, "text/javascript; charset=utf-8")
        case (.get, "/favicon.ico"): return Response(status: .noContent, headers: Self.headers(nil))
        case (.post, Address.session.path): return try await open(request)
        default: break
        }
        guard session.holds(Self.cookies(request.headers[.cookie])[Self.cookie]) else { return page(.signIn(nil), .unauthorized) }
        if request.method == .post, path == Address.sessionEnd.path {
            session.end()
            defer { whenEnded() }
            var response = page(.signIn("The session has ended, and with it 'pinfold web'. This tab can be closed."))
            response.headers[.setCookie] = "\(Self.cookie)=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
            return response
        }
        if request.method == .post { return try await take(path, request) }
        guard request.method == .get else { throw Problem(.usage, "this page is read by GET") }
        return try await read(path, request)
    }

    private func read(_ path: String, _ request: Request) async throws -> Response {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        let look = try look(request)
        func query(_ name: Substring) throws(Problem) -> Int? {
            guard let text = request.uri.queryParameters[name] else { return nil }
            guard let number = Int(text), number >= 0 else { throw Problem(.usage, "'\(name)' is a number") }
            return number
        }
        func number(_ text: String) throws(Problem) -> Int {
            guard let number = Int(text), number >= 0 else { throw Problem(.notFound, "there is no such page") }
            return number
        }
        switch parts.first {
        case nil: return page(.now(try await daemon.status()))
        case "stream" where parts.count == 1: return try stream()
        case "version" where parts.count == 1: return page(try await version())
        case "people" where parts.count == 1: return page(.people(try await daemon.policy()))
        case "stops" where parts.count == 1: return page(.stops(try await daemon.status()))
        case "audit" where parts.count == 1:
            return page(.audit(try await daemon.events(), all: request.uri.queryParameters["all"] == "1"))
        case "deployments" where parts.count == 1:
            let state = try request.uri.queryParameters["state"].map { text throws(Problem) in
                guard let state = DeploymentState(rawValue: String(text)) else {
                    throw Problem(.usage, "'state' is a deployment's state")
                }
                return state
            }
            return page(.history(try await daemon.history(before: try query("before"), state: state), state: state))
        case "deployments" where parts.count == 2:
            return page(.deployment(try await daemon.show(try number(parts[1])), revision: nil))
        case "deployments" where parts.count == 3 && parts[2] == "log":
            let (id, from) = (try number(parts[1]), try query("from") ?? 0)
            return page(.output(id, try await daemon.output(id, from: from), from: from))
        case "deployments" where parts.count == 3 && parts[2] == "review":
            return page(try await review(try number(parts[1]), look))
        case "deployments" where parts.count == 3 && parts[2] == "rollback":
            return page(try await rollback(try number(parts[1]), look))
        case "deployments" where parts.count == 4 && parts[2] == "changes":
            let deployment = try await daemon.show(try number(parts[1]))
            let view = try await view(deployment, look)
            guard let frame = Frame.file(deployment, view, try number(parts[3]), from: try query("from") ?? 0) else {
                throw Problem(.notFound, "the change has no such file")
            }
            return page(frame)
        default: throw Problem(.notFound, "there is no such page")
        }
    }

    /// An answer, signed by a passkey for exactly what its page showed.
    private func take(_ path: String, _ request: Request) async throws -> Response {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard parts.count == 3, parts[0] == "deployments", parts[2] == "answer", let id = Int(parts[1]) else {
            throw Problem(.notFound, "there is no such page")
        }
        var request = request
        let fields = FormFields(String(buffer: try await request.collectBody(upTo: 64 << 10)))
        guard let verdict = fields["verdict"].flatMap(PersonAnswer.Verdict.init(rawValue:)), let commit = fields["commit"],
            CommitID(commit) != nil, let passkey = fields["id"], let client = fields["client"],
            let authenticator = fields["authenticator"],
            let signature = fields["signature"], let tree = fields["tree"], let place = request.head.authority
        else { throw Problem(.usage, "the answer is not whole: open the review again") }
        let assertion = PasskeyAssertion(
            id: passkey, clientData: client, authenticatorData: authenticator, signature: signature, origin: "http://\(place)")
        // The gate has held the name against this session's.
        try await daemon.answer(
            verdict, commit,
            AnswerRequest(
                reason: verdict == .reject ? fields["reason"] : nil, expectedTree: tree, surfaceDigest: fields["surface"],
                passkey: assertion))
        var headers = Self.headers(nil)
        headers[.location] = Address.deployment(id).path
        return Response(status: .seeOther, headers: headers)
    }

    private func look(_ request: Request) throws(Problem) -> DiffLook {
        var look = DiffLook()
        look.isSplit = request.uri.queryParameters["split"] == "1"
        look.hidesSpace = request.uri.queryParameters["space"] == "0"
        if let text = request.uri.queryParameters["against"] {
            guard let base = DiffBase(String(text)) else {
                throw Problem(.usage, "'against' is deployed, approved or a deployment's number")
            }
            look.base = base
        }
        if let text = request.uri.queryParameters["context"] {
            guard let lines = Int(text), (0...Query.mostContext).contains(lines) else {
                throw Problem(.usage, "'context' is a number up to \(Query.mostContext)")
            }
            look.context = lines
        }
        return look
    }

    private func view(_ deployment: Deployment, _ look: DiffLook) async throws -> DiffView {
        let diff = try await daemon.diff(deployment, look)
        return DiffView(diff, deployment: deployment.id, look: look, judging: Frame.judging(deployment, among: diff))
    }

    private func rollback(_ id: Int, _ look: DiffLook) async throws -> Frame {
        let status = try await daemon.status()
        let deployment = try await daemon.show(id)
        guard let deployed = status.deployed else {
            throw Problem(.refused, "nothing is deployed, so nothing can be gone back from")
        }
        let view = try await view(deployment, look.with { $0.base = .deployment(deployed.deployment) })
        return .rollback(deployment, status, view)
    }

    private func review(_ id: Int, _ look: DiffLook) async throws -> Frame {
        // The status first: what has moved since is newer than what the page says of itself.
        let status = try await daemon.status()
        let deployment = try await daemon.show(id)
        do {
            let policy = status.waiting?.deployment == id ? try await daemon.policy() : nil
            return .review(deployment, status, try await view(deployment, look), look, policy: policy)
        } catch let problem as Problem {
            return .review(deployment, status, nil, look, problem: problem.message)
        }
    }

    private func version() async throws -> Frame {
        let status = try await daemon.status()
        guard let deployed = status.deployed else { return .version(status, good: nil) }
        let earlier = try await daemon.history(before: deployed.deployment).deployments
        return .version(status, good: earlier.first { $0.wasGood && $0.commit != deployed.commit })
    }

    private func open(_ request: Request) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: 1024)
        let token = String(buffer: body).split(separator: "&").first { $0.hasPrefix("token=") }?.dropFirst("token=".count) ?? ""
        switch session.open(String(token)) {
        case .opened(let secret):
            var headers = Self.headers(nil)
            headers[.setCookie] = "\(Self.cookie)=\(secret); Path=/; HttpOnly; SameSite=Strict"
            headers[.location] = Address.now.path
            return Response(status: .seeOther, headers: headers)
        case .wrong: return page(.signIn("This is not the token of the link."), .forbidden)
        case .used:
            return page(
                .signIn("This link has been used. Was that not you, end 'pinfold web' now; start it again for another."), .forbidden
            )
        case .late: return page(.signIn("This link is too old. Start 'pinfold web' again for another."), .forbidden)
        }
    }

    private func stream() throws(Problem) -> Response {
        guard let messages = news.listen() else { throw Problem(.busy, "too many pages follow what happens") }
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            for await message in messages {
                switch message {
                case .alive: try await writer.write(ByteBuffer(string: ": alive\n\n"))
                case .revision(let revision):
                    try await writer.write(
                        ByteBuffer(string: "id: \(revision)\nevent: status\ndata: {\"revision\":\(revision)}\n\n"))
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: Self.headers("text/event-stream"), body: body)
    }

    private func page(_ frame: Frame, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: Self.headers("text/html; charset=utf-8"),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: frame.markup.bytes)))
    }

    private func file(_ bytes: [UInt8], _ type: String) -> Response {
        Response(status: .ok, headers: Self.headers(type), body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Nothing is kept, framed, guessed, or loaded from elsewhere, and no script runs but the one file.
    static func headers(_ type: String?) -> HTTPFields {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        for (name, value) in [
            ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return headers
    }

    /// `a=b; c=d`. A name that stands there twice counts for nothing: one of the two is not ours.
    static func cookies(_ header: String?) -> [String: String] {
        var result: [String: String] = [:]
        var doubled: Set<String> = []
        for pair in (header ?? "").split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].filter { $0 != " " }
            if result.updateValue(String(parts[1]), forKey: name) != nil { doubled.insert(name) }
        }
        for name in doubled { result[name] = nil }
        return result
    }
}
