internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel

/// `pinfold status`: what runs, what is under way, and whose turn it is.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what is deployed, what is under way, and who must do what.")

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    mutating func run() throws {
        let connection = try daemon.connect()
        let status: StatusDocument = try connection.ask(.status)
        if output.json { return try Terminal.say(record: status) }
        Terminal.say(status.sheet(forAgent: connection.isAgents))
    }
}

extension StatusDocument {
    /// The state as a page: whoever reads only this knows what to do next.
    func sheet(forAgent isAgents: Bool) -> String {
        var sheet = Sheet()
        sheet.add(
            "deployed", deployed.map { "\($0.commit.short) since \($0.since.shown) (deployment \($0.deployment))" } ?? "nothing yet"
        )
        sheet.add("branch", "\(branch)\(tip.map { " at \($0.short)" } ?? ", which has no commit yet")")
        sheet.add("target", target)
        if let good = lastKnownGood, good.commit != deployed?.commit {
            sheet.add(
                "last good",
                "\(good.commit.short) (deployment \(good.deployment))" + (isAgents ? "" : ": 'pinfold rollback' goes back to it"))
        }
        if let current {
            sheet.add("now", ["\(current.title): \(current.stateLine)", current.commitLine, waiting == nil ? current.advice : nil])
        } else {
            sheet.add("now", "nothing is under way")
        }
        if let waiting {
            sheet.add(
                "waiting",
                ["for a human since \(waiting.since.shown), for commit \(waiting.commit.hex):"] + waiting.reasons.map(\.sentence)
                    + waiting.files.map { "  \($0)" })
            if let approval = waiting.approval {
                sheet.add("answers", approval.words + approval.answers.map(\.line))
            }
            if !isAgents { sheet.add("answer", waiting.answers) }
        }
        if let last, last.id != current?.id {
            sheet.add(
                "last",
                [
                    "\(last.title): \(last.stateLine)", last.commitLine, last.reload?.sentence,
                    last.state == .deployed ? nil : last.advice,
                ])
        }
        if let hold {
            sheet.add(
                "hold", "since \(hold.since.shown) by \(hold.by): \(hold.reason)" + (isAgents ? "" : "; 'pinfold resume' ends it"))
        }
        for entry in quarantine {
            sheet.add(
                "quarantine",
                "\(entry.commit.short) since \(entry.since.shown): \(entry.reason)"
                    + (isAgents ? "; it stays out until it is reverted" : "; 'pinfold lift \(entry.commit.short)' ends it"))
        }
        sheet.add("rules", rules)
        sheet.add("warning", warnings)
        return sheet.text
    }
}
