internal import DeployModel

extension KnownCommand {
    /// The runner that it is; nil where one of its arguments is not known to mean the same there.
    /// - Parameter tree: nil where it is not known yet.
    func runner(_ command: String, in tree: String?) -> (any Runner)? {
        if kind.isPython { return PythonRunner(kind, program, arguments, onPath: isModule, command: command) }
        guard !program.contains("/"), !arguments.contains(where: { $0.contains(Self.reportVariable) }) else { return nil }
        switch kind {
        case .node: return NodeRunner(arguments, command: command)
        case .go: return GoRunner(arguments)
        case .cargo: return tree.map { CargoSources($0).haveOwnHarness } == true ? nil : CargoRunner(arguments)
        case .swift: return SwiftRunner(arguments)
        default: return nil
        }
    }
}
