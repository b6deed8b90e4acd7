internal import AdminServer
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import DeployService
internal import DeploySteps
internal import Dispatch
internal import DurableFiles
internal import Foundation
internal import LinuxSystem
internal import Logging
internal import PinfoldConfiguration
internal import QuietTasks

/// The deploy daemon: configuration in, the loop and its two sockets until a signal, an exit code out.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pinfold-deployd", abstract: "Watch the agent's commits; test, back up, deploy, check and roll back.",
        discussion: """
            Runs in the foreground until SIGTERM, SIGINT or SIGHUP, and tells a service manager when it is ready (NOTIFY_SOCKET). Settings come from AGENT_* variables, over the file /etc/pinfold/pinfold.env.
            Exit codes: 0 stopped by a signal; 1 it could not run, or another daemon has the data root; 2 wrong usage or configuration.
            """)

    static let program = Companion.deployd.rawValue

    @OptionGroup var options: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Print the kind of project in this directory, why nobody can be sure that its tests notice a failure (empty where that is tried), and the command that tests it where none is set, and do nothing else.",
            valueName: "directory"))
    var detectTests: String?

    @Option(help: .hidden)
    var testCommand: String?

    /// A directory: how the client in it would be built, for `pinfold doctor`.
    @Option(help: .hidden)
    var detectClient: String?

    @Option(help: .hidden)
    var clientSource: String?

    @Option(help: .hidden)
    var clientCommand: String?

    @Flag(help: .hidden)
    var readReport = false

    /// Whether the approval policy can be used, for `pinfold doctor`.
    @Flag(help: .hidden)
    var checkPolicy = false

    static func main() {
        ThisProcess.begin()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            CLinux.exit(Outcome.exitCode(after: error, of: Self.self, program: program, help: "pinfold deployd -- --help"))
        }
    }

    mutating func run() throws {
        // A process behind the fence, of which nothing but this is asked.
        if readReport { throw ExitCode(ReportReading.read()) }
        // What libraries make by the mask (the mirror, the history) is never others' to write.
        umask(0o022)
        if let detectTests {
            let given = testCommand.map { Runners.configured($0, report: nil) as (any Runner)? }
            guard let found = given ?? Runners.detect(in: detectTests) else {
                throw CommandFailure(.notDone, "no kind of project is recognised")
            }
            print("\(found.name)\n\(found.cannotBite ?? "")\n\(found.command)")
            return
        }
        if let detectClient {
            var settings = ClientSettings()
            if let clientSource { settings.source = .directory(clientSource) }
            settings.buildCommand = clientCommand
            do {
                guard let client = try ClientProject.find(in: detectClient, settings) else { return }
                print("\(client.source.isEmpty ? "." : client.source)\n\(client.command)")
            } catch let fault as ClientProject.Fault {
                throw CommandFailure(.notDone, "\(fault.reason); \(fault.advice)")
            }
            return
        }
        if checkPolicy { return try sayOfPolicy() }
        let stop = StopSignals()
        let manager = ServiceManager()
        let start = try load()
        let settings = start.pipeline
        let logger = Logger(label: "pinfold.deployd")
        let service: DeployService
        do {
            service = try DeployService(settings)
        } catch {
            throw CommandFailure(.notDone, error.message)
        }
        let server = AdminServer(
            service, rules: ServedRules(start.configuration, service), settings: start.admin, logger: logger)
        if let problem = writeGuide(start.configuration) { logger.warning("\(problem)") }
        try stop.whenTold { name in
            logger.info("\(name): stopping")
            manager.say(.stopping)
            service.stop()
        }
        let ended = DispatchSemaphore(value: 0)
        let failure = Lock<(any Error)?>(nil)
        // Not an asynchronous command: that begins in Swift's pool, which has the process wake every second from then on.
        Task(executorPreference: QuietQueue(label: "pinfold.main")) {
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await service.run() }
                    group.addTask {
                        try await server.run {
                            logger.info("serving \(settings.data.deployments)")
                            do {
                                try DurableFile.makeDirectory(MountRuntime.directory)
                                try DurableFile.write(start.running.encoded, to: start.runningFile, mode: 0o600)
                            } catch {
                                logger.warning("with a wrong configuration nobody will find this daemon: \(error)")
                            }
                            manager.say(.ready)
                        }
                    }
                    defer {
                        // Whichever ends takes the other with it.
                        service.stop()
                        group.cancelAll()
                    }
                    try await group.next()
                }
            } catch {
                failure.withLock { $0 = error }
            }
            ended.signal()
        }
        ended.wait()
        if let failure = failure.withLock({ $0 }) { throw CommandFailure(.notDone, "\(failure)") }
        // Ended in order: there is nothing that would have to go on whatever the configuration says by then.
        try? DurableFile.remove(start.runningFile)
    }
}
