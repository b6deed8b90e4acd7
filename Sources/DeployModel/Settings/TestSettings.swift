/// How a commit is tested, and what a test or a build may do.
package struct TestSettings: Hashable, Sendable {
    /// Whether a commit deploys only after its tests have passed.
    package var required = true
    /// Seconds.
    package var timeout = 300
    /// For `sh -c`; nil to find one by kind of project.
    package var command: String?
    /// Where a JUnit XML report is, relative to the tested tree.
    package var report: String?
    package var network = false
    /// What they may use of the memory in sum.
    package var memory = MemoryLimit.unlimited
    /// Files and directories beside the system's that they may read. Absolute.
    package var read: [String] = []

    package init() {}
}
