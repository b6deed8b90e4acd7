internal import DeployModel
internal import DurableFiles
internal import PlainText

/// `human_approval_required.flag`: shows the state and is not the state. Removing it approves nothing.
struct FlagFile {
    let path: String
    /// The deployment that it was written for.
    private var writtenFor: Int?

    init(_ path: String) {
        self.path = path
    }

    /// Has it say that this deployment waits, or not be there.
    /// - Returns: whether somebody has removed it in between.
    /// - Parameter progress: how far the answers have come, a line for each rule.
    mutating func show(_ waiting: Deployment?, _ progress: [String]) throws(FileError) -> Bool {
        guard let waiting else {
            if (try? PathState(of: path)) != .missing { try? DurableFile.remove(path) }
            return false
        }
        let text = Array(Self.text(for: waiting, progress).utf8)
        if let there = try? DurableFile.read(path), there == text { return false }
        let isRemoved = writtenFor == waiting.id && (try? PathState(of: path)) == .missing
        try DurableFile.write(text, to: path)
        writtenFor = waiting.id
        return isRemoved
    }

    static func text(for deployment: Deployment, _ progress: [String]) -> String {
        var lines = [
            "Commit \(deployment.commit) waits for a human.", "",
            "deployment: \(deployment.id)", "commit: \(deployment.commit)", "tree: \(deployment.tree ?? "")",
            "subject: \((deployment.subject ?? "").plain())", "author: \((deployment.author ?? "").plain())",
            "since: \(deployment.updated)", "",
            "Why:",
        ]
        lines += deployment.approvalReasons.map { "  \($0.rawValue): \($0.sentence)" }
        if !deployment.surface.isEmpty {
            lines += ["", "Changed files that judge the agent:"] + deployment.surface.map { "  \($0.plain())" }
            lines += more(deployment.unlistedSurface)
        }
        if let hints = deployment.hints {
            lines += ["", "New in it, outside what judges the agent:"] + hints.lines.map { "  \($0)" }
        }
        if let standIns = deployment.standIns, !standIns.new.isEmpty {
            lines += ["", "Deployed as they are stored, though they stand for something else:"]
            lines += standIns.new.map { "  \($0.plain())" } + more(standIns.unlistedNew)
        }
        if let client = deployment.client {
            if !client.newHosts.isEmpty {
                lines += ["", "Hosts that its client's page names:"] + client.newHosts.map { "  \($0.plain())" }
                lines += more(client.unlistedHosts)
            }
            if let change = client.serviceWorker { lines += ["", "Its client's service worker \(change.rawValue)."] }
        }
        if let verdict = deployment.verdict {
            lines += [
                "",
                "Its tests: \(verdict.passed ? "passed" : "failed") (\(verdict.passedCount) passed, \(verdict.failedCount) failed, \(verdict.skippedCount) skipped)",
            ]
            lines += verdict.vanished.map { "  gone or skipped: \($0.plain())" }
        }
        if let bite = deployment.bite {
            lines +=
                ["Do they notice a failure: \(bite.sentence.plain())"]
                + bite.numb.map { "  passed all the same: \($0.plain())" }
        }
        if let verdict = deployment.verdictWithDeployedSurface {
            lines.append(
                "The same code with the deployed tests: \(verdict.passed ? "passed" : "failed"). \(verdict.reason?.plain() ?? "")"
            )
        }
        if !progress.isEmpty { lines += ["", "Answers so far:"] + progress.map { "  \($0.plain())" } }
        lines += [
            "", "Answer with:", "  pinfold diff \(deployment.id)", "  pinfold approve \(deployment.commit)",
            "  pinfold reject \(deployment.commit) --reason \"…\"", "", "Removing this file approves nothing.", "",
        ]
        return lines.joined(separator: "\n")
    }

    private static func more(_ count: Int?) -> [String] { count.map { ["  and \($0) more"] } ?? [] }
}
