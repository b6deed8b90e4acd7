internal import DeployModel
internal import Patterns
internal import ZonePolicy

/// Reads each variable once and keeps what it was, for `Configuration.settings`.
struct ValueReader {
    private let source: ValueSource
    private var read: [String: Setting] = [:]

    init(_ source: ValueSource) {
        self.source = source
    }

    /// What has been read, in the order of the table.
    var settings: [Setting] { Variable.all.compactMap { read[$0.name] } }

    private mutating func value<Value>(
        _ name: String, _ parse: (String, Variable) throws(Rejection) -> (value: Value, shown: String)
    ) throws(ConfigurationError) -> Value? {
        guard let variable = Variable.named(name) else { preconditionFailure("\(name) is not in the table") }
        let (text, origin) = try source.text(variable)
        guard let text, !(text.isEmpty && variable.emptyMeansNone) else {
            read[name] = Setting(variable: variable, value: nil, origin: origin)
            return nil
        }
        do throws(Rejection) {
            guard !text.utf8.contains(0) else { throw Rejection("it has a zero byte") }
            guard !text.isEmpty || variable.isList else { throw Rejection("it is empty") }
            let (value, shown) = try parse(text, variable)
            read[name] = Setting(variable: variable, value: shown, origin: origin)
            return value
        } catch {
            throw ConfigurationError(
                variable: name, value: source.given(variable).text, reason: error.reason, accepted: variable.accepted)
        }
    }

    private struct Rejection: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// A variable whose default is in the table always has a value.
    private func required<Value>(_ value: Value?, _ name: String) -> Value {
        guard let value else { preconditionFailure("\(name) has no default") }
        return value
    }

    mutating func path(_ name: String) throws(ConfigurationError) -> String {
        required(try optionalPath(name), name)
    }

    mutating func optionalPath(_ name: String) throws(ConfigurationError) -> String? {
        let directory = source.workingDirectory
        return try value(name) { text, _ throws(Rejection) in
            guard !text.hasPrefix("~") else { throw Rejection("`~` is not expanded here, ${HOME} is") }
            guard !text.utf8.contains(UInt8(ascii: "\n")) else { throw Rejection("a path of several lines") }
            let path = Paths.absolute(text, from: directory)
            return (path, path)
        }
    }

    mutating func boolean(_ name: String) throws(ConfigurationError) -> Bool {
        required(
            try value(name) { text, _ throws(Rejection) in
                switch text.lowercased() {
                case "true", "yes", "on", "1": return (true, "true")
                case "false", "no", "off", "0": return (false, "false")
                default: throw Rejection("neither true nor false")
                }
            }, name)
    }

    mutating func number(_ name: String) throws(ConfigurationError) -> Int {
        required(
            try value(name) { text, variable throws(Rejection) in
                guard case .number(let range) = variable.kind else { preconditionFailure("\(name) is no number") }
                guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text) else {
                    throw Rejection("not a whole number")
                }
                guard range.contains(number) else { throw Rejection("out of range") }
                return (number, "\(number)")
            }, name)
    }

    mutating func bytes(_ name: String) throws(ConfigurationError) -> Int {
        required(
            try value(name) { text, variable throws(Rejection) in
                guard case .bytes(let range) = variable.kind else { preconditionFailure("\(name) is no number of bytes") }
                guard let bytes = Quota(parsing: text), bytes.inodes == nil else { throw Rejection("not a number of bytes") }
                guard range.contains(Int(clamping: bytes.bytes)) else { throw Rejection("out of range") }
                return (Int(bytes.bytes), text)
            }, name)
    }

    mutating func quota(_ name: String) throws(ConfigurationError) -> Quota? {
        let quota: Quota?? = try value(name) { text, _ throws(Rejection) in
            if text == "none" { return (nil, "none") }
            guard let quota = Quota(parsing: text) else { throw Rejection("not a quota") }
            return (quota, text)
        }
        return quota ?? nil
    }

    mutating func memory(_ name: String) throws(ConfigurationError) -> MemoryLimit {
        try parsed(name, orElse: "not an amount of memory") { MemoryLimit(parsing: $0) }
    }

    /// Paths that are shown where they are: not all of the system, and nothing that the fence has in its own way.
    mutating func readable(_ name: String) throws(ConfigurationError) -> [String] {
        let directory = source.workingDirectory
        let paths: [String]? = try value(name) { text, _ throws(Rejection) in
            let paths = Self.split(text).map { Paths.absolute($0, from: directory) }
            for path in paths {
                guard !path.utf8.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\\") }) else {
                    throw Rejection("a path with a line's end or a backslash")
                }
                let own = ["/proc", "/dev", "/sys", "/run", "/tmp", "/var/tmp"]
                guard !own.contains(where: { Paths.isInside($0, path) }),
                    !["/proc", "/dev", "/sys", "/run/pinfold"].contains(where: { Paths.isInside(path, $0) })
                else { throw Rejection("at \(path) the fence has something of its own") }
            }
            return (paths, paths.joined(separator: ":"))
        }
        return paths ?? []
    }

    mutating func directories(_ name: String) throws(ConfigurationError) -> [String] {
        let directory = source.workingDirectory
        let paths: [String]? = try value(name) { text, _ throws(Rejection) in
            let paths = Self.split(text).map { Paths.absolute($0, from: directory) }
            return (paths, paths.joined(separator: ":"))
        }
        return paths ?? []
    }

    mutating func access(_ name: String) throws(ConfigurationError) -> ZoneAccess? {
        try value(name) { text, _ throws(Rejection) in
            guard let access = ZoneAccess(rawValue: text) else { throw Rejection("not a way of access") }
            return (access, text)
        }
    }

    /// What is written as it is kept, and makes a value or does not.
    private mutating func parsed<Value: Sendable>(
        _ name: String, orElse complaint: String, _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        required(
            try value(name) { text, _ throws(Rejection) in
                guard let found = parse(text) else { throw Rejection(complaint) }
                return (found, text)
            }, name)
    }

    mutating func network(_ name: String) throws(ConfigurationError) -> Network {
        required(
            try value(name) { text, _ throws(Rejection) in
                guard let network = Network(rawValue: text) else { throw Rejection("not a network") }
                return (network, text)
            }, name)
    }

    /// A part of a commit's author line, which git ends with `<`, `>` and a line's end.
    mutating func identity(_ name: String) throws(ConfigurationError) -> String {
        required(
            try value(name) { text, _ throws(Rejection) in
                guard !text.unicodeScalars.contains(where: { $0.value < 32 || $0 == "<" || $0 == ">" || $0.value == 127 }) else {
                    throw Rejection("a commit's author has no `<`, `>` or control character")
                }
                guard text.contains(where: { $0 != " " }) else { throw Rejection("it is empty") }
                return (text, text)
            }, name)
    }

    mutating func user(_ name: String) throws(ConfigurationError) -> String {
        required(
            try value(name) { text, _ throws(Rejection) in
                let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                let numeric = parts.allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) } }
                if text == "root" || numeric && UInt32(parts[0]) == 0 { throw Rejection("the agent never runs as root") }
                if numeric {
                    guard parts.count <= 2, parts.allSatisfy({ UInt32($0) != nil && UInt32($0) != .max }) else {
                        throw Rejection("not uid or uid:gid")
                    }
                    if parts.count == 2, UInt32(parts[1]) == 0 { throw Rejection("the agent never runs with root's group") }
                } else if text.utf8.count > 256 || text.unicodeScalars.contains(where: { $0.value <= 32 || $0 == ":" || $0 == "/" })
                {
                    throw Rejection("not the name of a user")
                }
                return (text, text)
            }, name)
    }

    mutating func command(_ name: String) throws(ConfigurationError) -> String? {
        try value(name) { text, _ throws(Rejection) in (text, text) }
    }

    mutating func repository(_ name: String) throws(ConfigurationError) -> String? {
        let directory = source.workingDirectory
        return try value(name) { text, _ throws(Rejection) in
            guard !text.hasPrefix("-"), !text.unicodeScalars.contains(where: { $0.value < 32 }) else {
                throw Rejection("not a path or URL")
            }
            // As git tells them apart: `host:path` is one over ssh unless a slash comes before the colon.
            let isAddress =
                text.contains("://")
                || text.utf8.firstIndex(of: UInt8(ascii: ":")).map { !text.utf8[..<$0].contains(Paths.slash) } ?? false
            let value = isAddress ? text : Paths.absolute(text, from: directory)
            return (value, value)
        }
    }

    /// The rules of `man 1 git-check-ref-format` for one branch.
    mutating func branch(_ name: String) throws(ConfigurationError) -> String? {
        try value(name) { text, _ throws(Rejection) in
            let names = text.split(separator: "/", omittingEmptySubsequences: false)
            guard !text.hasPrefix("-"), !text.contains(".."), !text.contains("@{"), text != "@", !text.hasSuffix("."),
                names.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }),
                !text.unicodeScalars.contains(where: { $0.value <= 32 || $0.value == 127 || "~^:?*[\\".unicodeScalars.contains($0) }
                )
            else { throw Rejection("not the name of a branch") }
            return (text, text)
        }
    }

    mutating func reportPattern(_ name: String) throws(ConfigurationError) -> String? {
        try value(name) { text, _ throws(Rejection) in
            guard !text.hasPrefix("/") else {
                throw Rejection("it is absolute, and tests run on a copy of the commit: begin at its top")
            }
            guard !Paths.names(text).contains("..") else { throw Rejection("it leaves the tree by `..`") }
            let path = String(Paths.absolute(text, from: "").dropFirst())
            guard !path.isEmpty else { throw Rejection("it names the tree itself") }
            do throws(GlobError) {
                _ = try Glob("/" + path)
            } catch {
                throw Rejection("it \(error.reason)")
            }
            return (path, path)
        }
    }

    /// Plain HTTP, since that is what the health check speaks.
    mutating func webAddress(_ name: String) throws(ConfigurationError) -> String? {
        try value(name) { text, _ throws(Rejection) in
            guard !text.lowercased().hasPrefix("https://") else {
                throw Rejection("https is not spoken here: AGENT_DEPLOY_HEALTH_COMMAND can ask with a program, such as curl -fsS")
            }
            guard text.hasPrefix("http://"), !text.unicodeScalars.contains(where: { $0.value <= 32 || $0.value == 127 }) else {
                throw Rejection("not a web address")
            }
            let authority = text.dropFirst("http://".count).prefix { !"/?#".contains($0) }
            guard !authority.contains("@") else { throw Rejection("a user or password in it is not understood") }
            // An IPv6 address stands in brackets: colons in it begin no port.
            let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
            let rest = authority.dropFirst(host.count).drop { $0 == "]" }
            guard host.count > (authority.hasPrefix("[") ? 1 : 0) else { throw Rejection("not a web address: it names no host") }
            guard rest.isEmpty || rest.first == ":" && UInt16(rest.dropFirst()).map({ $0 > 0 }) ?? false else {
                throw Rejection("not a web address: its port is none")
            }
            return (text, text)
        }
    }

    private static func insideTree(_ text: String) throws(Rejection) -> String {
        guard !text.hasPrefix("/") else { throw Rejection("not a path inside the tree: it is absolute") }
        let names = Paths.names(text).filter { $0 != "." }
        guard !names.contains("..") else { throw Rejection("it leads out of the tree") }
        guard !text.contains(where: \.isNewline) else { throw Rejection("a path of several lines") }
        return names.isEmpty ? "." : names.joined(separator: "/")
    }

    mutating func treePath(_ name: String) throws(ConfigurationError) -> String {
        required(
            try value(name) { text, _ throws(Rejection) in
                let path = try Self.insideTree(text)
                return (path, path)
            }, name)
    }

    mutating func clientSource(_ name: String) throws(ConfigurationError) -> ClientSettings.Source {
        let source: ClientSettings.Source? = try value(name) { text, _ throws(Rejection) in
            if text == "none" { return (.none, text) }
            let path = try Self.insideTree(text)
            return (.directory(path), path)
        }
        return source ?? .found
    }

    /// Milliseconds.
    mutating func duration(_ name: String) throws(ConfigurationError) -> Int64 {
        required(
            try value(name) { text, _ throws(Rejection) in
                let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
                let digits = text.dropLast()
                guard let unit = text.last.flatMap({ units[$0] }), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    let count = Int64(digits)
                else { throw Rejection("not a length of time") }
                let (seconds, overflows) = count.multipliedReportingOverflow(by: unit)
                guard !overflows, seconds <= 3650 * 86_400 else { throw Rejection("out of range") }
                return (seconds * 1000, text)
            }, name)
    }

    mutating func packageRegistry(_ name: String) throws(ConfigurationError) -> String? {
        try value(name) { text, _ throws(Rejection) in
            let rest = ["https://", "http://"].lazy.filter { text.hasPrefix($0) }.map { text.dropFirst($0.count) }.first
            guard let rest, let first = rest.first, first != "/" else { throw Rejection("not the address of a registry") }
            guard !rest.prefix(while: { $0 != "/" }).contains("@"),
                !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F })
            else { throw Rejection("not the address of a registry: it has a user's name or white space in it") }
            return (text, text)
        }
    }

    mutating func illness(_ name: String) throws(ConfigurationError) -> Illness {
        required(
            try value(name) { text, _ throws(Rejection) in
                guard let illness = Illness(rawValue: text) else { throw Rejection("not known") }
                return (illness, text)
            }, name)
    }

    /// Patterns with colons between them; `\:` is a colon. Relative ones of the hidden list start in the working directory.
    mutating func patterns(_ name: String, default standard: [DefaultPattern]) throws(ConfigurationError) -> [String] {
        let directory = source.workingDirectory
        let list: [String]? = try value(name) { text, variable throws(Rejection) in
            var patterns: [String] = []
            for entry in Self.split(text) {
                if entry == "default", variable.kind != .treePatterns {
                    patterns += standard.map(\.pattern)
                    continue
                }
                var pattern = entry
                if variable.kind == .hidePatterns, !entry.hasPrefix("/"), !entry.hasPrefix("**/"), entry != "**" {
                    pattern = Paths.absolute(entry, from: Glob.escape(directory))
                }
                do throws(GlobError) {
                    _ = try Glob(pattern)
                } catch {
                    throw Rejection(error.description)
                }
                patterns.append(pattern)
            }
            return (patterns, text)
        }
        return list ?? []
    }

    private static func split(_ text: String) -> [String] {
        var entries = [""]
        var isEscaped = false
        for character in text.unicodeScalars {
            if isEscaped {
                // Other escapes are the pattern's own.
                entries[entries.count - 1] += character == ":" ? ":" : "\\" + String(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == ":" {
                entries.append("")
            } else {
                entries[entries.count - 1].unicodeScalars.append(character)
            }
        }
        if isEscaped { entries[entries.count - 1] += "\\" }
        return entries.filter { !$0.isEmpty }
    }
}

extension Variable {
    fileprivate var isList: Bool { kind == .hidePatterns || kind == .protectPatterns || kind == .treePatterns }

    /// systemd's unit files unset a variable by giving it nothing.
    fileprivate var emptyMeansNone: Bool {
        switch kind {
        case .quota, .directories, .readablePaths, .command, .repository, .branch, .reportPattern, .webAddress, .clientSource,
            .packageRegistry,
            .remote, .optionalPath,
            .treePatterns:
            true
        default: false
        }
    }
}
