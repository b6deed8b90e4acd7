internal import DataRoot
internal import DeployModel
internal import DeploySteps
internal import DurableFiles
internal import FoundationEssentials

/// The numbers that deployments have had, as what lies on disk bears them: they are not given again when the history does not know them any
/// more, so that a release, a backup or a log is never taken for another deployment's.
enum UsedNumbers {
    /// The highest; 0 where there is none. What cannot be read counts for nothing.
    static func highest(_ settings: PipelineSettings) -> Int {
        var numbers: [Int] = []
        for directory in [settings.data.releases, settings.data.logs, settings.data.work] {
            // `12-abc`, `.12-abc.files`, `12.log`, `12`.
            for name in (try? Directories.list(directory)) ?? [] {
                if let number = Int(name.drop { $0 == "." }.prefix { $0.isNumber }) { numbers.append(number) }
            }
        }
        for backup in (try? Backup.all(in: settings.data.backups)) ?? [] {
            numbers.append(backup.about.madeFor)
            if let version = backup.about.version { numbers += [version.deployment, version.origin] }
        }
        if let bytes = (try? DurableFile.read(settings.data.status)) ?? nil,
            let status = try? DeployJSON.decode(StatusDocument.self, from: Data(bytes))
        {
            numbers += [status.lastNumber, status.current?.id, status.last?.id].compactMap(\.self)
            numbers += [status.deployed, status.lastKnownGood].compactMap { $0?.deployment }
        }
        // Above this a double no longer tells them apart, and nobody has counted so far.
        return numbers.filter { $0 < 1 << 53 }.max() ?? 0
    }
}
