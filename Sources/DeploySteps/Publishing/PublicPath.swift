internal import DataRoot
internal import DeployModel

extension ClientSettings {
    /// The path below which browsers find it, `/` at both ends.
    var base: String {
        guard let url, let get = HTTPGet(url) else { return "/" }
        let path = get.target.prefix { $0 != "?" && $0 != "#" }
        return String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}

extension PipelineSettings {
    /// Where the client is served from.
    package var clientPublic: String { deploy.client.publicDirectory ?? data.client }
}
