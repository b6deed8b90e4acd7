internal import AdminInterface
internal import ArgumentParser
internal import CommandLineSupport
internal import DeployModel
internal import PlainText

/// `pinfold approve`: somebody's yes, for exactly one commit.
struct ApproveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let the waiting commit be deployed.",
        discussion: """
            The approval is for this commit alone, is used once, and is void as soon as a newer commit comes. Where there is an approval policy \
            (pinfold policy), it takes the answers of those whom that names, signed with their SSH keys.
            """)

    @Argument(help: CommitName.help)
    var commit: CommitName

    @OptionGroup var answer: AnswerOptions
    @OptionGroup var daemon: DaemonOptions

    mutating func run() throws {
        let connection = try daemon.connect()
        guard let request = try answer.request(.approve, commit, to: connection) else { return }
        let deployment: Deployment = try connection.send(request, to: .approve, [commit.prefix.digits])
        Terminal.say(try connection.outcome(of: deployment))
    }
}

/// `pinfold reject`: a human's no.
struct RejectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reject", abstract: "Refuse the waiting commit.")

    @Argument(help: CommitName.help)
    var commit: CommitName

    @Option(help: ArgumentHelp("Why; the agent reads it.", valueName: "text"))
    var reason: String

    @OptionGroup var answer: AnswerOptions
    @OptionGroup var daemon: DaemonOptions

    mutating func run() throws {
        let connection = try daemon.connect()
        guard let request = try answer.request(.reject, commit, reason: reason, to: connection) else { return }
        let deployment: Deployment = try connection.send(request, to: .reject, [commit.prefix.digits])
        Terminal.say("rejected \(deployment.commit.short); what is deployed stays")
    }
}

/// `pinfold lift`: the end of a quarantine.
struct LiftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift", abstract: "End the quarantine of a commit that was rolled back, so that it can be deployed again.")

    @Argument(help: CommitName.help)
    var commit: CommitName

    @OptionGroup var daemon: DaemonOptions

    mutating func run() throws {
        let entry: Quarantine = try daemon.connect().ask(.lift, [commit.prefix.digits])
        Terminal.say("\(entry.commit.short) is no longer in quarantine; if the branch has it, it is tried again")
    }
}

/// `pinfold hold`: nothing starts.
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Start no deployment until 'pinfold resume'; what is under way ends.")

    @Option(help: ArgumentHelp("Why; 'pinfold status' shows it.", valueName: "text"))
    var reason: String

    @OptionGroup var daemon: DaemonOptions

    mutating func run() throws {
        let hold: Hold = try daemon.connect().send(ReasonRequest(reason: reason), to: .hold)
        Terminal.say("deployments are on hold since \(hold.since.shown) by \(hold.by.plain()); 'pinfold resume' ends it")
    }
}

/// `pinfold resume`: deployments go on.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "End a hold.")

    @OptionGroup var daemon: DaemonOptions

    mutating func run() throws {
        let answer: Acknowledgement = try daemon.connect().ask(.resume)
        Terminal.say(answer.message)
    }
}
