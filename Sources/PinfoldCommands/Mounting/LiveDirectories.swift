internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// The directories whose files may change without a report: what the server writes below the data root, and what AGENT_VIEW_LIVE adds.
struct LiveDirectories: Sendable, Hashable {
    /// Real paths of those that are there.
    let paths: [String]
    /// The data root's that are not served so, and why.
    let omitted: [String]

    /// - Parameter configuration: with symbolic links resolved. Those that were asked for must be there; the data root's are taken as they are.
    init(_ configuration: Configuration) throws(CommandFailure) {
        var paths: [String] = []
        var omitted: [String] = []
        for path in configuration.data.serverData {
            do throws(CommandFailure) { paths.append(try Self.real(path, configuration)) } catch { omitted.append(error.message) }
        }
        for path in configuration.view.live { paths.append(try Self.real(path, configuration)) }
        self.paths = Set(paths).sorted()
        self.omitted = omitted
    }

    /// Whether a path lies in one of them.
    func contains(_ path: String) -> Bool { paths.contains { isPath(path, atOrBelow: $0) } }

    private static func real(_ path: String, _ configuration: Configuration) throws(CommandFailure) -> String {
        func refuse(_ reason: String) -> CommandFailure { CommandFailure(.usage, "AGENT_VIEW_LIVE: \(path) \(reason)") }
        let real: String
        do {
            real = try realPath(path)
            guard let status = try fileStatus(real) else { throw Errno.noSuchFileOrDirectory }
            guard status.fileType == S_IFDIR else { throw refuse("is \(kind(of: status)), not a directory") }
        } catch let failure as CommandFailure {
            throw failure
        } catch Errno.noSuchFileOrDirectory {
            throw refuse("does not exist; name a directory that exists")
        } catch {
            throw refuse("cannot be used: \(error)")
        }
        let source = configuration.view.source
        guard real != source, isPath(real, atOrBelow: source) else {
            throw refuse("does not lie below AGENT_VIEW_SOURCE \(source)")
        }
        for zone in [configuration.zones.codeRepo, configuration.zones.sandbox]
        where isPath(zone, atOrBelow: real) || isPath(real, atOrBelow: zone) {
            throw refuse("and the zone \(zone) lie inside each other")
        }
        return real
    }
}
