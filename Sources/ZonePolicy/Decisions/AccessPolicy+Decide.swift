extension AccessPolicy {
    /// May this be done to a node that stands at `place`?
    package func decide(_ operation: NodeOperation, at place: Place) -> Decision {
        if place.isHidden { return .refused(hidden(place, ErrorCode.noEntry)) }
        if operation == .read { return .allowed }
        if let refusal = readOnly(place.zone) { return .refused(refusal) }
        if place.isProtected { return .refused(protected(place)) }
        return .allowed
    }

    /// May this be done to `name` in the directory that stands at `parent`?
    ///
    /// - Parameter kind: for `link` the kind of the inode that gets the name; the other operations say it themselves.
    package func decide(
        _ operation: NameOperation, _ name: borrowing Span<UInt8>, in parent: Place, kind: NodeKind = .file
    ) -> Decision {
        guard Self.isName(name) else { return .refused(Refusal(errno: ErrorCode.invalid, rule: .name)) }
        if parent.isHidden { return .refused(hidden(parent, ErrorCode.noEntry)) }
        if let refusal = readOnly(parent.zone) { return .refused(refusal) }
        let place = child(of: parent, named: name)
        if place.isHidden { return .refused(hidden(place, operation.makes ? ErrorCode.notPermitted : ErrorCode.noEntry)) }
        if place.isProtected { return .refused(protected(place)) }
        if operation == .makeDevice || operation == .link && kind == .device {
            return .refused(Refusal(errno: ErrorCode.notPermitted, rule: .device))
        }
        if operation == .makeSymbolicLink || operation == .link && kind == .symbolicLink, place.isPassage {
            return .refused(passage(place))
        }
        return .allowed
    }

    /// May `name` in `parent` become `newName` in `newParent`?
    ///
    /// - Parameters:
    ///   - kind: what moves.
    ///   - replacing: what has the new name now, nil if nothing does.
    package func decideRename(
        _ name: borrowing Span<UInt8>, in parent: Place, to newName: borrowing Span<UInt8>, in newParent: Place, kind: NodeKind,
        replacing: NodeKind?, mode: RenameMode
    ) -> Decision {
        guard Self.isName(name), Self.isName(newName) else { return .refused(Refusal(errno: ErrorCode.invalid, rule: .name)) }
        if parent.isHidden { return .refused(hidden(parent, ErrorCode.noEntry)) }
        if newParent.isHidden { return .refused(hidden(newParent, ErrorCode.noEntry)) }
        if let refusal = readOnly(parent.zone) ?? readOnly(newParent.zone) { return .refused(refusal) }
        guard parent.zone == newParent.zone else {
            return .refused(Refusal(errno: ErrorCode.crossDevice, rule: .acrossZones))
        }
        if mode == .whiteout { return .refused(Refusal(errno: ErrorCode.notPermitted, rule: .device)) }
        let from = child(of: parent, named: name)
        let to = child(of: newParent, named: newName)
        if from.isHidden { return .refused(hidden(from, ErrorCode.noEntry)) }
        if to.isHidden { return .refused(hidden(to, ErrorCode.notPermitted)) }
        if from.isProtected { return .refused(protected(from)) }
        if to.isProtected {
            if mode == .replace, kind == .file, replacing == .file { return .allowedIf(.sameContent, else: protected(to)) }
            return .refused(protected(to))
        }
        if kind == .symbolicLink, to.isPassage { return .refused(passage(to)) }
        if mode == .exchange, replacing == .symbolicLink, from.isPassage { return .refused(passage(from)) }
        if kind == .directory || mode == .exchange && replacing == .directory, from.state != to.state {
            let pattern = automaton.passingPattern(of: from) ?? automaton.passingPattern(of: to)
            return .allowedIf(
                .holdsNothingProtected, else: Refusal(errno: ErrorCode.notPermitted, rule: .holdsProtected, pattern: pattern))
        }
        return .allowed
    }

    /// One entry of a directory that is to move from `move.from` to `move.to`: does it stand in the way?
    package func examine(_ name: borrowing Span<UInt8>, _ kind: NodeKind, in move: Move) -> MoveFinding {
        let from = child(of: move.from, named: name)
        let to = child(of: move.to, named: name)
        if from.state == to.state || from.isHidden && to.isHidden { return .clear }
        if from.isHidden || to.isHidden || from.isProtected || to.isProtected {
            let pattern =
                automaton.hidingPattern(of: from) ?? automaton.hidingPattern(of: to) ?? automaton.protectingPattern(of: from)
                ?? automaton.protectingPattern(of: to)
            return .refused(Refusal(errno: ErrorCode.notPermitted, rule: .holdsProtected, pattern: pattern))
        }
        if kind == .symbolicLink, to.isPassage { return .refused(passage(to)) }
        return kind == .directory ? .descend(Move(from: from, to: to)) : .clear
    }

    private static func isName(_ name: borrowing Span<UInt8>) -> Bool {
        let dot = UInt8(ascii: ".")
        switch name.count {
        case 0: return false
        case 1 where name[0] == dot: return false
        case 2 where name[0] == dot && name[1] == dot: return false
        default: break
        }
        for index in name.indices where name[index] == 0 || name[index] == UInt8(ascii: "/") { return false }
        return true
    }

    private func readOnly(_ zone: Zone) -> Refusal? {
        switch zone {
        case .codeRepo, .sandbox: nil
        case .view: Refusal(errno: ErrorCode.readOnly, rule: .readOnlyView)
        case .outside: Refusal(errno: ErrorCode.readOnly, rule: .outside)
        }
    }

    private func hidden(_ place: Place, _ errno: Int32) -> Refusal {
        Refusal(errno: errno, rule: .hidden, pattern: automaton.hidingPattern(of: place))
    }

    private func protected(_ place: Place) -> Refusal {
        Refusal(errno: ErrorCode.notPermitted, rule: .protected, pattern: automaton.protectingPattern(of: place))
    }

    private func passage(_ place: Place) -> Refusal {
        Refusal(errno: ErrorCode.notPermitted, rule: .passage, pattern: automaton.passingPattern(of: place))
    }
}

/// A directory that moves: for the search for names in it that the rules treat otherwise there.
package struct Move: Sendable, Hashable {
    package let from: Place
    package let to: Place

    package init(from: Place, to: Place) {
        self.from = from
        self.to = to
    }
}

/// What an entry of a moving directory means for the move.
package enum MoveFinding: Sendable, Hashable {
    /// The same rules hold for it, and all below it, before and after.
    case clear
    /// It is a directory in which the search must go on.
    case descend(Move)
    case refused(Refusal)
}
