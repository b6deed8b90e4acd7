internal import DataRoot
internal import DeployModel
internal import DurableFiles

/// A version taken in by the running processes of the server, all of them or none.
///
/// `prepare` rehearses while requests are served, `hold` closes the gates, `swap` exchanges the code, `keep` and `release` end it. A connection
/// that ends before `keep` takes its process back: so does this daemon's death. One that falls between two processes' `keep` leaves some on either
/// version; the step is run again then, and finds them.
struct HotReload {
    /// Attempts, where a process went away meanwhile: another takes its place, and starts on what is deployed.
    static let attempts = 3

    let work: Work
    let directory: SocketDirectory

    /// nil where no process listens.
    /// - Throws: `ReloadRefusal`: everything is as it was.
    func run() throws -> ReloadRecord? {
        var attempt = 1
        while true {
            do {
                return try runOnce()
            } catch let refusal as ReloadRefusal where refusal.isLoss && attempt < Self.attempts {
                work.tools.log.note("\(refusal); tried again")
                attempt += 1
            }
            try work.tools.cancellation.check()
        }
    }

    private func runOnce() throws -> ReloadRecord? {
        let processes = try directory.connect()
        guard !processes.isEmpty else { return nil }
        // Where the link leads by now, or the directory that has been brought to the version.
        let current = Paths.resolved(work.settings.versions.target)
        let statuses = try ask(processes, #"{"do":"status"}"#, at: "status", withinSeconds: 10)
        let release = try work.deployment.release.flatMap { try PathState(of: $0) == .directory ? $0 : nil } ?? current
        for wish in try Set(statuses.map(Self.wish)) {
            try ColdImport(work: work, release: release, directory: current).run(wish)
        }
        let prepared = try ask(
            processes, #"{"do":"prepare","release":\#(try quoted(current)),"commit":"\#(work.deployment.commit.hex)"}"#,
            at: "prepare", withinSeconds: 60 + work.settings.reload.drain)
        var tier = ReloadRecord.Tier.same
        var modules: Set<String> = []
        for answer in prepared {
            guard let named = answer.preparedTier, let changed = answer.modules, changed.allSatisfy(\.isModuleName) else {
                throw ReloadRefusal("what a process prepared cannot be understood")
            }
            if named == .reloaded || named == .patched && tier == .same { tier = named }
            modules.formUnion(changed)
        }
        for (verb, seconds) in [("hold", work.settings.reload.drain + 5), ("swap", 10), ("keep", 10)] {
            _ = try ask(processes, #"{"do":"\#(verb)"}"#, at: verb, withinSeconds: seconds)
        }
        // It is in by now, whatever a process says: whoever is gone starts on it again.
        let pauses = (try? ask(processes, #"{"do":"release"}"#, at: "release", withinSeconds: 10).compactMap(\.paused)) ?? []
        let pause = pauses.filter { $0.isFinite && $0 >= 0 && $0 < 1e9 }.max().map { Int($0.rounded(.up)) }
        return ReloadRecord(tier: tier, processes: processes.count, modules: modules.sorted(), pauseMilliseconds: pause)
    }

    /// All of them at once: each is as slow as the slowest.
    private func ask(
        _ processes: [ServerProcess], _ request: String, at verb: String, withinSeconds seconds: Int
    ) throws -> [ReloadAnswer] {
        for (index, process) in processes.enumerated() {
            work.tools.fault.reach("reload", index == 0 ? verb : "\(verb)-\(index)")
            try process.send(request)
        }
        var answers: [ReloadAnswer] = []
        for process in processes {
            answers.append(try process.answer(withinSeconds: seconds) { work.tools.cancellation.why != nil })
            try work.tools.cancellation.check()
        }
        return answers
    }

    private func quoted(_ path: String) throws -> String {
        String(decoding: try DeployJSON.encode(path), as: UTF8.self)
    }

    /// What a process says that it has loaded, as far as it can be put into a command line.
    private static func wish(_ status: ReloadAnswer) throws(ReloadRefusal) -> ColdImport.Wish {
        let modules = (status.modules ?? []).filter { $0 != "__main__" }
        let paths = status.paths ?? []
        guard let python = status.python, python.hasPrefix("/"), python.utf8.count < 4096, !python.utf8.contains(0),
            modules.allSatisfy(\.isModuleName), paths.count <= 100,
            paths.allSatisfy({
                !$0.hasPrefix("/") && $0.utf8.count < 1000 && !$0.utf8.contains(0) && !$0.split(separator: "/").contains("..")
            })
        else { throw ReloadRefusal("what a process says of itself cannot be understood") }
        return ColdImport.Wish(python: python, paths: paths, modules: modules)
    }
}
