internal import ArgumentParser
internal import CommandLineSupport

/// `pinfold deployd`: becomes the deploy daemon, which has options of its own.
struct DeploydCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deployd", abstract: "Run the deploy daemon in the foreground.",
        discussion: "All options go to pinfold-deployd, which explains them: pinfold deployd -- --help")

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Options of pinfold-deployd.", valueName: "option"))
    var options: [String] = []

    mutating func run() throws {
        if options.first == "--" { options.removeFirst() }
        try Companion.deployd.become(options)
    }
}
