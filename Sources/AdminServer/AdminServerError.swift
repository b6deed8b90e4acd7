/// Why the interface cannot be served, for a person.
package struct AdminServerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
