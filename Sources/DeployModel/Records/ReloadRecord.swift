/// How the server came to run a version.
package struct ReloadRecord: Codable, Hashable, Sendable {
    package enum Tier: String, Codable, CaseIterable, Sendable {
        /// Nothing that its processes had loaded changed.
        case same
        /// Functions of the running processes got new code.
        case patched
        /// Modules of the running processes were executed anew.
        case reloaded
        /// By AGENT_DEPLOY_RELOAD_COMMAND.
        case command
    }

    /// How many modules a record lists at most.
    package static let listed = 200

    package var tier: Tier
    /// Processes that took it in.
    package var processes: Int
    /// The modules that changed in them, as they name them.
    package var modules: [String]
    /// For how long their requests waited, at most; nil where none did.
    package var pauseMilliseconds: Int?
    /// Why the running processes did not take it in, in a sentence; nil where they did, or were not asked.
    package var refusal: String?

    package init(
        tier: Tier, processes: Int = 0, modules: [String] = [], pauseMilliseconds: Int? = nil, refusal: String? = nil
    ) {
        self.tier = tier
        self.processes = processes
        self.modules = modules.listed(Self.listed)
        self.pauseMilliseconds = pauseMilliseconds
        self.refusal = refusal
    }

    /// In one line: `reloaded in 3 processes, which paused for 20 ms: srv.app, srv.views`.
    package var sentence: String {
        let count = "\(processes) process\(processes == 1 ? "" : "es")"
        let pause = pauseMilliseconds.map { ", with a pause of \($0) ms" } ?? ""
        let names = modules.isEmpty ? "" : ": " + modules.prefix(5).joined(separator: ", ") + (modules.count > 5 ? ", …" : "")
        switch tier {
        case .same: return "nothing changed that the running server has loaded (\(count))"
        case .patched: return "functions patched in \(count)\(pause)\(names)"
        case .reloaded: return "modules executed anew in \(count)\(pause)\(names)"
        case .command: return "by the reload command\(refusal.map { "; not in the running server: \($0)" } ?? "")"
        }
    }
}
