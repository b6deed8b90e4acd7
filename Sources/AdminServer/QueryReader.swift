internal import AdminInterface
internal import Hummingbird
internal import HummingbirdCore

/// The parameters behind a request's question mark, of which only the known ones are let through: a misspelt one would change nothing, silently.
struct QueryReader {
    private var values: [String: String] = [:]

    init(_ request: Request, _ route: Route) throws(Problem) {
        let known = Query.names(of: route)
        for (name, value) in request.uri.queryParameters {
            guard known.contains(String(name)) else {
                throw Problem(
                    .usage,
                    "'\(name)' is no parameter of this request; \(known.isEmpty ? "it has none" : "it knows \(known.joined(separator: ", "))")"
                )
            }
            guard values.updateValue(String(value), forKey: String(name)) == nil else {
                throw Problem(.usage, "'\(name)' is given twice")
            }
        }
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let upper = range.upperBound == .max ? "" : " up to \(range.upperBound)"
            throw Problem(.usage, "'\(name)' is a number from \(range.lowerBound)\(upper), not '\(text)'")
        }
        return value
    }

    func text(_ name: String) throws(Problem) -> String {
        guard let text = values[name], !text.isEmpty else { throw Problem(.usage, "'\(name)' has to be given") }
        return text
    }

    /// - Parameter meaning: what is accepted, for whoever gave something else.
    func value<Value>(_ name: String, _ meaning: String, _ read: (String) -> Value?) throws(Problem) -> Value? {
        guard let text = values[name] else { return nil }
        guard let value = read(text) else { throw Problem(.usage, "'\(name)' is \(meaning), not '\(text)'") }
        return value
    }

    /// How many seconds the answer may be put off.
    func wait() throws(Problem) -> Int? { try number(Query.wait, in: 0...Query.longestWait) }
}
