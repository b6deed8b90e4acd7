extension Variable {
    package static func named(_ name: String) -> Variable? { all.first { $0.name == name } }

    /// The known name that `name` may have been meant to be: few letters differ, or one is the other's beginning or end.
    package static func likely(for name: String) -> Variable? {
        if let close = closest(to: name, among: all.map(\.name)) { return named(close) }
        return all.first {
            name.count > 8 && ($0.name.hasPrefix(name) || name.hasPrefix($0.name) || $0.name.hasSuffix(name.dropFirst(6)))
        }
    }
}
