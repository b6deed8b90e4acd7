/// What judges the agent, and what becomes of a change of it.
package struct JudgeSettings: Hashable, Sendable {
    /// Patterns of the tree's files that do, beside the built-in ones; relative to the tree, at any depth unless with a slash in front.
    package var surface: [String] = []
    /// Whether a change of what judges the agent waits for a human.
    package var requiresApproval = true
    /// Whether tests that have passed are run once more, each made to fail.
    package var bites = true

    package init() {}
}
