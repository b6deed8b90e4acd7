internal import CLinux
internal import LinuxSystem
internal import PinfoldCommands

/// `pinfold`: the words behind its name in, an exit code out.
@main
enum Main {
    static func main() {
        ThisProcess.begin()
        exit(Command.run(Array(CommandLine.arguments.dropFirst())))
    }
}
