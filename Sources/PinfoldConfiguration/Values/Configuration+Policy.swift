package import ZonePolicy

extension Configuration {
    /// The rules of the view that this configuration describes.
    package func accessPolicy() throws(PolicyError) -> AccessPolicy {
        let real = resolvingSymbolicLinks()
        return try AccessPolicy(
            source: real.view.source, codeRepo: real.zones.codeRepo, sandbox: real.zones.sandbox, hide: real.view.hide,
            protect: real.view.protect)
    }
}
