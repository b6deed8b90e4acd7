/// Why no view is served, in one line for a person: what, about what, what to do.
package struct GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// What was asked for cannot be: exit code 2.
        case configuration
        /// The machine did not do it: exit code 1.
        case failure
    }
    package let kind: Kind
    package let description: String

    package static func configuration(_ text: String) -> GatewayError { GatewayError(kind: .configuration, description: text) }
    package static func failure(_ text: String) -> GatewayError { GatewayError(kind: .failure, description: text) }

    /// What the process ends with.
    package var code: Int32 { kind == .configuration ? 2 : 1 }

    /// Says it to whoever started this process, and to the log.
    package func report(on ready: Ready) {
        ready.say("error \(code): \(self)\n")
        Report.say(description)
    }
}
