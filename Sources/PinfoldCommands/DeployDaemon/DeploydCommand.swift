internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage

/// `pinfold deployd`: becomes the deploy daemon, which has options of its own.
struct DeploydCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deployd", abstract: "Run the deploy daemon in the foreground.",
        discussion: "All options go to pinfold-deployd, which explains them: pinfold deployd -- --help")

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Options of pinfold-deployd.", valueName: "option"))
    var options: [String] = []

    mutating func run() throws {
        let program = try Companion.deployd.required()
        if options.first == "--" { options.removeFirst() }
        let code = unsafe withCStrings([program] + options) { arguments in
            // Returns only if it failed: there is one process, so signals and the exit code are the daemon's own.
            _ = unsafe execv(program, arguments)
            return Errno.current
        }
        throw CommandFailure(.notDone, "\(program) cannot be started: \(code)")
    }
}
