internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel
internal import PlainText

/// A deployment as people name it: by its number, or by the commit that it deploys.
struct DeploymentName: ExpressibleByArgument {
    private enum Name {
        case number(Int)
        case commit(CommitPrefix)
    }

    private let name: Name

    init?(argument: String) {
        // Numbers of seven digits are more likely a commit's; nobody has a million deployments.
        if let number = Int(argument), number > 0, argument.utf8.count < 7 {
            name = .number(number)
        } else if let commit = CommitName(argument: argument) {
            name = .commit(commit.prefix)
        } else {
            return nil
        }
    }

    /// The number, for which the past is searched where a commit was given: its newest deployment.
    func number(_ daemon: DaemonConnection) throws(CommandFailure) -> Int {
        let prefix: CommitPrefix
        switch name {
        case .number(let number): return number
        case .commit(let commit): prefix = commit
        }
        var found: Deployment?
        var before: Int?
        repeat {
            var query = [(name: Query.limit, value: "\(Query.mostEntries)")]
            if let before { query.append((name: Query.before, value: "\(before)")) }
            let page: HistoryPage = try daemon.ask(.history, query: query)
            for deployment in page.deployments where prefix.names(deployment.commit.hex) {
                if let found, found.commit != deployment.commit {
                    throw CommandFailure(
                        .usage,
                        "\(prefix) is the beginning of \(found.commit) and of \(deployment.commit), and perhaps of others; give more digits"
                    )
                }
                if found == nil { found = deployment }
            }
            before = page.next
        } while before != nil
        guard let found else {
            throw CommandFailure(.notDone, "no deployment has a commit that begins with \(prefix); see 'pinfold history'")
        }
        return found.id
    }
}

/// A commit as people name it: its id, or the beginning of it.
struct CommitName: ExpressibleByArgument {
    let prefix: CommitPrefix

    init?(argument: String) {
        guard let commit = CommitPrefix(argument) else { return nil }
        prefix = commit
    }

    static let help = ArgumentHelp("The commit's id, or at least the first seven digits of it.", valueName: "commit")
}
