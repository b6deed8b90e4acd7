internal import AdminInterface
internal import DeployModel
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import PlainText

/// A request that was let in, and what it says in its path, its query and its body.
struct Asked {
    let caller: Caller
    let query: QueryReader
    /// How many seconds the answer may be put off; 0 where nothing says so.
    let wait: Int
    private let request: Request
    private let context: AdminContext

    /// The largest request, in bytes: a commit message, more than anybody writes.
    static let requestLimit = 256 << 10

    init(_ request: Request, for route: Route, _ context: AdminContext, _ caller: Caller) throws(Problem) {
        query = try QueryReader(request, route)
        wait = try query.wait() ?? 0
        self.request = request
        self.context = context
        self.caller = caller
    }

    /// The deployment in the path.
    func deployment() throws(Problem) -> Int {
        let text = context.parameters.get("id") ?? ""
        guard let value = Int(text), value > 0 else { throw Problem(.usage, "'\(text)' is not a deployment's number") }
        return value
    }

    /// A file's place in a change, in the path.
    func file() throws(Problem) -> Int {
        let text = context.parameters.get("number") ?? ""
        guard let value = Int(text), value >= 0 else { throw Problem(.usage, "'\(text)' is not a file's number") }
        return value
    }

    /// The revision that an interrupted reader of the stream knows; nil where it says none.
    var lastEvent: Int? { HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap(Int.init) }

    /// The commit in the path, or the beginning of its id.
    func commit() throws(Problem) -> String {
        let text = context.parameters.get("commit") ?? ""
        guard let prefix = CommitPrefix(text) else {
            throw Problem(.usage, "'\(text)' is not a commit: give its id, or at least the first seven digits of it")
        }
        return prefix.digits
    }

    /// What was sent along.
    func body<Value: RequestContent>(as type: Value.Type = Value.self) async throws -> Value {
        try Self.value(of: try await bytes())
    }

    /// What was sent along, where anything was.
    func body<Value: RequestContent>(orWhereEmpty value: Value) async throws -> Value {
        let body = try await bytes()
        return body.readableBytes == 0 ? value : try Self.value(of: body)
    }

    private func bytes() async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: Self.requestLimit)
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLarge, "a request is \(Self.requestLimit >> 10) KiB at most")
        } catch {
            // Nobody is there to read this any more, and it is no news: whoever asks decides how often they break off.
            throw Problem(.usage, "the request ended before it was whole")
        }
    }

    private static func value<Value: RequestContent>(of body: ByteBuffer) throws -> Value {
        do {
            return try DeployJSON.decode(OnlyKnown<Value>.self, from: Data(body.readableBytesView)).value
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.usage, "the request is not the expected JSON: \(Self.words(error))")
        }
    }

    /// Why somebody wants it, which is sent along.
    func reason() async throws -> String {
        let reason = try await body(as: ReasonRequest.self).reason
        try Self.require(reason, "reason", orSay: Self.reasonIsMissing)
        return reason
    }

    static let reasonIsMissing = "say why: the reason is what others will go by"

    /// Text that somebody will read: not blank, and nothing that ends it early for a program that it is handed to.
    static func require(_ text: String, _ field: String, orSay words: String) throws(Problem) {
        guard text.contains(where: { !$0.isWhitespace }) else { throw Problem(.usage, words) }
        guard !text.utf8.contains(0) else { throw Problem(.usage, "'\(field)' has a zero byte in it; write it without") }
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
    fileprivate static func written(_ key: any CodingKey) -> String {
        key.stringValue.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}

/// A body with no field that nothing reads: a misspelt one would change nothing, silently.
private struct OnlyKnown<Value: RequestContent>: Decodable {
    let value: Value

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let known = Value.CodingKeys.allCases.map { Asked.written($0) }
        let given = try decoder.container(keyedBy: AnyKey.self)
        for key in given.allKeys {
            let name = Asked.written(key)
            guard known.contains(name) else {
                throw Problem(.usage, "'\(name)' is no field of this request; it knows \(known.joined(separator: ", "))")
            }
            if try given.decodeNil(forKey: key) { throw Problem(.usage, "'\(name)' is null; leave it out") }
        }
        value = try Value(from: decoder)
    }
}
