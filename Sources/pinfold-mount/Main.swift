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
            error.report(on: Ready(nil))
            ThisProcess.exit(error.code)
        }
        if arguments.asksForHelp {
            print(Arguments.usage)
            ThisProcess.exit(0)
        }
        let ready = Ready(arguments.readyDescriptor)
        let options = arguments.options
        do throws(GatewayError) {
            // What manages the process that serves goes over with the view.
            let manager = arguments.replaces ? ServiceManager(adopting: nil) : ServiceManager()
            let start = GatewayService.Start(options, words: arguments.words, ready, manager, settings: arguments.settings)
            let code =
                arguments.replaces
                ? try GatewayService.replace(start) { words throws(GatewayError) in try Arguments(words[...]).options }
                : try GatewayService.run(start)
            // Ended in order: nobody is to serve the view again with settings that were its own.
            let names = MountRuntime(mountpoint: options.mountpoint)
            if code == 0 { names.removeSettings() }
            names.removePrepared(arguments.settings)
            ThisProcess.exit(code)
        } catch {
            MountRuntime(mountpoint: options.mountpoint).removePrepared(arguments.settings)
            error.report(on: ready)
            ThisProcess.exit(error.code)
        }
    }
}
