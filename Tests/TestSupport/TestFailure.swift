internal import CLinux

/// What went wrong in a test's own preparation.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// The words for this thread's `errno`.
package func lastErrorText() -> String {
    unsafe String(cString: strerror(pinfold_errno()))
}
