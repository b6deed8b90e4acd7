/// What the admin decided about deployments, by topic: filled by the configuration, seen by the steps. Values without a variable have a default
/// here and nowhere else.
package struct DeploySettings: Hashable, Sendable {
    package var commits = CommitSettings()
    package var tests = TestSettings()
    package var judge = JudgeSettings()
    package var versions: VersionSettings
    package var build = BuildSettings()
    package var client = ClientSettings()
    package var reload = ReloadSettings()
    package var health = HealthSettings()
    package var push = PushSettings()

    package init(target: String) {
        versions = VersionSettings(target: target)
    }
}
