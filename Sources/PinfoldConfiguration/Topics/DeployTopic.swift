internal import DeployModel

extension DeploySettings {
    init(_ reader: inout ValueReader) throws(ConfigurationError) {
        let versions = try VersionSettings(&reader)
        self.init(target: versions.target)
        self.versions = versions
        commits = try CommitSettings(&reader)
        tests = try TestSettings(&reader)
        judge = try JudgeSettings(&reader)
        build = try BuildSettings(&reader)
        client = try ClientSettings(&reader)
        reload = try ReloadSettings(&reader)
        health = try HealthSettings(&reader)
        push = try PushSettings(&reader)
    }
}
