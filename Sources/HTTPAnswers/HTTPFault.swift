/// Why bytes are no answer.
package enum HTTPFault: Error, Equatable, Sendable {
    case malformed(String)
    /// The other end closed before the answer was whole.
    case cutShort
    /// It is larger than is read.
    case tooLarge
}
