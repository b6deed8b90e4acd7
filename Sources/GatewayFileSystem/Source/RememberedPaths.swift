internal import FuseSession
internal import LinuxSystem

/// Where files without handles are found again: their parents and names, kept for whoever goes on.
final class RememberedPaths: Sendable {
    private struct State {
        var paths: [NodeID: (parent: NodeID, name: [UInt8], row: Int?)] = [:]
        /// nil where nothing is kept.
        var rows: KeptRows<KeptPath>?
    }
    private let state: Lock<State>
    /// Keeps the memory of the rows.
    private let kept: KeptPlane?

    init(_ kept: KeptPlane?) {
        self.kept = kept
        var state = State(rows: kept?.paths)
        for row in state.rows?.adopt(isUsed: { $0.node != 0 }) ?? [] {
            guard let path = state.rows?[row] else { continue }
            let id = NodeID(rawValue: path.node)
            // Of two, either was right when its writer ended.
            if let known = state.paths[id] { Self.giveBack(known.row, &state) }
            state.paths[id] = (NodeID(rawValue: path.parent), path.bytes, row)
        }
        self.state = Lock(state)
    }

    func find(_ id: NodeID) -> (parent: NodeID, name: [UInt8])? {
        state.withLock { state in state.paths[id].map { ($0.parent, $0.name) } }
    }

    func remember(_ id: NodeID, parent: NodeID, name: borrowing PathBytes) {
        let copy = name.array
        state.withLock { state in
            let known = state.paths[id]
            if let known, known.parent == parent, known.name == copy { return }
            let row = state.rows?.take()
            if let row, let rows = state.rows {
                rows[row] = KeptPath(parent: parent.rawValue, name: copy)
                settle()
                unsafe rows.pointer(row).pointee.node = id.rawValue
                settle()
            }
            state.paths[id] = (parent, copy, row)
            Self.giveBack(known?.row, &state)
        }
    }

    func drop(_ id: NodeID) {
        state.withLock { state in
            let known = state.paths.removeValue(forKey: id)
            Self.giveBack(known?.row, &state)
        }
    }

    private static func giveBack(_ row: Int?, _ state: inout State) {
        guard let row, let rows = state.rows else { return }
        unsafe rows.pointer(row).pointee.node = 0
        state.rows?.giveBack(row)
    }
}
