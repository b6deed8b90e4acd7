internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration

/// `pinfold umount`: takes all planes of a view down at once, whether its daemon lives or not.
struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount", abstract: "Take the view down, a dead one too.",
        discussion: """
            A view that is in use stays as it is, and its users are named (exit code 1). Nothing mounted there is exit code 4.
            """)

    @Argument(
        help: ArgumentHelp("Where the view is mounted; the configured mountpoint where it is not given.", valueName: "mountpoint"))
    var mountpoint: String?

    @Flag(help: "Detach a view that is in use: its users keep it until they end, nobody else finds it.")
    var lazy = false

    @Flag(help: "Take down a view whose daemon is dead, and nothing else; where there is none, there is nothing to do.")
    var dead = false

    @OptionGroup var options: ConfigurationOptions

    mutating func run() throws {
        try requireRoot(to: "take a view down")
        // A path on the command line needs no configuration: a broken one must not keep a view up.
        let path =
            if let mountpoint {
                absolutePath(mountpoint, in: workingDirectory())
            } else {
                try options.path("AGENT_VIEW_MOUNTPOINT", of: .view) { $0.view.mountpoint }
            }
        let view = try MountedView.find(path)
        if dead {
            if view.isDead { try view.detach() }
            return
        }
        guard view.isMounted else {
            let what =
                view.mounts.last { $0.mountpoint == view.mountpoint }.map { "\($0.type) is mounted there" }
                ?? "nothing is mounted there"
            let detached = view.daemon.map { "; process \($0) still serves a view that was detached from it" } ?? ""
            throw CommandFailure(.unreachable, "no view at \(view.mountpoint): \(what)\(detached)")
        }
        if !lazy { try requireUnused(view) }
        try view.detach()
        guard let daemon = view.daemon else {
            // A dead daemon does not remove them itself, and nobody is to serve it again with them.
            MountRuntime(mountpoint: view.mountpoint).removeSettings()
            return
        }
        if view.daemonEnds(withinSeconds: lazy ? 1 : 10) { return }
        let devices = Set(view.planes.map(\.device))
        let users = Holder.of(devices: devices, except: view.processes)
        let holders = users.isEmpty ? Holder.namespaces(with: devices) : users
        let who = holders.isEmpty ? "its daemon, process \(daemon), has not ended yet" : "still used by \(holders.summary)"
        guard lazy else { throw CommandFailure(.notDone, "the view is gone from \(view.mountpoint), but \(who)") }
        Terminal.complain("the view is gone from \(view.mountpoint); \(who)")
    }

    /// Looked for before anything is unmounted: the planes go down together or not at all.
    private func requireUnused(_ view: MountedView) throws(CommandFailure) {
        if let other = view.others.first(where: { $0.mountpoint != view.mountpoint }) {
            throw CommandFailure(
                .notDone,
                "\(other.mountpoint) (\(other.type)) is mounted in the view; unmount it first, or take both away with --lazy")
        }
        func holders() -> [Holder] {
            Holder.of(
                devices: Set(view.planes.map(\.device)), mounts: Set([view.direct?.id].compactMap { $0 }),
                except: view.processes)
        }
        var found = holders()
        // Of a daemon that was just killed a process may be ending still.
        let deadline = ContinuousClock.now + .seconds(2)
        while !found.isEmpty, view.daemon == nil, ContinuousClock.now < deadline {
            SystemThread.sleep(milliseconds: 20)
            found = holders()
        }
        guard found.isEmpty else {
            throw CommandFailure(
                .notDone, "\(view.mountpoint) is in use by \(found.summary); end them, or detach the view with --lazy")
        }
    }
}

/// The effective user is what the kernel asks for.
var isRoot: Bool { geteuid() == 0 }

/// Mounting and whatever changes the machine is root's.
func requireRoot(to purpose: String) throws(CommandFailure) {
    guard isRoot else { throw CommandFailure(.usage, "only root can \(purpose); run it with sudo") }
}
