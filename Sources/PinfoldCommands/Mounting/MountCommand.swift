internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// `pinfold mount`: checks everything, then starts the gateway's daemon and waits until the view answers.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount", abstract: "Serve the view.",
        discussion: """
            Returns once the view answers. Whatever is wrong with the configuration or the machine is one line and exit code 2, and nothing \
            is mounted. A view whose daemon died is cleared away first, and served again with the settings that it had where the configuration \
            is wrong by now. What the daemon says later is in \
            \(MountRuntime.directory)/<mountpoint>.log.
            """)

    @Argument(
        help: ArgumentHelp("Where to mount the view; the configured mountpoint where it is not given.", valueName: "mountpoint"))
    var mountpoint: String?

    @Flag(help: "Stay in the foreground; SIGTERM and SIGINT take the view down.")
    var foreground = false

    @Flag(
        help: ArgumentHelp(
            "Where the view is served already, leave it alone and say so (exit code 0): 'mount -a' asks for it a second time."))
    var onlyonce = false

    @Flag(
        help: ArgumentHelp(
            "Have this program serve the view that is served now, which lives on: nobody who uses it notices. Where that cannot be, the view is left as it is."
        ))
    var replace = false

    @OptionGroup var options: ConfigurationOptions

    mutating func validate() throws {
        guard !(replace && (foreground || onlyonce)) else {
            throw ValidationError("--replace goes with neither --foreground nor --onlyonce: the view goes on as it was started")
        }
    }

    mutating func run() throws {
        try requireRoot(to: "mount a view")
        if let mountpoint { try options.set("AGENT_VIEW_MOUNTPOINT", to: mountpoint, from: "MOUNTPOINT") }
        if replace { return try GatewayDaemon.replace(MountPlan(options.load(), replaces: true), file: options.shared.file) }
        let plan = try options.planOrRecover { configuration throws(CommandFailure) in
            try MountPlan(configuration, onlyOnce: onlyonce)
        }
        if onlyonce, let daemon = plan.servedBy { return try GatewayDaemon.accept(daemon, for: plan) }
        let program = try Companion.mount.required()
        // From here on there is something to take back. A program that this process becomes finds them blocked, and takes what has come meanwhile.
        let signals: Signals
        do throws(Errno) { signals = try Signals([SIGTERM, SIGINT, SIGHUP]) } catch {
            throw CommandFailure(.notDone, "signals cannot be read: \(error)")
        }
        let start = try plan.prepare(file: options.shared.file)
        if foreground {
            if plan.sandboxAccess.obstacle != nil { Terminal.complain("the sandbox is \(plan.sandboxAccess.sentence)") }
            try GatewayDaemon.become(program, plan, start)
        } else {
            try GatewayDaemon.start(program, plan, start, heeding: signals)
            Terminal.say(
                "\(plan.source) is shown at \(plan.mountpoint), writable in \(plan.codeRepo) and \(plan.sandbox) "
                    + "(\(plan.sandboxAccess.sentence))")
        }
    }
}
