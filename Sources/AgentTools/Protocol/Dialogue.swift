package import DeployModel

/// The Model Context Protocol in both of its eras, over any transport: the handshake up to 2025-11-25, and the requests of 2026-07-28 that each carry
/// what the handshake settled. The era is each request's own; nothing is remembered between two.
package struct Dialogue: Sendable {
    /// Without 2025-03-26, the one version whose servers take several messages at a time.
    package static let handshakeVersions = ["2024-11-05", "2025-06-18", "2025-11-25"]
    package static let statelessVersions = ["2026-07-28"]
    static let versionKey = "io.modelcontextprotocol/protocolVersion"
    static let capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
    private static let serverKey = "io.modelcontextprotocol/serverInfo"

    private let tools: AgentTools
    private let version: String

    package init(_ tools: AgentTools, version: String) {
        self.tools = tools
        self.version = version
    }

    /// The version that a request of the later era names; nil for one of the earlier.
    /// - Throws: where what such a request carries is not whole, or names a version that is not served.
    static func era(of request: Message.Request) throws(RPCError) -> String? {
        guard request.parameters == nil || request.parameters?.object != nil else {
            throw RPCError(.invalidParameters, "'params' is an object")
        }
        guard request.meta == nil || request.meta?.object != nil else { throw RPCError(.invalidParameters, "'_meta' is an object") }
        guard let named = request.meta?[versionKey] else {
            if request.method == "server/discover" { throw RPCError(.invalidParameters, "'_meta' lacks \(versionKey)") }
            return nil
        }
        guard let named = named.string else { throw RPCError(.invalidParameters, "\(versionKey) is a text") }
        guard request.meta?[capabilitiesKey]?.object != nil else {
            throw RPCError(.invalidParameters, "'_meta' lacks \(capabilitiesKey), or it is no object")
        }
        guard statelessVersions.contains(named) else { throw unsupported(named, served: statelessVersions) }
        return named
    }

    /// - Parameter served: those that can be named in its place.
    static func unsupported(_ version: String, served: [String]) -> RPCError {
        RPCError(
            .unsupportedVersion, "unsupported protocol version",
            data: [
                "supported": .array(served.map(JSONValue.string)),
                "requested": .string(String(version.prefix(100))),
            ])
    }

    /// Answers one request; blocks for as long as its tool takes.
    package func answer(_ request: Message.Request, _ call: ToolCall) throws(RPCError) -> JSONValue {
        let isStateless = try Self.era(of: request) != nil
        let result: [String: JSONValue]
        var isCacheable = false
        switch (request.method, isStateless) {
        case ("initialize", false): result = try initialize(request)
        case ("ping", false): result = [:]
        case ("server/discover", true):
            result = [
                "supportedVersions": .array(Self.statelessVersions.map(JSONValue.string)), "capabilities": ["tools": [:]],
                "instructions": .string(AgentTools.instructions), "_meta": [Self.serverKey: server],
            ]
            isCacheable = true
        case ("tools/list", _):
            if let cursor = request.parameters?["cursor"], cursor != .null {
                throw RPCError(.invalidParameters, "there is no such 'cursor': the list is one page")
            }
            result = ["tools": .array(AgentTools.catalogue)]
            isCacheable = true
        case ("tools/call", _): result = try callTool(request, call)
        default:
            throw RPCError(.methodNotFound, "there is no method '\(request.method.prefix(100))' in this version of the protocol")
        }
        guard isStateless else { return .object(result) }
        var whole = result
        whole["resultType"] = "complete"
        if isCacheable {
            whole["ttlMs"] = 0
            whole["cacheScope"] = "private"
        }
        return .object(whole)
    }

    private var server: JSONValue { ["name": "pinfold", "title": "Pinfold", "version": .string(version)] }

    private func initialize(_ request: Message.Request) throws(RPCError) -> [String: JSONValue] {
        guard let asked = request.parameters?["protocolVersion"]?.string else {
            throw RPCError(.invalidParameters, "'protocolVersion' is missing")
        }
        // One that is not known is answered with the latest that is: the client then decides.
        let version = Self.handshakeVersions.contains(asked) ? asked : Self.handshakeVersions.last ?? ""
        return [
            "protocolVersion": .string(version), "capabilities": ["tools": [:]], "serverInfo": server,
            "instructions": .string(AgentTools.instructions),
        ]
    }

    private func callTool(_ request: Message.Request, _ call: ToolCall) throws(RPCError) -> [String: JSONValue] {
        guard let name = request.parameters?["name"]?.string else { throw RPCError(.invalidParameters, "'name' is missing") }
        guard let tool = AgentTools.Tool(rawValue: name) else {
            throw RPCError(
                .invalidParameters,
                "there is no tool '\(name.prefix(100))'; there are \(AgentTools.Tool.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        let arguments: [String: JSONValue]
        switch request.parameters?["arguments"] {
        case nil, .null?: arguments = [:]
        case .object(let members)?: arguments = members
        default: throw RPCError(.invalidParameters, "'arguments' is an object")
        }
        // What is wrong with the arguments, and what did not happen, is for the model to read: a result, and no error of the protocol.
        do throws(ToolFailure) {
            let result = try tools.call(tool, arguments, call)
            var members: [String: JSONValue] = [
                "content": .array(result.texts.map { ["type": "text", "text": .string($0)] }), "isError": false,
            ]
            members["structuredContent"] = result.structured
            return members
        } catch {
            return ["content": [["type": "text", "text": .string(error.message)]], "isError": true]
        }
    }
}
