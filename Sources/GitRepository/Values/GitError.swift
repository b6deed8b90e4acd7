internal import PlainText

/// Why something with a repository did not happen, in a sentence that is safe to show: control characters in what libgit2 or a
/// repository said are escaped.
package struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// The repository, branch, commit or path does not exist.
        case notFound
        /// It is a repository, but of a kind that Pinfold does not take in: shallow, partial, SHA-256, with alternates or a common directory.
        case unsupported
        /// What was read is not what a well-meaning git writes: a device in `.git`, a path that leaves the tree, a forbidden mode.
        case hostile
        /// A limit on objects, bytes, depth or one blob was reached.
        case tooLarge
        /// An object is missing, damaged, or not what its id says.
        case corrupt
        /// The deadline passed.
        case timedOut
        /// There is something to decide or to finish first: conflicts, a rebase in progress, a detached HEAD.
        case notReady
        /// The other side of a push could not be reached, or did not prove who it is.
        case unreachable
        /// The other side of a push, or the admin's check before it, said no.
        case refused
        /// The machine: no space, no permission, a failing disk.
        case system
        /// The machine could not do it just now: no process, memory or descriptor left, or somebody killed it. Worth another try.
        case busy

        /// What `pinfold-git` ends with, so that whoever started it knows the kind: 10 and up.
        package var exitCode: Int32 { Int32(10 + (Self.allCases.firstIndex(of: self) ?? 0)) }

        /// Nil where `code` is none of them.
        package init?(exitCode code: Int32) {
            guard let kind = Self.allCases.first(where: { $0.exitCode == code }) else { return nil }
            self = kind
        }
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message.plain()
    }

    package var description: String { message }
}
