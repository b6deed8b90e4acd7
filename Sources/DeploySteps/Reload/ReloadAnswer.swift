internal import DeployModel
internal import FoundationEssentials

/// What a process of the server answers: a stranger's words. A field that is not of its kind makes the whole no answer.
struct ReloadAnswer: Decodable {
    var ok: Bool?
    /// Why it does not, with the file, the line and who holds what.
    var refused: String?
    /// What was wrong with the question.
    var error: String?

    // `prepare`
    var tier: String?
    var modules: [String]?

    // `status`
    /// Directories of its search path, relative to the release.
    var paths: [String]?
    /// The interpreter that it runs on.
    var python: String?

    // `release`
    /// Milliseconds for which its requests waited.
    var paused: Double?

    /// nil where it is no answer.
    init?(line: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(line)) else { return nil }
        self = answer
    }

    /// The tier of a `prepare`; nil for anything that is none which a process may answer with.
    var preparedTier: ReloadRecord.Tier? {
        guard let tier, let known = ReloadRecord.Tier(rawValue: tier), known != .command else { return nil }
        return known
    }
}

extension String {
    /// Whether it can be a module's name: what goes into a command line, and into a record.
    var isModuleName: Bool {
        !isEmpty && utf8.count <= 200
            && split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty
                    && part.unicodeScalars.allSatisfy {
                        $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
                    }
            }
    }
}
