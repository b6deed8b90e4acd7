internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import Logging

/// What the loop's parts write down and say goes through here: the history, the status and its warnings, the flag file, the log and the events.
final class RecordKeeper {
    let store: HistoryStore
    let board: StatusBoard
    let settings: PipelineSettings
    private var flag: FlagFile
    private let log = Logger(label: "pinfold.deployd")

    init(_ settings: PipelineSettings, store: HistoryStore, board: StatusBoard) {
        self.settings = settings
        self.store = store
        self.board = board
        flag = FlagFile(settings.data.flag)
    }

    /// Shows the state as it is on disk.
    func show() throws(DeployError) {
        try board.show(store)
        if board.document?.current == nil { board.lookAtServer() }
        guardFlag()
    }

    /// Says what has happened. What of it is kept goes into the events, unless that was done where it was decided.
    func announce(_ happening: Happening, isKept: Bool = false) {
        if let sentence = happening.sentence { log.log(level: happening.weight.level, "\(sentence)") }
        guard !isKept, let event = happening.event(at: Clock.now) else { return }
        // The history may be what cannot be written.
        try? store.write { try $0.append(event) }
    }

    /// Whether the flag file cannot be brought to what it should be.
    private(set) var flagIsWrong = false

    /// The flag file is there exactly while somebody has to answer, whatever anybody does to it.
    func guardFlag() {
        do {
            if try flag.show(board.waiting, board.document?.waiting?.approval?.counts ?? []) { announce(.flagRemoved(flag.path)) }
            flagIsWrong = false
            board.warn("flag", nil)
        } catch {
            flagIsWrong = true
            board.warn("flag", error.description)
        }
    }
}

extension Happening.Weight {
    fileprivate var level: Logger.Level {
        switch self {
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
