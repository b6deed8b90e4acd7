/// What runs a project's tests.
package enum RunnerKind: String, Codable, Hashable, Sendable, CaseIterable {
    /// pytest where it is installed, else unittest.
    case python
    case pytest
    case unittest
    case node
    case npm
    case go
    case cargo
    case swift
    case make
    /// A command of the admin's that is none of the others.
    case command

    package var isPython: Bool { [.python, .pytest, .unittest].contains(self) }
}
