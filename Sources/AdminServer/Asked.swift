internal import AdminInterface
internal import DeployModel
internal import FoundationEssentials
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
        try Self.require(reason, "reason", orSay: "say why: the reason is what others will go by")
        return reason
    }

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
