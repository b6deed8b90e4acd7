internal import AdminInterface
internal import CommandLineSupport
internal import DeployModel
internal import PlainText

/// The end of what a failed deployment wrote: what a person, or the agent, looks at first.
struct FailureOutput {
    let text: String

    private static let lines = 80
    private static let bytes = 16 << 10

    /// Nil where it did not fail at something that writes.
    init?(of deployment: Deployment, from daemon: DaemonConnection) throws(CommandFailure) {
        guard [.failed, .rolledBack].contains(deployment.state),
            [.test, .build, .buildClient, .reload, .check, .goBack].contains(deployment.stage)
        else {
            return nil
        }
        let failed = deployment.verdict.map { $0.failed + $0.vanished.map { "\($0) (gone)" } } ?? []
        let whole = try Self.log(of: deployment.id, from: daemon)
        guard !whole.isEmpty else { return nil }
        let all = whole.split(separator: "\n", omittingEmptySubsequences: false)
        var shown = Array(all.suffix(Self.lines).drop { $0.allSatisfy(\.isWhitespace) })
        while shown.count > 1, shown.reduce(0, { $0 + $1.utf8.count + 1 }) > Self.bytes { shown.removeFirst() }
        let left = all.count - shown.count
        var parts = failed.isEmpty ? [] : ["", "failed:"] + failed.map { "  \($0.plain())" }
        parts += ["", left > 0 ? "the end of its output ('pinfold logs \(deployment.id)' has \(left) lines more):" : "its output:"]
        parts += shown.map { "  \(String($0.prefix(2000)).plain())" }
        text = parts.joined(separator: "\n")
    }

    /// The last MiB.
    private static func log(of id: Int, from daemon: DaemonConnection) throws(CommandFailure) -> String {
        var text = ""
        var next = 0
        while true {
            let page: LogPage = try daemon.ask(.log, ["\(id)"], query: [(name: Query.from, value: "\(next)")])
            text = String(text.suffix(1 << 20)) + page.text
            next = page.next
            if page.complete || page.text.isEmpty { return text }
        }
    }
}
