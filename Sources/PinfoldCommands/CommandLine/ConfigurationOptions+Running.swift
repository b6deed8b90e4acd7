internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration

/// A wrong configuration starts nothing, and keeps nobody from what runs.
extension ConfigurationOptions {
    /// Where something runs, as the value of `variable` says. Where the configuration is wrong, or says another path than the one at which something was
    /// started with the same file, that is said, and what runs is reached: by what flags and environment say of this one variable, else by
    /// the settings that it was started with.
    func path(_ variable: String, of kind: RunningSettings.Kind, _ value: (Configuration) -> String) throws(CommandFailure)
        -> String
    {
        let overrides = try overrides()
        let environment = try SettingsOptions.environment()
        let isNamed = overrides[variable] != nil || environment[variable] != nil
        // Without a file there is nothing that they have in common but the machine.
        let running = isNamed || shared.file == nil ? [] : Set(running(kind).map(value)).sorted()
        do throws(ConfigurationError) {
            let path = value(try shared.read(overrides))
            guard running.count == 1, running[0] != path else { return path }
            Terminal.complain(
                "warning: \(variable) is \(path) now, and what was started with this configuration is at \(running[0]), which is reached"
            )
            return running[0]
        } catch {
            // What was typed just now is put right by typing it again.
            if let wrong = error.variable, overrides[wrong] != nil { throw CommandFailure(error) }
            if isNamed || shared.file == nil {
                guard !(error.isUnreadableFile && shared.config != nil),
                    let path = try? Configuration.path(
                        variable, environment: environment, overrides: overrides, workingDirectory: workingDirectory())
                else { throw CommandFailure(error) }
                Terminal.complain("warning: \(error); what runs at \(path) is reached all the same")
                return path
            }
            guard let first = running.first else { throw CommandFailure(error) }
            guard running.count == 1 else {
                throw CommandFailure(.usage, "\(error); these run: \(running.joined(separator: ", ")); name one with \(variable)")
            }
            Terminal.complain("warning: \(error); what runs at \(first) is reached by the settings that it was started with")
            return first
        }
    }

    /// The configuration, where what is meant runs with another by now, or that is wrong: the one that it runs with, found as
    /// `path` finds it.
    func loadOrRunning(_ kind: RunningSettings.Kind, _ variable: String, _ value: (Configuration) -> String) throws(CommandFailure)
        -> Configuration
    {
        let path = try path(variable, of: kind, value)
        let overrides = try overrides()
        do throws(ConfigurationError) {
            let configuration = try shared.read(overrides)
            if value(configuration) == path { return configuration }
        } catch {
            guard let running = Self.running(kind, where: { value($0) == path }) else { throw CommandFailure(error) }
            return running
        }
        guard let running = Self.running(kind, where: { value($0) == path }) else {
            throw CommandFailure(.unreachable, "what runs at \(path) has ended; start it again")
        }
        return running
    }

    private static func running(_ kind: RunningSettings.Kind, where isMeant: (Configuration) -> Bool) -> Configuration? {
        RunningSettings.all(of: kind).lazy.compactMap { try? $0.configuration() }.first(where: isMeant)
    }

    /// The plan for what the configuration says; where that is wrong, for the view whose daemon has died, which is then served again as it was. That
    /// is said.
    func planOrRecover(_ plan: (Configuration) throws(CommandFailure) -> MountPlan) throws(CommandFailure) -> MountPlan {
        do throws(CommandFailure) {
            return try plan(try load())
        } catch {
            let dead = try dead()
            guard error.code == .usage, dead.count == 1 else { throw error }
            Terminal.complain(
                "warning: \(error.message); the daemon of \(dead[0].view.mountpoint) has died, and it is served again with the settings that it had"
            )
            return try plan(dead[0])
        }
    }

    /// The views whose daemons have died; none where one was asked for otherwise.
    private func dead() throws(CommandFailure) -> [Configuration] {
        let overrides = try overrides()
        return running(.view).filter { configuration in
            let isMeant = configuration.settings.allSatisfy { setting in
                guard let asked = overrides[setting.variable.name] else { return true }
                return setting.variable.kind == .path
                    ? Paths.absolute(asked, from: workingDirectory()) == setting.value : asked == setting.value
            }
            return isMeant && (try? MountedView.find(configuration.view.mountpoint))?.daemon == nil
        }
    }

    private func running(_ kind: RunningSettings.Kind) -> [Configuration] {
        RunningSettings.all(of: kind, from: shared.file).compactMap { try? $0.configuration() }
    }
}
