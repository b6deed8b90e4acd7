package import LinuxSystem

/// What `pinfold-fence` does inside the new namespaces, handed over in a file in memory: on a command line every user of the host could read it.
package struct StageOrders: Hashable, Sendable {
    package var user: FenceUser
    package var limits: Fence.Limits
    package var environment: [String: String]
    package var workingDirectories: [String]
    package var writable: [String]
    package var sealed: [String]
    /// Symbolic links that are covered before anything else is done.
    package var coveredLinks: [String]
    package var terminal: Bool
    /// Which calls somebody outside is told of before they are made; nil where nobody is.
    package var supervision: FilterProgram?
    /// The numbers here of what the command gets as 3, 4, ….
    package var further: Range<Int32>
    package var command: [String]

    package init(_ command: [String], in fence: Fence, further: Range<Int32> = 3..<3) {
        user = fence.user
        limits = fence.limits
        environment = fence.environment
        workingDirectories = fence.workingDirectories
        writable = fence.writable
        sealed = fence.sealed
        coveredLinks = fence.mounts.compactMap { if case .coveredLink(let path) = $0 { path } else { nil } }
        terminal = fence.terminal
        self.further = further
        self.command = command
    }

    /// One entry a word, each ended by a zero byte; the command's words come last.
    package var encoded: [UInt8] {
        let groups = user.groups.reduce(into: "") { $0 += ($0.isEmpty ? "" : ",") + String($1) }
        var words = ["user=\(user.uid):\(user.gid):\(groups):\(user.name)"]
        for (name, value) in limits.named { words.append("limit=\(name):\(value)") }
        words += environment.sorted { $0.key < $1.key }.map { "env=\($0.key)=\($0.value)" }
        words += workingDirectories.map { "chdir=" + $0 }
        words += writable.map { "writable=" + $0 }
        words += sealed.map { "sealed=" + $0 }
        words += coveredLinks.map { "covered=" + $0 }
        if terminal { words.append("terminal=") }
        if let supervision { words.append("supervision=" + supervision.words.map { String($0, radix: 16) }.joined(separator: ",")) }
        if !further.isEmpty { words.append("further=\(further.lowerBound):\(further.count)") }
        words += command.map { "command=" + $0 }
        return words.flatMap { Array($0.utf8) + [0] }
    }

    /// Nil where this is no set of orders: an unknown word, no user, no command, root.
    package init?(encoded: [UInt8]) {
        guard encoded.last == 0 else { return nil }
        var user: FenceUser?
        limits = .init()
        environment = [:]
        workingDirectories = []
        writable = []
        sealed = []
        coveredLinks = []
        terminal = false
        supervision = nil
        further = 3..<3
        command = []
        for bytes in encoded.dropLast().split(separator: 0, omittingEmptySubsequences: false) {
            let word = String(decoding: bytes, as: UTF8.self)
            guard let equals = word.firstIndex(of: "=") else { return nil }
            let value = String(word[word.index(after: equals)...])
            switch word[..<equals] {
            case "user":
                let parts = value.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
                guard parts.count == 4, let uid = UInt32(parts[0]), uid != 0, let gid = UInt32(parts[1]) else { return nil }
                let groups = parts[2].split(separator: ",").map { UInt32($0) }
                guard !groups.contains(nil) else { return nil }
                user = FenceUser(uid: uid, gid: gid, groups: groups.compactMap { $0 }, name: String(parts[3]))
            case "limit":
                let parts = value.split(separator: ":")
                guard parts.count == 2, let number = UInt64(parts[1]), limits.set(String(parts[0]), to: number) else { return nil }
            case "env":
                let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { return nil }
                environment[String(parts[0])] = String(parts[1])
            case "chdir": workingDirectories.append(value)
            case "writable": writable.append(value)
            case "sealed": sealed.append(value)
            case "covered": coveredLinks.append(value)
            case "terminal": terminal = true
            case "supervision":
                let instructions = value.split(separator: ",").map { UInt64($0, radix: 16) }
                guard !instructions.isEmpty, !instructions.contains(nil) else { return nil }
                supervision = FilterProgram(words: instructions.compactMap { $0 })
            case "further":
                let parts = value.split(separator: ":").compactMap { Int32($0) }
                guard parts.count == 2, parts[0] > 4, (1...64).contains(parts[1]), parts[0] < 1 << 20 else { return nil }
                further = parts[0]..<(parts[0] + parts[1])
            case "command": command.append(value)
            default: return nil
            }
        }
        guard let user, !command.isEmpty else { return nil }
        self.user = user
    }
}

extension Fence.Limits {
    /// The limits that are set, by a name of their own.
    package var named: [(name: String, value: UInt64)] {
        [
            ("processes", processes), ("memory", memoryBytes), ("descriptors", descriptors), ("file", fileBytes),
            ("cpu", cpuSeconds),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    mutating func set(_ name: String, to value: UInt64) -> Bool {
        switch name {
        case "processes": processes = value
        case "memory": memoryBytes = value
        case "descriptors": descriptors = value
        case "file": fileBytes = value
        case "cpu": cpuSeconds = value
        default: return false
        }
        return true
    }
}
