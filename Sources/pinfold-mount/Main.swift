internal import GatewayFileSystem
internal import LinuxSystem

/// The gateway's daemon: arguments in, the view served until it is unmounted, an exit code out. It runs in the foreground; `pinfold
/// mount` puts it into the background.
@main
struct Main {
    static func main() {
        ThisProcess.begin()
        let arguments: Arguments
        do throws(GatewayError) {
            arguments = try Arguments(CommandLine.arguments.dropFirst())
        } catch {
            ThisProcess.exit(fail(error, on: Ready(nil)))
        }
        if arguments.asksForHelp {
            print(Arguments.usage)
            ThisProcess.exit(0)
        }
        let ready = Ready(arguments.readyDescriptor)
        let manager = ServiceManager()
        do throws(GatewayError) {
            var gateway = try Gateway(arguments.options)
            ready.say("ready\n")
            manager.say(.ready)
            gateway.run { manager.say(.stopping) }
            // Ended in order: nobody is to serve the view again with settings that were its own.
            MountRuntime(mountpoint: arguments.options.mountpoint).removeSettings()
        } catch {
            ThisProcess.exit(fail(error, on: ready))
        }
        ThisProcess.exit(0)
    }

    private static func fail(_ error: GatewayError, on ready: Ready) -> Int32 {
        ready.say("error: \(error)\n")
        Report.say(error.description)
        return error.kind == .configuration ? 2 : 1
    }
}
