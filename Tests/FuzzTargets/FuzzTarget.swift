/// Something that takes bytes of a stranger's: it may refuse them, and must not crash, hang or break what it promises.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Messages from the FUSE device, a conversation an input: decoding, callbacks, the node table and a whole zone behind them.
    case session
    /// Patterns and paths: parsing, the automaton against the patterns' own matching, every decision.
    case policy
    /// Lines of the record of changes.
    case audit
    /// What fanotify reports, file handles in it.
    case events
    /// Lines of the mount table.
    case mounts
    /// Reports, which the agent's own tests write or print.
    case report
    /// What a reader of reports says about one: the reader has the agent's rights.
    case digest
    /// Tree and commit objects, which are the agent's to make.
    case tree
    case commit
    /// The record of an export, beside a release.
    case export
    /// Answers of HTTP servers: who a health check asks is a stranger.
    case answer
    /// Requests to `pinfold mcp`: whoever reaches the port may send them, with no token or a wrong one.
    case request
    /// Packets by which `pinfold run` says what was refused: the paths in them are the agent's.
    case message
    /// What is said that a passkey signed: a review page that was taken over hands it on.
    case assertion

    /// Tries one input. A broken promise ends the process.
    package func run(_ input: [UInt8]) {
        switch self {
        case .session: Conversation.hold(input)
        case .policy: tryPolicy(input)
        case .audit: tryAudit(input)
        case .events: tryEvents(input)
        case .mounts: tryMounts(input)
        case .report: tryReport(input)
        case .digest: tryDigest(input)
        case .tree: tryTree(input)
        case .commit: tryCommit(input)
        case .export: tryExport(input)
        case .answer: tryAnswer(input)
        case .request: tryRequest(input)
        case .message: tryMessage(input)
        case .assertion: tryAssertion(input)
        }
    }
}

/// Ends the process: what is written here is what a fuzzer reports.
func require(_ condition: Bool, _ promise: @autoclosure () -> String) {
    guard condition else { fatalError(promise()) }
}
